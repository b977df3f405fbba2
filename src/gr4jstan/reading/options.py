"""The options of reading: which columns, in what form and units."""

import re
from typing import Annotated, TypedDict

from gr4jstan.options import Option, yes_or_no

# Those of `gr4jstan.reading.flow_units`, which costs an import of numpy.
FLOW_UNITS = (
    "mm/d", "m3/s", "l/s", "cfs", "mm/h", "m3/d", "ML/d", "MGD", "kcfs", "l/s/km2", "m3/s/km2",
)  # fmt: skip


def area_or_text(text: str) -> float | str:
    """A number of km2, or a number with its unit, which the reader checks.

    Raises
    ------
    ValueError
        The text does not begin with a number.
    """
    if re.match(r"\s*[+-]?\d*\.?\d+.*[a-zA-Z]+.*", text) and not text.lower().startswith("inf"):
        try:
            return float(text)
        except ValueError:
            return text
    return float(text)


class ForcingOptions(TypedDict, total=False):
    """Options of reading P and E."""

    date_column: Annotated[
        str | None,
        Option(
            "column of the dates; a file may have none (default: date, time or another common "
            "name)",
            metavar="NAME",
        ),
    ]
    precip_column: Annotated[
        str | None,
        Option(
            "column of the precipitation P [mm/d] (default: P, precip, prcp or another common "
            "name)",
            metavar="NAME",
        ),
    ]
    pet_column: Annotated[
        str | None,
        Option(
            "column of the potential evapotranspiration E [mm/d] (default: E, PET or another "
            "common name)",
            metavar="NAME",
        ),
    ]
    precip_unit: Annotated[
        str | None,
        Option(
            "unit of the precipitation, such as 0.1mm, inch or 'kg m-2 s-1' (default: the one that "
            "the column's name states, else mm/d)",
            metavar="UNIT",
        ),
    ]
    pet_unit: Annotated[
        str | None,
        Option(
            "unit of E, such as 0.1mm, inch or W/m2 (default: the one that the column's name "
            "states, else mm/d)",
            metavar="UNIT",
        ),
    ]
    temperature_column: Annotated[
        str | None,
        Option(
            "column of the daily mean temperature [degC], from which E follows where the file has "
            "no E (default: T, tmean or another common name)",
            metavar="NAME",
        ),
    ]
    latitude: Annotated[
        float | None,
        Option(
            "latitude of the catchment [degrees north], needed for E from temperature (formula of "
            "Oudin et al. 2005)",
            kind=float,
            metavar="DEG",
        ),
    ]
    date_format: Annotated[
        str | None,
        Option(
            "how dates are written, such as dd/mm/yyyy or %d/%m/%Y (default: found from the "
            "dates; those that could be read in two ways are refused)",
            metavar="FORMAT",
        ),
    ]
    no_dates: Annotated[
        bool,
        Option(
            "the file has no dates, whatever looks like some: its days count from 0",
            default=False,
            kind=yes_or_no,
        ),
    ]
    gauge: Annotated[
        str | None,
        Option(
            "which gauge to take of a table or NetCDF file that holds several (default: the "
            "only one)",
            metavar="ID",
        ),
    ]


class ReadingOptions(ForcingOptions, total=False):
    """Options of reading P, E and Q."""

    discharge_column: Annotated[
        str | None,
        Option(
            "column of the streamflow (default: Q, Qobs, discharge or another common name)",
            metavar="NAME",
        ),
    ]
    flow_unit: Annotated[
        str | None,
        Option(
            "unit of the streamflow: mm/d, mm/h, l/s/km2; with --area m3/s, l/s, m3/d, ML/d, MGD, "
            "cfs, kcfs (default: the one that the column's name states, else mm/d)",
            metavar="UNIT",
        ),
    ]
    area: Annotated[
        float | str | None,
        Option(
            "area of the catchment [km2], or with its unit, as 5390ha or 53.9mi2, for streamflow "
            "that is not a depth",
            kind=area_or_text,
            metavar="KM2",
        ),
    ]
    flow_limit: Annotated[
        float | None,
        Option(
            "streamflow [unit of the file] at or below which it is only known to be so; with 0, "
            "a 0 is no flow (default: half a step below the smallest flow, where a 0 is recorded)",
            kind=float,
            metavar="NUMBER",
        ),
    ]
