"""Simulation in NumPy: the reference for the programs, vectorised over parameter sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gr4jstan.errors import InputError
from gr4jstan.structures.catalogue import GR4J
from gr4jstan.structures.hydrographs import unit_hydrographs
from gr4jstan.structures.inputs import Inputs, check_inputs
from gr4jstan.structures.production import Produced, produce
from gr4jstan.structures.state import Routed, State
from gr4jstan.structures.structure import Structure

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

# Days are worked off in blocks of about this many numbers, so that a block's arrays stay in cache.
_BLOCK_SIZE = 2**15

# Only an initial store above the capacity can divide by zero; the result then says so itself.
_QUIET = np.errstate(divide="ignore", invalid="ignore", over="ignore")


@dataclass(frozen=True, eq=False, repr=False)
class Simulation:
    """All stores and fluxes of a simulation, under airGR's names in lower case, as attributes.

    Arrays have shape (..., T): time is the last axis, the shape of the parameters leads; scalar
    parameters give shape (T,). Stores are at the end of the day [mm], fluxes in mm/d.

    Parameters
    ----------
    structure : Structure
        Its ``fluxes`` say what there is, and what each is.
    series : mapping of str to array, shape (..., T)
    water : mapping of str to array, shape (..., m)
        Water in the unit hydrographs after the last day [mm]; entry k leaves k + 1 days later.
    """

    structure: Structure
    series: Mapping[str, Array]
    water: Mapping[str, Array]

    def __getattr__(self, name: str) -> Array:
        for arrays in ("series", "water"):
            if name in self.__dict__.get(arrays, ()):
                return self.__dict__[arrays][name]  # type: ignore[no-any-return]
        raise AttributeError(f"a simulation has no {name}")

    def __repr__(self) -> str:
        return f"Simulation with {self.structure.title}, shape {self.series['Q'].shape}"

    def to_frame(self, dates: ArrayLike | None = None) -> pd.DataFrame:
        """One row a day: date (or day, from 0), Q, the stores, then the other fluxes.

        Parameters
        ----------
        dates : array_like, shape (T,), optional
            Dates of the days.

        Raises
        ------
        InputError
            If there is more than one parameter set, or `dates` has another length.
        """
        import pandas as pd

        Q = self.series["Q"]
        if Q.ndim != 1:
            raise InputError(
                f"a table holds one parameter set, this simulation has shape {Q.shape[:-1]}"
            )
        if dates is None:
            first: dict[str, Any] = {"day": np.arange(Q.size)}
        else:
            first = {"date": pd.Index(np.asarray(dates))}
            if len(first["date"]) != Q.size:
                raise InputError(f"dates has {len(first['date'])} entries for {Q.size} days")
        return pd.DataFrame(first | dict(self.series))


@_QUIET
def simulate(
    P: ArrayLike,
    E: ArrayLike,
    x1: ArrayLike,
    x2: ArrayLike,
    x3: ArrayLike,
    x4: ArrayLike,
    *,
    s0: ArrayLike | None = None,
    r0: ArrayLike | None = None,
    uh1: ArrayLike | None = None,
    uh2: ArrayLike | None = None,
) -> Simulation:
    """Run GR4J and keep all stores and fluxes.

    Parameters
    ----------
    P, E : array_like, shape (T,)
        Precipitation and potential evapotranspiration [mm/d].
    x1, x2, x3, x4 : array_like
        Capacity of the production store [mm], exchange coefficient [mm/d], capacity of the
        routing store [mm], time base of the unit hydrographs [d]. They broadcast against each
        other and against `s0` and `r0`.
    s0, r0 : array_like, optional
        Initial stores [mm]; 0.3 x1 and 0.5 x3 by default, as in airGR.
    uh1, uh2 : array_like, shape (..., any length), optional
        Water in the unit hydrographs at the start [mm], as in `Simulation`; none by default.

    Returns
    -------
    Simulation

    Raises
    ------
    InputError
        If x1 or x3 is not positive, x4 is not from 0.5 to 1000, a store, P or E is negative,
        anything is not finite, or shapes do not agree.

    Notes
    -----
    Water is conserved: the sum of P + aexch is the sum of ae + Q plus the change of S, of R and
    of the water in both unit hydrographs. An `s0` above `x1` is taken as it is: the equations
    then hold outside the range they were made for, and results may be negative or not finite.
    """
    parameters = {"x1": x1, "x2": x2, "x3": x3, "x4": x4}
    return run(GR4J, P, E, parameters, {"S": s0, "R": r0, "uh1": uh1, "uh2": uh2})


@_QUIET
def simulate_flow(
    P: ArrayLike,
    E: ArrayLike,
    x1: ArrayLike,
    x2: ArrayLike,
    x3: ArrayLike,
    x4: ArrayLike,
    *,
    s0: ArrayLike | None = None,
    r0: ArrayLike | None = None,
) -> Array:
    """Streamflow alone, for thousands of parameter sets: `simulate` without the memory it takes.

    Parameters and errors are those of `simulate`.

    Returns
    -------
    array, shape (..., T)
        Streamflow [mm/d], equal to `simulate(...).Q`.
    """
    parameters = {"x1": x1, "x2": x2, "x3": x3, "x4": x4}
    return run_flow(GR4J, P, E, parameters, {"S": s0, "R": r0})[0]


@_QUIET
def simulate_from(
    P: ArrayLike,
    E: ArrayLike,
    x1: ArrayLike,
    x2: ArrayLike,
    x3: ArrayLike,
    x4: ArrayLike,
    state: State,
) -> tuple[Array, State]:
    """Streamflow from a state on, and the state after the last day; see `run_flow`."""
    return run_flow(GR4J, P, E, {"x1": x1, "x2": x2, "x3": x3, "x4": x4}, state)


@_QUIET
def run(
    structure: Structure,
    P: ArrayLike,
    E: ArrayLike,
    parameters: Mapping[str, ArrayLike],
    state: Mapping[str, ArrayLike | None],
) -> Simulation:
    """Run any structure and keep all stores and fluxes; see `simulate`.

    Parameters
    ----------
    structure : Structure
    P, E : array_like, shape (T,)
        Precipitation and potential evapotranspiration [mm/d].
    parameters : mapping of str to array_like
        All of the structure's.
    state : mapping of str to array_like
        Before the first day: stores [mm], airGR's filling where they are left out, and water in the
        unit hydrographs [mm], none where it is left out.

    Raises
    ------
    InputError
        If a value is not in the domain of the structure, or shapes do not agree.
    """
    inputs = check_inputs(structure, P, E, parameters, state)
    size = len(inputs.P), inputs.sets
    kept = {flux.name: np.empty(size) for flux in structure.fluxes}
    for block in _blocks(inputs):
        found = {"Q": block.routed.Q, **block.produced.fluxes(), **block.routed.fluxes()}
        for name, rows in kept.items():
            rows[block.span] = found[name]
    series = {name: _time_last(rows, inputs.shape) for name, rows in kept.items()}
    water = {name: _time_last(rows, inputs.shape) for name, rows in block.routed.water.items()}
    return Simulation(structure, series, water)


@_QUIET
def run_flow(
    structure: Structure,
    P: ArrayLike,
    E: ArrayLike,
    parameters: Mapping[str, ArrayLike],
    state: Mapping[str, ArrayLike | None],
) -> tuple[Array, State]:
    """Streamflow from a state on, and the state after the last day.

    Parameters and errors are those of `run`.

    Returns
    -------
    flow : array, shape (..., T)
        Streamflow [mm/d].
    state : State
        A run that goes on from it equals one that was never interrupted.
    """
    inputs = check_inputs(structure, P, E, parameters, state)
    flow = np.empty((len(inputs.P), inputs.sets))
    for block in _blocks(inputs):
        flow[block.span] = block.routed.Q
    end = {
        store.name: (inputs.parameters[store.capacity] * block.levels[store.name])
        for store in structure.stores
    }
    return _time_last(flow, inputs.shape), State(
        **{name: store.reshape(inputs.shape) for name, store in end.items()},
        **{name: _time_last(rows, inputs.shape) for name, rows in block.routed.water.items()},
    )


@dataclass(frozen=True)
class _Block:
    """Some consecutive days, time first."""

    span: slice
    produced: Produced
    routed: Routed

    @property
    def levels(self) -> dict[str, Array]:
        """The stores after the last day, as shares of their capacities."""
        return {"S": self.produced.levels[-1], **self.routed.levels}


def _blocks(inputs: Inputs) -> Iterator[_Block]:
    parameters, structure = inputs.parameters, inputs.structure
    levels: Mapping[str, Array] = {
        store.name: inputs.stores[store.name] / parameters[store.capacity]
        for store in structure.stores
    }
    curves = unit_hydrographs(parameters[structure.hydrographs[0].base])
    ordinates = {name: curve.T for name, curve in zip(("uh1", "uh2"), curves, strict=True)}
    water = inputs.water
    route = structure.equations.route
    step = max(32, _BLOCK_SIZE // inputs.sets)
    for start in range(0, inputs.P.size, step):
        span = slice(start, min(start + step, inputs.P.size))
        produced = produce(levels["S"], inputs.P[span], inputs.E[span], parameters["x1"])
        routed = route(produced.pr, parameters, levels, water, ordinates)
        block = _Block(span, produced, routed)
        levels, water = block.levels, routed.water
        yield block


def _time_last(rows: Array, shape: tuple[int, ...]) -> Array:
    return rows.T.reshape(*shape, len(rows))
