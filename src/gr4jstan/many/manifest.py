"""The list of catchments that are calibrated together: a CSV file with one row a catchment."""

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gr4jstan.errors import InputError
from gr4jstan.model.priors import parse_prior_settings
from gr4jstan.model.programs import CHOICES

# What a row may set: how the file is read, and how the catchment is calibrated.
READING: dict[str, Callable[[str], Any]] = {
    "date_column": str,
    "precip_column": str,
    "pet_column": str,
    "temperature_column": str,
    "discharge_column": str,
    "date_format": str,
    "flow_unit": str,
    "area": float,
    "latitude": float,
}
CALIBRATING: dict[str, Callable[[str], Any]] = {
    "start": str,
    "end": str,
    "warmup": str,
    "validation_start": str,
    "validation_end": str,
    "gradient": str,
    "truncate_mode": str,
    "truncate_steps": int,
    "subsample": int,
    "error_model": str,
    "sigma": float,
    "priors": str,
    "initial_states": str,
    "prior_settings": lambda text: parse_prior_settings(text.split()),
    "chains": int,
    "iter_warmup": int,
    "iter_sampling": int,
    "adapt_delta": float,
    "max_treedepth": int,
    "seed": int,
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
            options[name] = _OPTIONS[name](text)
        except InputError as error:
            raise InputError(f"{where}, column {name}: {error}") from None
        except ValueError:
            raise InputError(f"{where}, column {name}: {text!r} is not a number.") from None
        if name in CHOICES and text not in CHOICES[name]:
            raise InputError(
                f"{where}, column {name}: {text!r}; choose one of {', '.join(CHOICES[name])}."
            )
    return Entry(row["id"], folder / row["file"], options)
