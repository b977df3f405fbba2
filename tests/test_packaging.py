"""The wheel: everything is in it, and it works away from the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]

RENDER_ALL = """
import itertools
from pathlib import Path
import gr4jstan
from gr4jstan.datasets import dataset_names
from gr4jstan.programs import CHOICES, Structure, render_program, stan_folder

here = Path.cwd()
assert Path(gr4jstan.__file__).is_relative_to(here), gr4jstan.__file__
assert stan_folder().is_relative_to(here), stan_folder()
for gradient, priors, states in itertools.product(
    CHOICES["gradient"], CHOICES["priors"], CHOICES["initial_states"]
):
    modes = CHOICES["truncate_mode"] if gradient == "truncated" else (None,)
    for mode in modes:
        structure = Structure(gradient, mode, priors=priors, initial_states=states)
        assert "gr4j" in render_program(structure).code
for name in dataset_names():
    assert len(gr4jstan.load_dataset(name)) >= 50
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel, built without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    run = subprocess.run(
        [*command, "--quiet", "--wheel-dir", str(folder), str(CHECKOUT)],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    (wheel,) = folder.glob("gr4jstan-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


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
