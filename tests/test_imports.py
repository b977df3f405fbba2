"""What is imported when, and by whom."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gr4jstan

HEAVY = {"arviz", "cmdstanpy", "jinja2", "matplotlib", "numpy", "pandas", "scipy", "xarray"}
PACKAGE = Path(gr4jstan.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))


def imported_by(code: str) -> set[str]:
    code += "\nimport json, sys\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in json.loads(run.stderr)}


@pytest.mark.parametrize(
    "code",
    [
        "import gr4jstan",
        "import gr4jstan; dir(gr4jstan); gr4jstan.__version__",
        "from gr4jstan.cli.main import build_parser\nbuild_parser().format_help()",
        "from gr4jstan.cli.main import main\ntry: main(['fit', '--help'])\nexcept SystemExit: pass",
    ],
)
def test_help_and_import_are_light(code: str) -> None:
    assert not imported_by(code) & HEAVY


def test_every_public_name_is_there_and_listed() -> None:
    assert set(gr4jstan.__all__) <= set(dir(gr4jstan))
    for name in gr4jstan.__all__:
        assert getattr(gr4jstan, name) is not None
    with pytest.raises(AttributeError, match="'gr4jstan' has no attribute 'nothing'"):
        gr4jstan.nothing  # noqa: B018


def test_modules_that_the_documentation_names_are_there() -> None:
    pages = Path(__file__).parents[1] / "docs"
    texts = [page.read_text(encoding="utf-8") for page in pages.rglob("*.md")]
    # as code that a reader would run, not as an address of the reference
    named = {name for text in texts for name in re.findall(r"[` (](gr4jstan(?:\.\w+){2})\(", text)}
    assert named
    for name in sorted(named):
        subprocess.run([sys.executable, "-c", f"import gr4jstan; {name}"], check=True)


@pytest.mark.parametrize(
    ("package", "users"),
    [
        ("arviz", {"fitting/inference_data"}),
        ("jinja2", {"model/programs", "report/pages"}),
        ("msgspec", {"fitting/records"}),
        (
            "matplotlib",
            {
                "drawing",
                "experiment/plots",
                "many/plots",
                "report/flow_panels",
                "report/pages",
                "report/plots",
                "report/posterior_plots",
            },
        ),
    ],
)
def test_few_modules_know_each_heavy_package(package: str, users: set[str]) -> None:
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if any(name.partition(".")[0] == package for name in names):
                found.add(path.relative_to(PACKAGE).with_suffix("").as_posix())
    assert found == users


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_modules_and_functions_are_taken_in_at_a_glance(file: Path) -> None:
    """350 lines a module, 60 a function, whose docstring does not count."""
    text = file.read_text(encoding="utf-8")
    assert text.count("\n") <= 350
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            documented = ast.get_docstring(node) is not None
            first = node.body[0].end_lineno + 1 if documented else node.body[0].lineno  # type: ignore[operator]
            assert node.end_lineno - first < 60, node.name  # type: ignore[operator]
