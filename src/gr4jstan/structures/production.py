"""The production store in NumPy, which all structures share."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PERCOLATION_CONSTANT = (9 / 4) ** 4


@dataclass(frozen=True)
class Produced:
    """What the production store does on B days for n parameter sets, time first.

    Parameters
    ----------
    P, E : array, shape (B, 1)
        Forcing [mm/d].
    x1 : array, shape (n,)
        Capacity [mm].
    levels : array, shape (B + 1, n)
        Share of the capacity that is filled, before the first day and after each.
    mid : array, shape (B, n)
        The same after rain or evaporation and before percolation.
    pr : array, shape (B, n)
        Water that leaves for the unit hydrographs [mm/d].
    """

    P: Array
    E: Array
    x1: Array
    levels: Array
    mid: Array
    pr: Array

    def fluxes(self) -> Mapping[str, Array]:
        """The store [mm] and its fluxes [mm/d], under airGR's names."""
        gain = self.x1 * (self.mid - self.levels[:-1])
        return {
            "S": self.x1 * self.levels[1:],
            "pn": np.maximum(self.P - self.E, 0),
            "ps": np.where(self.P > self.E, gain, 0),
            "ae": np.where(self.P > self.E, self.E, self.P - gain),
            "perc": self.x1 * (self.mid - self.levels[1:]),
            "pr": self.pr,
        }


def produce(level: Array, P: Array, E: Array, x1: Array) -> Produced:
    """Run the production store.

    Parameters
    ----------
    level : array, shape (n,)
        Share of the capacity that is filled before the first day.
    P, E : array, shape (B,)
        Forcing [mm/d].
    x1 : array, shape (n,)
        Capacity [mm].
    """
    excess = (P - E)[:, np.newaxis]
    levels, mid = _levels(level, excess, x1)
    perc = x1 * (mid - levels[1:])
    pr = np.where(excess > 0, excess - x1 * (mid - levels[:-1]), 0) + perc
    return Produced(P[:, np.newaxis], E[:, np.newaxis], x1, levels, mid, pr)


def _levels(s: Array, excess: Array, x1: Array) -> tuple[Array, Array]:
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
