"""How a text file is laid out: its separator, its header, and the lines that are no data."""

import csv
import io
import re
from collections.abc import Sequence
from typing import NamedTuple

from gr4jstan.errors import InputError

_SEPARATORS = (";", "\t", ",")
# Lines among which the header must be.
_HEAD = 300

_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?", re.ASCII | re.I)
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?", re.ASCII)
_EMPTY = re.compile(r"|-+|na|n/a|nan|null|none|--:--", re.I)
_FORMAT_ROW = re.compile(r"\d+[snd]")
_CALENDAR = re.compile(r"(year|yr|yyyy)[ \t]+m\w*[ \t]+d\w*\b.*", re.I)


class Layout(NamedTuple):
    """A table of text: header, data rows of its length, and the number of each row's line.

    `skipped` are the numbers of lines before the header that were not read.
    """

    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    skipped: tuple[int, ...] = ()


Line = tuple[int, str]


def split_table(text: str, source: str) -> Layout:
    """Split text into header and data rows.

    Parameters
    ----------
    text : str
    source : str
        The file, for the messages.

    Returns
    -------
    Layout

    Raises
    ------
    InputError
        There is no header or no data, a row is longer or shorter than the header, or a line below
        the header holds units.
    """
    body, comments = _lines(text)
    if not body:
        raise InputError(f"{source} is empty; a header line and one line per day are needed")
    first, separator = _header(body)
    skipped = tuple(number for number, _ in body[:first])
    if first == 0 and separator is not None and _is_headless(body, separator):
        header = _behind_hash(comments, body[0], separator)
        if header is None:
            raise InputError(
                f"{source}, line {body[0][0]}: {body[0][1].strip()!r} is data, and there is no "
                "header before it; add a line with the names of the columns"
            )
        body = [header, *body]
    if separator is None:
        raise InputError(
            f"{source}, line {body[0][0]}: the header {body[0][1].strip()!r} is a single column; "
            "columns must be separated by comma, semicolon or tab, or all by blanks"
        )
    body = body[first:]
    records = _records(body, separator, source)
    header_cells = [name.strip() for name in records[0]]
    rows, lines = records[1:], [number for number, _ in body[1:]]
    if rows and all(_FORMAT_ROW.fullmatch(cell.strip()) for cell in rows[0]):
        rows, lines = rows[1:], lines[1:]
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    if not rows:
        raise InputError(f"{source} has a header and no data; one line per day is needed")
    _refuse_units(header_cells, rows[0], lines[0], source)
    fitted = [_fit(r, header_cells, n, source) for r, n in zip(rows, lines, strict=False)]
    return Layout(header_cells, fitted, lines, skipped)


def _lines(text: str) -> tuple[list[Line], list[Line]]:
    """The lines with something on them, and those behind a ``#``, with their numbers."""
    body: list[Line] = []
    comments: list[Line] = []
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        if line.startswith("#"):
            if not body:
                comments.append((number, line))
        elif line.strip() and not re.fullmatch(r"sep=.\s*", line):
            body.append((number, line))
    return body, comments


def _header(body: Sequence[Line]) -> tuple[int, str | None]:
    """Where the header is, and what separates the columns: blanks are ``" "``."""
    top = body[0][1]
    usual = next((s for s in _SEPARATORS if s in top), None)
    if usual is not None and not _CALENDAR.match(top):
        width = len(_fields(top, usual))
        below = [_fields(line, usual) for _, line in body[1:4]]
        if width > 1 and all(_fits(cells, width) and _is_data(cells) for cells in below):
            return 0, usual
    for separator in (" ", *_SEPARATORS) if _has_calendar(body) else (*_SEPARATORS, " "):
        head = [_fields(line, separator) for _, line in body[:_HEAD]]
        for i, cells in enumerate(head[:-1]):
            if len(cells) > 2 and not _is_data(cells) and _goes_on(head[i:], len(cells)):
                return _first_of_names(head, i), separator
    if usual is None and _is_data(_fields(top, " ")) and len(_fields(top, " ")) > 2:
        return 0, " "
    return 0, usual


