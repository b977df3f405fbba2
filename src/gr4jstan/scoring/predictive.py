"""How a predictive distribution, given by its draws, agrees with what was observed.

`total` are draws of the predictive distribution of an observation, errors included, of shape
(draws, T), in mm/d, and `obs` has the shape (T,), NaN where missing.

References
----------
Gneiting and Raftery (2007), Journal of the American Statistical Association 102, 359-378,
doi:10.1198/016214506000001437.
Zamo and Naveau (2018), Mathematical Geosciences 50, 209-234, doi:10.1007/s11004-017-9709-7.
Renard, Kavetski, Kuczera, Thyer and Franks (2010), Water Resources Research 46, W05521,
doi:10.1029/2009WR008328.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gr4jstan.errors import InputError

Array = NDArray[np.float64]
# Of the sorted draws of some days, shape (days, draws), NaN on days with a draw that is not finite,
# the observations and the numbers of these days: measures by name, shape (..., days).
Measure = Callable[[Array, Array, NDArray[np.intp]], dict[str, Array]]

SHARPNESS_LEVEL = 0.9

BLOCK = 2**20  # values in work at a time, 8 MB


def crps(total: ArrayLike, obs: ArrayLike) -> Array:
    """Continuous ranked probability score of each day, of the distribution that `total` samples.

    CRPS = mean |x - y| - mean |x - x'| / 2 over draws x, x' and the observation y (Gneiting and
    Raftery 2007, section 4.2), of the empirical distribution of the draws as it stands: never
    negative, and right for an ensemble of quantiles. As an estimate for the distribution behind m
    random draws it is too large by mean |x - x'| / (2 m), a thousandth of the score of a calibrated
    forecast with a thousand draws (Zamo and Naveau 2018).

    Parameters
    ----------
    total : array_like, shape (draws, T)
    obs : array_like, shape (T,)

    Returns
    -------
    array, shape (T,)
        [mm/d], 0 is perfect. NaN on days without an observation.

    Raises
    ------
    InputError
        If shapes do not agree or an observation is infinite.
    """
    ensemble, observed = checked_draws(total, obs, "total")
    return per_day(ensemble, observed, lambda x, y, _: {"crps": crps_of(x, y)})["crps"]


def pit(total: ArrayLike, obs: ArrayLike, rng: np.random.Generator) -> Array:
    """Probability integral transform of each day: where the observation falls among the draws.

    (a + v (b + 1)) / (m + 1), with a of m draws below the observation, b equal to it, and v uniform
    between 0 and 1. An observation that is one more draw of `total` has exactly a uniform PIT, also
    where zero flows tie.

    Parameters
    ----------
    total : array_like, shape (draws, T)
    obs : array_like, shape (T,)
    rng : numpy.random.Generator

    Returns
    -------
    array, shape (T,)
        NaN on days without an observation.

    Raises
    ------
    InputError
        If shapes do not agree or an observation is infinite.
    """
    ensemble, observed = checked_draws(total, obs, "total")
    uniform = rng.random(observed.size)
    measure: Measure = lambda x, y, days: {"pit": pit_of(x, y, uniform[days])}  # noqa: E731
    return per_day(ensemble, observed, measure)["pit"]


def reliability(pit: ArrayLike) -> float:
    """Index alpha of Renard et al. (2010): 1 - 2 mean |p_(i) - i / (n + 1)| of n sorted PITs.

    Parameters
    ----------
    pit : array_like, shape (T,)
        NaN days are left out.

    Returns
    -------
    float
        1 for uniform PITs; about 0 if every observation lies outside the draws on one side. NaN
        without any PIT.
    """
    values = np.asarray(pit, dtype=np.float64)
    ordered = np.sort(values[~np.isnan(values)])
    uniform = np.arange(1, ordered.size + 1) / (ordered.size + 1)
    return 1 - 2 * mean_of(np.abs(ordered - uniform))


def coverage(total: ArrayLike, obs: ArrayLike, level: float) -> float:
    """Share of observed days inside the central band.

    The band reaches between the quantiles (1 - level) / 2 and (1 + level) / 2 of the draws, bounds
    included. Where many draws are zero the lower bound is zero, and an observed zero lies inside:
    on such days a right forecast is covered more often than `level` says, and the randomised `pit`
    is the fairer test.

    Parameters
    ----------
    total : array_like, shape (draws, T)
    obs : array_like, shape (T,)
    level : float
        Between 0 and 1.

    Raises
    ------
    InputError
        If shapes do not agree, an observation is infinite, or the level is not between 0 and 1.
    """
    low, high, observed = _band(total, obs, level)
    return covered(low, high, observed)


def sharpness(total: ArrayLike, obs: ArrayLike, level: float = SHARPNESS_LEVEL) -> float:
    """Mean width of the central band on observed days [mm/d].

    Parameters and errors are those of `coverage`.
    """
    low, high, _ = _band(total, obs, level)
    return mean_of(high - low)


def checked_draws(draws: ArrayLike, obs: ArrayLike, name: str) -> tuple[Array, Array]:
    """Draws and observations as arrays whose shapes agree."""
    values, observed = np.asarray(draws, dtype=np.float64), np.asarray(obs, dtype=np.float64)
    if observed.ndim != 1:
        raise InputError(f"obs must be a series of days, got shape {observed.shape}")
    if values.ndim != 2 or not len(values) or values.shape[1] != observed.size:
        raise InputError(
            f"{name} must have shape (draws, {observed.size}) as obs has {observed.size} days, "
            f"got {values.shape}"
        )
    if np.isinf(observed).any():
        raise InputError("obs has an infinite value")
    return values, observed


def per_day(total: Array, obs: Array, measure: Measure) -> dict[str, Array]:
    """Measures of the sorted draws of each observed day, NaN on the others.

    Returns
    -------
    dict of str to array, shape (..., T)
    """
    observed = np.flatnonzero(~np.isnan(obs))
    block = max(1, BLOCK // len(total))
    # without any observed day, one block of none tells what the measures are
    starts = range(0, max(1, observed.size), block)
    parts = [observed[start : start + block] for start in starts]
    found = [measure(_sorted(total, days), obs[days], days) for days in parts]
    result = {}
    for name, first in found[0].items():
        result[name] = np.full((*first.shape[:-1], obs.size), np.nan)
        result[name][..., observed] = np.concatenate([each[name] for each in found], axis=-1)
    return result


def _sorted(total: Array, days: NDArray[np.intp]) -> Array:
    ordered = np.ascontiguousarray(total[:, days].T)
    ordered.sort(axis=1)
    # infinite and NaN draws come first or last
    ordered[~np.isfinite(ordered[:, [0, -1]]).all(axis=1)] = np.nan
    return ordered


def crps_of(x: Array, y: Array) -> Array:
    """CRPS of sorted draws: sum |x_i - x_j| is 2 sum (2 i - m - 1) x_(i)."""
    m = x.shape[1]
    errors = x - y[:, None]
    spread = errors @ (np.arange(1 - m, m, 2) / m**2)
    return np.asarray(np.abs(errors, out=errors).mean(axis=1) - spread)


def pit_of(x: Array, y: Array, v: Array) -> Array:
    """PIT of sorted draws, with v where it is between draws."""
    below = (x < y[:, None]).sum(axis=1)
    equal = (x == y[:, None]).sum(axis=1)
    rank = below + v * (equal + 1)
    return np.where(np.isnan(x[:, 0]), np.nan, rank / (x.shape[1] + 1))


def bands_of(x: Array, levels: tuple[float, ...]) -> dict[str, Array]:
    """Bounds ``low`` and ``high`` of all levels: linear between sorted draws."""
    tails = (1 - np.array(levels)) / 2

    def quantiles(shares: Array) -> Array:
        position = shares * (x.shape[1] - 1)
        below = position.astype(int)
        above = np.minimum(below + 1, x.shape[1] - 1)
        return np.asarray((x[:, below] + (position - below) * (x[:, above] - x[:, below])).T)

    return {"low": quantiles(tails), "high": quantiles(1 - tails)}


def _band(total: ArrayLike, obs: ArrayLike, level: float) -> tuple[Array, Array, Array]:
    """Bounds and observations on the observed days."""
    if not 0 < level < 1:
        raise InputError(f"the level of a band must be between 0 and 1, got {level}")
    ensemble, observed = checked_draws(total, obs, "total")
    found = per_day(ensemble, observed, lambda x, _y, _days: bands_of(x, (level,)))
    there = ~np.isnan(observed)
    return found["low"][0, there], found["high"][0, there], observed[there]


def covered(low: Array, high: Array, obs: Array) -> float:
    """Share of the observations inside bounds."""
    inside = ((low <= obs) & (obs <= high)).astype(float)
    return mean_of(np.where(np.isnan(low), np.nan, inside))


def mean_of(values: Array) -> float:
    """Mean, NaN of nothing."""
    return float(values.mean()) if values.size else np.nan
