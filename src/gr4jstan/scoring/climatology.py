"""The calendar-day climatology: what flow is usual on a day of the year.

It is the yardstick of a model of a catchment: one that knows the rain must say more than the
calendar does.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gr4jstan.errors import InputError

Array = NDArray[np.float64]
Days = NDArray[np.int64]

HALF_WINDOW = 7
MEMBERS = 50

_BLOCK = 2**20  # values gathered at a time


@dataclass(frozen=True, eq=False)
class Climatology:
    """What observations of other years say about some days.

    Attributes
    ----------
    mean : array, shape (T,)
        Mean flow [mm/d], NaN where no other year was observed.
    members : array, shape (MEMBERS, T)
        Quantiles of flow [mm/d] at (j - 0.5) / MEMBERS, NaN as in `mean`. Among ensembles of that
        many members this one has the least CRPS (Zamo and Naveau 2018).
    """

    mean: Array
    members: Array


def climatology(
    dates: ArrayLike | None,
    obs: ArrayLike,
    target: ArrayLike | int,
) -> Climatology:
    """Climatology of the target days.

    A target day is given the observations at most `HALF_WINDOW` days from the same calendar day in
    all years *but its own*: the flow of the day itself and of its neighbours, which is nearly the
    same, would make the climatology of few years look better than it is. Windows run on across the
    ends of years; 29 February is 1 March in the other years. A record of a single year therefore
    has no climatology (NaN).

    Without dates there is no calendar: every target day is given all observations.

    Parameters
    ----------
    dates : array_like of dates, shape (N,), or None
        Days of the observations. Days may be left out.
    obs : array_like, shape (N,)
        Observed flow [mm/d], NaN where missing.
    target : array_like of dates, shape (T,), or int
        The target days; without dates, how many they are.

    Returns
    -------
    Climatology

    Raises
    ------
    InputError
        If lengths differ, a date is missing or stands twice, or an observation is infinite.

    References
    ----------
    Zamo and Naveau (2018), Mathematical Geosciences 50, 209-234, doi:10.1007/s11004-017-9709-7.
    """
    observed = np.asarray(obs, dtype=np.float64)
    if observed.ndim != 1:
        raise InputError(f"obs must be a series of days, got shape {observed.shape}")
    if np.isinf(observed).any():
        raise InputError("obs has an infinite value")
    probabilities = (np.arange(MEMBERS) + 0.5) / MEMBERS
    if dates is None:
        n_days = int(target) if isinstance(target, int | np.integer) else np.size(target)
        mean, quantiles = _summarise(observed[None, :], probabilities)
        return Climatology(np.repeat(mean, n_days), np.repeat(quantiles, n_days, axis=1))
    if isinstance(target, int | np.integer):
        raise InputError(f"observations with dates need the dates of the target, got {target:d}")
    record = _on_every_day(_calendar_days(dates, "dates"), observed)
    wanted = _calendar_days(target, "target")
    result = Climatology(np.empty(wanted.size), np.empty((MEMBERS, wanted.size)))
    around = np.array([record.first - HALF_WINDOW, record.last + HALF_WINDOW])
    first, last = around.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    years = np.arange(first, last + 1)
    block = max(1, _BLOCK // (years.size * (2 * HALF_WINDOW + 1)))
    for start in range(0, wanted.size, block):
        part = slice(start, start + block)
        pool = _other_years(record, wanted[part], years)
        result.mean[part], result.members[:, part] = _summarise(pool, probabilities)
    return result


@dataclass(frozen=True, eq=False)
class _Record:
    """Flow on every day from `first` to `last`, days counted from 1970, and a NaN after them."""

    first: int
    last: int
    flow: Array


def _on_every_day(days: Days, obs: Array) -> _Record:
    if days.size != obs.size:
        raise InputError(f"there are {days.size} dates for {obs.size} observations")
    if not days.size:
        return _Record(0, -1, np.array([np.nan]))
    if np.unique(days).size < days.size:
        raise InputError("a date of the observations stands twice")
    first, last = int(days.min()), int(days.max())
    flow = np.full(last - first + 2, np.nan)
    flow[days - first] = obs
    return _Record(first, last, flow)


def _calendar_days(dates: ArrayLike, name: str) -> Days:
    days = np.asarray(dates, dtype="datetime64[D]")
    if days.ndim != 1:
        raise InputError(f"{name} must be a series of days, got shape {days.shape}")
    if np.isnat(days).any():
        raise InputError(f"{name}: a date is missing")
    return days.astype(np.int64)


def _other_years(record: _Record, target: Days, years: Days) -> Array:
    """Flow (T, years x window) around the calendar day of each target, NaN in its own year.

    Years are counted from 1970.
    """
    dates = target.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    day_of_month = (dates - months.astype("datetime64[D]")).astype(np.int64)
    year, month = np.divmod(months.astype(np.int64), 12)
    first_of_month = (12 * years + month[:, None]).astype("datetime64[M]")
    same_day = first_of_month.astype("datetime64[D]").astype(np.int64) + day_of_month[:, None]
    offsets = np.arange(-HALF_WINDOW, HALF_WINDOW + 1)
    at = same_day[:, :, None] + offsets - record.first
    outside = (at < 0) | (at > record.last - record.first)
    outside |= (years == year[:, None])[:, :, None]
    at[outside] = -1
    return np.asarray(record.flow[at].reshape(target.size, -1))


def _summarise(pool: Array, probabilities: Array) -> tuple[Array, Array]:
    """Mean (T,) and quantiles (k, T) of the values of each row that are not NaN.

    The quantiles are Hazen's: the values themselves where there are as many as `probabilities`
    (j - 0.5) / k.
    """
    count = (~np.isnan(pool)).sum(axis=1)
    total = np.nansum(pool, axis=1)
    mean = np.full(count.shape, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    ordered = np.sort(pool, axis=1)  # NaN comes last
    if not ordered.shape[1]:
        return mean, np.full((probabilities.size, count.size), np.nan)
    last = np.maximum(count - 1, 0)
    position = np.clip(probabilities[:, None] * count - 0.5, 0, last)
    below = position.astype(np.int64)
    rows = np.arange(count.size)
    low, high = ordered[rows, below], ordered[rows, np.minimum(below + 1, last)]
    return mean, low + (position - below) * (high - low)
