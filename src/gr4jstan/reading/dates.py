"""Daily dates: reading them from text and refusing whatever is not one row a day."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from gr4jstan.errors import InputError
from gr4jstan.findings import Finding
from gr4jstan.reading.stamps import Days, Stamps, meant_days

Day = str | int | dt.date | np.datetime64

_TIME = (
    r"(?:[T ]+(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:\.\d*)?)?)\s*"
    r"(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?"
)
_YEAR_FIRST = re.compile(r"(?P<y>\d{4})([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})" + _TIME, re.ASCII)
_COMPACT = re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})" + _TIME, re.ASCII)
_DOTS = re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})" + _TIME, re.ASCII)
_DAY_FIRST = re.compile(r"(?P<d>\d{1,2})([-/])(?P<m>\d{1,2})\2(?P<y>\d{4})" + _TIME, re.ASCII)
_MONTH_FIRST = re.compile(r"(?P<m>\d{1,2})([-/])(?P<d>\d{1,2})\2(?P<y>\d{4})" + _TIME, re.ASCII)
_ORDINAL = re.compile(r"(?P<y>\d{4})-?(?P<doy>\d{3})", re.ASCII)
_LOOSE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b.*|(1[789]|2[01])\d\d[-/](0?[1-9]|1[0-2])|"
    r".*\d.*\b(jan|feb|mar|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]*\b.*|"
    r"\b(jan|feb|mar|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]*\b.*\d.*",
    re.ASCII | re.I,
)
_OPTION = "--date-format (date_format=), for example --date-format %d/%m/%Y"
_FORMS = (_YEAR_FIRST, _COMPACT, _DOTS, _DAY_FIRST, _MONTH_FIRST)
_STEPS = {
    7: "weekly",
    28: "monthly",
    29: "monthly",
    30: "monthly",
    31: "monthly",
    365: "yearly",
    366: "yearly",
}


class _Part(NamedTuple):
    """A date as it is written; `day` is that of the year where there is no month."""

    year: int
    month: int
    day: int
    time: str = ""
    zone: str = ""


def parse_dates(
    cells: Sequence[str],
    where: Callable[[int], str],
    date_format: str | None = None,
) -> tuple[Days, tuple[Finding, ...]]:
    """Read a column of dates.

    Parameters
    ----------
    cells : sequence of str
        ISO (with or without a time of day), yyyymmdd, dd.mm.yyyy, dd/mm/yyyy or mm/dd/yyyy, all in
        the same form.
    where : callable
        Row number to the words that name file, line and column in a message.
    date_format : str, optional
        A `strptime` format, or one in the letters yyyy, mm, dd.

    Returns
    -------
    tuple of (array of datetime64[D], tuple of Finding)
        The days and what the user should know about how they were read.

    Raises
    ------
    InputError
        A cell is not a date, day and month cannot be told apart, or the times of day differ.
    """
    parts = _by_format(cells, where, date_format) if date_format else _by_form(cells, where)
    days = [_day(i, part, cells, where) for i, part in enumerate(parts)]
    times, zones = [part.time for part in parts], [part.zone for part in parts]
    stamps = Stamps(np.array(days, dtype="datetime64[D]"), times, zones, cells)
    return meant_days(stamps, where, told=date_format is not None)


def is_date_text(cell: str) -> bool:
    """Tell whether a cell is a date in one of the forms that are understood."""
    match = next((m for f in _FORMS if (m := f.fullmatch(cell))), None)
    if match is None:
        of_year = _ORDINAL.fullmatch(cell)
        return of_year is not None and "17" <= cell[:2] <= "22" and 1 <= int(of_year["doy"]) <= 366
    month, day = sorted((int(match["m"]), int(match["d"])))
    return 1700 <= int(match["y"]) <= 2200 and 1 <= month <= 12 and day <= 31


def looks_like_date(cell: str) -> bool:
    """Tell whether a cell could be a date in whatever form."""
    return (len(cell) < 60 and bool(_LOOSE.fullmatch(cell))) or is_date_text(cell)


def is_counter(cells: Sequence[str]) -> bool:
    """Tell whether the cells count days: whole numbers that are not dates written as yyyymmdd."""
    return all(re.fullmatch(r"\d{1,7}(\.0*)?", cell, re.ASCII) for cell in cells)


def check_counter(cells: Sequence[str], where: Callable[[int], str]) -> None:
    """Refuse a column of day numbers that does not go up by one.

    Raises
    ------
    InputError
    """
    numbers = np.array([float(cell) for cell in cells])
    wrong = np.flatnonzero(np.diff(numbers) != 1) + 1
    if wrong.size:
        i = int(wrong[0])
        raise InputError(
            f"{where(i)}: {cells[i]} follows {cells[i - 1]}: the column is neither dates nor a "
            "count of days going up by one; name the date column with --date-column (date_column=)"
        )


def check_daily(days: Days, label: str) -> None:
    """Refuse days that are not consecutive.

    Parameters
    ----------
    days : array of datetime64[D], shape (T,)
    label : str
        Start of the message.

    Raises
    ------
    InputError
        For duplicates, disorder, gaps, or a step longer than a day.
    """
    step = np.diff(days).astype(int)
    if (step == 1).all():
        return
    if (step == -1).all():
        raise InputError(
            f"{label}: the dates run backwards, from {days[0]} to {days[-1]}; sort them"
        )
    counts = {day: n for day, n in Counter(days.astype(str)).items() if n > 1}
    if counts:
        first, n = next(iter(counts.items()))
        hint = "; keep one row a day" if len(counts) > 1 else ""
        if 1 < len(counts) == len(np.unique(days)):
            hint = (
                "; sub-daily rows must be aggregated to days first, and of several gauges one taken"
            )
        raise InputError(
            f"{label}: {plural(len(counts), 'duplicate date')} ({_first(list(counts))}); "
            f"{first} stands {n} times{hint}"
        )
    if (step < 0).any():
        back = np.flatnonzero(step < 0) + 1
        pairs = [f"{days[i]} after {days[i - 1]}" for i in back]
        raise InputError(f"{label}: the dates are not in order ({_first(pairs)}); sort them")
    if (step > 1).all():
        usual = Counter(step.tolist()).most_common(1)[0][0]
        name = _STEPS.get(usual, f"{usual} days")
        shown = _first(days.astype(str).tolist())
        raise InputError(
            f"{label}: the time step is not daily but {name} ({shown}); GR4J needs one row a day"
        )
    after = np.flatnonzero(step > 1)
    lost = int((step - 1).sum())
    pairs = [f"{days[i]} is followed by {days[i + 1]}" for i in after]
    raise InputError(
        f"{label}: {plural(len(after), 'gap')} in the dates, {plural(lost, 'day')} missing "
        f"({_first(pairs)}); add a row for each day (P and E are needed, Q may be empty)"
    )


def _by_format(cells: Sequence[str], where: Callable[[int], str], date_format: str) -> list[_Part]:
    fmt = date_format
    if "%" not in fmt:
        for letters, code in (("yyyy", "%Y"), ("mm", "%m"), ("dd", "%d")):
            fmt = re.sub(letters, code, fmt, flags=re.IGNORECASE)
    if "%" not in fmt:
        raise InputError(f"{date_format!r} is not a date format; use {_OPTION}")
    parts = []
    for i, cell in enumerate(cells):
        try:
            at = dt.datetime.strptime(cell.strip(), fmt)
        except (ValueError, re.error) as error:
            raise InputError(
                f"{where(i)}: {cell!r} is not a date in the format {date_format!r} given by "
                "--date-format (date_format=)"
            ) from error
        time = at.strftime("%H:%M:%S") if re.search("%[HIcXTRp]", fmt) else ""
        zone = at.strftime("%z") if at.tzinfo else ""
        parts.append(_Part(at.year, at.month, at.day, time, zone))
    return parts


def _by_form(cells: Sequence[str], where: Callable[[int], str]) -> list[_Part]:
    cells = [re.sub(r"(?<=^\d{8})\.0+$|(?<=^\d{7})\.0+$", "", cell.strip()) for cell in cells]
    forms = (_YEAR_FIRST, _COMPACT, _DOTS, _DAY_FIRST, _ORDINAL)
    form = next((f for f in forms if f.fullmatch(cells[0])), None)
    if form is None:
        raise InputError(
            f"{where(0)}: {cells[0]!r} is not a date that is understood (YYYY-MM-DD, YYYYMMDD, "
            f"DD.MM.YYYY, DD/MM/YYYY); give its form with {_OPTION}"
        )
    matches = [form.fullmatch(cell) for cell in cells]
    parts = []
    for i, match in enumerate(matches):
        if match is None:
            what = "the date is missing" if not cells[i] else f"{cells[i]!r} is not a date"
            raise InputError(f"{where(i)}: {what} (the first row has {cells[0]!r})")
        parts.append(match)
    if form is _DAY_FIRST:
        parts = _settle_order(parts, cells, where)
    if form is _ORDINAL:
        return [_Part(int(p["y"]), 0, int(p["doy"])) for p in parts]
    return [
        _Part(int(p["y"]), int(p["m"]), int(p["d"]), p["time"] or "", p["zone"] or "")
        for p in parts
    ]


def _settle_order(
    parts: list[re.Match[str]], cells: Sequence[str], where: Callable[[int], str]
) -> list[re.Match[str]]:
    day_first = next((i for i, p in enumerate(parts) if int(p["d"]) > 12), None)
    month_first = next((i for i, p in enumerate(parts) if int(p["m"]) > 12), None)
    if day_first is None and month_first is None:
        mark = cells[0][parts[0].end("d")]
        raise InputError(
            f"{where(0)}: day and month cannot be told apart in any of the dates (the first is "
            f"{cells[0]!r}); say which comes first with --date-format (date_format=) "
            f"%d{mark}%m{mark}%Y or %m{mark}%d{mark}%Y"
        )
    if day_first is not None and month_first is not None:
        row = max(day_first, month_first)
        raise InputError(
            f"{where(row)}: {cells[row]!r} and {cells[min(day_first, month_first)]!r} do not have "
            "day and month in the same order"
        )
    if month_first is None:
        return parts
    return [m for cell in cells if (m := _MONTH_FIRST.fullmatch(cell))]


def _day(i: int, part: _Part, cells: Sequence[str], where: Callable[[int], str]) -> dt.date:
    year, month, number, *_ = part
    try:
        if month:
            day = dt.date(year, month, number)
        else:
            day = dt.date(year, 1, 1) + dt.timedelta(number - 1)
            if number < 1 or day.year != year:
                raise ValueError
    except (ValueError, OverflowError) as error:
        raise InputError(f"{where(i)}: {cells[i]!r} is not a day of the calendar") from error
    if not 1700 <= year <= 2200:
        raise InputError(f"{where(i)}: the year of {cells[i]!r} is outside 1700 to 2200")
    return day


def _first(items: Sequence[str], n: int = 3) -> str:
    return ", ".join(items[:n]) + (", ..." if len(items) > n else "")


def plural(n: int, noun: str) -> str:
    """Write a number of things."""
    return f"{n} {noun}" + ("" if n == 1 else "s")


def as_day(day: Day, option: str, last: bool) -> np.datetime64:
    """The day that a user writes; a year or month is its first day, or its `last`.

    Raises
    ------
    InputError
        It is none; the message calls it `option`.
    """
    try:
        if isinstance(day, str) and (part := re.fullmatch(r"\s*(\d{4})(-\d\d)?\s*", day)):
            period = pd.Period(day.strip(), "M" if part[2] else "Y")
            return np.datetime64((period.end_time if last else period.start_time).date(), "D")
        if isinstance(day, str):
            return np.datetime64(parse_dates([day], lambda _: "")[0][0], "D")
        if isinstance(day, (dt.date, np.datetime64)) and not pd.isna(day):
            return np.datetime64(pd.Timestamp(day).date(), "D")
    except ValueError:
        pass
    raise InputError(f"{option}: {day!r} is not a date; write it as YYYY-MM-DD")
