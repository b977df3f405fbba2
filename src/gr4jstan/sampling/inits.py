"""Starting points of the chains: draws from the prior, screened by their likelihood."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from gr4jstan.errors import InputError
from gr4jstan.model.definition import Model
from gr4jstan.model.observations import guess_errors
from gr4jstan.model.priors import default_priors
from gr4jstan.model.programs import initial_states_block
from gr4jstan.model.stan_data import StanData
from gr4jstan.model.task import Task
from gr4jstan.model.transforms import initial_stores, stan_parameters
from gr4jstan.sampling.streams import stream
from gr4jstan.structures.simulation import run_flow

Array = NDArray[np.float64]

_SCREENED = 1000

# Screening looks at four years at most, of whatever length the series is.
_SCREENED_DAYS = 1461


def prior_draws(model: Model, data: StanData, n: int, rng: np.random.Generator) -> dict[str, Array]:
    """Draw from the prior.

    Parameters
    ----------
    model : Model
    data : dict
        Data of its program: the observations set the scale of sigma's prior.
    n : int
        Number of draws.
    rng : numpy.random.Generator

    Returns
    -------
    dict of str to array, shape (n,)
        The parameters of the structure, its initial stores [mm] if they are estimated, and the
        parameters of the error model, as far as they are estimated.

    Raises
    ------
    InputError
        With priors ``airgr-sls``, one of which has no finite integral.
    """
    if model.spec.priors == "airgr-sls":
        raise InputError(
            "There are no prior draws for priors 'airgr-sls': that of sigma, 1 / sigma, has no "
            "finite integral. Choose priors default or uniform."
        )
    draws = _draw_parameters(model, n, rng)
    if model.spec.initial_states == "estimated":
        draws |= initial_stores(model, draws)
    for each in model.estimated_errors:
        draws[each.name] = each.draw(data, n, rng)
    return {name: draws[name] for name in model.parameters}


def _draw_parameters(
    model: Model, n: int, rng: np.random.Generator, widen: float = 1.0
) -> dict[str, Array]:
    """Parameters and initial stores, with standard deviations `widen` times the prior's.

    With priors "airgr-sls", those of the default priors within the box.
    """
    numbers = default_priors(model.structure) | model.numbers
    block = initial_states_block(model.spec)
    draws: dict[str, Array] = {}
    normal = [each.name for each in model.structure.parameters if not each.positive]
    for name in (*model.structure.names, *(model.structure.initial if block == "stores" else ())):
        bounds = numbers[f"{name}_lower"], numbers[f"{name}_upper"]
        if model.spec.priors == "uniform":
            draws[name] = rng.uniform(*bounds, n)
        elif name in normal:
            mean, sd = numbers[f"{name}_mean"], widen * numbers[f"{name}_sd"]
            draws[name] = _truncated_normal(mean, sd, *bounds, n, rng)
        else:
            mean, sd = numbers[f"{name}_log_mean"], widen * numbers[f"{name}_log_sd"]
            with np.errstate(divide="ignore"):
                logs = float(np.log(bounds[0])), float(np.log(bounds[1]))
            draws[name] = np.exp(_truncated_normal(mean, sd, *logs, n, rng))
        draws[name] = _within(draws[name], *bounds)
    if block == "fractions":
        for name in (f"{initial}_fraction" for initial in model.structure.initial):
            filling = rng.beta(numbers[f"{name}_alpha"], numbers[f"{name}_beta"], n)
            draws[name] = _within(filling, 0, 1)
    return draws


def _truncated_normal(
    mean: float, sd: float, lower: float, upper: float, n: int, rng: np.random.Generator
) -> Array:
    """Draws from a normal distribution between bounds, by inversion of its nearer tail."""
    if lower > mean:
        return -_truncated_normal(-mean, sd, -upper, -lower, n, rng)
    shares = rng.uniform(ndtr((lower - mean) / sd), ndtr((upper - mean) / sd), n)
    values: Array = mean + sd * ndtri(shares)
    return values


def screened_draws(task: Task, n: int, seed: int) -> dict[str, Array]:
    """Draw from the prior and sort by the squared error of the simulated streamflow.

    Half of the draws are from a prior of twice the width: the posterior may be in its tails. With
    priors ``airgr-sls``, which allow mostly absurd parameters, the default priors take their place.

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
        The best first, under the names of the Stan program's parameters; those of the error model
        are made to go with the errors.
    """
    model, catchment, days = task.model, task.catchment, task.days
    assert catchment.Q is not None
    rng = stream(seed, "screening")
    near, far = _draw_parameters(model, n - n // 2, rng), _draw_parameters(model, n // 2, rng, 2)
    draws = {name: np.concatenate([near[name], far[name]]) for name in near}
    stores = initial_stores(model, draws)
    window = _busiest(days, _SCREENED_DAYS)
    days = days[(days >= window.start) & (days < window.stop)]
    start = {store.name: stores[store.initial] for store in model.structure.stores}
    flows, _ = run_flow(model.structure, catchment.P[window], catchment.E[window], draws, start)
    errors, rmse = guess_errors(model, catchment.Q[days], flows[:, days - window.start])
    order = np.argsort(rmse, kind="stable")
    return {name: values[order] for name, values in stan_parameters(model, draws | errors).items()}


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
