"""From data to a posterior, saved and read back."""

import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gr4jstan
from gr4jstan.cmdstan.toolchain import require_cmdstan
from gr4jstan.errors import InputError
from gr4jstan.fitting.calibration import describe_run, run_task
from gr4jstan.fitting.inference_data import dataset
from gr4jstan.fitting.loading import load_fit
from gr4jstan.fitting.records import Diagnostics, Run, as_record
from gr4jstan.fitting.results import Fit
from gr4jstan.model.definition import define_model
from gr4jstan.model.programs import render_program
from gr4jstan.model.task import define_task
from gr4jstan.reading.datasets import SYNTHETIC_TRUTH, load_dataset
from gr4jstan.reading.sources import as_catchment
from gr4jstan.sampling.nuts import _quiet_cmdstanpy
from gr4jstan.sampling.settings import SamplerSettings
from seeds import shifted

DIAGNOSTICS = {
    "converged": bool,
    "reasons": list,
    "max_rhat": float,
    "min_ess_bulk": float,
    "min_ess_tail": float,
    "divergences": int,
    "max_treedepth_hits": int,
    "mean_treedepth": float,
    "n_leapfrog": int,
    "ebfmi": list,
    "seconds": dict,
    "modes_found": int,
}


def test_the_synthetic_posterior_is_about_the_truth(synthetic_fit: Fit) -> None:
    table = synthetic_fit.summary()
    assert synthetic_fit.diagnostics["converged"], synthetic_fit.diagnostics["reasons"]
    for name, value in SYNTHETIC_TRUTH.items():
        # the data have no noise: the truth is near the middle, not just inside
        assert abs(table.loc[name, "mean"] - value) < 0.5 * table.loc[name, "sd"], name
    # what the same model gave in other samplers
    assert table.loc["x1", "sd"] == pytest.approx(11, rel=0.2)


def test_posterior_agrees_with_the_curvature_of_the_likelihood(synthetic_fit: Fit) -> None:
    """Gauss-Newton covariance, by finite differences of the NumPy simulator."""
    catchment = load_dataset("synthetic")
    names = ("x1", "x2", "x3", "x4", "S0", "R0")
    truth = np.array([SYNTHETIC_TRUTH[name] for name in names])

    def flow(values: np.ndarray) -> np.ndarray:
        x1, x2, x3, x4, s0, r0 = values
        return gr4jstan.simulate(catchment.P, catchment.E, x1, x2, x3, x4, s0=s0, r0=r0).Q

    step = np.diag(1e-5 * truth)
    jacobian = np.stack([(flow(truth + d) - flow(truth - d)) / (2 * d.sum()) for d in step], axis=1)
    covariance = np.linalg.inv(jacobian.T @ jacobian) * 0.1**2
    table = synthetic_fit.summary().loc[list(names)]
    np.testing.assert_allclose(table["sd"], np.sqrt(np.diag(covariance)), rtol=0.1)


def test_diagnostics_hold_what_scripts_rely_on(synthetic_fit: Fit) -> None:
    found = synthetic_fit.diagnostics
    for key, kind in DIAGNOSTICS.items():
        assert isinstance(found[key], kind), key
    assert len(found["ebfmi"]) == 4
    seconds = found["seconds"]
    assert {"compile", "setup", "warmup", "sampling", "wall"} <= set(seconds)
    assert seconds["wall"] >= seconds["nuts_wall"] > 0
    assert len(seconds["chains"]) == 4


def test_saved_and_loaded_is_the_same(synthetic_fit: Fit, fit_folder: Path) -> None:
    assert {path.name for path in fit_folder.iterdir()} == {
        "posterior.nc",
        "states.nc",
        "summary.csv",
        "scores.csv",
        "verification.csv",
        "diagnostics.json",
        "run.json",
        "model.stan",
        "gr4j_external.hpp",
        "data.json",
    }
    loaded = load_fit(fit_folder)
    assert loaded.diagnostics == synthetic_fit.diagnostics
    assert loaded.run == synthetic_fit.run
    assert loaded.code == synthetic_fit.code
    assert loaded.header == synthetic_fit.header
    assert loaded.data == synthetic_fit.data
    assert dict(loaded.idata.attrs) == dict(synthetic_fit.idata.attrs)
    for group in ("posterior", "sample_stats", "observed_data", "constant_data"):
        assert dataset(loaded.idata, group).equals(dataset(synthetic_fit.idata, group)), group
    pd.testing.assert_frame_equal(loaded.summary(), synthetic_fit.summary())
    saved = pd.read_csv(fit_folder / "summary.csv", index_col="parameter")
    pd.testing.assert_frame_equal(saved, synthetic_fit.summary(), rtol=1e-14)


@pytest.mark.parametrize(
    "name",
    [
        "posterior.nc",
        "states.nc",
        "diagnostics.json",
        "run.json",
        "model.stan",
        "data.json",
        "gr4j_external.hpp",
    ],
)
def test_a_folder_that_is_no_whole_fit_is_refused(
    fit_folder: Path, tmp_path: Path, name: str
) -> None:
    folder = shutil.copytree(fit_folder, tmp_path / "fit")
    (folder / name).unlink()
    with pytest.raises(InputError, match=name):
        load_fit(folder)
    if name.endswith(".json"):
        (folder / name).write_text('{"half": ')
        with pytest.raises(InputError, match=f"{name}: damaged"):
            load_fit(folder)


def test_the_records_have_all_entries_in_their_order(synthetic_fit: Fit, split_fit: Fit) -> None:
    """What a fit holds is what its types say, before and after a file."""
    for fit in (synthetic_fit, split_fit):
        for content, kind in ((fit.run, Run), (fit.diagnostics, Diagnostics)):
            assert type(content) is dict
            again = as_record(json.loads(json.dumps(content)), kind)
            assert json.dumps(again) == json.dumps(content)


