"""Files are data: reading one runs nothing, and no word of it becomes markup or a command.

What is tested elsewhere: archives that point out of their folder and downloads with a wrong hash
(test_install), markup in the notes and the name of a catchment (test_report).
"""

import ast
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from shlex import split
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

import gr4jstan
from gr4jstan.cli.main import main
from gr4jstan.errors import InputError
from gr4jstan.fitting.loading import load_fit
from gr4jstan.reading.datasets import load_dataset
from seeds import shifted

SOURCES = sorted(Path(gr4jstan.__file__).parent.rglob("*.py"))


@pytest.fixture
def folder(fit_folder: Path, tmp_path: Path) -> Path:
    """A copy of a saved fit, to be spoilt."""
    return Path(shutil.copytree(fit_folder, tmp_path / "fit"))


def refused(folder: Path, file: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The message, which names the file, of the library and of the commands."""
    with pytest.raises(InputError) as caught:
        load_fit(folder)
    message = str(caught.value)
    assert str(folder / file) in message
    assert main(["report", str(folder), "--force"]) == 2
    assert message in capsys.readouterr().err
    assert not (folder / "report.html").exists()
    return message


# --- a fit folder is data ----------------------------------------------------------------------


@pytest.mark.parametrize("file", ["run.json", "diagnostics.json", "data.json"])
@pytest.mark.parametrize(
    "text",
    ["[]", "1", "null", '"a"', "{}", "NaN", "[" * 100_000, '{"a":' * 100_000, "\0", '{"a": 2}'],
)  # fmt: skip
def test_other_json_is_refused_by_name(folder: Path, file: str, text: str) -> None:
    (folder / file).write_text(text)
    with pytest.raises(InputError, match=r"run\.json|diagnostics\.json|data\.json"):
        load_fit(folder)


def change(*keys: str | int, to: Any) -> Callable[[Any], None]:
    def apply(content: Any) -> None:
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = to

    return apply


@pytest.mark.parametrize(
    ("file", "apply", "says"),
    [
        ("run.json", change("period", to="2012"), "period is '2012'"),
        ("run.json", change("period", to=["2012-06-09; rm -rf ~", "2012-07-28"]), "period is"),
        ("run.json", change("model", "gradient", to="$(reboot)"), "gradient"),
        ("run.json", change("model", "sigma", to="much"), "damaged"),
        ("run.json", change("model", "prior_settings", to={"__class__": 1}), "__class__"),
        ("run.json", change("model", "os", to="system"), "os"),
        ("run.json", change("parameters", to=["x1", "__class__"]), "parameters"),
        ("run.json", change("sampler", "seed", to=-1), "seed"),
        ("run.json", change("period", to=["2012-06-09"]), "a period needs two days"),
        ("run.json", lambda run: run.pop("validation"), "no entry validation"),
        ("run.json", change("validation", to=7), "validation is '7'"),
        ("run.json", change("findings", to=[{}]), "no entry findings.code"),
        ("run.json", change("start", "modes", to=[3]), "start.modes is '3'"),
        (
            "run.json",
            change("start", "modes", 0, "log_mass", to="0"),
            "start.modes.log_mass is '0'",
        ),
        ("run.json", change("days", to=True), "days is 'True'"),
        ("run.json", change("model", "prior_settings", to=[]), "model.prior_settings is '[]'"),
        ("run.json", lambda run: run["sampler"].pop("seed"), "no entry sampler.seed"),
        ("diagnostics.json", lambda found: found["seconds"].pop("wall"), "no entry seconds.wall"),
        ("diagnostics.json", change("seconds", to=[]), "seconds"),
        ("diagnostics.json", change("max_rhat", to="1"), "max_rhat"),
        ("data.json", change("P", to=[None]), "P is"),
    ],
)
def test_entries_of_another_kind_are_refused_by_name(
    folder: Path,
    file: str,
    apply: Callable[[Any], None],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    content = json.loads((folder / file).read_text())
    apply(content)
    (folder / file).write_text(json.dumps(content))
    assert says in refused(folder, file, capsys)


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_program_that_is_no_text_is_refused(
    folder: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "model.stan").unlink()
    if content is not None:
        (folder / "model.stan").write_bytes(content)
    assert "run the fit again" in refused(folder, "model.stan", capsys)


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return (os.mkdir, (str(self.mark),))


@pytest.mark.parametrize("file", ["posterior.nc", "states.nc"])
def test_a_pickle_is_never_opened(folder: Path, file: str, tmp_path: Path) -> None:
    bomb = pickle.dumps(Bomb(tmp_path / "mark"))
    (folder / file).write_bytes(bomb)
    with pytest.raises(InputError, match=file):
        load_fit(folder)
    (folder / file).unlink()
    with h5py.File(folder / file, "w") as hdf5:
        for name in ("x1", "S"):
            hdf5.create_dataset(name, data=np.void(bomb))
    with pytest.raises(InputError, match=file):
        load_fit(folder)
    assert not (tmp_path / "mark").exists()
    pickle.loads(bomb)
    assert (tmp_path / "mark").exists(), "the bomb would have gone off"


def without(group: str, name: str) -> Callable[[h5py.File], None]:
    def apply(file: h5py.File) -> None:
        del file[group][name]

    return apply


def replaced(group: str, name: str, values: Any) -> Callable[[h5py.File], None]:
    """Another array under the same name, on the same dimensions if it has the same shape."""

    def apply(file: h5py.File) -> None:
        old = file[group][name]
        scales = [scale[0] for scale in old.dims if len(scale)] if old.ndim else []
        del file[group][name]
        new = file[group].create_dataset(name, data=values(old) if callable(values) else values)
        if new.ndim == len(scales):
            for number, scale in enumerate(scales):
                if len(scale) == new.shape[number]:
                    new.dims[number].attach_scale(scale)

    return apply


TEXT = np.array([[b"x" * 8] * 1000] * 4)


@pytest.mark.parametrize(
    ("apply", "says"),
    [
        (lambda file: file.clear(), "posterior"),
        (without("/", "posterior"), "posterior"),
        (without("/", "sample_stats"), "sample_stats"),
        (without("/", "constant_data"), "constant_data"),
        (without("posterior", "x3"), "no x3 in posterior"),
        (without("constant_data", "E"), "no E in constant_data"),
        (replaced("posterior", "x1", TEXT), "x1"),
        (replaced("posterior", "x1", np.zeros(3)), "posterior.nc"),
        (replaced("posterior", "x1", np.full((4, 1000), np.nan)), "x1 in posterior is not finite"),
        (replaced("constant_data", "P", np.full(50, np.inf)), "P in constant_data is not finite"),
        (replaced("observed_data", "Q", TEXT[0, :50]), "Q"),
    ],
)
def test_another_posterior_is_refused_by_name(
    folder: Path,
    apply: Callable[[h5py.File], None],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with h5py.File(folder / "posterior.nc", "r+") as file:
        apply(file)
    assert says in refused(folder, "posterior.nc", capsys)


@pytest.mark.parametrize(
    ("apply", "says"),
    [
        (lambda states: states.drop_vars("S"), "S"),
        (lambda states: states.isel(draw=slice(10)).drop_vars("uh1"), "uh1"),
        (lambda states: states.assign_coords(draw=states["draw"] + 10**6), "not in the posterior"),
        (lambda states: states.assign_coords(chain=states["chain"] * -1), "not in the posterior"),
        (lambda states: states.assign(S=("chain", np.zeros(states.sizes["chain"]))), "shape"),
        (lambda states: states.assign(S=states["S"].T), "shape"),
        (lambda states: states.assign(R=states["R"].astype(str)), "numbers"),
        (lambda states: states.assign(R=states["R"] * np.nan), "not finite"),
        (lambda states: states.assign(uh1=("a", np.zeros(7))), "states.nc"),
        (lambda states: states.drop_attrs(), "days_since_observation"),
        (lambda states: states.assign_attrs(days_since_observation=-5), "-5"),
        (lambda states: states.assign_attrs(days_since_observation="soon"), "soon"),
    ],
)
def test_other_states_are_refused_by_name(
    folder: Path,
    apply: Callable[[xr.Dataset], xr.Dataset],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with xr.open_dataset(folder / "states.nc", engine="h5netcdf") as file:
        states = file.load()
    (folder / "states.nc").unlink()
    apply(states).to_netcdf(folder / "states.nc", engine="h5netcdf")
    assert says in refused(folder, "states.nc", capsys)


# --- words of the user are never markup or commands --------------------------------------------

EVIL = "<img src=x onerror=alert(1)>&quot;"
NAME = "ba $(touch evil1) `touch evil2`;touch evil3 'q' \"q\" <b>\nx&"


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag == "img":
            assert str(dict(attrs)["src"]).startswith("data:image/png;base64,")

    def handle_data(self, data: str) -> None:
        self.text += data


def test_names_of_files_and_columns_are_only_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    frame = load_dataset("synthetic").to_frame().rename(columns={"Q": f"Q{EVIL}", "P": f"P{EVIL}"})
    frame.loc[frame.index[3], f"Q{EVIL}"] = -999
    frame.to_csv(f"{NAME}.csv", sep=";")
    options = split(
        "--sigma 0.1 --priors uniform --iter-warmup 10 --iter-sampling 10 --no-progress "
        f"--seed {shifted(1)}"
    )
    columns = [f"--precip-column=P{EVIL}", f"--discharge-column=Q{EVIL}"]
    assert main(["fit", f"{NAME}.csv", "-o", NAME, *columns, *options]) == 3, capsys.readouterr()
    page = Tags((tmp_path / NAME / "report.html").read_text(encoding="utf-8"))
    assert EVIL in page.text
    assert not page.found & {"b", "script", "a", "iframe", "object", "link"}
    options = ["--output=-out;.csv", "--warmup=5", *columns[:1]]
    assert main(["predict", NAME, f"{NAME}.csv", *options]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {NAME, f"{NAME}.csv", "-out;.csv"}


def test_a_name_that_is_no_text_is_said_and_written(tmp_path: Path) -> None:
    """A name of bytes that are no UTF-8, at a terminal that knows ASCII only."""
    name = os.fsencode(tmp_path) + b"/\xff\xe4.csv"
    words = split("simulate synthetic --x1 154 --x2 -0.25 --x3 43 --x4 1.33 -o")
    done = subprocess.run(
        [sys.executable, "-m", "gr4jstan.cli.main", *words, name],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert b"50 days written to" in done.stdout
    assert os.listdir(os.fsencode(tmp_path)) == [b"\xff\xe4.csv"]  # noqa: PTH208


def test_no_source_has_a_shell_or_runs_or_unpickles_data() -> None:
    """Calls by name, wherever they stand."""
    forbidden = {"eval", "exec", "os.system", "os.popen", "subprocess.getoutput", "tempfile.mktemp"}
    modules = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "telnetlib", "yaml", "joblib"}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                assert name not in forbidden, (path.name, node.lineno, name)
                for keyword in node.keywords:
                    assert keyword.arg not in ("shell", "allow_pickle"), (path.name, node.lineno)
            elif isinstance(node, ast.Import):
                assert not {alias.name.partition(".")[0] for alias in node.names} & modules
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").partition(".")[0] not in modules, path.name
