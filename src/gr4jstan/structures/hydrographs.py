"""Unit hydrographs in NumPy: their ordinates, and the water on its way in them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gr4jstan.errors import InputError
from gr4jstan.structures.catalogue import LONGEST_X4
from gr4jstan.structures.inputs import checked

Array = NDArray[np.float64]


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


def release(inflow: Array, ordinates: Array, memory: Array) -> tuple[Array, Array]:
    """Outflow of a unit hydrograph on each day, and the water left in it."""
    days = len(inflow)
    outflow = np.zeros((days + len(memory), inflow.shape[1]))
    outflow[: len(memory)] = memory
    for lag, share in enumerate(ordinates):
        outflow[lag : lag + days] += share * inflow
    return outflow[:days], outflow[days:]
