"""hydrogr's simulation with samplers that need no gradient: emcee and adaptive Metropolis.

Both start where a gradient-free user would: at a least-squares optimum, searched from the best
prior draws, with the covariance that its Jacobian by finite differences gives.
"""

import multiprocessing
import time

import emcee
import hydrogr
import numpy as np
from scipy.optimize import least_squares

from benchmarks.cases import CHAINS, CORES, Array, Case, bounds, require_parity
from benchmarks.rates import Run, seconds_of

# iterations are kept to what summaries can be computed of
_MOST = 100_000
_FEWEST = 200
_WALKERS = 24


def flow(P, E, x):
    """Streamflow, shape (T,), by the compiled function that hydrogr's ``run`` wraps."""
    stores = np.array([x[4], x[5]])
    return hydrogr.ModelGr4j.model(list(x[:4]), P, E, stores, np.zeros(20), np.zeros(40))[3]


class _Posterior:
    """Log density of a case up to a constant."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.P, self.E = (np.ascontiguousarray(series) for series in case.forcing)
        self.Q = case.Q
        self.lower, self.upper = bounds()

    def residuals(self, x: Array) -> Array:
        errors = (flow(self.P, self.E, x) - self.Q) / self.case.sigma
        return np.nan_to_num(errors, nan=1e6, posinf=1e6, neginf=-1e6)

    def __call__(self, x: Array) -> float:
        if (x <= self.lower).any() or (x >= self.upper).any():
            return -np.inf
        errors = (flow(self.P, self.E, x) - self.Q) / self.case.sigma
        value = -0.5 * float(errors @ errors)
        return value if np.isfinite(value) else -np.inf

    def start(self, seed: int, rng: np.random.Generator, n: int) -> tuple[Array, Array]:
        """Covariance at the optimum, and n points around it, twice as wide as the posterior."""
        found = min(
            (
                least_squares(
                    self.residuals, x, bounds=(self.lower, self.upper), x_scale=self.upper
                )
                for x in self.case.screened(3, seed)
            ),
            key=lambda result: result.cost,
        )
        width = self.upper - self.lower
        # the prior's own width keeps directions that the data do not see finite
        covariance = np.linalg.inv(found.jac.T @ found.jac + np.diag(12 / width**2))
        points = rng.multivariate_normal(found.x, 4 * covariance, 50 * n)
        inside = (points > self.lower).all(axis=1) & (points < self.upper).all(axis=1)
        usable = points[inside & np.array([np.isfinite(self(point)) for point in points])]
        return covariance, usable[np.arange(n) % len(usable)]


def sample_emcee(case: Case, budget: float, seed: int) -> Run:
    """Two ensembles, each in its own process; half of the steps are burn-in."""
    settings = f"2 ensembles of {_WALKERS} walkers, 80 % DE and 20 % snooker moves, warm start"
    return _in_processes(_ensemble, CORES, case, budget / _WALKERS, seed, settings)


def sample_adaptive_metropolis(case: Case, budget: float, seed: int) -> Run:
    """Four chains of Haario, Saksman and Tamminen (2001), two at a time; half is burn-in."""
    settings = "adaptive Metropolis, 2 processes, warm start and covariance"
    return _in_processes(_metropolis, CHAINS, case, budget * CORES / CHAINS, seed, settings)


def _in_processes(work, jobs, case, step_budget, seed, settings) -> Run:  # type: ignore[no-untyped-def]
    # its rounded constant of the percolation alone makes some 1e-6 mm/d
    require_parity(case, flow, tolerance=1e-5)
    posterior = _Posterior(case)
    point = case.screened(1, seed)[0]
    # proposing and deciding take some 10 us beside the simulation
    iteration = seconds_of(lambda: posterior(point), 20) + 10e-6
    draws = int(np.clip(step_budget / iteration / 2, _FEWEST, _MOST))
    start = time.perf_counter()
    with multiprocessing.get_context("fork").Pool(CORES) as pool:
        chains = pool.starmap(work, [(case, seed, seed + i, draws) for i in range(jobs)], 1)
    return Run(
        np.concatenate(chains),
        seconds=time.perf_counter() - start,
        compile_seconds=0.0,
        warmup=draws,
        settings=settings,
    )


def _ensemble(case: Case, seed: int, own_seed: int, draws: int) -> Array:
    posterior = _Posterior(case)
    _, points = posterior.start(seed, np.random.default_rng(own_seed), _WALKERS)
    moves = [(emcee.moves.DEMove(), 0.8), (emcee.moves.DESnookerMove(), 0.2)]
    sampler = emcee.EnsembleSampler(_WALKERS, points.shape[1], posterior, moves=moves)
    sampler.random_state = np.random.RandomState(own_seed).get_state()
    sampler.run_mcmc(points, 2 * draws)
    return np.swapaxes(sampler.get_chain(discard=draws), 0, 1)


def _metropolis(case: Case, seed: int, own_seed: int, draws: int) -> Array:
    posterior, rng = _Posterior(case), np.random.default_rng(own_seed)
    covariance, points = posterior.start(seed, rng, 1)
    point = points[0]
    value = posterior(point)
    D, batch = len(point), 100
    kept = np.empty((2 * draws, D))
    for first in range(0, 2 * draws, batch):
        if first >= 10 * batch:
            # the covariance of all draws so far, as the paper has it
            covariance = np.cov(kept[:first:10].T)
        factor = 2.38 / np.sqrt(D) * np.linalg.cholesky(covariance + 1e-9 * np.diag(covariance))
        last = min(first + batch, 2 * draws)
        jumps = rng.standard_normal((last - first, D)) @ factor.T
        log_uniform = np.log(rng.random(last - first))
        for i in range(first, last):
            proposal = point + jumps[i - first]
            proposed = posterior(proposal)
            if log_uniform[i - first] < proposed - value:
                point, value = proposal, proposed
            kept[i] = point
    return kept[None, draws:]
