"""Frames and arrays of Python: nothing of their indexes, masks and missing values is lost."""

import importlib
import importlib.util
import re
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import xarray as xr

import gr4jstan
from gr4jstan.errors import InputError
from gr4jstan.reading.catchment import Catchment

# polars itself is large, and goes the same way as pyarrow.
polars = None if importlib.util.find_spec("polars") is None else importlib.import_module("polars")


class Lazy:
    """Like a frame that is not computed yet."""

    def collect(self) -> object: ...


N = 30
DATES = pd.date_range("2012-02-20", periods=N, name="date").as_unit("ns")
RAMP = np.arange(float(N))
FRAME = pd.DataFrame({"P": RAMP, "E": RAMP / 3, "Q": RAMP / 4}, index=DATES)


def cf_days(calendar: str = "standard") -> xr.CFTimeIndex:
    return xr.date_range("2012-02-20", periods=N, calendar=calendar, use_cftime=True)


def with_index(index: object) -> pd.DataFrame:
    return FRAME.set_axis(index, axis=0)  # type: ignore[arg-type]


LEVELS = pd.MultiIndex.from_arrays(
    [DATES.year, DATES.month, DATES.day], names=["year", "month", "day"]
)
INDEXES = {
    "text": DATES.strftime("%Y-%m-%d"),
    "text with a name": DATES.strftime("%d.%m.%Y").rename("Datum"),
    "objects": pd.Index(list(DATES), dtype=object),
    "datetime.date": pd.Index([day.date() for day in DATES], dtype=object),
    "cftime": cf_days(),
    "periods": DATES.to_period("D"),
    "numbers": pd.Index([int(day) for day in DATES.strftime("%Y%m%d")]),
    "zone": DATES.tz_localize("Europe/Berlin"),
    "gauge and date": pd.MultiIndex.from_product([["X1"], DATES], names=["gauge", "date"]),
    "levels without names": pd.MultiIndex.from_product([["X1"], DATES]),
    "year, month, day": LEVELS,
}


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
def test_dates_are_taken_from_an_index_of_any_kind(index: object) -> None:
    made = Catchment.from_frame(with_index(index))
    pd.testing.assert_frame_equal(made.to_frame(), FRAME, check_freq=False, check_exact=True)
    holed = with_index(index).drop(with_index(index).index[5:8])
    with pytest.raises(InputError, match="1 gap in the dates, 3 days missing"):
        Catchment.from_frame(holed)


