"""GR4J in NumPy: the reference simulator, vectorised over parameter sets.

The model is that of Perrin, Michel and Andreassian (2003), Improvement of a parsimonious model
for streamflow simulation, Journal of Hydrology 279, 275-289, doi:10.1016/S0022-1694(03)00225-7,
with the order of operations of the R package airGR (INRAE).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gr4jstan.errors import InputError
from gr4jstan.structures.inputs import LONGEST_X4, Inputs, check_inputs, checked

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

PERCOLATION_CONSTANT = (9 / 4) ** 4
UH1_SHARE = 0.9

# Days are worked off in blocks of about this many numbers, so that a block's arrays stay in cache.
_BLOCK_SIZE = 2**15

# Only an initial store above the capacity can divide by zero; the result then says so itself.
_QUIET = np.errstate(divide="ignore", invalid="ignore", over="ignore")


@dataclass(frozen=True)
class Simulation:
    """All stores and fluxes of a simulation, under airGR's names in lower case.

    Arrays have shape (..., T): time is the last axis, the shape of the parameters leads; scalar
    parameters give shape (T,). Stores are at the end of the day [mm], fluxes in mm/d.
    """

    Q: Array
    """Streamflow, qr + qd."""
    S: Array
    """Production store."""
    R: Array
    """Routing store."""
    pn: Array
    """Net rain."""
    ps: Array
    """Net rain that enters the production store."""
    ae: Array
    """Actual evapotranspiration, intercepted rain included."""
    perc: Array
    """Percolation from the production store."""
    pr: Array
    """Water that enters the unit hydrographs, pn - ps + perc."""
    q9: Array
    """Outflow of UH1."""
    q1: Array
    """Outflow of UH2."""
    exch: Array
    """Potential exchange, negative for a loss."""
    aexch1: Array
    """Actual exchange of the routing store: a loss ends when the store is empty."""
    aexch2: Array
    """Actual exchange of the direct branch: a loss ends when the branch is empty."""
    aexch: Array
    """Actual exchange in all, aexch1 + aexch2."""
    qr: Array
    """Outflow of the routing store."""
    qd: Array
    """Outflow of the direct branch."""
    uh1: Array
    """Water in UH1 after the last day, shape (..., m1) [mm]; entry k leaves k + 1 days later."""
    uh2: Array
    """Water in UH2 after the last day, shape (..., m2) [mm]; entry k leaves k + 1 days later."""

    def to_frame(self, dates: ArrayLike | None = None) -> pd.DataFrame:
        """One row a day: date (or day, from 0), Q, S, R, then the other fluxes.

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

        if self.Q.ndim != 1:
            raise InputError(
                f"a table holds one parameter set, this simulation has shape {self.Q.shape[:-1]}"
            )
        days = self.Q.size
        if dates is None:
            first: dict[str, Any] = {"day": np.arange(days)}
        else:
            first = {"date": pd.Index(np.asarray(dates))}
            if len(first["date"]) != days:
                raise InputError(f"dates has {len(first['date'])} entries for {days} days")
        names = [field.name for field in fields(self) if field.name not in ("uh1", "uh2")]
        return pd.DataFrame(first | {name: getattr(self, name) for name in names})


