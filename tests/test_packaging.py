"""The wheel and the sdist: everything is in them, and they work away from the checkout."""

import ast
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]

RENDER_ALL = """
import itertools
from pathlib import Path
import gr4jstan
from gr4jstan.reading.datasets import dataset_names
from gr4jstan.model.programs import CHOICES, ProgramSpec, render_program, stan_folder

here = Path.cwd()
assert Path(gr4jstan.__file__).is_relative_to(here), gr4jstan.__file__
assert stan_folder().is_relative_to(here), stan_folder()
for gradient, priors, states in itertools.product(
    CHOICES["gradient"], CHOICES["priors"], CHOICES["initial_states"]
):
    modes = CHOICES["truncate_mode"] if gradient == "truncated" else (None,)
    for mode in modes:
        structure = ProgramSpec(gradient, mode, priors=priors, initial_states=states)
        assert "gr4j" in render_program(structure).code
for name in dataset_names():
    assert len(gr4jstan.load_dataset(name)) >= 50
"""


def build_wheel(source: Path, folder: Path) -> Path:
    """The wheel of a checkout or of an sdist, built without the network."""
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    run = subprocess.run(
        [*command, "--quiet", "--wheel-dir", str(folder), str(source)],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    (wheel,) = folder.glob("gr4jstan-*-py3-none-any.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(CHECKOUT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    run = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert "warn" not in (run.stdout + run.stderr).lower()
    (archive,) = folder.glob("gr4jstan-*.tar.gz")
    return archive


def test_the_wheel_holds_all_sources_data_and_the_licence(unpacked: Path) -> None:
    for source, place in (("src/gr4jstan", "gr4jstan"), ("stan", "gr4jstan/stan")):
        for path in (CHECKOUT / source).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                inside = unpacked / place / path.relative_to(CHECKOUT / source)
                assert inside.read_bytes() == path.read_bytes()
    (information,) = unpacked.glob("gr4jstan-*.dist-info")
    assert "BSD" in (information / "licenses" / "LICENSE").read_text(encoding="utf-8")
    assert list((unpacked / "gr4jstan" / "data").glob("LICENSE*"))
    top = {path.name for path in unpacked.iterdir()}
    assert top == {"gr4jstan", information.name}


def test_the_wheel_works_outside_a_checkout(unpacked: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(unpacked)}
    run = subprocess.run(
        [sys.executable, "-c", RENDER_ALL],
        cwd=unpacked,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr


def test_the_sdist_holds_what_tests_and_builds_need(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        held = {Path(*Path(name).parts[1:]).as_posix() for name in archive.getnames()}
    wanted = {
        path.relative_to(CHECKOUT).as_posix()
        for folder in ("src", "stan", "tests", "scripts", "docs")
        for path in (CHECKOUT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted | {"pyproject.toml", "README.md", "LICENSE", "CITATION.cff"} <= held
    assert not [name for name in held if "__pycache__" in name or name.startswith(".venv")]


def test_the_wheel_of_the_sdist_is_that_of_the_checkout(
    sdist: Path, wheel: Path, tmp_path: Path
) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = (path for path in tmp_path.iterdir() if path.is_dir())
    again = build_wheel(source, tmp_path / "wheel")
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())
        assert [name for name in one.namelist() if one.read(name) != other.read(name)] == []


def test_the_metadata_are_complete(unpacked: Path) -> None:
    (information,) = unpacked.glob("gr4jstan-*.dist-info")
    found = HeaderParser().parsestr((information / "METADATA").read_text(encoding="utf-8"))
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert found["Name"] == "gr4jstan"
    assert found["License-Expression"] == "BSD-3-Clause"
    assert found["Requires-Python"] == ">=3.11"
    assert found["Description-Content-Type"] == "text/markdown"
    assert set(found.get_all("Provides-Extra")) == {"many", "test", "docs", "bench"}
    assert "Typing :: Typed" in found.get_all("Classifier")
    assert (unpacked / "gr4jstan" / "py.typed").is_file()
    citation = (CHECKOUT / "CITATION.cff").read_text(encoding="utf-8")
    cited = re.search(r"^version: (.*)$", citation, re.MULTILINE)
    assert cited is not None
    assert cited[1] == project["version"] == found["Version"]


def test_what_is_imported_is_required(unpacked: Path) -> None:
    """What modules import at any place, beside Python's own and the extra `many`."""
    imported = set()
    for path in (unpacked / "gr4jstan").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = {re.split(r"\W", line)[0].lower() for line in project["dependencies"]}
    optional = {re.split(r"\W", x)[0] for x in project["optional-dependencies"]["many"]}
    others = imported - set(sys.stdlib_module_names) - {"gr4jstan"}
    # ArviZ 1 comes in parts
    assert others - optional <= required | {"arviz_base", "arviz_stats", "arviz_plots"}
