"""Dates that are given in Python: brought into an index of consecutive days, or refused."""

from typing import Any

import numpy as np
import pandas as pd

from gr4jstan.errors import InputError
from gr4jstan.reading.dates import check_daily, parse_dates, plural

_CALENDARS = ("standard", "gregorian", "proleptic_gregorian")


def daily_index(dates: Any, label: str) -> pd.DatetimeIndex:
    """Make a daily index (nanoseconds, named "date") of dates that are consecutive days.

    Parameters
    ----------
    dates : array-like of dates, length T
    label : str
        Start of the message.

    Raises
    ------
    InputError
        For whatever is not one row a day, in order and without gaps.
    """
    index = as_index(dates, label)
    missing = int(index.isna().sum())
    if missing:
        raise InputError(f"{label}: {plural(missing, 'date')} missing")
    days = index.to_numpy().astype("datetime64[D]")
    timed = index[index != index.normalize()]
    if len(timed):
        what = "sub-daily data must be aggregated to days first"
        if len(np.unique(days)) == len(days):
            what = (
                "give the day that each row is of: dates.tz_convert(ZONE) where they are midnights "
                "of another zone, dates.normalize() where they are of the day that they are on"
            )
        raise InputError(
            f"{label}: dates must be days without a time of day (first {timed[0]}); {what}"
        )
    check_daily(days, label)
    return pd.DatetimeIndex(days.astype("datetime64[ns]"), freq="D", name="date")


def as_index(dates: Any, label: str) -> pd.DatetimeIndex:
    """Make an index of dates; text and numbers are read as in files.

    Parameters
    ----------
    dates : array-like of dates, length T
    label : str
        Start of the message.

    Raises
    ------
    InputError
        They cannot be understood.
    """
    refuse_calendar(dates, label)
    if isinstance(dates, pd.DatetimeIndex):
        return dates.tz_localize(None)
    if isinstance(dates, pd.PeriodIndex):
        if not dates.freqstr.startswith(("D", "B")):
            raise InputError(f"{label}: the periods are not days but of frequency {dates.freqstr}")
        return dates.to_timestamp()
    if np.ma.is_masked(dates):
        lost = int(np.ma.getmaskarray(dates).sum())
        raise InputError(f"{label}: {plural(lost, 'date')} missing")
    try:
        given = pd.Index(dates)
        if given.dtype.kind in "bc":
            raise TypeError(f"they are of type {given.dtype}")
        by_text = any(isinstance(each, str) or hasattr(each, "calendar") for each in given)
        if not by_text and given.dtype.kind not in "iuf":
            return pd.DatetimeIndex(given).tz_localize(None)
    except (TypeError, ValueError) as error:
        raise InputError(f"{label}: the dates cannot be understood: {error}") from error
    cells = [str(cell).strip() for cell in given]
    days, remarks = parse_dates(cells, lambda row: f"{label}, row {row + 1}")
    if remarks:
        raise InputError(f"{label}: {remarks[0].text}? Give the days, without a time of day")
    return pd.DatetimeIndex(days.astype("datetime64[ns]"))


def refuse_calendar(dates: Any, label: str) -> None:
    """Refuse dates of a calendar that has other days than ours, as climate models have.

    Raises
    ------
    InputError
    """
    try:
        first = next(iter(dates), None)
    except TypeError:
        return
    calendar = getattr(first, "calendar", "standard")
    if isinstance(calendar, str) and calendar not in _CALENDARS:
        raise InputError(
            f"{label}: the dates are of the calendar {calendar!r}, which has other days than the "
            "standard one; convert them first, for example with xarray's convert_calendar"
        )
