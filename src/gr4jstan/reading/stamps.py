"""Which day a time stamp means: midnight, noon, the end of a day, UTC stamps of local days."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gr4jstan.errors import InputError
from gr4jstan.findings import Finding, note

Days = npt.NDArray[np.datetime64]

_HOUR = 60
# Months in which summer time begins or ends somewhere.
_SWITCHES = (2, 3, 4, 5, 8, 9, 10, 11)
_ADVICE = (
    "write the dates without a time of day, or say with --date-format (date_format=) how they are "
    "written if the day is the one that is written"
)


class Stamps(NamedTuple):
    """Dates as they are written, row by row: the day, the time of day, the zone."""

    days: Days
    times: list[str]
    zones: list[str]
    cells: Sequence[str]


def meant_days(
    stamps: Stamps, where: Callable[[int], str], *, told: bool = False
) -> tuple[Days, tuple[Finding, ...]]:
    """Find the day that each stamp means.

    Parameters
    ----------
    stamps : Stamps
    where : callable
        Row number to the words that name file, line and column in a message.
    told : bool
        Whether the user has given the form of the dates: then the day that is written is meant.

    Returns
    -------
    tuple of (array of datetime64[D], tuple of Finding)
        The days, and what was made of the times of day.

    Raises
    ------
    InputError
        The times of day leave open which day is meant, or there are several rows a day.
    """
    written = set(stamps.times)
    if written == {""}:
        return stamps.days, ()
    minutes = np.array([_minutes(row, stamps, where) for row in range(len(stamps.cells))])
    if (minutes == minutes[0]).all():
        return stamps.days, _one_time(int(minutes[0]), stamps, where, told)
    later = _summer_time(minutes, stamps.days)
    if later is not None:
        days = stamps.days + later.astype("timedelta64[D]")
        text = (
            f"the times of day {_clock(minutes.max())} and {_clock(minutes.min())} of the dates "
            "change with summer time: each is taken for the local day that it marks, so that "
            f"{stamps.cells[0]} is {days[0]}"
        )
        return days, (note("time_of_day", text),)
    row = int(np.flatnonzero(minutes != minutes[0])[0])
    cells = stamps.cells
    if len(np.unique(stamps.days)) < len(stamps.days):
        raise InputError(
            f"{where(row)}: {cells[row]!r} has another time of day than {cells[0]!r}: the steps "
            "are sub-daily, and GR4J needs one row a day; aggregate to daily sums first"
        )
    raise InputError(
        f"{where(row)}: {cells[row]!r} has another time of day than {cells[0]!r}, so that it is "
        "open which day each row is; write the dates without a time of day"
    )


def _one_time(
    minute: int, stamps: Stamps, where: Callable[[int], str], told: bool
) -> tuple[Finding, ...]:
    zones = sorted(set(stamps.zones))
    utc = all(_is_utc(zone) for zone in zones)
    cell, day = stamps.cells[0], stamps.days[0]
    if 12 * _HOUR < minute < 23 * _HOUR + 30 and not told:
        raise InputError(
            f"{where(0)}: {cell!r} may be of {day} or, as the beginning of a local day, of "
            f"{day + 1}: every date has the time of day {stamps.times[0]}; {_ADVICE}"
        )
    if minute == 0 and zones == [""]:
        return ()
    zone = (
        ""
        if zones == [""]
        else " with " + ("the zone UTC" if utc else f"the offset {' and '.join(zones)}")
    )
    text = (
        f"the time of day {stamps.times[0]}{zone} of every date is ignored: {cell} is taken for "
        f"the day {day}"
    )
    return (note("time_of_day", text),)


def _summer_time(minutes: npt.NDArray[np.int_], days: Days) -> npt.NDArray[np.int_] | None:
    """Days to add to local days that are written in one zone all the year, if they are such.

    Midnight of a zone with summer time is at two times of day of UTC, an hour apart; the earlier
    ones are of the evening before. None where the times are others, or leave open what they are.
    """
    two = np.unique(minutes)
    if len(two) != 2:
        return None
    changed = np.flatnonzero(np.diff(minutes)) + 1
    months = days[changed].astype("datetime64[M]").astype(int) % 12 + 1
    years = 1 + (days[-1] - days[0]).astype(int) / 365
    if not np.isin(months, _SWITCHES).all() or len(changed) > 2 * years + 1:
        return None
    if tuple(two) == (0, 23 * _HOUR):
        return np.where(minutes == 0, 0, 1)
    if two[1] - two[0] != _HOUR:
        return None
    hour = two[1] / _HOUR
    if hour <= 11:
        return np.zeros(len(minutes), dtype=int)
    if 13.5 <= hour <= 14.5 or 21.5 <= hour <= 23:
        return np.ones(len(minutes), dtype=int)
    return None


def _minutes(row: int, stamps: Stamps, where: Callable[[int], str]) -> int:
    """Minutes after midnight, the time to the second left aside."""
    time = stamps.times[row]
    if not time:
        return 0
    hour, minute, *_ = time.split(":")
    value = int(hour) * _HOUR + int(minute)
    if int(minute) > 59 or value > 24 * _HOUR:
        raise InputError(f"{where(row)}: {stamps.cells[row]!r} has no time of day")
    return value


def _is_utc(zone: str) -> bool:
    return zone in ("Z", "UTC", "GMT") or (bool(zone) and not re.search("[1-9]", zone))


def _clock(minute: int) -> str:
    return f"{minute // _HOUR:02d}:{minute % _HOUR:02d}"
