"""PyMC: NUTS by nutpie on pytensor scans, compiled by numba."""

import time

import numpy as np
import nutpie
import pymc as pm
import pytensor
import pytensor.tensor as pt

from benchmarks.cases import (
    CHAINS,
    CORES,
    N_UH1,
    N_UH2,
    PARAMETERS,
    Case,
    bounds,
    require_parity,
)
from benchmarks.rates import Run, affordable_draws
from gr4jstan.structures.gr4j import UH1_SHARE
from gr4jstan.structures.production import PERCOLATION_CONSTANT

SETTINGS = "nutpie, numba, pytensor scan, low-rank metric, 2 chains at once, default inits"
_LEAPFROGS = 30


def flow(P, E, x):
    """Streamflow, shape (T,); a store's recurrence is a scan, the unit hydrographs are sums."""
    x1, x2, x3, x4, S0, R0 = x
    net = pt.as_tensor(P - E)
    wet = pt.as_tensor((P > E).astype(float))

    def production(wet, T, s, mid_before):
        mid = pt.switch(wet > 0, (s + T) / (1 + s * T), s * (1 - T) / (1 + (1 - s) * T))
        return mid / pt.sqrt(pt.sqrt(1 + mid**4 / PERCOLATION_CONSTANT)), mid

    start = S0 / x1
    after, mid = pytensor.scan(
        production,
        sequences=[wet, pt.tanh(pt.abs(net) / x1)],
        outputs_info=[start, pt.zeros_like(start)],
        return_updates=False,
    )
    before = pt.concatenate([start[None], after[:-1]])
    pr = pt.switch(wet > 0, net - x1 * (mid - before), 0) + x1 * (mid - after)
    q9, q1 = (_route(pr, shares, n) for shares, n in _unit_hydrographs(x4))

    def routing(inflow, r, full_before, x2_level):
        full = pt.maximum(r + inflow + x2_level * r * r * r * pt.sqrt(r), 0)
        return full / pt.sqrt(pt.sqrt(1 + full**4)), full

    start = R0 / x3
    emptied, full = pytensor.scan(
        routing,
        sequences=[q9 / x3],
        outputs_info=[start, pt.zeros_like(start)],
        non_sequences=[x2 / x3],
        return_updates=False,
    )
    exchange = x2 * pt.concatenate([start[None], emptied[:-1]]) ** 3.5
    return x3 * (full - emptied) + pt.maximum(q1 + exchange, 0)


def _unit_hydrographs(x4):
    age1 = pt.minimum(np.arange(N_UH1 + 1) / x4, 1)
    age2 = pt.minimum(np.arange(N_UH2 + 1) / x4, 2)
    rising, falling = pt.minimum(age2, 1), 2 - pt.maximum(age2, 1)
    curve2 = rising**2.5 / 2 + (1 - falling**2.5) / 2
    return (UH1_SHARE * pt.diff(age1**2.5), N_UH1), ((1 - UH1_SHARE) * pt.diff(curve2), N_UH2)


def _route(inflow, shares, n):
    padded = pt.concatenate([np.zeros(n - 1), inflow])
    days = inflow.shape[0]
    return sum(shares[lag] * padded[n - 1 - lag : n - 1 - lag + days] for lag in range(n))


def sample(case: Case, budget: float, seed: int) -> Run:
    """Sample a case: 1000 + 1000 iterations, fewer if they do not fit in the budget."""
    P, E = case.forcing
    lower, upper = bounds()
    x = [pt.dscalar(name) for name in PARAMETERS]
    compiled_flow = pytensor.function(x, flow(P, E, x), mode="NUMBA")
    require_parity(case, lambda P, E, point: compiled_flow(*point))

    start = time.perf_counter()
    with pm.Model() as model:
        x = [
            pm.Uniform(name, low, high)
            for name, low, high in zip(PARAMETERS, lower, upper, strict=True)
        ]
        pm.Normal("Q", flow(P, E, x), case.sigma, observed=case.Q)
    compiled = nutpie.compile_pymc_model(model, backend="numba")
    compile_seconds = time.perf_counter() - start

    def run(draws: int):
        start = time.perf_counter()
        trace = nutpie.sample(
            compiled,
            tune=draws,
            draws=draws,
            chains=CHAINS,
            cores=CORES,
            seed=seed,
            low_rank_modified_mass_matrix=True,
            progress_bar=False,
        )
        return trace, time.perf_counter() - start

    short, seconds = run(20)
    steps = sum(
        int(short[group]["n_steps"].sum()) for group in ("sample_stats", "warmup_sample_stats")
    )
    trace, seconds = run(affordable_draws(budget, CORES * seconds / steps, _LEAPFROGS))
    values = np.stack([trace.posterior[name].to_numpy() for name in PARAMETERS], axis=-1)
    stats = trace.sample_stats
    return Run(
        values,
        seconds=seconds,
        compile_seconds=compile_seconds,
        warmup=values.shape[1],
        saturated=float(stats["maxdepth_reached"].mean()),
        divergent=float(stats["diverging"].mean()),
        settings=SETTINGS,
    )
