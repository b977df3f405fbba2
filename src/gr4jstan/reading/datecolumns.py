"""Which columns of a table hold the dates, and whether one that is left could."""

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

import pandas as pd

from gr4jstan.errors import InputError
from gr4jstan.findings import Finding, note
from gr4jstan.reading.dates import (
    check_counter,
    is_counter,
    is_date_text,
    looks_like_date,
    parse_dates,
)
from gr4jstan.reading.dayindex import daily_index

OPTION = "--date-column (date_column=)"
NO_DATES = "--no-dates (no_dates=True)"


def _named(names: str) -> frozenset[str]:
    return frozenset(names.split())


# Keys are names without case, accents, brackets and punctuation. Those of the second tier count
# only where there is none of the first.
_FIRST = _named(
    "date dates datesr datetime timestamp tsddate yyyymmdd ymd datum fecha data aaaammjj jjjjmmtt "
    "zeitstempel messdatum fechahora datahora dato"
)
_SECOND = _named("time day index step")
_YEAR = _named("year yr yyyy y annee an ano anio jahr anno jaar aar rok aaaa jjjj")
_MONTH = _named("month mnth mon mo mm m mois mes monat mese maand maned")
_DAY = _named("day dy dd d jour jj dia tag giorno dag dayofmonth tt")
_DAY_OF_YEAR = _named(
    "doy jday yday dayofyear julian julianday dayyear ddd jourannee tagjahr tagdesjahres "
    "jourdelannee diadelano diadoano"
)
_WORDS = (
    _FIRST | _SECOND | {word for word in _YEAR | _MONTH | _DAY | _DAY_OF_YEAR if len(word) > 2}
) - {"index", "step", "mon"} | {"zeit", "jahre", "fechas", "hora", "horodate", "period"}
_NUMBER = re.compile(r"\d{1,15}(\.\d*)?", re.ASCII)
# A count from here on, of 27 years, has begun elsewhere: some program's number of the day.
_SERIAL = 10_000
_PARTS = re.compile("date|datum|fecha|stamp|stempel|yyyy|aaaamm|jjjjmm|ddmm")


class Found(NamedTuple):
    """Columns that hold the dates: one, or year, month and day, or year and day of the year."""

    columns: tuple[int, ...]
    remarks: tuple[Finding, ...] = ()


def read_dates(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    used: Collection[int],
    asked: int | None,
    source: str,
    date_format: str | None,
    place: Callable[[int], str],
) -> tuple[pd.DatetimeIndex | None, list[str], tuple[Finding, ...]]:
    """Find the dates of a table, and read them.

    Parameters
    ----------
    header : sequence of str, length n
    rows : sequence of T sequences of str, each of length n
    used : collection of int
        The columns that are read as something else.
    asked : int, optional
        The column that the user has named.
    source : str
        What the messages call the table.
    date_format : str, optional
    place : callable
        Row number (from 0) to the words that lead a user to the row.

    Returns
    -------
    tuple of (DatetimeIndex or None, list of str, tuple of Finding)
        The days, also as text, and what was noticed. None where nothing looks like dates.

    Raises
    ------
    InputError
        Dates that are not consecutive days, several columns of dates, or columns that look like
        dates and are not understood.
    """
    found = Found((asked,)) if asked is not None else _find(header, rows, used, source)
    columns = found.columns
    if not columns:
        return None, [], found.remarks
    label = ", ".join(repr(header[i]) for i in columns)

    def where(row: int) -> str:
        return f"{source}, {place(row)}, date column {label}"

    cells = _joined(rows, columns)
    counts = len(columns) == 1 and date_format is None and is_counter(cells)
    if counts and not all(map(is_date_text, cells)):
        _refuse_serial_days(cells, where)
        check_counter(cells, where)
        counted = note("no_dates", f"column {label} counts the days; there are no dates")
        return None, [], (counted,)
    days, remarks = parse_dates(cells, where, date_format)
    index = daily_index(days, f"{source}, date column {label}")
    return index, days.astype(str).tolist(), (*found.remarks, *remarks)


def key_of(name: str) -> str:
    """A column's name without case, accents, brackets and punctuation."""
    return "".join(_words(name))


def _words(name: str) -> list[str]:
    text = re.sub(r"[\[(][^\])]*[\])]", " ", name)
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    text = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in text if not unicodedata.combining(c)).lower()
    return re.findall(r"[a-z]+|\d+", text)


def _find(
    header: Sequence[str], rows: Sequence[Sequence[str]], used: Collection[int], source: str
) -> Found:
    free = [i for i in range(len(header)) if i not in used]
    keys = {i: key_of(header[i]) for i in free}
    first = [i for i in free if keys[i] in _FIRST]
    if len(first) > 1:
        _refuse_several(header, first, source)
    if first and not is_counter(_joined(rows, (first[0],))):
        return Found((first[0],))
    if parts := _calendar(keys, rows):
        return Found(parts)
    second = [i for i in free if keys[i] in _SECOND]
    unnamed = [i for i in free if i == 0 and keys[i] in ("", "unnamed0")]
    candidates = first or second or unnamed
    others = [i for i in free if i not in candidates]
    if not candidates or any(is_counter(_joined(rows, (i,))) for i in candidates):
        left = _left_over(header, rows, others, source)
        if left.columns:
            return left
    if len(candidates) > 1:
        _refuse_several(header, candidates, source)
    return Found(tuple(candidates))