@pytest.mark.parametrize(
    ("index", "says"),
    [
        (cf_days("noleap"), "the dates are of the calendar 'noleap'"),
        (cf_days("360_day"), "the dates are of the calendar '360_day'"),
        (DATES.strftime("%d %B %Y"), "'20 February 2012' is not a date that is understood"),
        (pd.period_range("2012-02", periods=N, freq="M"), "'2012-02' is not a date"),
        (pd.to_timedelta(np.arange(N), "D"), "is not a date that is understood"),
        (pd.date_range("2012-02-20", periods=N, freq="h"), "sub-daily"),
        (pd.Index([*range(10), *range(15, 35)]), "15 follows 9"),
        (pd.Index([f"{day:%b %d}" for day in DATES], name="x"), "column 'x' ('Feb 20') looks like"),
    ],
)
def test_an_index_that_is_not_understood_is_refused(index: object, says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        Catchment.from_frame(with_index(index))
    if "calendar" not in says:
        assert Catchment.from_frame(with_index(index), no_dates=True).dates is None


def test_an_index_that_counts_is_no_date() -> None:
    assert Catchment.from_frame(FRAME.reset_index(drop=True)).dates is None
    rows = FRAME.reset_index().set_axis(range(7, 7 + N), axis=0)
    assert list(Catchment.from_frame(rows).dates) == list(DATES)


LIBRARIES = {
    "pyarrow": lambda: pa.table(FRAME.reset_index().to_dict("list")),
    "xarray": lambda: xr.Dataset.from_dataframe(FRAME),
    "xarray of one gauge": lambda: xr.Dataset.from_dataframe(FRAME).expand_dims(gauge=["X1"]),
    "xarray with cftime": lambda: xr.Dataset.from_dataframe(FRAME).assign_coords(date=cf_days()),
    "nullable": lambda: FRAME.convert_dtypes(),
    "arrow dtypes": lambda: FRAME.reset_index().convert_dtypes(dtype_backend="pyarrow"),
    "objects": lambda: FRAME.astype(object),
    "decimals": lambda: FRAME.map(lambda x: Decimal(repr(x))),
    "text": lambda: FRAME.map(repr),
}
if polars:
    LIBRARIES["polars"] = lambda: polars.DataFrame(FRAME.reset_index().to_dict("list"))


@pytest.mark.parametrize("make", LIBRARIES.values(), ids=LIBRARIES)
def test_frames_of_other_libraries_and_dtypes(make: Callable[[], object]) -> None:
    made = Catchment.from_frame(make())  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(made.to_frame(), FRAME, check_freq=False, check_exact=True)


@pytest.mark.parametrize("missing", [None, pd.NA, np.nan, Decimal("nan")])
def test_missing_values_of_any_kind_are_missing(missing: object) -> None:
    def put(column: str) -> pd.DataFrame:
        values = FRAME[column].astype(object)
        values.iloc[3] = missing
        return FRAME.assign(**{column: values})

    assert np.flatnonzero(np.isnan(Catchment.from_frame(put("Q")).Q)).tolist() == [3]
    with pytest.raises(InputError, match=r"missing on 1 day \(2012-02-23"):
        Catchment.from_frame(put("P"))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (Lazy(), "call its .collect() first"),
        (FRAME.P, "a Series is one column"),
        (xr.DataArray(RAMP), "a DataArray is one variable"),
        (xr.Dataset({"P": (("time", "gauge"), np.ones((3, 2)))}), "time (3), gauge (2); choose"),
        ([1, 2], "a pandas DataFrame is needed, or one of polars, pyarrow or xarray, not list"),
        (xr.Dataset.from_dataframe(FRAME).assign_coords(date=cf_days("noleap")), "'noleap'"),
    ],
)
def test_what_is_no_frame_of_one_catchment_is_told_what_to_do(data: object, says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        Catchment.from_frame(data)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=re.escape(says)):
        gr4jstan.fit(data)  # type: ignore[arg-type]


# --- arrays ------------------------------------------------------------------------------------


def catchment(**changes: object) -> Catchment:
    data = {"P": RAMP, "E": RAMP / 3, "Q": RAMP / 4, "dates": DATES, **changes}
    return Catchment("upper", **data)  # type: ignore[arg-type]


@pytest.mark.parametrize("fill", [1e20, 0.0, -999.0])
def test_what_is_masked_is_missing(fill: float) -> None:
    mask = np.arange(N) == 3
    masked = np.ma.masked_array(np.where(mask, fill, 1.0), mask, fill_value=fill)
    assert np.flatnonzero(np.isnan(catchment(Q=masked).Q)).tolist() == [3]
    for name in "PE":
        with pytest.raises(InputError, match=r"missing on 1 day \(2012-02-23"):
            catchment(**{name: masked})
    whole = np.ma.masked_array(np.arange(N), mask=mask)
    assert np.flatnonzero(np.isnan(catchment(Q=whole).Q)).tolist() == [3]
    with pytest.raises(InputError, match="1 date missing"):
        catchment(dates=np.ma.masked_array(DATES.to_numpy(), mask))


@pytest.mark.parametrize(
    "values",
    [
        pd.array([1.0] * 3 + [pd.NA] + [1.0] * 26, dtype="Float64"),
        pd.Series([1] * 3 + [pd.NA] + [1] * 26, dtype="Int64"),
        pd.Series([1] * 3 + [None] + [1] * 26, dtype="double[pyarrow]"),
        pa.array([1.0] * 3 + [None] + [1.0] * 26),
        pa.chunked_array([[1.0] * 3 + [None] + [1.0] * 26]),
        [Decimal(1)] * 3 + [None] + [Decimal(1)] * 26,
        xr.DataArray([1.0] * 3 + [np.nan] + [1.0] * 26),
    ],
    ids=lambda values: type(values).__module__,
)
def test_arrays_of_other_libraries(values: object) -> None:
    made = catchment(Q=values)
    assert np.flatnonzero(np.isnan(made.Q)).tolist() == [3]
    assert made.Q[4] == 1.0