def unit_hydrographs(
    x4: ArrayLike, n1: int | None = None, n2: int | None = None
) -> tuple[Array, Array]:
    """Ordinates of both unit hydrographs: the share of the water that leaves on day 0, 1, ...

    They are the daily differences of the S-curves SH1 and SH2 of Perrin et al. (2003): SH1 grows
    with the power 2.5 up to x4 days, SH2 is symmetrical about x4 and ends at 2 x4.

    Parameters
    ----------
    x4 : array_like, shape (...)
        Time base [d], at least 0.5.
    n1, n2 : int, optional
        Number of ordinates; by default as many as the largest `x4` needs.

    Returns
    -------
    uh1, uh2 : arrays, shapes (..., n1) and (..., n2)
        Each sums to 1 along the last axis.

    Raises
    ------
    InputError
        If `x4` is not from 0.5 to 1000, or `n1` or `n2` is too short for it.
    """
    base = checked("x4", x4, lowest=0.5, highest=LONGEST_X4, unit="d")
    longest = float(base.max())
    need1, need2 = int(np.ceil(longest)), int(np.ceil(2 * longest))
    n1 = need1 if n1 is None else n1
    n2 = need2 if n2 is None else n2
    for name, length, need in (("n1", n1, need1), ("n2", n2, need2)):
        if length < need:
            raise InputError(f"{name} = {length} is too short, x4 = {longest} needs {need}")
    age1, age2 = (np.arange(length + 1) / base[..., np.newaxis] for length in (n1, n2))
    curve1 = np.minimum(age1, 1) ** 2.5
    rising, falling = np.minimum(age2, 1), 2 - np.clip(age2, 1, 2)
    curve2 = 0.5 * rising**2.5 + 0.5 * (1 - falling**2.5)
    return np.diff(curve1), np.diff(curve2)


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
    inputs = check_inputs(P, E, x1, x2, x3, x4, s0, r0, uh1, uh2)
    names = [field.name for field in fields(Simulation) if field.name not in ("uh1", "uh2")]
    kept = {name: np.empty((inputs.P.size, inputs.x1.size)) for name in names}
    for days in _run(inputs):
        for name, values in _all_fluxes(inputs, days).items():
            kept[name][days.span] = values
    outputs = {name: _time_last(rows, inputs.shape) for name, rows in kept.items()}
    outputs["uh1"] = _time_last(days.memory1, inputs.shape)
    outputs["uh2"] = _time_last(days.memory2, inputs.shape)
    return Simulation(**outputs)


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
    inputs = check_inputs(P, E, x1, x2, x3, x4, s0, r0, None, None)
    return _flow_and_end(inputs)[0]


@dataclass(frozen=True)
class State:
    """What GR4J remembers from one day to the next [mm]; parameter sets lead, as in `Simulation`.

    Parameters
    ----------
    S, R : array, shape (...)
        Production and routing store.
    uh1, uh2 : array, shape (..., any length)
        Water in the unit hydrographs; entry k leaves k + 1 days later.
    """

    S: Array
    R: Array
    uh1: Array
    uh2: Array


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
    """Streamflow from a state on, and the state after the last day.

    Parameters and errors are those of `simulate`, with `state` for the initial one.

    Returns
    -------
    flow : array, shape (..., T)
        Streamflow [mm/d].
    state : State
        A run that goes on from it equals one that was never interrupted.
    """
    inputs = check_inputs(P, E, x1, x2, x3, x4, state.S, state.R, state.uh1, state.uh2)
    return _flow_and_end(inputs)


def _flow_and_end(inputs: Inputs) -> tuple[Array, State]:
    flow = np.empty((inputs.P.size, inputs.x1.size))
    for days in _run(inputs):
        flow[days.span] = days.Q
    stores = (inputs.x1 * days.s[-1], inputs.x3 * days.r[-1])
    return _time_last(flow, inputs.shape), State(
        *(store.reshape(inputs.shape) for store in stores),
        *(_time_last(water, inputs.shape) for water in (days.memory1, days.memory2)),
    )


@dataclass(frozen=True)
class _Days:
    """A block of B days: what the equations of the stores need and leave, time first.

    Levels are relative to the capacity. `s` and `r` have B + 1 rows, the state before the first
    day and after each; `s_mid` is after rain or evaporation and `r_mid` after inflow and
    exchange. The memories are those after the last day.
    """

    span: slice
    s: Array
    s_mid: Array
    r: Array
    r_mid: Array
    pr: Array
    q9: Array
    q1: Array
    exch: Array
    Q: Array
    memory1: Array
    memory2: Array


