"""Sums over days that remember each other: their covariance.

References
----------
Newey and West (1987), Econometrica 55, 703-708, doi:10.2307/1913610.
Kiefer and Vogelsang (2005), Econometric Theory 21, 1130-1164, doi:10.1017/S0266466605050565.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

# Kiefer and Vogelsang (2005), Table 1, Bartlett kernel: quantile of 95 % of a t statistic.
_FIXED_B = (1.6449, 2.1859, 0.3142, -0.3427)


def long_run_covariance(series: ArrayLike, days: ArrayLike, window: int) -> Array:
    """Covariance of the sum of daily series with memory (Newey and West 1987).

    sum_{s,t} w(|s - t|) g_s g_t' over the days, with Bartlett's weights w(k) = 1 - k / window for
    k < window, else 0. It is computed as the sum of G G' / window over all windows of so many days,
    with G the sum of the series in the window.

    Parameters
    ----------
    series : array_like, shape (N, n)
        Series of mean 0.
    days : array_like of int, shape (N,)
        Day number of each row, increasing; the distance of rows is that of their days.
    window : int
        Days, at least 1; with 1 the days are taken for independent.

    Returns
    -------
    array, shape (n, n)
    """
    rows, day = np.asarray(series, dtype=float), np.asarray(days)
    first = int(day[0])
    sums = np.zeros((int(day[-1]) - first + 2 * window, rows.shape[1]))
    sums[day - first + window] = rows
    np.cumsum(sums, axis=0, out=sums)
    blocks = sums[window:] - sums[:-window]
    return np.asarray(blocks.T @ blocks / window)


def fixed_b_factor(window: int, length: int) -> float:
    """By how much wider an interval is where the memory is estimated in few windows.

    The covariance from a window that is a share b of the record is itself uncertain, and too small
    in the mean. The factor is that of the 90 % interval of a mean, by the polynomial in b of
    Kiefer and Vogelsang (2005).

    Parameters
    ----------
    window, length : int
        Days of the window and of the record.
    """
    b = min(window / length, 1.0)
    return float(np.polyval(_FIXED_B[::-1], b) / _FIXED_B[0])
