"""Starting points of the chains: draws from the prior, screened by their likelihood."""

import numpy as np
from numpy.typing import NDArray

from gr4jstan.model import Model
from gr4jstan.programs import initial_states_block
from gr4jstan.simulator import simulate_flow
from gr4jstan.task import Task

Array = NDArray[np.float64]

_SCREENED = 1000

# Screening looks at four years at most, of whatever length the series is.
_SCREENED_DAYS = 1461


def prior_draws(
    model: Model, n: int, rng: np.random.Generator, *, widen: float = 1.0
) -> dict[str, Array]:
    """Draw parameters from the prior, within its bounds.

    Parameters
    ----------
    model : Model
    n : int
        Number of draws.
    rng : numpy.random.Generator
    widen : float
        Factor for the prior's standard deviations.

    Returns
    -------
    dict of str to array, shape (n,)
        Under the names of the Stan program's parameters, without ``sigma``.
    """
    numbers = model.numbers
    draws: dict[str, Array] = {}
    block = initial_states_block(model.structure)
    for name in ("x1", "x2", "x3", "x4", *(("S0", "R0") if block == "stores" else ())):
        lower, upper = numbers[f"{name}_lower"], numbers[f"{name}_upper"]
        if model.structure.priors == "uniform":
            draws[name] = rng.uniform(lower, upper, n)
        elif name == "x2":
            draws[name] = _within(
                rng.normal(numbers["x2_mean"], widen * numbers["x2_sd"], n), lower, upper
            )
        else:
            mean, sd = numbers[f"{name}_log_mean"], numbers[f"{name}_log_sd"]
            draws[name] = _within(rng.lognormal(mean, widen * sd, n), lower, upper)
    if block == "fractions":
        for name in ("S0_fraction", "R0_fraction"):
            filling = rng.beta(numbers[f"{name}_alpha"], numbers[f"{name}_beta"], n)
            draws[name] = _within(filling, 0, 1)
    return draws


def initial_stores(model: Model, draws: dict[str, Array]) -> tuple[Array, Array]:
    """Stores before the first day [mm] that belong to prior or posterior draws."""
    if "S0" in draws:
        return draws["S0"], draws["R0"]
    fractions = draws if "S0_fraction" in draws else model.numbers
    s0: Array = fractions["S0_fraction"] * draws["x1"]
    r0: Array = fractions["R0_fraction"] * draws["x3"]
    return s0, r0


def screened_draws(task: Task, n: int, seed: int) -> dict[str, Array]:
    """Draw from the prior and sort by the squared error of the simulated streamflow.

    Half of the draws are from a prior of twice the width: the posterior may be in its tails.

    Parameters
    ----------
    task : Task
    n : int
        Number of draws.
    seed : int
        Seed of the draws.

    Returns
    -------
    dict of str to array, shape (n,)
        The best first, under the names of the Stan program's parameters; an estimated ``sigma`` is
        the root mean squared error.
    """
    model, catchment, days = task.model, task.catchment, task.days
    assert catchment.Q is not None
    rng = np.random.default_rng(seed)
    near, far = prior_draws(model, n - n // 2, rng), prior_draws(model, n // 2, rng, widen=2)
    draws = {name: np.concatenate([near[name], far[name]]) for name in near}
    s0, r0 = initial_stores(model, draws)
    window = _busiest(days, _SCREENED_DAYS)
    days = days[(days >= window.start) & (days < window.stop)]
    flows = simulate_flow(
        catchment.P[window],
        catchment.E[window],
        *(draws[name] for name in ("x1", "x2", "x3", "x4")),
        s0=s0,
        r0=r0,
    )
    with np.errstate(all="ignore"):
        rmse = np.sqrt(np.mean((flows[:, days - window.start] - catchment.Q[days]) ** 2, axis=1))
    rmse[~np.isfinite(rmse)] = np.inf
    if model.sigma is None:
        draws["sigma"] = np.clip(rmse, 1e-3 * np.std(catchment.Q[days]), 1e3)
    order = np.argsort(rmse, kind="stable")
    return {name: values[order] for name, values in draws.items()}


def screened_inits(task: Task, chains: int, seed: int) -> list[dict[str, float]]:
    """Starting points without a search: the best of many prior draws, one for each chain.

    The parameters are those of `screened_draws`, ``chains`` is the number of starting points.
    """
    draws = screened_draws(task, max(_SCREENED, chains), seed)
    return [{name: float(values[i]) for name, values in draws.items()} for i in range(chains)]


def _busiest(days: NDArray[np.int_], length: int) -> slice:
    """The `length` days, from the first on or up to one of `days`, that have most of `days`."""
    starts = np.maximum(days - length + 1, 0)
    counts = np.arange(1, len(days) + 1) - np.searchsorted(days, starts)
    best = int(np.argmax(counts))
    return slice(int(starts[best]), int(days[best]) + 1)


def _within(values: Array, lower: float, upper: float) -> Array:
    """Move the few draws that are outside the bounds just inside them."""
    margin = 1e-6 * (upper - lower)
    return np.clip(values, lower + margin, upper - margin)
