"""Are probability integral transforms uniform? What those of right bands would be.

References
----------
Sailynoja, Buerkner and Vehtari (2022), Statistics and Computing 32, 32,
doi:10.1007/s11222-022-10090-6.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Array = NDArray[np.float64]

POINTS = 100
_LEVEL = 0.95


def independent_days(n: int, phi: float) -> int:
    """How many independent days the errors of n days are worth: n (1 - phi) / (1 + phi).

    It is what the mean of an AR(1) process of n days is worth, of a correlation phi of neighbouring
    days; a negative phi is taken for 0.
    """
    memory = max(0.0, phi)
    return round(n * (1 - memory) / (1 + memory))


def ecdf_band(n: int, at: Array) -> tuple[Array, Array]:
    """Simultaneous 95 % band of the distribution function of n independent uniform numbers.

    Parameters
    ----------
    n : int
    at : array, shape (k,)
        Evenly spaced inside 0 to 1.

    Returns
    -------
    low, high : arrays, shape (k,)
        Pointwise binomial intervals, of a level such that 95 % of samples are inside all of them;
        the level is found by simulation, with a fixed seed.
    """
    rng = np.random.default_rng(1)
    shares = np.diff(np.concatenate([[0.0], at, [1.0]]))
    counts = rng.multinomial(n, shares, size=1000)[:, :-1].cumsum(axis=1)
    binomial = stats.binom(n, at)
    tails = np.minimum(binomial.cdf(counts), binomial.sf(counts - 1)).min(axis=1)
    tail = float(np.quantile(tails, 1 - _LEVEL))
    return binomial.ppf(tail) / n, binomial.isf(tail) / n


def excess(pit: ArrayLike) -> Array:
    """Where the distribution function of PITs is farthest from the uniform one, with its sign.

    Parameters
    ----------
    pit : array_like, shape (..., T)
        Between 0 and 1, without NaN.

    Returns
    -------
    array, shape (...)
        Share below minus the uniform one, at the one of `POINTS` - 1 evenly spaced points where it
        is largest in size. Positive where observations lie low in their bands.
    """
    values = np.asarray(pit, dtype=np.float64)
    rows = values.reshape(-1, values.shape[-1])
    cells = np.minimum((rows * POINTS).astype(np.intp), POINTS - 1)
    cells += POINTS * np.arange(len(rows))[:, None]
    counts = np.bincount(cells.ravel(), minlength=POINTS * len(rows)).reshape(-1, POINTS)
    below = counts.cumsum(axis=1)[:, :-1] / rows.shape[1]
    away = below - np.arange(1, POINTS) / POINTS
    farthest = np.take_along_axis(away, np.abs(away).argmax(axis=1)[:, None], axis=1)
    return farthest.reshape(values.shape[:-1])
