"""From a table of text to daily P, E and Q in mm/d: the part that files and data frames share."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from gr4jstan.errors import InputError
from gr4jstan.findings import Finding, note
from gr4jstan.reading.checks import SENTINELS, Array, Origin, check_temperature
from gr4jstan.reading.columns import OPTION, choose_columns
from gr4jstan.reading.conversion import flow_in_mm, forcing_in_mm, temperature_in_degrees
from gr4jstan.reading.datecolumns import read_dates
from gr4jstan.reading.gauges import rows_of_gauge
from gr4jstan.reading.pet import oudin
from gr4jstan.reading.request import Request

MISSING_WORDS = frozenset(["", "-", "--", "na", "n/a", "#n/a", "nan", "null", "none"])

_POINT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?", re.ASCII | re.I)
_COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)(e[+-]?\d+)?", re.ASCII | re.I)
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
_DOTTED = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}", re.ASCII)
_WHOLE = re.compile(r"[+-]?[1-9]\d{0,2}", re.ASCII)
_THOUSANDS = re.compile(
    r"[+-]?\d{1,3}([.,' ]\d{3})+[.,]\d+|[+-]?\d{1,3}([.,' ]\d{3}){2,}", re.ASCII
)


class Table(NamedTuple):
    """Daily series in mm/d, and the limit of what is known of Q [mm/d].

    `columns` are the headers of what they were read or computed from.
    """

    P: Array
    E: Array
    Q: Array | None
    dates: pd.DatetimeIndex | None
    columns: tuple[str, str, str]
    remarks: tuple[Finding, ...]
    flow_limit: float = 0.0


def parse_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    source: str,
    request: Request,
    place: Callable[[int], str] = lambda row: f"row {row + 1}",
) -> Table:
    """Find date, P, E and Q in a table of text and read them.

    E is computed from temperature where there is none, and Q converted to mm/d.

    Parameters
    ----------
    header : sequence of str, length n
    rows : sequence of T sequences of str, each of length n
    source : str
        File or other name of the table, for the messages.
    request : Request
    place : callable
        Row number (from 0) to the words that lead a user to the row, such as "line 17".

    Raises
    ------
    InputError
        No or too many columns for a role; a cell that is not a number or a date; dates that are not
        consecutive days; P, T or Q that cannot be one; a latitude, a unit or an area that is needed
        and not there.
    """
    kept = rows_of_gauge(header, rows, source, request)
    if len(kept) < len(rows):
        return parse_table(
            header,
            [rows[row] for row in kept],
            source,
            request,
            lambda row: place(kept[row]),
        )
    at = choose_columns(header, request, source)
    used = [i for i in (at.P, at.E, at.T, at.Q) if i is not None]
    dates, date_cells, remarks = (
        (None, [], ())
        if request.no_dates
        else read_dates(header, rows, used, at.date, source, request.date_format, place)
    )

    def where(row: int, column: int) -> str:
        day = f" ({date_cells[row]})" if date_cells else ""
        return f"{source}, {place(row)}{day}, column {header[column]!r}"

    comma = _decimal_comma(rows, used, where)
    _refuse_dotted_thousands(rows, used, where)

    def read(role: str, column: int) -> tuple[Array, Origin]:
        cells = [row[column] for row in rows]
        return _numbers(cells, column, comma, where), Origin(source, role, header[column], dates)

    notes = [*at.remarks, *remarks]
    P, rain = read("P", at.P)
    P, found = forcing_in_mm(P, rain, at.units["P"], request)
    notes += found
    if at.E is not None:
        E, thirst = read("E", at.E)
        E, found = forcing_in_mm(E, thirst, at.units["E"], request)
    else:
        assert at.T is not None and request.latitude is not None
        T, thirst = read("T", at.T)
        E, found = _evaporation(T, thirst, at.units["T"], request.latitude)
    notes += found
    if at.Q is None:
        return Table(P, E, None, dates, (rain.column, thirst.column, "Q"), tuple(notes))
    Q, flow = read("Q", at.Q)
    Q, limit, flow_notes = flow_in_mm(Q, flow, P, at.units["Q"], request)
    columns = (rain.column, thirst.column, flow.column)
    return Table(P, E, Q, dates, columns, (*notes, *flow_notes), limit)


def _evaporation(
    T: Array, origin: Origin, unit: str | None, latitude: float
) -> tuple[Array, tuple[Finding, ...]]:
    if origin.dates is None:
        raise InputError(
            f"{origin.source}: there are no dates, and without them E cannot be computed from "
            f"{origin.title}; name the date column with {OPTION['date']}, or a column of E with "
            f"{OPTION['E']}"
        )
    T, found = temperature_in_degrees(T, origin, unit)
    check_temperature(T, origin)
    how = f"after Oudin et al. (2005) from column {origin.column!r} at latitude {latitude:g}"
    computed = note("computed_pet", f"E is computed {how}")
    return oudin(T, latitude, origin.dates), (*found, computed)


def _decimal_comma(
    rows: Sequence[Sequence[str]], used: Sequence[int], where: Callable[[int, int], str]
) -> bool:
    """Tell whether numbers are written with a decimal comma; refuse a mixture."""
    comma: tuple[int, int] | None = None
    surely_decimal = False
    point: tuple[int, int] | None = None
    for r, row in enumerate(rows):
        for i in used:
            cell = row[i]
            if "," in cell and not surely_decimal and _COMMA.fullmatch(cell.strip()):
                comma = comma or (r, i)
                surely_decimal = not _GROUPED.fullmatch(cell.strip())
            if "." in cell and point is None and _POINT.fullmatch(cell.strip()):
                point = (r, i)
    if comma and point:
        first, second = sorted((comma, point))
        raise InputError(
            f"{where(*second)}: {rows[second[0]][second[1]]!r} and, before it, "
            f"{rows[first[0]][first[1]]!r} mix decimal points and decimal commas; use one of them"
        )
    if comma and not surely_decimal:
        cell = rows[comma[0]][comma[1]]
        raise InputError(
            f"{where(*comma)}: {cell!r} may have a decimal comma or a comma between thousands, and "
            "no other cell tells which; write it with a decimal point and without thousands commas"
        )
    return comma is not None


def _refuse_dotted_thousands(
    rows: Sequence[Sequence[str]], used: Sequence[int], where: Callable[[int, int], str]
) -> None:
    """Refuse 1.525 beside 987: with a point in every thousand, it would be 1525."""
    for i in used:
        dotted, whole = None, None
        for r, row in enumerate(rows):
            cell = row[i].strip()
            if "." in cell:
                if not _DOTTED.fullmatch(cell):
                    break
                dotted = r if dotted is None else dotted
            elif whole is None and _WHOLE.fullmatch(cell) and float(cell) not in SENTINELS:
                whole = r
        else:
            if dotted is not None and whole is not None:
                raise InputError(
                    f"{where(dotted, i)}: {rows[dotted][i]!r}, beside {rows[whole][i]!r}, may have "
                    "a decimal point or a point between thousands, and no other cell tells which; "
                    "write it without points between thousands, or all cells with decimals"
                )


def _numbers(
    cells: Sequence[str], column: int, comma: bool, where: Callable[[int, int], str]
) -> Array:
    values = np.empty(len(cells))
    wrong: list[int] = []
    for i, cell in enumerate(cells):
        text = cell.strip()
        if text.lower() in MISSING_WORDS:
            values[i] = np.nan
        elif _POINT.fullmatch(text):
            values[i] = float(text)
        elif comma and _COMMA.fullmatch(text):
            values[i] = float(text.replace(",", "."))
        else:
            wrong.append(i)
    if wrong:
        text = cells[wrong[0]]
        what = "is not a number"
        if _THOUSANDS.fullmatch(text.strip()):
            what += " (it seems to have thousands separators; write it without)"
        more = f"; {len(wrong) - 1} more such cells in this column" if len(wrong) > 1 else ""
        raise InputError(f"{where(wrong[0], column)}: {text!r} {what}{more}")
    return values
