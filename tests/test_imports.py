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
SOURCES = sorted(Path(gr4jstan.__file__).parent.glob("*.py"))


def imported_by(code: str) -> set[str]:
    code += "\nimport json, sys\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in json.loads(run.stderr)}


@pytest.mark.parametrize(
    "code",
    [
        "import gr4jstan",
        "import gr4jstan; dir(gr4jstan); gr4jstan.__version__",
        "from gr4jstan.cli import build_parser\nbuild_parser().format_help()",
        "from gr4jstan.cli import main\ntry: main(['fit', '--help'])\nexcept SystemExit: pass",
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


def test_modules_that_the_reference_names_are_there() -> None:
    page = Path(__file__).parents[1] / "docs" / "api.md"
    named = set(re.findall(r"gr4jstan\.(\w+)\.\w", page.read_text(encoding="utf-8")))
    code = "import sys, gr4jstan\nfor name in sys.argv[1:]: getattr(gr4jstan, name)"
    subprocess.run([sys.executable, "-c", code, *named], check=True)


@pytest.mark.parametrize(
    ("package", "users"),
    [
        ("arviz", {"inference_data"}),
        ("jinja2", {"pages", "programs"}),
        (
            "matplotlib",
            {
                "comparison_plots",
                "drawing",
                "flow_panels",
                "many_plots",
                "pages",
                "plots",
                "posterior_plots",
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
                found.add(path.stem)
    assert found == users
