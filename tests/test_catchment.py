"""Daily data given in Python: the same checks as for files, selection, and DataFrames."""

import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest

from gr4jstan.errors import InputError
from gr4jstan.reading.catchment import Catchment, require_observations
from gr4jstan.reading.datasets import load_dataset

DATES = pd.date_range("2012-02-20", periods=30)


def catchment(**changes: object) -> Catchment:
    i = np.arange(30.0)
    data = {"P": i, "E": i / 3, "Q": i / 4, "dates": DATES, **changes}
    return Catchment("upper", **data)  # type: ignore[arg-type]


def with_value(day: int, value: float) -> np.ndarray:
    series = np.ones(30)
    series[day] = value
    return series


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"P": with_value(3, np.nan)}, "precipitation (column 'P') is missing on 1 day (2012-"),
        ({"P": with_value(3, np.nan), "dates": None}, "missing on 1 day (day 3, counted from 0)"),
        ({"E": with_value(3, -2)}, "(column 'E') is negative on 1 day (2012-02-23: -2)"),
        ({"E": with_value(3, np.inf)}, "(column 'E') is infinite on 1 day (2012-02-23: inf)"),
        ({"P": -np.arange(30.0)}, "29 days (2012-02-21: -1, 2012-02-22: -2, 2012-02-23: -3, ...)"),
        ({"Q": with_value(3, -2)}, "streamflow (column 'Q') is negative on 1 day (2012-02-23: -2)"),
        ({"E": np.ones(29)}, "the series differ in length: P 30, E 29, Q 30, dates 30"),
        ({"P": np.ones((30, 1))}, "one-dimensional"),
        ({"P": ["a"] * 30}, "(column 'P') is not numeric"),
        ({"P": [], "E": [], "Q": None, "dates": None}, "upper holds no days"),
        ({"dates": DATES + pd.to_timedelta(np.arange(30) // 20, "D")}, "1 gap in the dates"),
        ({"dates": DATES + pd.to_timedelta(np.arange(30), "h")}, "without a time of day"),
        ({"dates": ["x"] * 30}, "row 1: 'x' is not a date that is understood"),
        ({"dates": [1j] * 30}, "the dates cannot be understood"),
        ({"dates": [*DATES[:29], None]}, "1 date missing"),
    ],
)  # fmt: skip
def test_arrays_are_checked_like_files(changes: dict, says: str) -> None:
    with pytest.raises(InputError, match=r"^upper") as refused:
        catchment(**changes)
    assert says in str(refused.value)


def test_what_was_given_is_neither_changed_nor_shared() -> None:
    flow = with_value(5, -999.0)
    made = catchment(Q=flow)
    assert flow[5] == -999.0
    assert np.isnan(made.Q[5])
    assert made.notes == (
        "-999 read as missing in column 'Q' (1 day)",
        "1 of 30 days has no Q (first 2012-02-25)",
    )
    with pytest.raises(ValueError, match="read-only"):
        made.P[0] = 1.0


def test_dates_with_a_time_zone_are_the_days_of_that_zone() -> None:
    made = catchment(dates=DATES.tz_localize("Europe/Berlin"))
    assert made.label(0) == "2012-02-20"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2012-02-28", "2012-03-02"),
        ("28.02.2012", "2012-03-02 00:00"),
        (dt.date(2012, 2, 28), pd.Timestamp("2012-03-02")),
        (np.datetime64("2012-02-28"), dt.datetime(2012, 3, 2)),
    ],
)
def test_selection_by_date_includes_both_ends(start: object, end: object) -> None:
    part = catchment().select(start, end)  # type: ignore[arg-type]
    assert part.dates is not None
    assert list(part.dates.strftime("%m-%d")) == ["02-28", "02-29", "03-01", "03-02"]
    np.testing.assert_array_equal(part.P, [8, 9, 10, 11])
    np.testing.assert_array_equal(part.Q, [2, 2.25, 2.5, 2.75])


def test_selection_by_day_number_and_of_everything() -> None:
    undated = catchment(dates=None)
    np.testing.assert_array_equal(undated.select(3, "5").P, [3, 4, 5])
    assert len(undated.select()) == 30


def test_notes_of_a_selection_count_its_own_days() -> None:
    whole = catchment(Q=[np.nan] * 10 + [1.0] * 20)
    assert whole.notes == ("10 of 30 days have no Q (first 2012-02-20)",)
    assert whole.select(start="2012-02-29").notes == ("1 of 21 days has no Q (first 2012-02-29)",)
    assert whole.select(start="2012-03-01").notes == ()


