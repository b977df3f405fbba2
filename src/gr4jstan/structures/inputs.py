"""What the simulator is given: checked, and brought into the shape that it works on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gr4jstan.errors import InputError

Array = NDArray[np.float64]

# The longest time base of the unit hydrographs [d], as in the Stan programs.
LONGEST_X4 = 1000


@dataclass(frozen=True)
class Inputs:
    """Checked inputs: forcing (T,), parameters and initial stores (n,), memories (m, n)."""

    shape: tuple[int, ...]
    P: Array
    E: Array
    x1: Array
    x2: Array
    x3: Array
    x4: Array
    s0: Array
    r0: Array
    memory1: Array
    memory2: Array


def check_inputs(
    P: ArrayLike,
    E: ArrayLike,
    x1: ArrayLike,
    x2: ArrayLike,
    x3: ArrayLike,
    x4: ArrayLike,
    s0: ArrayLike | None,
    r0: ArrayLike | None,
    uh1: ArrayLike | None,
    uh2: ArrayLike | None,
) -> Inputs:
    """Check what `gr4jstan.simulator.simulate` is given and bring it into shape.

    Raises
    ------
    InputError
        Naming the variable, the value and its index.
    """
    forcing = {"P": checked("P", P, lowest=0, unit="mm/d")}
    forcing["E"] = checked("E", E, lowest=0, unit="mm/d")
    for name, series in forcing.items():
        if series.ndim != 1:
            raise InputError(f"{name} must be a series of days, got shape {series.shape}")
    if forcing["P"].size != forcing["E"].size:
        raise InputError(f"P has {forcing['P'].size} days, E has {forcing['E'].size}")
    per_set = {
        "x1": checked("x1", x1, above=0, unit="mm"),
        "x2": checked("x2", x2, unit="mm/d"),
        "x3": checked("x3", x3, above=0, unit="mm"),
        "x4": checked("x4", x4, lowest=0.5, highest=LONGEST_X4, unit="d"),
    }
    per_set["s0"] = checked("s0", 0.3 * per_set["x1"] if s0 is None else s0, lowest=0, unit="mm")
    per_set["r0"] = checked("r0", 0.5 * per_set["x3"] if r0 is None else r0, lowest=0, unit="mm")
    try:
        shape = np.broadcast_shapes(*(values.shape for values in per_set.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {values.shape}" for name, values in per_set.items())
        raise InputError(f"shapes of the parameters do not go together: {shapes}") from None
    flat = {name: np.broadcast_to(values, shape).ravel() for name, values in per_set.items()}
    longest = float(flat["x4"].max())
    memories = [
        _memory(name, given, shape, int(np.ceil(reach)) - 1)
        for name, given, reach in (("uh1", uh1, longest), ("uh2", uh2, 2 * longest))
    ]
    return Inputs(shape, **forcing, **flat, memory1=memories[0], memory2=memories[1])


def _memory(name: str, given: ArrayLike | None, shape: tuple[int, ...], length: int) -> Array:
    """Initial water in a unit hydrograph, (m, n), with room for what the first day adds."""
    values = np.zeros(1) if given is None else checked(name, given, unit="mm")
    if values.ndim == 0:
        raise InputError(f"{name} must have the days to come as its last axis, got a single number")
    try:
        values = np.broadcast_to(values, (*shape, values.shape[-1]))
    except ValueError:
        raise InputError(
            f"{name} has shape {values.shape}, the parameters have shape {shape}"
        ) from None
    rows = values.reshape(-1, values.shape[-1]).T
    room = np.zeros((max(length, len(rows)), rows.shape[1]))
    room[: len(rows)] = rows
    return room


def checked(
    name: str,
    values: ArrayLike,
    *,
    lowest: float = -np.inf,
    above: float = -np.inf,
    highest: float = np.inf,
    unit: str,
) -> Array:
    """`values` as an array of finite floats within the bounds."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be numbers, got {values!r}") from None
    if array.size == 0:
        raise InputError(f"{name} is empty")
    bad = ~(np.isfinite(array) & (array >= lowest) & (array > above) & (array <= highest))
    if bad.any():
        where = np.argwhere(bad)[0].tolist()
        limit = f" and at least {lowest:g}" if lowest > -np.inf else ""
        limit = f" and above {above:g}" if above > -np.inf else limit
        limit += f" and at most {highest:g}" if highest < np.inf else ""
        place = f" at index {', '.join(map(str, where))}" if where else ""
        raise InputError(
            f"{name} must be finite{limit} [{unit}], got {float(array[bad][0])!r}{place}"
        )
    return array
