"""What a structure remembers from one day to the next, and what its routing hands on."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class State(Mapping[str, Array]):
    """Stores and water in the unit hydrographs [mm], by name, also as attributes.

    Parameter sets lead, as in `Simulation`: a store, such as ``S``, has the shape (...); water in a
    unit hydrograph, such as ``uh1``, (..., any length), where entry k leaves k + 1 days later.

    Parameters
    ----------
    **arrays : array
    """

    _arrays: dict[str, Array]

    def __init__(self, **arrays: Array) -> None:
        self._arrays = arrays

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __getattr__(self, name: str) -> Array:
        # while it is unpickled or copied there is nothing yet
        arrays: dict[str, Array] = self.__dict__.get("_arrays", {})
        if name not in arrays:
            raise AttributeError(f"a state of {', '.join(arrays)} has no {name}")
        return arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in self.items())
        return f"State of {shapes} [mm]"


@dataclass(frozen=True)
class Routed:
    """What becomes of the water of B days for n parameter sets on its way to the outlet.

    Parameters
    ----------
    Q : array, shape (B, n)
        Streamflow [mm/d].
    levels : mapping of str to array, shape (n,)
        The stores after the last day, each as a share of its capacity.
    water : mapping of str to array, shape (m, n)
        Water in the unit hydrographs after the last day [mm].
    fluxes : callable
        Gives stores [mm] and fluxes [mm/d] of all days, where they are asked for.
    """

    Q: Array
    levels: Mapping[str, Array]
    water: Mapping[str, Array]
    fluxes: Callable[[], Mapping[str, Array]]