def _is_headless(body: Sequence[Line], separator: str) -> bool:
    """Tell whether the first line is data: not so, if only it begins with a word."""
    first, *below = [_fields(line, separator) for _, line in body[:2]]
    words = [bool(cells) and not _is_data(cells[:1]) for cells in (first, *below)]
    return _is_data(first) and not (first[0].strip() and words[0] and not all(words))


def _has_calendar(body: Sequence[Line]) -> bool:
    return any(_CALENDAR.match(line.strip()) for _, line in body[:_HEAD])


def _goes_on(head: Sequence[Sequence[str]], width: int) -> bool:
    """Tell whether a line is followed by data of its width."""
    below = head[1:4]
    return bool(below) and all(len(cells) == width and _is_data(cells) for cells in below)


def _first_of_names(head: Sequence[Sequence[str]], at: int) -> int:
    """Go up from the last line before the data while there is a name for each column."""
    width = len(head[at])
    while at > 0 and len(head[at - 1]) == width and not _is_data(head[at - 1]):
        if sum(bool(cell.strip()) for cell in head[at - 1]) < width - 1:
            break
        at -= 1
    return at


def _fits(cells: Sequence[str], width: int) -> bool:
    return len(cells) >= width and not any(cell.strip() for cell in cells[width:])


def _fields(line: str, separator: str) -> list[str]:
    if separator == " ":
        return line.split()
    return next(csv.reader([line], delimiter=separator), [])


def _is_data(cells: Sequence[str]) -> bool:
    """Tell whether a line is a row of data: some cells are numbers or dates, as many as others."""
    texts = [cell.strip() for cell in cells]
    values = sum(bool(_NUMBER.fullmatch(t) or _DATE.fullmatch(t)) for t in texts)
    words = sum(not _EMPTY.fullmatch(t) for t in texts) - values
    return values > 0 and values >= words


def _refuse_units(header: Sequence[str], row: Sequence[str], line: int, source: str) -> None:
    """Refuse a first row without a number or date: units, formats, or more names."""
    words = [i for i, cell in enumerate(row) if not _EMPTY.fullmatch(cell.strip())]
    if not words or any(_is_data([row[i]]) for i in words) or not _fits(row, len(header)):
        return
    at = words[-1]
    name, unit = header[min(at, len(header) - 1)], row[at].strip().strip("[]()")
    raise InputError(
        f"{source}, line {line}: {', '.join(cell.strip() for cell in row)!r} is no data, but a "
        f"line of units, formats or more names; write the units into the header, as in "
        f"'{name} [{unit}]', and take the line out"
    )


def _behind_hash(comments: Sequence[Line], data: Line, separator: str) -> Line | None:
    """The header, if it is the last line behind a ``#`` and as wide as the data."""
    width = len(_fields(data[1], separator))
    for number, line in reversed(comments):
        names = line.lstrip("#").strip("\r\n ")
        cells = _fields(names, separator)
        if len(cells) == width and not _is_data(cells):
            return number, names + "\n"
    return None


def _records(body: Sequence[Line], separator: str, source: str) -> list[list[str]]:
    if separator == " ":
        return [line.split() for _, line in body]
    records = list(csv.reader((line for _, line in body), delimiter=separator))
    if len(records) != len(body):
        raise InputError(f'{source}: a quotation mark (") is opened and not closed on its line')
    return records


def _fit(row: list[str], header: list[str], line: int, source: str) -> list[str]:
    n = len(header)
    if len(row) > n and not any(cell.strip() for cell in row[n:]):
        return row[:n]
    if len(row) == n:
        return row
    hint = (
        " (numbers with decimal commas need semicolons or tabs between the columns; R's names of "
        "rows need a name, too: row.names = FALSE)"
        if len(row) > n
        else ""
    )
    raise InputError(
        f"{source}, line {line}: {len(row)} fields, but the header has {n} columns{hint}"
    )
