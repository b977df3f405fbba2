"""The options of reading: which columns, in what form and units."""

from typing import Annotated, TypedDict

from gr4jstan.options import Option, yes_or_no

# Those of `gr4jstan.reading.flow_units`, which costs an import of numpy.
FLOW_UNITS = ("mm/d", "m3/s", "l/s", "cfs")


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
            "unit of the streamflow; all but mm/d need --area (default: the one that the column's "
            "name states, else mm/d)",
            choices=FLOW_UNITS,
        ),
    ]
    area: Annotated[
        float | None,
        Option(
            "area of the catchment [km2], for streamflow that is not in mm/d",
            kind=float,
            metavar="KM2",
        ),
    ]