def _calendar(keys: dict[int, str], rows: Sequence[Sequence[str]]) -> tuple[int, ...]:
    def named(names: frozenset[str]) -> list[int]:
        return [i for i, key in keys.items() if key in names]

    year, month, day, of_year = (named(n) for n in (_YEAR, _MONTH, _DAY, _DAY_OF_YEAR))
    if len(year) != 1:
        return ()
    if len(month) == len(day) == 1:
        return year[0], month[0], day[0]
    if len(of_year) == 1:
        return year[0], of_year[0]
    if not month and len(day) == 1 and any(len(c) > 2 for c in _joined(rows, (day[0],))):
        return year[0], day[0]
    return ()


def _left_over(
    header: Sequence[str], rows: Sequence[Sequence[str]], free: Sequence[int], source: str
) -> Found:
    """Take the dates from a column of an unusual name; refuse what only looks like dates."""
    sample = sorted({0, 1, len(rows) // 3, len(rows) // 2, len(rows) - 2, len(rows) - 1})
    cells = {i: [rows[r][i].strip() for r in sample if 0 <= r < len(rows)] for i in free}
    dates = [i for i in free if all(map(is_date_text, cells[i])) and len(set(cells[i])) > 1]
    if len(dates) == 1 or (len(dates) > 1 and len(rows) == 1):
        text = f"the dates are read from column {header[dates[0]]!r}"
        return Found((dates[0],), (note("date_column", text),))
    if dates:
        _refuse_several(header, dates, source)
    odd = [i for i in free if _odd(header[i], cells[i]) or _runs(rows, i, cells[i])]
    if odd:
        shown = ", ".join(f"{header[i]!r} ({rows[0][i].strip()!r})" for i in odd)
        looks = "column {} looks" if len(odd) == 1 else "the columns {} look"
        raise InputError(
            f"{source}: {looks.format(shown)} like dates, but cannot be read as the dates of the "
            f"rows; name the column of the dates with {OPTION}, or say that there are none with "
            f"{NO_DATES}"
        )
    return Found(())


def _odd(name: str, cells: Sequence[str]) -> bool:
    """Tell whether a column could be about dates, by its name or by what it holds."""
    full = [cell for cell in cells if cell]
    if full and all(map(looks_like_date, full)):
        return True
    words = _words(name)
    by_name = bool(words) and (words[0] in _WORDS or all(word in _WORDS for word in words))
    by_name = by_name or bool(_PARTS.search("".join(words)))
    if by_name and any(re.search(r"\d", cell) for cell in full):
        return True
    years = [int(float(c)) for c in full if re.fullmatch(r"(1[789]|2[01])\d\d(\.0*)?", c)]
    if len(years) != len(cells) or years != sorted(years) or years[-1] - years[0] > 200:
        return False
    # one number on all rows may be a height as well as a year
    return years[0] < years[-1] or 1900 <= years[0] <= 2100


def _runs(rows: Sequence[Sequence[str]], column: int, sample: Sequence[str]) -> bool:
    """Tell whether numbers go up from row to row, as a clock does, and do not only count rows."""
    if len(rows) < 5 or not all(_NUMBER.fullmatch(cell) for cell in sample):
        return False
    if any(float(a) >= float(b) for a, b in pairwise(sample)):
        return False
    cells = _joined(rows, (column,))
    if not all(_NUMBER.fullmatch(cell) for cell in cells):
        return False
    steps = [float(b) - float(a) for a, b in pairwise(cells)]
    return min(steps) > 0 and (float(cells[0]) >= _SERIAL or set(steps) != {1.0})


def _joined(rows: Sequence[Sequence[str]], columns: tuple[int, ...]) -> list[str]:
    if len(columns) == 1:
        return [row[columns[0]].strip() for row in rows]
    cells = ["-".join(row[i].strip() for i in columns) for row in rows]
    cells = [re.sub(r"\.0+\b", "", cell) for cell in cells]
    if len(columns) == 2:
        return [re.sub(r"-(\d{1,2})$", lambda m: f"-{m[1]:0>3}", cell) for cell in cells]
    return cells


def _refuse_several(header: Sequence[str], columns: Sequence[int], source: str) -> None:
    names = ", ".join(repr(header[i]) for i in columns)
    raise InputError(
        f"{source}: the columns {names} could each be the date; choose one with {OPTION}"
    )


def _refuse_serial_days(cells: Sequence[str], where: Callable[[int], str]) -> None:
    if float(cells[0]) >= _SERIAL:
        raise InputError(
            f"{where(0)}: {cells[0]!r} is no date that is understood; a spreadsheet's or other "
            f"program's number of the day? Write it as YYYY-MM-DD, or say that there are no dates "
            f"with {NO_DATES}"
        )
