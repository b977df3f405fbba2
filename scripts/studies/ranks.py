"""Are ranks uniform? Empirical distribution functions with simultaneous bands.

Sailynoja, Buerkner and Vehtari (2022), Statistics and Computing 32, 32,
doi:10.1007/s11222-022-10090-6.
"""

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Array = NDArray[np.float64]

# The distribution function is looked at between this many groups of neighbouring ranks.
GROUPS = 50

_SAMPLES = 20_000


def shares_below(ranks: ArrayLike, most: int) -> tuple[Array, Array]:
    """Empirical distribution function of ranks.

    Parameters
    ----------
    ranks : array_like of int, shape (n,)
        From 0 to `most`.
    most : int
        The number of draws ranked among; ``most + 1`` is a multiple of `GROUPS`.

    Returns
    -------
    at, shares : arrays, shape (GROUPS - 1,)
        Shares of ranks that should be and that are below the ends of the groups.
    """
    at = np.arange(1, GROUPS) / GROUPS
    found = np.searchsorted(np.sort(np.asarray(ranks)), at * (most + 1) - 0.5)
    return at, found / np.size(ranks)


def uniformity(ranks: ArrayLike, most: int) -> float:
    """p-value of uniform ranks: how often uniform ones are as far out somewhere as these.

    Parameters and errors are those of `shares_below`. How far out is the probability of the
    binomial tail, the smallest of all groups' ends; the band of a figure is the set of functions
    for which it is not too small.
    """
    n = np.size(ranks)
    _, shares = shares_below(ranks, most)
    counts = np.rint(shares * n).astype(int)
    return float(_p_values(n)[counts, np.arange(GROUPS - 1)].min())


def band(n: int, level: float = 0.95) -> tuple[Array, Array]:
    """Simultaneous band of the distribution function of `n` uniform ranks.

    Returns
    -------
    low, high : arrays, shape (GROUPS - 1,)
        The function is inside at all groups' ends unless `uniformity` is below ``1 - level``.
    """
    inside = _p_values(n) >= 1 - level
    return inside.argmax(axis=0) / n, (n - inside[::-1].argmax(axis=0)) / n


def holm(p_values: Sequence[float]) -> Array:
    """p-values that allow for the number of tests (Holm 1979)."""
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p)
    adjusted = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return np.asarray(adjusted[np.argsort(order)])


@functools.cache
def _p_values(n: int) -> Array:
    """How often uniform ranks are somewhere as far out as a count (rows) is at a group's end."""
    counts, at = np.arange(n + 1)[:, None], np.arange(1, GROUPS) / GROUPS
    tails = np.minimum(stats.binom.cdf(counts, n, at), stats.binom.sf(counts - 1, n, at))
    rng = np.random.default_rng(1)
    groups = rng.multinomial(n, np.full(GROUPS, 1 / GROUPS), size=_SAMPLES)
    below = groups[:, :-1].cumsum(axis=1)
    smallest = np.sort(tails[below, np.arange(GROUPS - 1)].min(axis=1))
    # equal counts at one end have equal tails, but those of both ends differ by rounding
    as_far = np.searchsorted(smallest, tails * (1 + 1e-9), side="right")
    return np.asarray((1 + as_far) / (1 + _SAMPLES))
