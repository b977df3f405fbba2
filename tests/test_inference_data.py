"""Draws and data in ArviZ's groups, the summary, and the NetCDF file."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from gr4jstan.errors import InputError
from gr4jstan.fitting.inference_data import (
    dataset,
    read_netcdf,
    summary,
    to_inference_data,
    write_netcdf,
)
from gr4jstan.fitting.results import Fit
from gr4jstan.model.definition import define_model
from gr4jstan.model.task import Task
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.datasets import load_dataset
from gr4jstan.sampling.nuts import Draws
from seeds import shifted

COLUMNS = ["mean", "sd", "median", "q5", "q95", "mcse_mean", "ess_bulk", "ess_tail", "r_hat"]


def rhat_by_hand(draws: np.ndarray) -> float:
    """Rank-normalised split R-hat of Vehtari et al. (2021), equations 1 to 4 and 14."""

    def split_rhat(values: np.ndarray) -> float:
        ranks = stats.rankdata(values).reshape(values.shape)
        z = stats.norm.ppf((ranks - 3 / 8) / (values.size + 1 / 4))
        n = z.shape[1]
        between = n * np.var(z.mean(axis=1), ddof=1)
        within = np.mean(np.var(z, axis=1, ddof=1))
        return float(np.sqrt(((n - 1) / n * within + between / n) / within))

    halves = np.concatenate(np.split(draws, 2, axis=1))
    return max(split_rhat(halves), split_rhat(np.abs(halves - np.median(halves))))


def test_summary_is_what_numpy_and_the_formulas_give(synthetic_fit: Fit) -> None:
    table = synthetic_fit.summary()
    assert list(table.columns) == COLUMNS
    assert table.index.name == "parameter"
    assert list(table.index) == ["x1", "x2", "x3", "x4", "S0", "R0"]
    for name, row in table.iterrows():
        draws = dataset(synthetic_fit.idata, "posterior")[name].to_numpy()
        assert draws.shape == (4, 1000)
        expected = [draws.mean(), draws.std(ddof=1), *np.quantile(draws, [0.5, 0.05, 0.95])]
        np.testing.assert_allclose(row[["mean", "sd", "median", "q5", "q95"]], expected, rtol=1e-12)
        assert row["r_hat"] == pytest.approx(rhat_by_hand(draws), abs=1e-9)


def test_ess_and_mcse_of_a_process_whose_autocorrelation_is_known() -> None:
    # the standard error of the estimated ESS is 1.2 %
    phi, chains, n = 0.6, 4, 60_000
    noise = np.random.default_rng(shifted(5)).normal(size=(chains, n))
    x = noise.copy()
    for i in range(1, n):
        x[:, i] = phi * x[:, i - 1] + noise[:, i]
    table = summary({"posterior": xr.Dataset({"x1": (("chain", "draw"), x)})}, ["x1"])
    effective = chains * n * (1 - phi) / (1 + phi)
    assert table.loc["x1", "ess_bulk"] == pytest.approx(effective, rel=0.1)
    assert table.loc["x1", "mcse_mean"] == pytest.approx(x.std() / effective**0.5, rel=0.1)
    # the tail forgets faster
    assert effective < table.loc["x1", "ess_tail"] < chains * n


def test_groups_have_arviz_names_units_and_real_dates(synthetic_fit: Fit) -> None:
    idata, catchment = synthetic_fit.idata, load_dataset("synthetic")
    posterior = dataset(idata, "posterior")
    assert dict(posterior.sizes) == {"chain": 4, "draw": 1000}
    assert {"x1", "x2", "x3", "x4", "S0", "R0"} <= set(posterior)
    assert posterior["x2"].attrs["units"] == "mm/d"
    sample_stats = dataset(idata, "sample_stats")
    assert {
        "lp",
        "acceptance_rate",
        "step_size",
        "tree_depth",
        "n_steps",
        "diverging",
        "energy",
        "reached_max_treedepth",
    } <= set(sample_stats)
    assert sample_stats["diverging"].dtype == bool
    # a tree of depth d has 2^d - 1 leapfrog steps, and those of a last doubling that was given up
    depth, steps = sample_stats["tree_depth"].to_numpy(), sample_stats["n_steps"].to_numpy()
    assert (steps >= 2**depth - 1).all()
    assert (steps < 2 ** (depth + 1)).all()
    observed = dataset(idata, "observed_data")["Q"]
    np.testing.assert_array_equal(observed, catchment.Q)
    assert str(observed["obs_date"].to_numpy()[0])[:10] == "2012-06-09"
    constant = dataset(idata, "constant_data")
    np.testing.assert_array_equal(constant["date"], catchment.dates)
    np.testing.assert_array_equal(constant["P"], catchment.P)
    np.testing.assert_array_equal(constant["E"], catchment.E)


def test_settings_and_versions_are_attributes(synthetic_fit: Fit) -> None:
    attributes = synthetic_fit.idata.attrs
    assert attributes["catchment"] == "synthetic"
    for key in ("sampler", "versions", "model", "sha256"):
        assert key in attributes
    assert f'"seed": {shifted(1)}' in attributes["sampler"]


@pytest.mark.parametrize("dates", [True, False])
def test_days_that_count_carry_their_own_coordinate(dates: bool, tmp_path: Path) -> None:
    example = load_dataset("synthetic")
    catchment = Catchment(
        "basin", example.P, example.E, example.Q, example.dates if dates else None
    )
    days = np.array([0, 5, 45])
    shape = (2, 6)
    names = ("lp", "accept_stat", "stepsize", "treedepth", "n_leapfrog", "divergent", "energy")
    draws = Draws(
        parameters={"x1": np.arange(12.0).reshape(shape)},
        stats={name: np.full(shape, 10.0 if name == "treedepth" else 0.0) for name in names},
        warmup_leapfrogs=np.ones((2, 3)),
        step_size=np.ones(2),
        chain_seconds=[{"warmup": 1.0, "sampling": 1.0}] * 2,
        wall_seconds=1.0,
    )
    task = Task(catchment, define_model(), 0, days, {})
    idata = to_inference_data(draws, task, 10)
    path = tmp_path / "posterior.nc"
    write_netcdf(idata, path)
    for source in (idata, read_netcdf(path)):
        assert dataset(source, "sample_stats")["reached_max_treedepth"].all()
        observed = dataset(source, "observed_data")["Q"]
        (dimension,) = observed.dims
        assert dimension == ("obs_date" if dates else "obs_day")
        expected = catchment.dates[days] if catchment.dates is not None else days
        np.testing.assert_array_equal(observed[dimension], expected)
        np.testing.assert_array_equal(dataset(source, "posterior")["x1"], draws.parameters["x1"])


@pytest.mark.parametrize("damage", ["missing", "empty", "cut off", "text"])
def test_a_file_that_is_no_posterior_is_named(
    fit_folder: Path, tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "posterior.nc"
    if damage != "missing":
        whole = (fit_folder / "posterior.nc").read_bytes()
        path.write_bytes(
            {"empty": b"", "cut off": whole[: len(whole) // 2], "text": b"x1,x2\n"}[damage]
        )
    with pytest.raises(InputError, match=r"posterior\.nc"):
        read_netcdf(path)