@pytest.mark.parametrize(
    ("changes", "start", "end", "says"),
    [
        ({}, "2012-02-19", None, "--start (start=): 2012-02-19 is outside the data of upper, which "
         "go from 2012-02-20 to 2012-03-20"),
        ({}, None, "2013-01-01", "--end (end=): 2013-01-01 is outside"),
        ({}, "2012-03-02", "2012-03-01", "the end 2012-03-01 is before the start 2012-03-02"),
        ({}, "March", None, "--start (start=): 'March' is not a date; write it as YYYY-MM-DD"),
        ({}, "2011", None, "--start (start=): 2011 is outside"),
            ({}, "2012-13", None, "'2012-13' is not a date"),
        ({}, "01/03/2012", None, "'01/03/2012' is not a date"),
        ({}, 3, None, "3 is not a date"),
        ({"dates": None}, "2012-02-28", None, "is not a day number; upper has no dates"),
        ({"dates": None}, 30, None, "data of upper, which go from day 0 to day 29"),
        ({"dates": None}, -1, None, "-1 is outside"),
    ],
)  # fmt: skip
def test_selections_that_cannot_be_made(
    changes: dict, start: object, end: object, says: str
) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        catchment(**changes).select(start, end)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("Q", "options", "says"),
    [
        (None, {}, "upper: there is no streamflow to calibrate on"),
        ([np.nan] * 30, {}, "streamflow (column 'Q') is missing on all 30 days"),
        ([np.nan] * 25 + [1.0] * 5, {}, "too few days: streamflow (column 'Q') is observed on 5"),
        ([1.0] * 25 + [np.nan] * 5, {"warmup": 20}, "observed on 5 days after 20 days of warm-up"),
        ([1.0] * 30, {"warmup": 30}, "too few days: 30 days, 30 of warm-up among them"),
        ([1.0] * 30, {"minimum": 31}, "at least 31 are needed"),
    ],
)
def test_calibration_needs_observations(Q: list | None, options: dict, says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        require_observations(catchment(Q=Q), **options)


def test_ten_observed_days_are_enough() -> None:
    require_observations(catchment(Q=[1.0] * 10 + [np.nan] * 20))


FRAME = catchment().to_frame()


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(FRAME, id="date index"),
        pytest.param(FRAME.rename_axis(None), id="unnamed index"),
        pytest.param(FRAME.reset_index(), id="date column"),
        pytest.param(FRAME.reset_index().astype({"date": str}), id="dates as text"),
        pytest.param(FRAME.tz_localize("Europe/Berlin"), id="time zone"),
        pytest.param(FRAME.to_period("D"), id="periods"),
        pytest.param(FRAME.rename(columns={"P": "rainfall[mm]", "Q": "Qmm"}), id="other names"),
        pytest.param(FRAME.astype({"P": "Int64"}), id="integers"),
    ],
)
def test_frames_in_many_shapes(frame: pd.DataFrame) -> None:
    made = Catchment.from_frame(frame, name="upper")
    pd.testing.assert_frame_equal(made.to_frame(), FRAME, check_freq=False, check_exact=True)
    assert made.name == "upper"


def test_frames_without_dates_count_days() -> None:
    made = Catchment.from_frame(FRAME.reset_index(drop=True))
    assert made.dates is None
    assert made.to_frame().index.name == "day"


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (FRAME.assign(runoff=1.0), "'Q', 'runoff' could each be streamflow"),
        (FRAME.iloc[::2], "not daily but 2 days"),
        (FRAME.assign(P=None), "(column 'P') is missing on 30 days"),
        (FRAME.assign(E="dry"), "data, row 1 (2012-02-20), column 'E': 'dry' is not a number"),
        (FRAME.iloc[:0], "the data frame is empty"),
        ({"P": [1]}, "a pandas DataFrame is needed, or one of polars, pyarrow or xarray, not dict"),
    ],
)
def test_frames_that_cannot_be_used(frame: pd.DataFrame, says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        Catchment.from_frame(frame)


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2013", "2014", "2013-01-01", "2014-12-31"),
        ("2013-02", "2016-02", "2013-02-01", "2016-02-29"),
        ("2013-02-03", "2014", "2013-02-03", "2014-12-31"),
    ],
)
def test_a_year_or_month_is_its_first_or_last_day(
    start: str, end: str, first: str, last: str
) -> None:
    part = load_dataset("example").select(start, end)
    assert (part.label(0), part.label(len(part) - 1)) == (first, last)
