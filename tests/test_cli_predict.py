"""The commands that start from a saved fit, and the data options of those that come before it."""

from pathlib import Path
from shlex import split

import numpy as np
import pandas as pd
import pytest

from gr4jstan import load_dataset
from gr4jstan.cli.main import main
from gr4jstan.fitting.loading import load_fit
from gr4jstan.fitting.results import Fit
from gr4jstan.reading.pet import oudin

COLUMNS = "date,Q_median,Q_param_lower,Q_param_upper,Q_total_lower,Q_total_upper"


def run(*arguments: str | Path) -> int:
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as stop:
        assert isinstance(stop.code, int)
        return stop.code


@pytest.fixture(scope="module")
def folder(split_fit: Fit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fit") / "fit"
    split_fit.save(path)
    return path


@pytest.fixture(scope="module")
def forcing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The days after the calibration, without flow."""
    path = tmp_path_factory.mktemp("forcing") / "forcing.csv"
    load_dataset("example").select("2015-01-01").to_frame()[["P", "E"]].to_csv(path)
    return path


def test_predict_continues_and_writes_two_bands(folder, forcing, tmp_path, capsys) -> None:
    out = tmp_path / "out.csv"
    assert run("predict", folder, forcing, "-o", out, "--level", "0.8") == 0
    assert "continued from the end of the calibration, 2014-12-31" in capsys.readouterr().out
    table = pd.read_csv(out)
    assert ",".join(table.columns) == COLUMNS
    assert table["date"].iloc[0] == "2015-01-01"
    bands = load_fit(folder).predict(forcing).bands(0.8)
    np.testing.assert_allclose(table.iloc[:, 1:], bands, rtol=1e-12)


def test_predict_spins_up_where_it_is_told_to(folder, forcing, tmp_path, capsys) -> None:
    out = tmp_path / "out.csv"
    options = split("--states spin-up --warmup 100")
    assert run("predict", folder, forcing, "-o", out, *options) == 0
    assert "after a spin-up of 100 days" in capsys.readouterr().out
    assert pd.read_csv(out)["date"].iloc[0] == "2015-04-11"


def test_forcing_with_temperature_has_evapotranspiration_by_oudin(
    folder, forcing, tmp_path
) -> None:
    frame = pd.read_csv(forcing, parse_dates=["date"])
    temperature = 10 - 8 * np.cos(2 * np.pi * frame["date"].dt.day_of_year / 365)
    warm, ready = tmp_path / "warm.csv", tmp_path / "ready.csv"
    frame.assign(T=temperature).drop(columns="E").to_csv(warm, index=False)
    potential = oudin(temperature.to_numpy(), 48.5, frame["date"])
    frame.assign(E=potential).to_csv(ready, index=False)
    a, b = tmp_path / "a.csv", tmp_path / "b.csv"
    assert run("predict", folder, warm, "-o", a, "--latitude", "48.5") == 0
    assert run("predict", folder, ready, "-o", b) == 0
    pd.testing.assert_frame_equal(pd.read_csv(a), pd.read_csv(b), rtol=1e-9)


def test_report_writes_the_report_again(folder, capsys) -> None:
    report = folder / "report.html"
    assert not report.exists()
    assert run("report", folder) == 0
    first = report.read_text(encoding="utf-8")
    assert first.lower().startswith("<!doctype html>")
    assert run("report", folder) == 2
    assert "report.html exists" in capsys.readouterr().err
    assert run("report", folder, "--force") == 0
    assert report.read_text(encoding="utf-8") == first


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("predict {fit} {forcing} -o {out} --level 90", "level is 90; it must be between 0 and 1"),
        ("predict {fit} {forcing} -o {out} --states continued --warmup 5 --level 0", "level is 0"),
        ("predict {fit} nowhere.csv -o {out}", "nowhere.csv"),
        ("predict nowhere {forcing} -o {out}", "is nowhere the folder of a fit"),
        ("predict {fit} {forcing} -o {out} --latitude 95", "latitude"),
        ("predict {fit} {forcing} -o {out} --precip-column rain", "rain"),
        ("report nowhere", "is nowhere the folder of a fit"),
        ("fit example -o {out} --end 2014-12-31 --validation-start 2014-06-01", "overlaps"),
        ("fit example -o {out} --validation-start 2015-01-01", "overlaps"),
        ("fit example -o {out} --area 5", "cannot be chosen"),
        ("fit example -o {out} --error-model boxcox --sigma 0.2", "sigma"),
        ("fit example -o {out} --prior boxcox_lambda=0", "boxcox_lambda is 0"),
        ("fit example -o {out} --priors airgr-sls --error-model linear", "airgr-sls"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(
    folder, forcing, tmp_path, capsys, arguments, says
) -> None:
    out = tmp_path / "out"
    words = arguments.format(fit=folder, forcing=forcing, out=out)
    assert run(*split(words)) == 2
    shown = capsys.readouterr().err
    assert says in shown
    assert "Traceback" not in shown
    assert list(tmp_path.iterdir()) == []


def test_an_existing_prediction_is_kept(folder, forcing, tmp_path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("mine")
    assert run("predict", folder, forcing, "-o", out) == 2
    assert out.read_text() == "mine"
    assert run("predict", folder, forcing, "-o", out, "--force") == 0
