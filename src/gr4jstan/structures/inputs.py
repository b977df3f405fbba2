"""What the simulator is given: checked, and brought into the shape that it works on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gr4jstan.errors import InputError
from gr4jstan.structures.structure import Structure

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Inputs:
    """Checked inputs: forcing (T,), parameters and initial stores (n,), water (m, n), by name."""

    structure: Structure
    shape: tuple[int, ...]
    P: Array
    E: Array
    parameters: dict[str, Array]
    stores: dict[str, Array]
    water: dict[str, Array]

    @property
    def sets(self) -> int:
        """Number n of parameter sets."""
        return len(self.parameters[self.structure.names[0]])


def check_inputs(
    structure: Structure,
    P: ArrayLike,
    E: ArrayLike,
    parameters: Mapping[str, ArrayLike],
    state: Mapping[str, ArrayLike | None],
) -> Inputs:
    """Check what `gr4jstan.simulate` is given and bring it into shape.

    Parameters are those of `gr4jstan.structures.simulation.run`.

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
        each.name: checked(
            each.name,
            parameters[each.name],
            lowest=each.lowest,
            above=each.above,
            highest=each.highest,
            unit=each.unit,
        )
        for each in structure.parameters
    }
    for store in structure.stores:
        content = state.get(store.name)
        if content is None:
            content = store.filling * per_set[store.capacity]
        per_set[store.option] = checked(store.option, content, lowest=store.lowest, unit="mm")
    try:
        shape = np.broadcast_shapes(*(values.shape for values in per_set.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {values.shape}" for name, values in per_set.items())
        raise InputError(f"shapes of the parameters do not go together: {shapes}") from None
    flat = {name: np.broadcast_to(values, shape).ravel() for name, values in per_set.items()}
    water = {}
    for hydrograph in structure.hydrographs:
        reach = hydrograph.times * float(flat[hydrograph.base].max())
        given = state.get(hydrograph.name)
        water[hydrograph.name] = _memory(hydrograph.name, given, shape, int(np.ceil(reach)) - 1)
    return Inputs(
        structure,
        shape,
        **forcing,
        parameters={name: flat[name] for name in structure.names},
        stores={store.name: flat[store.option] for store in structure.stores},
        water=water,
    )


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
        if isinstance(values, np.ma.MaskedArray):
            values = np.ma.filled(values.astype(np.float64), np.nan)
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
