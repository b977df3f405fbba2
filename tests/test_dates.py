"""No day is assumed: dates are read, refused by name, or denied by the user."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gr4jstan.cli.parser import build_parser
from gr4jstan.errors import InputError
from gr4jstan.many.manifest import read_manifest
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.csvfile import read_csv
from gr4jstan.reading.sources import as_catchment

DAYS = pd.date_range("2010-01-20", periods=400)


@pytest.fixture
def read(tmp_path: Path):
    """Read a table whose columns of dates are given, beside P, E and Q."""

    def _read(columns: dict, hole: slice | None = None, **options: object) -> Catchment:
        n = len(next(iter(columns.values())))
        frame = pd.DataFrame(columns).assign(P=1.5, E=0.5, Q=np.arange(n) / 4 + 1)
        if hole is not None:
            frame = frame.drop(frame.index[hole])
        path = tmp_path / "basin.csv"
        frame.to_csv(path, index=False)
        return read_csv(path, **options)  # type: ignore[arg-type]

    return _read


def texts(form: str) -> list[str]:
    return list(DAYS.strftime(form))


def numbers(series: pd.Index) -> list[int]:
    return [int(n) for n in series]


Y, M, D, DOY = map(numbers, (DAYS.year, DAYS.month, DAYS.day, DAYS.day_of_year))


# --- columns -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "columns",
    [
        {"date_obs_elab": texts("%Y-%m-%d")},
        {"AAAAMMJJ": texts("%Y%m%d")},
        {"MESS_DATUM": texts("%Y%m%d")},
        {"Zeitstempel": texts("%d.%m.%Y")},
        {"Fecha": texts("%Y/%m/%d")},
        {"when": texts("%Y%m%d")},
        {"YEAR": Y, "DOY": DOY},
        {"year": Y, "jday": DOY},
        {"year": Y, "yday": DOY},
        {"Année": Y, "day_of_year": DOY},
        {"year": Y, "day": DOY},
        {"year": Y, "month": M, "day": D},
        {"dia": D, "mes": M, "ano": Y},
        {"jour": D, "mois": M, "année": Y},
        {"Tag": D, "Monat": M, "Jahr": Y},
        {"YR": [float(y) for y in Y], "MNTH": M, "DY": D},
        {"yyyyddd": texts("%Y%j")},
        {"date": texts("%Y-%j")},
        {"date": [f"{d}.0" for d in texts("%Y%m%d")]},
        {"index": range(400), "date_obs": texts("%Y-%m-%d")},
        {"date_prod": ["2020-02-03"] * 400, "date_obs": texts("%Y-%m-%d")},
        {"date": range(400), "YEAR": Y, "DOY": DOY},
        {"time": range(400), "date": texts("%Y-%m-%d"), "hour": ["00:00:00"] * 400},
    ],
    ids=lambda columns: " ".join(columns),
)
def test_dates_are_understood_and_their_gaps_refused(read, refusal, columns: dict) -> None:
    dates = read(columns).dates
    assert dates is not None
    assert list(dates) == list(DAYS)
    message = refusal(columns, hole=slice(10, 13))
    assert "1 gap in the dates, 3 days missing (2010-01-29 is followed by 2010-02-02)" in message


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"year": Y}, "'year' ('2010')"),
        ({"YEAR": Y, "MONTH": M}, "'YEAR' ('2010'), 'MONTH' ('1')"),
        ({"mois": M, "jour": D}, "'mois' ('1'), 'jour' ('20')"),
        ({"hydro": Y}, "'hydro' ('2010')"),
        ({"when": texts("%d %B %Y")}, "'when' ('20 January 2010')"),
        ({"when": texts("%b %d, %Y")}, "'when' ('Jan 20, 2010')"),
        ({"when": texts("%d/%m/%y")}, "'when' ('20/01/10')"),
        ({"when": texts("%Y-%m")}, "'when' ('2010-01')"),
        ({"date_debut": ["15"] * 400}, "'date_debut' ('15')"),
        ({"index": range(400), "YEAR": Y}, "'YEAR' ('2010')"),
        ({"x": texts("%y%m%d")}, "'x' ('100120')"),
        ({"ts": [1263945600 + 86400 * i for i in range(400)]}, "'ts' ('1263945600')"),
        ({"x": range(40198, 40598)}, "'x' ('40198')"),
        ({"x": [2010 + i / 365 for i in range(400)]}, "'x' ('2010.0')"),
        ({"id": [*range(100), *range(103, 403)]}, "'id' ('0')"),
    ],
)
def test_what_looks_like_dates_is_refused_by_name(refusal, read, columns, named: str) -> None:
    message = refusal(columns)
    assert named in message
    assert "--date-column (date_column=)" in message
    assert "--no-dates (no_dates=True)" in message
    denied = read(columns, no_dates=True)
    assert denied.dates is None
    assert len(denied) == 400


def test_two_columns_of_dates_are_both_named(refusal) -> None:
    columns = {"date_debut": texts("%Y-%m-%d"), "date_fin": list((DAYS + DAYS.freq).strftime("%F"))}
    assert "'date_debut', 'date_fin' could each be the date" in refusal(columns)


@pytest.mark.parametrize("first", [40179, 201001, 734139])
def test_numbers_of_days_are_not_taken_for_a_count(refusal, first: int) -> None:
    message = refusal({"date": range(first, first + 12)})
    assert f"line 2, date column 'date': '{first}' is no date" in message
    assert "--no-dates (no_dates=True)" in message


@pytest.mark.parametrize(
    "columns",
    [
        {"quality": ["A"] * 400},
        {"gauge_id": ["X001"] * 400},
        {"code": [20] * 400},
        {"row": range(1, 401)},
    ],
)
def test_other_columns_are_not_dates(read, columns: dict) -> None:
    assert read(columns).dates is None


@pytest.mark.parametrize(("year", "doy"), [(2010, 366), (2010, 0), (12, 1)])
def test_a_day_of_the_year_that_there_is_not(refusal, year: int, doy: int) -> None:
    message = refusal({"YEAR": [2010, year], "DOY": [1, doy]})
    assert re.search(r"line 3, date column 'YEAR', 'DOY': '.*' is not a da", message)


# --- no dates ----------------------------------------------------------------------------------


def test_no_dates_goes_with_no_other_word_on_dates(refusal) -> None:
    columns = {"date": texts("%Y-%m-%d")}
    for other in ({"date_column": "date"}, {"date_format": "%Y"}):
        assert "exclude each other" in refusal(columns, no_dates=True, **other)


def test_no_dates_on_the_command_line_and_in_a_manifest(tmp_path: Path) -> None:
    assert build_parser().parse_args(["fit", "x", "-o", "y", "--no-dates"]).no_dates is True
    assert build_parser().parse_args(["fit", "x", "-o", "y"]).no_dates is False
    manifest = tmp_path / "list.csv"
    manifest.write_text("id,file,no_dates\na,a.csv,yes\nb,b.csv,\nc,c.csv,no\n")
    given = [entry.options for entry in read_manifest(manifest)]
    assert given == [{"no_dates": True}, {}, {"no_dates": False}]
    manifest.write_text("id,file,no_dates\na,a.csv,perhaps\n")
    with pytest.raises(InputError, match="'perhaps' is neither yes nor no"):
        read_manifest(manifest)


def test_no_dates_cannot_be_said_of_a_built_in_data_set() -> None:
    assert as_catchment("synthetic", no_dates=False).name == "synthetic"
    with pytest.raises(InputError, match="no_dates cannot be chosen"):
        as_catchment("synthetic", no_dates=True)


# --- stamps ------------------------------------------------------------------------------------


def local_midnights(zone: str) -> pd.DatetimeIndex:
    return DAYS.tz_localize(zone).tz_convert("UTC")


@pytest.mark.parametrize(
    "stamps",
    [
        pytest.param(texts("%Y-%m-%dT00:00:00Z"), id="midnight of UTC"),
        pytest.param(texts("%Y-%m-%dT00:00:00.000+10:00"), id="midnight with offset"),
        pytest.param(texts("%Y-%m-%d 12:00"), id="noon"),
        pytest.param(texts("%Y-%m-%d 24:00"), id="24:00"),
        pytest.param(texts("%Y-%m-%d 23:59:59"), id="end of day"),
        pytest.param(texts("%Y-%m-%d 09:00"), id="time of a reading"),
        *[
            pytest.param(list(local_midnights(zone).strftime(form)), id=f"{zone} {form[-1]}")
            for zone in ("Europe/Berlin", "Europe/London", "Europe/Athens", "America/New_York",
                         "America/Los_Angeles", "Australia/Sydney", "Australia/Adelaide")
            for form in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M")
        ],
        pytest.param([str(day) for day in DAYS.tz_localize("Europe/Berlin")], id="local offsets"),
        pytest.param(
            [str(d) for d in DAYS.tz_localize("UTC").tz_convert("Europe/Berlin")], id="UTC, local"
        ),
        pytest.param(
            [str(d) for d in DAYS.tz_localize("Europe/Berlin").tz_convert("Etc/GMT-1")],
            id="winter time all the year",
        ),
    ],
)  # fmt: skip
def test_the_day_that_a_stamp_means_is_said(read, stamps: list[str]) -> None:
    made = read({"timestamp": stamps})
    assert made.dates is not None
    assert list(made.dates) == list(DAYS)
    (said,) = [each for each in made.findings if each.code == "time_of_day"]
    assert stamps[0] in said.text
    assert "2010-01-20" in said.text


@pytest.mark.parametrize(
    "stamps",
    [
        pytest.param(texts("%Y-%m-%dT23:00:00Z"), id="a zone without summer time"),
        pytest.param(texts("%Y-%m-%d 22:00"), id="evenings"),
        pytest.param(texts("%Y-%m-%d 15:00"), id="midnights of Japan"),
        pytest.param(texts("%Y-%m-%dT18:00:00Z"), id="morning in Asia, noon in America"),
    ],
)
def test_a_stamp_that_may_be_of_two_days_is_refused(refusal, read, stamps: list[str]) -> None:
    message = refusal({"timestamp": stamps})
    assert "may be of 2010-01-20 or, as the beginning of a local day, of 2010-01-21" in message
    assert "--date-format (date_format=)" in message
    assert "sub-daily" not in message
    form = "%Y-%m-%dT%H:%M:%SZ" if "T" in stamps[0] else "%Y-%m-%d %H:%M"
    told = read({"timestamp": stamps}, date_format=form)
    assert list(told.dates) == list(DAYS)


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "Atlantic/Azores"])
def test_hours_that_may_be_noon_or_midnight(refusal, zone: str) -> None:
    noon = DAYS + pd.Timedelta("12h") if zone == "Atlantic/Azores" else DAYS
    stamps = [str(day) for day in noon.tz_localize(zone).tz_convert("UTC")]
    message = refusal({"timestamp": stamps})
    assert "open which day each row is" in message
    assert "sub-daily" not in message


def test_sub_daily_is_said_of_several_rows_a_day_only(refusal) -> None:
    hours = pd.date_range("2010-03-01", periods=100, freq="h").strftime("%Y-%m-%dT%H:%MZ")
    assert "sub-daily" in refusal({"timestamp": list(hours)})
    wandering = [f"{day:%Y-%m-%d} {8 + i % 3:02d}:00" for i, day in enumerate(DAYS)]
    assert "sub-daily" not in refusal({"timestamp": wandering})


def test_a_gap_at_the_change_of_time_is_seen(refusal) -> None:
    stamps = list(local_midnights("Europe/Berlin").strftime("%Y-%m-%dT%H:%MZ"))
    at = list(DAYS).index(pd.Timestamp("2010-03-29"))
    assert "2010-03-28 is followed by 2010-03-30" in refusal(
        {"timestamp": stamps}, hole=slice(at, at + 1)
    )


def test_numbers_and_words_beside_the_data_are_no_dates(tmp_path: Path) -> None:
    """A station, its height, a code of quality: no year and no day."""
    n = 400
    frame = pd.DataFrame(
        {
            "station": "A1",
            "elevation": 1200.5,
            "height": 1850,
            "quality": 20,
            "snow": 2010.05 + np.arange(n) % 3,
            "P": np.arange(n) % 7.0,
            "E": 1 + np.arange(n) % 3.0,
            "Q": 0.5 + np.arange(n) % 2,
        }
    )
    path = tmp_path / "data.csv"
    frame.to_csv(path, index=False)
    assert read_csv(path).dates is None
