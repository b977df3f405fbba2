"""The fast default against long runs of the program on Stan's tape, stored in tests/reference.

They share the log density in Stan, which other tests hold against NumPy; the gradient, the metric,
the starting points and the length of the warm-up are not those of the default.
"""

import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.signal import lfilter

import gr4jstan
from gr4jstan.fitting.inference_data import dataset
from gr4jstan.fitting.results import Fit
from seeds import shifted

SCRIPTS = Path(__file__).parents[1] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from reference_posteriors import (  # noqa: E402
    PROBLEMS,
    QUANTILES,
    estimate,
    faults,
    fingerprint,
    load_reference,
    markdown,
    z_scores,
)

sys.path.remove(str(SCRIPTS))

NAMES = tuple(PROBLEMS)

# Of the 140 differences, in units of their Monte-Carlo errors, one is as large as this by chance in
# three of ten million runs.
LARGEST = 6
# Long where it is cheap: a tenth of a standard deviation is eight errors.
DRAWS = {"synthetic": 8000}


@cache
def reference(name: str) -> dict[str, Any]:
    return load_reference(name)


@pytest.fixture(scope="module")
def fits() -> dict[str, Fit]:
    """The default sampler on each problem."""
    return {
        name: gr4jstan.fit(
            problem.data,
            seed=shifted(1),
            iter_sampling=DRAWS.get(name, 1000),
            show_progress=False,
            **problem.options,
        )
        for name, problem in PROBLEMS.items()
    }


def draws(fit: Fit) -> xr.Dataset:
    return dataset(fit.idata, "posterior")[list(fit.parameters)]


@pytest.mark.parametrize("name", NAMES)
def test_the_fast_default_finds_the_reference_posterior(name: str, fits: dict[str, Fit]) -> None:
    fit = fits[name]
    assert fit.diagnostics["converged"], fit.diagnostics["reasons"]
    assert fit.run["model"]["gradient"] == "adjoint"
    assert fit.run["start"]["metric"] == "curvature at the mode"
    z = z_scores(estimate(draws(fit)), reference(name)["posterior"])
    assert list(z.index) == list(fit.parameters)
    assert list(z.columns) == ["mean", "sd", "q5", "q25", "q50", "q75", "q95"]
    # abs() < 6 is false for NaN
    assert (z.abs() < LARGEST).all(axis=None), z


@pytest.mark.parametrize("name", NAMES)
def test_a_posterior_that_is_off_would_be_noticed(name: str, fits: dict[str, Fit]) -> None:
    """Each parameter by itself: a quarter of its sd aside, and a quarter wider: 12 errors."""
    stored, ours = reference(name)["posterior"], draws(fits[name])
    centre = ours.mean(("chain", "draw"))
    moved = z_scores(estimate(ours + 0.25 * ours.std(("chain", "draw"))), stored)
    assert (moved["mean"] > LARGEST).all(), moved
    wider = z_scores(estimate(centre + 1.25 * (ours - centre)), stored)
    assert (wider["sd"] > LARGEST).all(), wider


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_is_one_and_of_the_same_problem(name: str, fits: dict[str, Fit]) -> None:
    stored = reference(name)
    assert faults(stored) == []
    found, sampler = stored["diagnostics"], stored["sampler"]
    assert found["max_rhat"] == stored["posterior"]["r_hat"].max() < 1.01
    assert found["divergences"] == found["max_treedepth_hits"] == 0
    assert stored["model"]["gradient"] == "autodiff"
    assert sampler["chains"] == 10
    assert found["draws"] == sampler["chains"] * sampler["iter_sampling"] // sampler["thin"]
    # its own errors are small beside what is looked for
    table = stored["posterior"]
    assert (table["mcse_mean"] < 0.02 * table["sd"]).all()
    assert stored["sha256"]["data"] == fingerprint(fits[name].data)


def test_a_run_that_is_no_reference_is_refused() -> None:
    stored = reference("synthetic")
    for key, value, words in (
        ("max_rhat", 1.01, "R-hat is 1.01"),
        ("max_rhat", float("nan"), "R-hat is nan"),
        ("divergences", 1, "1 draws diverged"),
        ("max_treedepth_hits", 2, "maximum tree depth"),
    ):
        (reason,) = faults({"diagnostics": stored["diagnostics"] | {key: value}})
        assert words in reason


def test_errors_are_those_of_repeated_samples() -> None:
    """The spread of each statistic over many autocorrelated samples of a skew distribution."""
    rng = np.random.default_rng(shifted(1))
    tables = []
    for _ in range(250):
        noise = rng.standard_normal((4, 600))
        series = lfilter([0.8], [1, -0.6], noise, axis=1)[:, 100:]
        values = xr.Dataset({"x": (("chain", "draw"), np.exp(0.3 * series))})
        tables.append(estimate(values))
    together = pd.concat(tables)
    for name in ("mean", "sd", *QUANTILES):
        # the standard error of a spread of 250 values is 4.5 %
        assert together[f"mcse_{name}"].mean() == pytest.approx(together[name].std(), rel=0.3)


def test_the_page_shows_what_is_stored() -> None:
    page = (SCRIPTS.parent / "docs" / "trust" / "reference.md").read_text(encoding="utf-8")
    assert markdown({name: reference(name) for name in NAMES}) in page