@pytest.mark.parametrize("values", [DATES, [1j] * N, DATES - DATES[0], ["dry"] * N, [True] * N])
def test_what_is_not_numbers_is_refused(values: object) -> None:
    with pytest.raises(InputError, match=r"\(column 'P'\) is not numeric"):
        catchment(P=values)


@pytest.mark.parametrize("dates", [DATES, None, list(DATES), pd.Series(DATES), DATES.to_numpy()])
def test_series_are_brought_into_the_order_of_the_dates(dates: object) -> None:
    made = catchment(P=FRAME.P, E=FRAME.E[::-1], Q=FRAME.Q.sample(frac=1, random_state=1),
                     dates=dates)  # fmt: skip
    pd.testing.assert_frame_equal(made.to_frame(), FRAME, check_freq=False)


def test_dataarrays_are_aligned_like_series() -> None:
    made = catchment(P=xr.DataArray.from_series(FRAME.P[::-1]), dates=DATES)
    np.testing.assert_array_equal(made.P, RAMP)


def test_columns_of_one_frame_belong_together() -> None:
    rows = FRAME.reset_index().set_axis(range(100, 100 + N), axis=0)
    made = catchment(P=rows.P, E=rows.E, Q=rows.Q, dates=rows.date)
    pd.testing.assert_frame_equal(made.to_frame(), FRAME, check_freq=False)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"P": FRAME.P.shift(1, freq="D")}, "the index of P (30 rows, 2012-02-21 00:00:00 to"),
        ({"P": FRAME.P.set_axis(DATES.strftime("%F"), axis=0)}, "is not that of dates"),
        (
            {"E": FRAME.E.set_axis(DATES.strftime("%F"), axis=0), "P": FRAME.P, "dates": None},
            "is not that of P",
        ),
        ({"Q": FRAME.Q[:-1]}, "is not that of dates (30 rows"),
        ({"P": FRAME.P, "Q": FRAME.Q.shift(1, freq="D"), "dates": None}, "is not that of P"),
        ({"P": FRAME.P.set_axis(range(5, 5 + N), axis=0), "dates": None}, "neither dates nor a co"),
        ({"P": FRAME.P.set_axis(range(5, 5 + N), axis=0)}, "the index of P (30 rows, 5 to 34)"),
        ({"P": FRAME.P.set_axis([DATES[0]] * N, axis=0), "dates": None}, "stands several times"),
    ],
)
def test_series_that_do_not_belong_together_are_refused(changes: dict, says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        catchment(**changes)


@pytest.mark.parametrize(
    "dates",
    [
        DATES.strftime("%Y-%m-%d"),
        list(DATES.strftime("%d.%m.%Y")),
        [DATES[0], *DATES[1:].strftime("%Y-%m-%d")],
        [int(day) for day in DATES.strftime("%Y%m%d")],
        [day.date() for day in DATES],
        DATES.to_period("D"),
        cf_days(),
        xr.DataArray(DATES),
        pa.array(list(DATES)),
    ],
)
def test_dates_of_any_kind_are_the_same_days(dates: object) -> None:
    assert list(catchment(dates=dates).dates) == list(DATES)


@pytest.mark.parametrize(
    ("dates", "says"),
    [
        (cf_days("noleap"), "calendar 'noleap'"),
        ([f"{i % 12 + 1:02d}/01/2012" for i in range(N)], "day and month cannot be told apart"),
        (np.arange(N), "is not a date that is understood"),
        (DATES.strftime("%Y-%m-%d 12:00"), "? Give the days, without a time of day"),
        (DATES + pd.Timedelta("12h"), "without a time of day (first 2012-02-20 12:00:00); give"),
        (pd.date_range(DATES[0], periods=N, freq="h"), "sub-daily data must be aggregated"),
        (pd.period_range("2012-02", periods=N, freq="M"), "not days but of frequency M"),
    ],
)
def test_dates_that_are_not_days_are_refused(dates: object, says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        catchment(dates=dates)


@pytest.mark.parametrize("name", ["P", "E"])
def test_the_simulator_takes_masked_days_for_missing(name: str) -> None:
    forcing = {"P": np.ones(9), "E": np.ones(9), name: np.ma.masked_equal(np.arange(9.0), 3.0)}
    with pytest.raises(InputError, match=rf"{name} must be finite.* got nan at index 3"):
        gr4jstan.simulate(**forcing, x1=300.0, x2=0.0, x3=60.0, x4=1.5)