def test_a_fit_of_another_format_is_refused(fit_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(fit_folder, tmp_path / "fit")
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(run | {"format": 99}))
    with pytest.raises(InputError, match="another version"):
        load_fit(folder)


def test_flows_of_the_posterior_are_those_of_the_simulator(synthetic_fit: Fit) -> None:
    flows = synthetic_fit.flows(draws=4000)
    assert flows.shape == (4000, 50)
    posterior = dataset(synthetic_fit.idata, "posterior").isel(chain=2, draw=345)
    x1, x2, x3, x4, s0, r0 = (float(posterior[n]) for n in ("x1", "x2", "x3", "x4", "S0", "R0"))
    catchment = load_dataset("synthetic")
    one = gr4jstan.simulate(catchment.P, catchment.E, x1, x2, x3, x4, s0=s0, r0=r0).Q
    np.testing.assert_allclose(flows[2345], one, rtol=1e-12)
    assert synthetic_fit.flows(draws=7).shape == (4, 50), "as many of each chain"


def short(parallel_chains: int, seed: int) -> np.ndarray:
    task = define_task("synthetic", define_model(priors="uniform", sigma=0.1))
    settings = SamplerSettings(
        parallel_chains=parallel_chains, iter_warmup=50, iter_sampling=20, seed=seed
    )
    return dataset(run_task(task, settings, show_progress=False).idata, "posterior")[
        "x1"
    ].to_numpy()


def test_draws_depend_on_the_seed_alone() -> None:
    first = short(1, seed=shifted(7))
    np.testing.assert_array_equal(first, short(2, seed=shifted(7)))
    assert (first != short(2, seed=shifted(8))).all()


def test_without_warmup_the_start_is_kept_and_nothing_is_adapted() -> None:
    task = define_task("synthetic", define_model(priors="uniform", sigma=0.1))
    settings = SamplerSettings(chains=2, iter_warmup=0, iter_sampling=10, seed=shifted(1))
    for known in (True, False):
        result = run_task(task, settings, known_metric=known, show_progress=False)
        assert dataset(result.idata, "posterior")["x1"].shape == (2, 10)


def test_a_dataframe_without_dates_can_be_fitted() -> None:
    frame = load_dataset("synthetic").to_frame().reset_index(drop=True)
    result = gr4jstan.fit(
        frame,
        priors="uniform",
        sigma=0.1,
        chains=2,
        iter_warmup=20,
        iter_sampling=10,
        seed=shifted(1),
        show_progress=False,
    )
    assert not result.diagnostics["converged"]
    assert dataset(result.idata, "observed_data")["Q"].dims == ("obs_day",)
    assert result.run["period"] == ["day 0", "day 49"]


def test_the_run_tells_one_data_set_and_program_from_another() -> None:
    def hashes(code: str = "program", **options: Any) -> dict[str, str]:
        task = define_task("synthetic", define_model(), **options)
        run = describe_run(task, SamplerSettings(), require_cmdstan(), code)
        return dict(run["sha256"])

    assert hashes() == hashes()
    assert hashes(start="2012-06-10")["data"] != hashes()["data"]
    assert hashes(code="other")["program"] != hashes()["program"]


@pytest.mark.parametrize(
    "options", [{"date_column": "date"}, {"discharge_column": "Q"}, {"date_format": "%Y"}]
)
def test_columns_cannot_be_chosen_where_there_is_no_file(options: dict[str, str]) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        as_catchment("synthetic", **options)
    with pytest.raises(InputError, match=next(iter(options))):
        as_catchment(load_dataset("synthetic"), **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"chains": 0}, "chains is 0"),
        ({"parallel_chains": 0}, "parallel_chains is 0"),
        ({"iter_warmup": -1}, "iter_warmup is -1"),
        ({"iter_sampling": 1}, "iter_sampling is 1"),
        ({"adapt_delta": 1.0}, "adapt_delta is 1"),
        ({"max_treedepth": 0}, "max_treedepth is 0"),
        ({"seed": 2**31}, "seed is 2147483648"),
    ],
)
def test_settings_outside_their_range_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        gr4jstan.fit("synthetic", **options)


def test_the_header_of_an_earlier_program_is_not_taken_for_that_of_a_later_one(
    fit_folder: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(fit_folder, tmp_path / "fit")
    model = load_fit(folder).model
    alone = render_program(replace(model.spec, gradient="autodiff"))
    (folder / "model.stan").write_text(alone.code)
    assert load_fit(folder).header is None


def test_fits_in_two_threads_leave_cmdstanpys_log_as_it_was(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whichever ends first; and while one goes on, the log is silent."""
    logger = logging.getLogger("cmdstanpy")
    before = (logger.disabled, logger.level, list(logger.filters))
    first, second = _quiet_cmdstanpy(), _quiet_cmdstanpy()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    logger.error("heard while the second goes on")
    second.__exit__(None, None, None)
    logger.error("heard again")
    assert (logger.disabled, logger.level, list(logger.filters)) == before
    assert "while the second" not in caplog.text
    assert "again" in caplog.text


@pytest.mark.parametrize("days", [50, 2191, 3650, 22_000])
def test_trees_end_in_bounded_time_where_the_posterior_is_no_bell(days: int) -> None:
    """By the number of days alone, so that the draws are the same on every machine."""
    settings = SamplerSettings(iter_warmup=1000).with_bounded_trees(days)
    steps = 4 * 2000 * 2**settings.max_treedepth
    assert settings.max_treedepth in (6, 10) or 300 < steps * days * 1e-7 <= 600
    asked = SamplerSettings(iter_warmup=1000, max_treedepth=12)
    assert asked.with_bounded_trees(days) == asked
