"""A catchment from whatever it is given as."""

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from gr4jstan.errors import InputError
from gr4jstan.options import takes
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.csvfile import read_csv
from gr4jstan.reading.datasets import dataset_names, load_dataset
from gr4jstan.reading.options import ReadingOptions

if TYPE_CHECKING:
    import pandas as pd


@takes(ReadingOptions)
def as_catchment(
    data: "Catchment | pd.DataFrame | str | Path",
    *,
    forcing_only: bool = False,
    **columns: Unpack[ReadingOptions],
) -> Catchment:
    """Take a catchment, a data frame, the name of a built-in data set or the path of a file.

    Parameters
    ----------
    data : Catchment, DataFrame, str or path
    forcing_only : bool
        Do not look at streamflow.
    **columns
        Column names, the date format, gauge, latitude, area and flow unit, see
        `gr4jstan.read_csv`.

    Raises
    ------
    InputError
        If the data cannot be read, columns are named where there is nothing to choose, or an option
        is unknown.
    """
    named = [k for k, v in columns.items() if v is not None and v is not False]
    built_in = isinstance(data, str) and data in dataset_names()
    if isinstance(data, Catchment) or built_in:
        if named:
            raise InputError(f"{', '.join(named)} cannot be chosen: the data are not a file.")
        return data if isinstance(data, Catchment) else load_dataset(str(data))
    if isinstance(data, (str, Path)):
        return read_csv(data, forcing_only=forcing_only, **columns)
    return Catchment.from_frame(data, forcing_only=forcing_only, **columns)