def _run(inputs: Inputs) -> Iterator[_Days]:
    x1, x3 = inputs.x1, inputs.x3
    s, r = inputs.s0 / x1, inputs.r0 / x3
    memory1, memory2 = inputs.memory1, inputs.memory2
    ordinates1, ordinates2 = (uh.T for uh in unit_hydrographs(inputs.x4))
    step = max(32, _BLOCK_SIZE // x1.size)
    for start in range(0, inputs.P.size, step):
        span = slice(start, min(start + step, inputs.P.size))
        excess = (inputs.P[span] - inputs.E[span])[:, np.newaxis]
        s_rows, s_mid = _production(s, excess, x1)
        perc = x1 * (s_mid - s_rows[1:])
        pr = np.where(excess > 0, excess - x1 * (s_mid - s_rows[:-1]), 0) + perc
        q9, memory1 = _route(UH1_SHARE * pr, ordinates1, memory1)
        q1, memory2 = _route((1 - UH1_SHARE) * pr, ordinates2, memory2)
        r_rows, r_mid, exch = _routing(r, q9, inputs.x2, x3)
        Q = x3 * (r_mid - r_rows[1:]) + np.maximum(q1 + exch, 0)
        s, r = s_rows[-1], r_rows[-1]
        yield _Days(span, s_rows, s_mid, r_rows, r_mid, pr, q9, q1, exch, Q, memory1, memory2)


def _production(s: Array, excess: Array, x1: Array) -> tuple[Array, Array]:
    """Level of the production store after each day and, within the day, before percolation.

    With T = tanh(|P - E| / x1), the paper's equations are the addition theorem of tanh: rain takes
    the level s to s + ps / x1 = (s + T) / (1 + s T), and evaporation does the same to the deficit
    1 - s. In this form rounding cannot make the level negative.
    """
    after = np.empty((len(excess) + 1, s.size))
    mid = np.empty((len(excess), s.size))
    after[0] = s
    tanh = np.tanh(np.abs(excess) / x1)
    wet = (excess[:, 0] > 0).tolist()
    for day, (T, rest, is_wet) in enumerate(zip(tanh, 1 - tanh, wet, strict=True)):
        s = (s + T) / (s * T + 1) if is_wet else s * rest / ((1 - s) * T + 1)
        mid[day] = s
        square = s * s
        s = s / np.sqrt(np.sqrt(square * square / PERCOLATION_CONSTANT + 1))
        after[day + 1] = s
    return after, mid


def _route(inflow: Array, ordinates: Array, memory: Array) -> tuple[Array, Array]:
    """Outflow of a unit hydrograph on each day, and the water left in it."""
    days = len(inflow)
    outflow = np.zeros((days + len(memory), inflow.shape[1]))
    outflow[: len(memory)] = memory
    for lag, share in enumerate(ordinates):
        outflow[lag : lag + days] += share * inflow
    return outflow[:days], outflow[days:]


def _routing(r: Array, q9: Array, x2: Array, x3: Array) -> tuple[Array, Array, Array]:
    """Level of the routing store after each day and before its outflow, and the exchange [mm]."""
    after = np.empty((len(q9) + 1, r.size))
    mid = np.empty_like(q9)
    after[0] = r
    inflow, x2_level = q9 / x3, x2 / x3
    exchange = np.empty_like(q9)
    for day, filling in enumerate(inflow):
        change = x2_level * (r * r * r * np.sqrt(r))
        exchange[day] = change
        r = np.maximum(r + filling + change, 0)
        mid[day] = r
        square = r * r
        r = r / np.sqrt(np.sqrt(square * square + 1))
        after[day + 1] = r
    return after, mid, x3 * exchange


def _all_fluxes(inputs: Inputs, days: _Days) -> dict[str, Array]:
    P, E = inputs.P[days.span, np.newaxis], inputs.E[days.span, np.newaxis]
    x1, x3, exch = inputs.x1, inputs.x3, days.exch
    pn = np.maximum(P - E, 0)
    gain = x1 * (days.s_mid - days.s[:-1])
    aexch1 = np.maximum(exch, -(x3 * days.r[:-1] + days.q9))
    aexch2 = np.maximum(exch, -days.q1)
    return {
        "Q": days.Q,
        "S": x1 * days.s[1:],
        "R": x3 * days.r[1:],
        "pn": pn,
        "ps": np.where(P > E, gain, 0),
        "ae": np.where(P > E, E, P - gain),
        "perc": x1 * (days.s_mid - days.s[1:]),
        "pr": days.pr,
        "q9": days.q9,
        "q1": days.q1,
        "exch": exch,
        "aexch1": aexch1,
        "aexch2": aexch2,
        "aexch": aexch1 + aexch2,
        "qr": x3 * (days.r_mid - days.r[1:]),
        "qd": np.maximum(days.q1 + exch, 0),
    }


def _time_last(rows: Array, shape: tuple[int, ...]) -> Array:
    return rows.T.reshape(*shape, len(rows))
