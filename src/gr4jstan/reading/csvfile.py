"""Reading a catchment from a CSV file."""

import csv
import io
import os
import re
from pathlib import Path
from typing import Unpack

from gr4jstan.errors import InputError
from gr4jstan.options import takes
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.options import ReadingOptions
from gr4jstan.reading.request import Request
from gr4jstan.reading.tables import parse_table

_SEPARATORS = (";", "\t", ",")

# Far more than any catchment has: 2700 years; reading so much takes about 1 GB of memory.
_MOST_BYTES = 50_000_000
_MOST_LINES = 1_000_000


@takes(ReadingOptions)
def read_csv(
    path: str | os.PathLike[str],
    *,
    forcing_only: bool = False,
    **options: Unpack[ReadingOptions],
) -> Catchment:
    """Read daily precipitation, potential evapotranspiration and streamflow from a CSV file.

    The separator (``,``, ``;`` or tab), a byte-order mark and decimal commas are recognised, and so
    are the common names of the columns (airGR, CAMELS, Caravan). Nothing is filled in or changed,
    except that missing streamflow becomes NaN. Where there is no column of E but one of mean
    temperature, E is computed by `gr4jstan.pet.oudin`. Streamflow in another unit than mm/d is
    converted with the catchment's area.

    Parameters
    ----------
    path : str or path
        A text file with one header line and one line per day, oldest first.
    forcing_only : bool, default False
        Do not look at streamflow.
    **options
        date_column, precip_column, pet_column, discharge_column : str, optional
            Names of the columns, where they are unusual or several could be meant. P and E in mm/d.
            The date column and the streamflow may be absent.
        date_format : str, optional
            For dates that are not understood or ambiguous, such as ``%d/%m/%Y`` or ``dd/mm/yyyy``.
        temperature_column : str, optional
            Name of the column of daily mean temperature [degC]; looked at only where there is no E.
        latitude : float, optional
            Degrees north; needed to compute E from temperature.
        area : float, optional
            Of the catchment [km2]; needed where Q is not in mm/d.
        flow_unit : str, optional
            Unit of Q, "mm/d", "m3/s", "l/s" or "cfs"; by default the one in the column's name, and
            mm/d where it has none.

    Returns
    -------
    Catchment
        Named after the file. What the user should know is in its ``notes``.

    Raises
    ------
    InputError
        The file cannot be read as such a table; the message names file, column, and line or date.
        Or an option is unknown.
    """
    path = Path(path)
    source = str(path)
    header, rows, lines = _split(_read_text(path), source)
    request = Request(forcing_only=forcing_only, **options)
    table = parse_table(header, rows, source, request, lambda row: f"line {lines[row]}")
    return Catchment(path.stem, source=source, **table._asdict())


def _read_text(path: Path) -> str:
    if path.is_dir():
        raise InputError(f"{path} is a folder; a CSV file is needed")
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > _MOST_BYTES or content.count(b"\n") > _MOST_LINES:
        raise InputError(
            f"{path} is too large for daily data of one catchment (more than "
            f"{_MOST_BYTES / 1e6:.0f} MB or {_MOST_LINES} lines); is it of many catchments, or "
            "sub-daily? Keep the columns and days that are needed"
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif re.search(rb"[\x00-\x08\x0e-\x1f]", content):
        encodings = []
    else:
        encodings = ["utf-8-sig", "latin-1"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(f"{path} is not a text file; save or export the data as CSV")


def _split(text: str, source: str) -> tuple[list[str], list[list[str]], list[int]]:
    """Split text into header, data rows of the header's length, and their line numbers."""
    body = [
        (number, line)
        for number, line in enumerate(io.StringIO(text, newline=None), start=1)
        if line.strip() and not line.startswith("#") and not re.fullmatch(r"sep=.\s*", line)
    ]
    if not body:
        raise InputError(f"{source} is empty; a header line and one line per day are needed")
    delimiter = next((s for s in _SEPARATORS if s in body[0][1]), None)
    if delimiter is None:
        raise InputError(
            f"{source}, line {body[0][0]}: the header {body[0][1].strip()!r} is a single column; "
            "columns must be separated by comma, semicolon or tab"
        )
    records = list(csv.reader((line for _, line in body), delimiter=delimiter))
    if len(records) != len(body):
        raise InputError(f'{source}: a quotation mark (") is opened and not closed on its line')
    header = [name.strip() for name in records[0]]
    rows, lines = records[1:], [number for number, _ in body[1:]]
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    if not rows:
        raise InputError(f"{source} has a header and no data; one line per day is needed")
    return header, [_fit(r, header, n, source) for r, n in zip(rows, lines, strict=False)], lines


def _fit(row: list[str], header: list[str], line: int, source: str) -> list[str]:
    n = len(header)
    if len(row) > n and not any(cell.strip() for cell in row[n:]):
        return row[:n]
    if len(row) == n:
        return row
    hint = (
        " (numbers with decimal commas need semicolons or tabs between the columns)"
        if len(row) > n
        else ""
    )
    raise InputError(
        f"{source}, line {line}: {len(row)} fields, but the header has {n} columns{hint}"
    )
