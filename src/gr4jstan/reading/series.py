"""Series given in Python: masks, missing values and indexes are taken for what they say."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gr4jstan.errors import InputError
from gr4jstan.reading.dayindex import as_index


def plain_values(values: Any) -> Any:
    """Write NaN for what a series says is missing: masked, or a library's own missing value.

    Parameters
    ----------
    values : array-like
        Also a NumPy masked array, or a Series of pandas or another library.

    Returns
    -------
    array-like
        An array, where the values were not plain before.

    Raises
    ------
    TypeError
        For dates, durations, complex numbers and truth values, which are not numbers of mm/d.
    """
    if isinstance(values, np.ma.MaskedArray):
        if values.dtype.kind in "biuf":
            return np.ma.filled(values.astype(np.float64), np.nan)
        return np.ma.filled(values.astype(object), np.nan)
    array = values
    if isinstance(values, pd.Series | pd.Index):
        array = values.to_numpy(dtype=object, na_value=np.nan)
    elif hasattr(values, "to_pylist"):
        array = np.array(values.to_pylist(), dtype=object)
    elif not isinstance(values, np.ndarray):
        array = values.to_numpy() if hasattr(values, "to_numpy") else np.asarray(values)
    if array.dtype.kind in "bmMc" or (
        array.dtype == object and any(isinstance(v, np.datetime64 | pd.Timestamp) for v in array)
    ):
        raise TypeError("not numbers")
    return array


def aligned(series: Mapping[str, Any], dates: Any, source: str) -> tuple[dict[str, Any], Any]:
    """Bring series with an index into the order of the dates.

    Parameters
    ----------
    series : dict of str to array-like or None
        What has no index is taken by position.
    dates : array-like or None
        The days, if they are given apart.
    source : str
        Start of the messages.

    Returns
    -------
    tuple of (dict of str to array-like, array-like)
        The series in the order of the dates; the dates, which are those of the indexes where they
        were not given.

    Raises
    ------
    InputError
        Indexes that differ from each other or from the dates.
    """
    given = {name: _as_pandas(values) for name, values in series.items()}
    dates = _as_pandas(dates)
    indexed = {n: s for n, s in given.items() if isinstance(s, pd.Series) and not _counts(s.index)}
    if not indexed:
        return given, _plain_dates(dates)
    by = "dates"
    if isinstance(dates, pd.Series) and all(
        isinstance(s, pd.Series) and _same(s.index, dates.index) for s in indexed.values()
    ):
        index, labels = dates.index, dates.to_numpy(dtype=object)
    elif dates is None:
        by, first = next(iter(indexed.items()))
        index = labels = first.index
    else:
        labels = dates
        index = _days_index(dates, source)
    _refuse_duplicates(index, by, source)
    out = dict(given)
    for name, values in indexed.items():
        if not _same(values.index, index):
            raise InputError(
                f"{source}: the index of {name} ({_span(values.index)}) is not that of {by} "
                f"({_span(index)}); reindex them alike, or give arrays (.to_numpy()) that are in "
                "the same order"
            )
        out[name] = values.reindex(index)
    if isinstance(labels, pd.Index) and not _has_dates(labels):
        raise InputError(
            f"{source}: the index of {by} ({_span(labels)}) is neither dates nor a count from 0; "
            "give dates=, or arrays (.to_numpy())"
        )
    return out, _plain_dates(labels)


def _as_pandas(values: Any) -> Any:
    """A DataArray with one dimension of labels as a Series; all else as it is."""
    if type(values).__module__.partition(".")[0] == "xarray" and hasattr(values, "dims"):
        if values.ndim == 1 and values.dims[0] in values.coords:
            return values.to_series()
        return values.to_numpy()
    return values


def _counts(index: pd.Index) -> bool:
    return isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1


def _has_dates(index: pd.Index) -> bool:
    return index.dtype == object or index.dtype.kind not in "iufb"


def _days_index(dates: Any, source: str) -> pd.Index:
    if isinstance(dates, pd.Series):
        dates = dates.to_numpy(dtype=object)
    return dates if isinstance(dates, pd.Index) else as_index(dates, source)


def _plain_dates(dates: Any) -> Any:
    if isinstance(dates, pd.Series):
        return dates.to_numpy(dtype=object)
    return dates


def _same(one: pd.Index, other: pd.Index) -> bool:
    return len(one) == len(other) and one.is_unique and bool((one.get_indexer(other) >= 0).all())


def _refuse_duplicates(index: pd.Index, name: str, source: str) -> None:
    if not index.is_unique:
        twice = index[index.duplicated()][0]
        raise InputError(f"{source}: {twice} stands several times in the index of {name}")


def _span(index: pd.Index) -> str:
    return f"{len(index)} rows, {index[0]} to {index[-1]}" if len(index) else "no rows"
