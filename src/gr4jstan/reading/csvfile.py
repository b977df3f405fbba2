"""Reading a catchment from a CSV file."""

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from gr4jstan.errors import InputError
from gr4jstan.findings import Finding, note
from gr4jstan.options import takes
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.layout import Layout, split_table
from gr4jstan.reading.netcdf import NETCDF, netcdf_cells
from gr4jstan.reading.options import ReadingOptions
from gr4jstan.reading.request import Request
from gr4jstan.reading.tables import parse_table

# Far more than any catchment has: 2700 years; reading so much takes about 1 GB of memory.
_MOST_BYTES = 50_000_000
_MOST_LINES = 1_000_000

_EXCEL = "an Excel workbook; save the sheet with the daily values as CSV"
_KINDS = {
    b"PK\x03\x04": "a zip archive; unpack it, and give the CSV file that it holds",
    b"\xd0\xcf\x11\xe0": _EXCEL,
    b"\x1f\x8b": "compressed (gzip); unpack it with gunzip",
    b"BZh": "compressed (bzip2); unpack it with bunzip2",
    b"\xfd7zXZ": "compressed (xz); unpack it with unxz",
    b"7z\xbc\xaf": "a 7-Zip archive; unpack it, and give the CSV file that it holds",
    b"SQLite format 3": "a database (SQLite); export the daily values of a gauge as CSV",
    b"PAR1": "a Parquet file; read it with pandas.read_parquet, and give gr4jstan the frame",
    b"ARROW1": "a Feather file; read it with pandas.read_feather, and give gr4jstan the frame",
    b"%PDF": "a PDF document; a CSV file is needed",
    b"<!DOCTYPE": "a web page, not data; was the download refused?",
    b"<html": "a web page, not data; was the download refused?",
    b"<?xml": "an XML file; export the daily values as CSV",
    b"{": "a JSON file; ask the service for CSV, or write the daily values as CSV",
    b"[{": "a JSON file; ask the service for CSV, or write the daily values as CSV",
}


@takes(ReadingOptions)
def read_csv(
    path: str | os.PathLike[str],
    *,
    forcing_only: bool = False,
    **options: Unpack[ReadingOptions],
) -> Catchment:
    """Read daily precipitation, potential evapotranspiration and streamflow from a CSV file.

    The separator (``,``, ``;``, tab or blanks), a byte-order mark and decimal commas are
    recognised, and so are the common names of the columns (airGR, CAMELS, Caravan), a header
    behind ``#``, and lines before the header. Nothing is filled in or changed, except that missing
    streamflow becomes NaN. What looks like dates is read as such, or refused by name. Where there
    is no column of E but one of mean temperature, E is computed by `gr4jstan.pet.oudin`.
    Streamflow in another unit than mm/d is converted with the catchment's area.

    Parameters
    ----------
    path : str or path
        A text file with one header line and one line per day, oldest first; or a NetCDF file.
    forcing_only : bool, default False
        Do not look at streamflow.
    **options
        date_column, precip_column, pet_column, discharge_column : str, optional
            Names of the columns, where they are unusual or several could be meant. P and E in mm/d.
            The date column and the streamflow may be absent.
        date_format : str, optional
            For dates that are not understood or ambiguous, such as ``%d/%m/%Y`` or ``dd/mm/yyyy``.
        no_dates : bool, default False
            There are no dates, whatever looks like some: days count from 0.
        gauge : str, optional
            Which gauge to take, where a table or NetCDF file holds several.
        temperature_column : str, optional
            Name of the column of daily mean temperature [degC]; looked at only where there is no E.
        latitude : float, optional
            Degrees north; needed to compute E from temperature.
        area : float, optional
            Of the catchment [km2]; needed where Q is not in mm/d.
        flow_unit : str, optional
            Unit of Q, "mm/d", "m3/s", "l/s" or "cfs"; by default the one in the column's name, and
            mm/d where it has none.
        flow_limit : float, optional
            In the unit of Q: what is at or below it is only known to be so. By default half a step
            below the smallest flow above 0, where there is a 0.

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
    request = Request(forcing_only=forcing_only, **options)
    content = _read_bytes(path)
    if content.startswith(NETCDF):
        header, rows = netcdf_cells(path, source, request)
        table = parse_table(header, rows, source, replace(request, gauge=None))
        return Catchment(path.stem, source=source, **table._asdict())
    layout = split_table(_text_of(content, path), source)
    lines, found = layout.lines, _skipped(layout)
    table = parse_table(
        layout.header, layout.rows, source, request, lambda row: f"line {lines[row]}"
    )
    table = table._replace(remarks=(*found, *table.remarks))
    return Catchment(path.stem, source=source, **table._asdict())


def _skipped(layout: Layout) -> tuple[Finding, ...]:
    if not layout.skipped:
        return ()
    first, last = layout.skipped[0], layout.skipped[-1]
    lines = f"line {first}" if first == last else f"lines {first} to {last}"
    return (note("lines_not_read", f"{lines} before the header: not read"),)


def _read_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise InputError(f"{path} is a folder; a CSV file is needed")
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    if content.startswith(NETCDF):
        return content
    for magic, what in _KINDS.items():
        if content.startswith(magic):
            if magic == b"PK\x03\x04" and b"[Content_Types].xml" in content[:4000]:
                what = _EXCEL
            raise InputError(f"{path} is {what}")
    if len(content) > _MOST_BYTES or content.count(b"\n") > _MOST_LINES:
        raise InputError(
            f"{path} is too large for daily data of one catchment (more than "
            f"{_MOST_BYTES / 1e6:.0f} MB or {_MOST_LINES} lines); is it of many catchments, or "
            "sub-daily? Keep the columns and days that are needed"
        )
    return content


def _text_of(content: bytes, path: Path) -> str:
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
