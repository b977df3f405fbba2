"""Streamflow of posterior draws: simulated, and with the errors that the observations have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gr4jstan.errors import InputError
from gr4jstan.findings import Finding
from gr4jstan.fitting.error_memory import estimate_ar1, simulate_ar1
from gr4jstan.model.definition import Model
from gr4jstan.model.observations import normal_scores, respond
from gr4jstan.progress import progress_bar
from gr4jstan.structures.simulation import Simulation, run, run_flow
from gr4jstan.structures.state import State
from gr4jstan.structures.structure import Structure

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Values = Mapping[str, Array]

# Draws that predictions are made of, unless others are asked for.
DRAWS = 1000

# About as many values (draws times days) are in work at a time.
_BLOCK = 2**21


@dataclass(frozen=True, eq=False)
class Memory:
    """What the errors of some draws remember: an AR(1) process of their normal scores.

    Parameters
    ----------
    phi : array, shape (n,)
        Correlation of the errors of neighbouring days.
    eta : array, shape (n,)
        The normal score of the last observation, NaN where it is not known.
    age : int
        Days from that observation to the last day.
    """

    phi: Array
    eta: Array
    age: int = 0


@dataclass(frozen=True, eq=False)
class Prediction:
    """Streamflow of n posterior draws on T days [mm/d].

    Parameters
    ----------
    dates : DatetimeIndex, or RangeIndex of day numbers, of length T
    flow : array, shape (n, T)
        Simulated.
    expected : array, shape (n, T)
        The same, corrected by what the memory of the errors still knows of the last observation;
        it is `flow` itself where nothing is known.
    total : array, shape (n, T)
        A draw of the observation: with a random error, never negative.
    findings : tuple of Finding
        How it begins, and what is odd about the forcing.
    """

    dates: pd.Index
    flow: Array
    expected: Array
    total: Array
    findings: tuple[Finding, ...] = ()

    def bands(self, level: float = 0.9) -> pd.DataFrame:
        """Median and central bands of each day.

        Parameters
        ----------
        level : float
            Probability of the bands.

        Returns
        -------
        DataFrame
            Index date (or day); columns Q_median, Q_param_lower and Q_param_upper (uncertainty of
            the parameters alone), Q_total_lower and Q_total_upper (of an observation) [mm/d].

        Raises
        ------
        InputError
            If the level is not between 0 and 1.
        """
        import pandas as pd

        if not 0 < level < 1:
            raise InputError(f"level is {level:g}; it must be between 0 and 1, such as 0.9.")
        tails = [(1 - level) / 2, (1 + level) / 2]
        lower, median, upper = day_quantiles(self.expected, [tails[0], 0.5, tails[1]])
        total_lower, total_upper = day_quantiles(self.total, tails)
        return pd.DataFrame(
            {
                "Q_median": median,
                "Q_param_lower": lower,
                "Q_param_upper": upper,
                "Q_total_lower": total_lower,
                "Q_total_upper": total_upper,
            },
            index=self.dates,
        )


def spread_draws(chains: int, draws: int, wanted: int) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Choose draws evenly from all chains.

    Parameters
    ----------
    chains, draws : int
        Shape of the posterior.
    wanted : int
        How many draws at most; at least one of each chain.

    Returns
    -------
    chain, draw : arrays of int
        Numbers of the chosen chains (all) and of the draws taken from each.
    """
    if wanted < 1:
        raise InputError(f"draws is {wanted}; at least 1 is needed.")
    each = min(max(wanted // chains, 1), draws)
    return np.arange(chains), np.linspace(0, draws - 1, each).round().astype(int)


def day_quantiles(values: Array, probabilities: list[float]) -> Array:
    """Quantiles over the draws, shape (probabilities, T), of values of shape (n, T)."""
    found = np.empty((len(probabilities), values.shape[1]))
    for days in _blocks(values.shape[1], len(values)):
        found[:, days] = np.quantile(values[:, days], probabilities, axis=0)
    return found


def start_state(structure: Structure, values: Values) -> State:
    """State of draws before the first day: their stores, and empty unit hydrographs."""
    return without_water(
        structure, {store.name: values[store.initial] for store in structure.stores}
    )


def spin_up_state(structure: Structure, values: Values) -> State:
    """AirGR's state before a warm-up: stores filled as it does, and empty unit hydrographs."""
    stores = {store.name: store.filling * values[store.capacity] for store in structure.stores}
    return without_water(structure, stores)


def without_water(structure: Structure, stores: Values) -> State:
    """A state with these stores, and empty unit hydrographs."""
    empty = np.zeros((len(next(iter(stores.values()))), 1))
    return State(**stores, **{hydrograph.name: empty for hydrograph in structure.hydrographs})


def simulate_draws(
    structure: Structure,
    values: Values,
    P: Array,
    E: Array,
    state: State,
    *,
    progress: bool = False,
) -> tuple[Array, State]:
    """Streamflow of draws from a state on, and the state after the last day.

    Parameters
    ----------
    structure : Structure
    values : mapping of str to array, shape (n,)
        With the parameters of the structure.
    P, E : array, shape (T,)
        Forcing [mm/d].
    state : State
        Of n draws.
    progress : bool
        Show a bar on standard error.

    Returns
    -------
    flow : array, shape (n, T)
        Streamflow [mm/d].
    state : State
    """
    parameters = {name: values[name] for name in structure.names}
    n, T = len(state["S"]), len(P)
    flow = np.empty((n, T))
    ends = []
    with progress_bar(progress, "flows", delay=2, total=n, unit=" draws") as bar:
        for block in _blocks(n, T):
            start = take_draws(state, block)
            flow[block], end = run_flow(structure, P, E, _part(parameters, block), start)
            ends.append(end)
            bar.update(len(end["S"]))
    return flow, _join(ends)


def simulations(
    structure: Structure, values: Values, P: Array, E: Array, state: State, block: int
) -> Iterator[Simulation]:
    """All stores and fluxes of draws, `block` draws at a time."""
    parameters = {name: values[name] for name in structure.names}
    n = len(state["S"])
    for first in range(0, n, block):
        part = slice(first, min(first + block, n))
        yield run(structure, P, E, _part(parameters, part), take_draws(state, part))


def learn_memory(
    model: Model, values: Values, Q_obs: Array, days: NDArray[np.int_], flow: Array
) -> Memory:
    """Estimate the memory of the errors after the calibration.

    Parameters
    ----------
    model : Model
    values : mapping of str to array, shape (n,)
        With the parameters of the error model.
    Q_obs : array, shape (N,)
        Observations [mm/d].
    days : array of int, shape (N,)
        Their days, from 0.
    flow : array, shape (n, T)
        Simulated streamflow [mm/d]; its last day is that before a prediction.

    Returns
    -------
    Memory
    """
    n, T = flow.shape
    phi, eta = np.empty(n), np.empty(n)
    for block in _blocks(n, len(days)):
        scores = normal_scores(model, Q_obs, flow[block][:, days], _part(values, block))
        phi[block] = estimate_ar1(scores, days)
        eta[block] = scores[:, -1]
    return Memory(phi, eta, int(T - 1 - days[-1]))


def predict_draws(
    model: Model,
    values: Values,
    flow: Array,
    memory: Memory,
    dates: pd.Index,
    *,
    continued: bool,
    rng: np.random.Generator,
) -> Prediction:
    """Add errors to simulated streamflow.

    Parameters
    ----------
    model : Model
    values : mapping of str to array, shape (n,)
    flow : array, shape (n, T)
        Simulated streamflow [mm/d].
    memory : Memory
    dates : Index of length T
    continued : bool
        Whether the first day follows the last one that the memory knows.
    rng : numpy.random.Generator

    Returns
    -------
    Prediction
    """
    known = continued and bool(np.isfinite(memory.eta).any())
    n, T = flow.shape
    expected = np.empty_like(flow) if known else flow
    total = np.empty_like(flow)
    lead = memory.age + 1 + np.arange(T)
    for block in _blocks(n, T + memory.age):
        some = _part(values, block)
        phi, start = memory.phi[block], memory.eta[block] if known else None
        eta = simulate_ar1(phi, T + (memory.age if known else 0), rng, start)[:, -T:]
        total[block] = respond(model, flow[block], eta, some)
        if known:
            mean = phi[:, None] ** lead * np.nan_to_num(memory.eta[block])[:, None]
            corrected = respond(model, flow[block], mean, some, censor=False)
            expected[block] = np.maximum(corrected, 0)
    return Prediction(dates, flow, expected, total)


def take_draws(state: State, part: slice | NDArray[np.int_]) -> State:
    """The state of some draws."""
    return State(**{name: array[part] for name, array in state.items()})


def _part(values: Values, block: slice) -> dict[str, Array]:
    return {name: array[block] for name, array in values.items()}


def _blocks(n: int, width: int) -> Iterator[slice]:
    """Slices of 0 to n that hold about _BLOCK values if each entry holds `width`."""
    step = max(1, _BLOCK // max(width, 1))
    return (slice(first, min(first + step, n)) for first in range(0, n, step))


def _join(states: list[State]) -> State:
    """States of consecutive draws as one; their unit hydrographs may differ in length."""

    def join(arrays: list[Array]) -> Array:
        if arrays[0].ndim == 1:
            return np.concatenate(arrays)
        longest = max(array.shape[1] for array in arrays)
        return np.concatenate([np.pad(a, ((0, 0), (0, longest - a.shape[1]))) for a in arrays])

    return State(**{name: join([state[name] for state in states]) for name in states[0]})
