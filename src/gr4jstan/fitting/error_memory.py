"""Memory of the residuals: an AR(1) process fitted after the calibration, for predictions.

The calibration takes standardised residuals for independent; the process is estimated from them in
a second stage, draw by draw. Inferring both at once is not robust in rainfall-runoff models (Evin
et al. 2014, Ammann et al. 2019).

References
----------
Evin, Thyer, Kavetski, McInerney and Kuczera (2014), Water Resources Research 50, 2350-2375,
doi:10.1002/2013WR014185.
Ammann, Fenicia and Reichert (2019), Hydrology and Earth System Sciences 23, 2147-2172,
doi:10.5194/hess-23-2147-2019.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import lfilter

from gr4jstan.errors import InputError

Array = NDArray[np.float64]

# A process at the bounds -1 and 1 never changes, or only its sign.
PHI_BOUNDS = (-0.99, 0.999)

_BLOCK = 2**18  # residuals in work at a time


def estimate_ar1(eta: ArrayLike, days: ArrayLike) -> Array:
    """Estimate the lag-one correlation of standardised residuals, for each draw.

    The estimate is sum 2 x y / sum (x^2 + y^2) over the pairs (x, y) of residuals one day apart:
    the maximum-likelihood correlation of pairs with mean 0 and one common variance. The variance
    is not taken to be 1, so that a draw whose error scale is off does not change the correlation.
    Pairs across a gap are not used, unless gaps are the rule: with observations mostly g days
    apart, the pairs are g days apart and the estimate is the g-th root of their correlation, 0 if
    that is negative.

    Parameters
    ----------
    eta : array_like, shape (draws, N)
        Standardised residuals, NaN where there is none (a censored observation).
    days : array_like of int, shape (N,)
        Day number of each residual, increasing; days may be left out.

    Returns
    -------
    array, shape (draws,)
        phi, inside `PHI_BOUNDS`; 0 for a draw that has no pair.

    Raises
    ------
    InputError
        If shapes do not agree, days do not increase, or a residual is infinite.
    """
    residuals, day = np.asarray(eta, dtype=np.float64), np.asarray(days)
    if residuals.ndim != 2 or day.shape != residuals.shape[1:]:
        raise InputError(
            f"eta must have shape (draws, days) for {day.size} days, got {residuals.shape}"
        )
    if (np.diff(day) <= 0).any():
        raise InputError("the days of the residuals must increase")
    if np.isinf(residuals).any():
        raise InputError("eta has an infinite residual")
    phi = np.zeros(len(residuals))
    gap = _usual_gap(day[~np.isnan(residuals).all(axis=0)])
    if gap == 0:
        return phi
    later = np.flatnonzero(np.isin(day, day + gap))
    earlier = np.searchsorted(day, day[later] - gap)
    block = max(1, _BLOCK // day.size)
    for start in range(0, len(residuals), block):
        part = slice(start, start + block)
        phi[part] = _pair_correlation(residuals[part][:, earlier], residuals[part][:, later])
    if gap > 1:
        phi = np.maximum(phi, 0) ** (1 / gap)
    return np.clip(phi, *PHI_BOUNDS)


def simulate_ar1(
    phi: ArrayLike, T: int, rng: np.random.Generator, start: ArrayLike | None = None
) -> Array:
    """Simulate the stationary AR(1) process with mean 0 and variance 1, for each draw.

    eta[t] = phi eta[t - 1] + sqrt(1 - phi^2) z[t], with z standard normal: whatever phi is, the
    spread on each single day is that of independent residuals.

    Parameters
    ----------
    phi : array_like, shape (draws,)
        Correlation of neighbouring days, between -1 and 1.
    T : int
        Number of days.
    rng : numpy.random.Generator
    start : array_like, shape (draws,), optional
        The residual on the day before the first, NaN where not known. For one known k days before
        the first, simulate k - 1 days more and leave them out.

    Returns
    -------
    array, shape (draws, T)

    Raises
    ------
    InputError
        If phi is not between -1 and 1, start is infinite, or their shapes differ.
    """
    correlation = np.asarray(phi, dtype=np.float64)
    if correlation.ndim != 1:
        raise InputError(f"phi must hold one value a draw, got shape {correlation.shape}")
    if not (np.abs(correlation) < 1).all():
        wrong = correlation[~(np.abs(correlation) < 1)][0]
        raise InputError(f"phi must be between -1 and 1, got {wrong:g}")
    before = np.full(correlation.shape, np.nan) if start is None else np.asarray(start, float)
    if before.shape != correlation.shape:
        raise InputError(f"start has shape {before.shape}, phi {correlation.shape}")
    if np.isinf(before).any():
        raise InputError("start has an infinite residual")
    eta = rng.standard_normal((correlation.size, T))
    if T == 0:
        return eta
    scale = np.sqrt(1 - correlation**2)
    first = np.where(np.isnan(before), eta[:, 0], correlation * before + scale * eta[:, 0])
    eta *= scale[:, None]
    eta[:, 0] = first
    for row, coefficient in zip(eta, correlation, strict=True):
        row[:] = lfilter([1.0], [1.0, -coefficient], row)
    return eta


def _usual_gap(days: NDArray[np.int64]) -> int:
    """Most frequent distance of neighbouring days, the smallest of several; 0 if there is none."""
    gaps, counts = np.unique(np.diff(days), return_counts=True)
    return int(gaps[counts.argmax()]) if gaps.size else 0


def _pair_correlation(x: Array, y: Array) -> Array:
    """Correlation along the last axis of pairs with mean 0 and a common variance; 0 without any."""
    lone = np.isnan(x) | np.isnan(y)
    x[lone] = y[lone] = 0
    products = 2 * np.einsum("ij,ij->i", x, y)
    squares = np.einsum("ij,ij->i", x, x) + np.einsum("ij,ij->i", y, y)
    return np.asarray(np.divide(products, squares, out=np.zeros(len(x)), where=squares > 0))
