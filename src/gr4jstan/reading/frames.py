"""Data frames of whatever library as tables of text, the index among the columns."""

import datetime as dt
from typing import Any

import pandas as pd

from gr4jstan.errors import InputError
from gr4jstan.reading.dayindex import refuse_calendar

Cells = tuple[list[str], list[list[str]]]


def frame_cells(data: Any, name: str) -> Cells:
    """Write a data frame as header and text cells.

    Floats are written with all their digits, so that reading them gives the same numbers.

    Parameters
    ----------
    data : DataFrame of pandas, polars or another library that narwhals knows, or xarray Dataset
        An index of pandas becomes the first columns, unless it only counts the rows.
    name : str
        What messages call the data.

    Returns
    -------
    tuple of (list of str, list of list of str)

    Raises
    ------
    InputError
        It is no data frame, or its dates are of another calendar.
    """
    frame = data if isinstance(data, pd.DataFrame) else _to_pandas(data, name)
    columns = [(str(label), frame.iloc[:, i]) for i, label in enumerate(frame.columns)]
    columns = [*_index_columns(frame.index), *columns]
    cells = []
    for label, values in columns:
        as_list = values.tolist()
        refuse_calendar(as_list, f"{name}, column {label!r}")
        cells.append([_cell_text(value) for value in as_list])
    return [label for label, _ in columns], [list(row) for row in zip(*cells, strict=True)]


def _index_columns(index: pd.Index) -> list[tuple[str, pd.Index]]:
    """The levels of an index as columns; one that counts the rows from 0 is none."""
    if isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1:
        return []
    levels = [index.get_level_values(i) for i in range(index.nlevels)]
    unnamed = "index" if len(levels) == 1 else "level {}"
    return [
        (unnamed.format(i) if level.name is None else str(level.name), level)
        for i, level in enumerate(levels)
    ]


def _to_pandas(data: Any, name: str) -> pd.DataFrame:
    if type(data).__module__.partition(".")[0] == "xarray":
        return _from_xarray(data, name)
    if isinstance(data, pd.Series):
        raise InputError(
            f"{name}: a Series is one column; put P, E and Q into a DataFrame, for example with "
            "pandas.concat({'P': P, 'E': E, 'Q': Q}, axis=1)"
        )
    import narwhals

    try:
        frame = narwhals.from_native(data, eager_only=True)
    except TypeError:
        hint = "; call its .collect() first" if hasattr(data, "collect") else ""
        raise InputError(
            f"{name}: a pandas DataFrame is needed, or one of polars, pyarrow or xarray, not "
            f"{type(data).__name__}{hint}"
        ) from None
    return pd.DataFrame(
        {label: pd.Series(frame[label].to_list(), dtype=object) for label in frame.columns}
    )


def _from_xarray(data: Any, name: str) -> pd.DataFrame:
    if not hasattr(data, "data_vars"):
        raise InputError(
            f"{name}: a DataArray is one variable; put P, E and Q into a Dataset, for example "
            "with xarray.Dataset({'P': P, 'E': E, 'Q': Q})"
        )
    long = {str(dim): int(size) for dim, size in data.sizes.items() if size > 1}
    if len(long) > 1:
        shown = ", ".join(f"{dim} ({size})" for dim, size in long.items())
        raise InputError(
            f"{name}: the Dataset has the dimensions {shown}; choose one catchment first, for "
            "example with .isel or .sel, so that one of days is left"
        )
    one = data.squeeze(drop=True)
    frame: pd.DataFrame = one.to_dataframe()
    return frame


def _cell_text(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else repr(value)
    if isinstance(value, str):
        return value
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return ""
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "seconds")
    return str(value)
