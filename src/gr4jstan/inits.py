"""Starting points of the chains: draws from the prior, screened by their likelihood."""

import numpy as np
from numpy.typing import NDArray

from gr4jstan.catchment import Catchment
from gr4jstan.model import Model
from gr4jstan.programs import initial_states_block
from gr4jstan.simulator import simulate_flow

Array = NDArray[np.float64]

_SCREENED = 1000


def prior_draws(model: Model, n: int, rng: np.random.Generator) -> dict[str, Array]:
    """Draw parameters from the prior, within its bounds.

    Parameters
    ----------
    model : Model
    n : int
        Number of draws.
    rng : numpy.random.Generator

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
            draws[name] = _within(rng.normal(numbers["x2_mean"], numbers["x2_sd"], n), lower, upper)
        else:
            mean, sd = numbers[f"{name}_log_mean"], numbers[f"{name}_log_sd"]
            draws[name] = _within(rng.lognormal(mean, sd, n), lower, upper)
    if block == "fractions":
        for name in ("S0_fraction", "R0_fraction"):
            draws[name] = rng.beta(numbers[f"{name}_alpha"], numbers[f"{name}_beta"], n)
    return draws


def initial_stores(model: Model, draws: dict[str, Array]) -> tuple[Array, Array]:
    """Stores before the first day [mm] that belong to prior or posterior draws."""
    if "S0" in draws:
        return draws["S0"], draws["R0"]
    fractions = draws if "S0_fraction" in draws else model.numbers
    s0: Array = fractions["S0_fraction"] * draws["x1"]
    r0: Array = fractions["R0_fraction"] * draws["x3"]
    return s0, r0


def screened_inits(
    model: Model, catchment: Catchment, days: NDArray[np.int_], chains: int, seed: int
) -> list[dict[str, float]]:
    """Starting points: the best of many prior draws by squared error, one for each chain.

    Parameters
    ----------
    model : Model
    catchment : Catchment
        Forcing and observations of T days.
    days : array of int
        Days whose observation counts, from 0.
    chains : int
        Number of starting points.
    seed : int
        Seed of the prior draws.

    Returns
    -------
    list of dict
        One for each chain, under the names of the Stan program's parameters.
    """
    assert catchment.Q is not None
    draws = prior_draws(model, max(_SCREENED, chains), np.random.default_rng(seed))
    s0, r0 = initial_stores(model, draws)
    end = int(days[-1]) + 1
    flows = simulate_flow(
        catchment.P[:end],
        catchment.E[:end],
        *(draws[name] for name in ("x1", "x2", "x3", "x4")),
        s0=s0,
        r0=r0,
    )
    with np.errstate(all="ignore"):
        rmse = np.sqrt(np.mean((flows[:, days] - catchment.Q[days]) ** 2, axis=1))
    best = np.argsort(np.where(np.isfinite(rmse), rmse, np.inf), kind="stable")[:chains]
    inits = [{name: float(values[i]) for name, values in draws.items()} for i in best]
    if model.sigma is None:
        for i, init in zip(best, inits, strict=True):
            init["sigma"] = float(max(rmse[i], 1e-3 * np.std(catchment.Q[days])))
    return inits


def _within(values: Array, lower: float, upper: float) -> Array:
    """Move the few draws that are outside the bounds just inside them."""
    margin = 1e-6 * (upper - lower)
    return np.clip(values, lower + margin, upper - margin)
