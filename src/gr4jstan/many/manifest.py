"""The list of catchments that are calibrated together: a CSV file with one row a catchment."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gr4jstan.errors import InputError
from gr4jstan.fitting.options import CalibrationOptions
from gr4jstan.options import Option, table_of
from gr4jstan.reading.options import ReadingOptions

# What a row may set: how the file is read, and how the catchment is calibrated.
READING = table_of(ReadingOptions)
CALIBRATING = {
    name: option
    for name, option in table_of(CalibrationOptions).items()
    if option.help and option.of_the_result
}
_OPTIONS = READING | CALIBRATING

# It names a folder, on whatever file system.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Entry:
    """A catchment of a manifest.

    Parameters
    ----------
    id : str
        Its name, and that of its folder.
    file : Path
        Its data.
    options : dict
        What the row sets, under the names of `gr4jstan.fit` and `gr4jstan.read_csv`; a validation
        period by ``validation_start`` and ``validation_end``.
    """

    id: str
    file: Path
    options: dict[str, Any]


def read_manifest(path: str | Path) -> tuple[Entry, ...]:
    """Read a manifest.

    Parameters
    ----------
    path : str or path
        A CSV file with the columns ``id`` and ``file`` (absolute, or relative to the manifest) and
        any options of ``fit``, under their names with underscores. An empty cell sets nothing.
        ``prior_settings`` holds pairs NAME=NUMBER, separated by blanks.

    Returns
    -------
    tuple of Entry

    Raises
    ------
    InputError
        If it cannot be read, a column is unknown or missing, an id is empty, unusable as the name
        of a folder or stands twice, or a cell is not what its column needs.
    """
    place = Path(path)
    try:
        lines = place.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file in UTF-8.") from None
    separator = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    rows = csv.reader(lines, delimiter=separator)
    header = [name.strip() for name in next(rows, [])]
    _check_header(str(path), header)
    entries: dict[str, Entry] = {}
    for cells in rows:
        where = f"{path}, line {rows.line_num}"
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise InputError(f"{where}: {len(cells)} cells, but the header has {len(header)}.")
        entry = _entry(where, place.parent, dict(zip(header, map(str.strip, cells), strict=True)))
        if entry.id.lower() in entries:
            raise InputError(f"{where}: the id {entry.id!r} stands twice; each names a folder.")
        entries[entry.id.lower()] = entry
    if not entries:
        raise InputError(f"{path} lists no catchments.")
    return tuple(entries.values())


def _check_header(path: str, header: list[str]) -> None:
    for name in ("id", "file"):
        if name not in header:
            raise InputError(f"{path}: there is no column {name!r}; a manifest needs id and file.")
    for name in header:
        if name not in ("id", "file", *_OPTIONS):
            raise InputError(
                f"{path}: the column {name!r} is unknown; beside id and file there may be "
                f"{', '.join(_OPTIONS)}."
            )
        if header.count(name) > 1:
            raise InputError(f"{path}: the column {name!r} stands twice.")


def _entry(where: str, folder: Path, row: Mapping[str, str]) -> Entry:
    if not _ID.fullmatch(row["id"]):
        raise InputError(
            f"{where}: the id {row['id']!r} cannot name a folder; use letters, digits, '.', '_' "
            "and '-'."
        )
    if not row["file"]:
        raise InputError(f"{where}: the file of {row['id']} is missing.")
    options = {}
    for name, text in row.items():
        if name in ("id", "file") or not text:
            continue
        try:
            options[name] = _value(_OPTIONS[name], text)
        except InputError as error:
            raise InputError(f"{where}, column {name}: {error}") from None
        except ValueError:
            raise InputError(f"{where}, column {name}: {text!r} is not a number.") from None
        choices = _OPTIONS[name].choices
        if choices and text not in choices:
            raise InputError(
                f"{where}, column {name}: {text!r}; choose one of {', '.join(choices)}."
            )
    return Entry(row["id"], folder / row["file"], options)


def _value(option: Option, text: str) -> Any:
    return option.kind(text.split() if option.repeated else text)
