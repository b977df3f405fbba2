"""The posterior of `example` under priors airgr-sls by other means.

GR4J is hydrogr's, the density is written anew from airGR's transformed parameters, and the sampler
is an adaptive Metropolis: nothing but the data is shared with what Stan samples.
"""

import sys
from pathlib import Path

import hydrogr
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.typing import NDArray

import gr4jstan
from gr4jstan.fitting.inference_data import dataset
from gr4jstan.fitting.results import Fit
from seeds import shifted

SCRIPTS = Path(__file__).parents[1] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from reference_posteriors import estimate, z_scores  # noqa: E402

sys.path.remove(str(SCRIPTS))

Array = NDArray[np.float64]

NAMES = ("x1", "x2", "x3", "x4", "sigma")
CHAINS, ITERATIONS = 3, 11_000

# Differences in units of their Monte-Carlo errors: of 35 one is larger by chance in a run of ten
# million.
LARGEST = 6


class Posterior:
    """Log density of airGR's transformed parameters and log(sigma), up to a constant."""

    def __init__(self) -> None:
        catchment = gr4jstan.load_dataset("example")
        self.P, self.E = (np.ascontiguousarray(x) for x in (catchment.P, catchment.E))
        counted = ~np.isnan(catchment.Q)
        counted[:366] = False  # 2012, the warm-up
        self.days = np.flatnonzero(counted)
        self.Q = catchment.Q[self.days]

    def flow(self, x: Array) -> Array:
        """Streamflow on the days that count, from stores 30 and 50 % full."""
        stores, uh1, uh2 = np.array([0.3 * x[0], 0.5 * x[2]]), np.zeros(20), np.zeros(40)
        return hydrogr.ModelGr4j.model(list(x), self.P, self.E, stores, uh1, uh2)[3][self.days]

    def __call__(self, point: Array) -> float:
        """Flat in the transformed parameters and, for p(sigma) ~ 1 / sigma, in log(sigma)."""
        if (np.abs(point[:4]) > 9.99).any():
            return -np.inf
        errors = self.Q - self.flow(transform_back(point[:4]))
        value = -len(self.Q) * point[4] - 0.5 * float(errors @ errors) * np.exp(-2 * point[4])
        return value if np.isfinite(value) else -np.inf

    def start(self, rng: np.random.Generator) -> Array:
        """The best of 200 points where catchments usually are (Perrin et al. 2003, table 1)."""
        low = np.array([np.log(100), np.arcsinh(-5), np.log(20), -9.4])
        high = np.array([np.log(1200), np.arcsinh(3), np.log(300), -7.5])
        points = rng.uniform(low, high, (200, 4))
        errors = np.array([np.std(self.Q - self.flow(transform_back(point))) for point in points])
        best = int(np.argmin(errors))
        return np.append(points[best], np.log(errors[best]))


def transform_back(point: Array) -> Array:
    """airGR's parameters x1 to x4 from its transformed ones, which go from -9.99 to 9.99."""
    t1, t2, t3, t4 = point
    return np.array([np.exp(t1), np.sinh(t2), np.exp(t3), 0.5 + 19.5 * (t4 + 9.99) / 19.98])


def adaptive_metropolis(posterior: Posterior, rng: np.random.Generator, iterations: int) -> Array:
    """Sample as Haario, Saksman and Tamminen (2001), Bernoulli 7, 223-242, do.

    The covariance of the proposal is 2.38^2 / D times that of the chain so far, computed anew every
    50 iterations; until the chain has left its start, a tenth of them, it is a guess.

    Returns
    -------
    array, shape (iterations, D)
    """
    point = posterior.start(rng)
    value, D, period = posterior(point), len(point), 50
    chain = np.empty((iterations, D))
    factor = np.diag([0.05, 0.05, 0.05, 0.05, 0.02])
    for i in range(iterations):
        if i % period == 0 and i >= iterations // 10:
            # the first steps tell of the way to the mode, not of its width
            covariance = np.cov(chain[i // 3 : i].T) + 1e-8 * np.eye(D)
            factor = 2.38 / np.sqrt(D) * np.linalg.cholesky(covariance)
        proposal = point + factor @ rng.standard_normal(D)
        proposed = posterior(proposal)
        if np.log(rng.random()) < proposed - value:
            point, value = proposal, proposed
        chain[i] = point
    return chain


@pytest.fixture(scope="module")
def metropolis() -> pd.DataFrame:
    """Estimates from the second halves of the chains."""
    posterior = Posterior()
    chains = np.array(
        [
            adaptive_metropolis(posterior, np.random.default_rng([shifted(2001), i]), ITERATIONS)
            for i in range(CHAINS)
        ]
    )[:, ITERATIONS // 2 :]
    x = np.moveaxis(np.apply_along_axis(transform_back, 2, chains[..., :4]), 2, 0)
    values = dict(zip(NAMES, [*x, np.exp(chains[..., 4])], strict=True))
    return estimate(xr.Dataset({name: (("chain", "draw"), v) for name, v in values.items()}))


@pytest.fixture(scope="module")
def fit() -> Fit:
    return gr4jstan.fit("example", priors="airgr-sls", seed=shifted(1), show_progress=False)


def test_an_adaptive_metropolis_on_hydrogr_finds_the_same_posterior(
    metropolis: pd.DataFrame, fit: Fit
) -> None:
    assert fit.diagnostics["converged"], fit.diagnostics["reasons"]
    assert fit.parameters == NAMES
    # with 110 effective draws in half a chain, 1.05 is chi-squared of 5 degrees of freedom above 60
    assert metropolis["r_hat"].max() < 1.05, metropolis
    ours = estimate(dataset(fit.idata, "posterior")[list(NAMES)])
    z = z_scores(ours, metropolis)
    assert (z.abs() < LARGEST).all(axis=None), z


def test_a_posterior_that_is_off_would_be_noticed(metropolis: pd.DataFrame, fit: Fit) -> None:
    """Half an sd aside, and half as wide again: 12 errors."""
    ours = dataset(fit.idata, "posterior")[list(NAMES)]
    centre = ours.mean(("chain", "draw"))
    moved = z_scores(estimate(ours + 0.5 * ours.std(("chain", "draw"))), metropolis)
    assert (moved["mean"] > LARGEST).all(), moved
    wider = z_scores(estimate(centre + 1.5 * (ours - centre)), metropolis)
    assert (wider["sd"] > LARGEST).all(), wider
