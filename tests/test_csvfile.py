"""What `read_csv` understands, and what it says about what it refuses."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gr4jstan.errors import InputError
from gr4jstan.reading.catchment import Catchment, require_observations
from gr4jstan.reading.csvfile import read_csv
from gr4jstan.reading.headers import parse_header
from seeds import shifted

DAYS = [f"2012-01-{day:02d}" for day in range(1, 21)]
ISO_ROWS = [f"{day},{i}.5,{i}.25,{i}.125" for i, day in enumerate(DAYS)]


def table(header: str, rows: list[str]) -> str:
    return "\n".join([header, *rows]) + "\n"


def days_as(template: str, rest: str = "1,2,3", n: int = 20) -> list[str]:
    """Rows for the first n days of 2012, the date written by a template in y, m, d."""
    return [template.format(y=2012, m=1, d=day) + "," + rest for day in range(1, n + 1)]


def changed(row: int, text: str) -> list[str]:
    return [*ISO_ROWS[:row], text, *ISO_ROWS[row + 1 :]]


@pytest.fixture
def read(tmp_path: Path):
    def _read(content: str | bytes, **options: object) -> Catchment:
        path = tmp_path / "basin.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_csv(path, **options)  # type: ignore[arg-type]

    return _read


def assert_plain_table(catchment: Catchment) -> None:
    i = np.arange(20)
    np.testing.assert_array_equal(catchment.P, i + 0.5)
    np.testing.assert_array_equal(catchment.E, i + 0.25)
    np.testing.assert_array_equal(catchment.Q, i + 0.125)
    assert catchment.dates is not None
    assert list(catchment.dates.strftime("%Y-%m-%d")) == DAYS


PLAIN = table("date,P,E,Q", ISO_ROWS)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(PLAIN, id="comma"),
        pytest.param(PLAIN.replace(",", ";"), id="semicolon"),
        pytest.param(PLAIN.replace(",", "\t"), id="tab"),
        pytest.param(PLAIN.replace(",", ";").replace("P", "P [gauge 3, raw]"), id="comma in name"),
        pytest.param("\ufeff" + PLAIN, id="byte-order mark"),
        pytest.param(PLAIN.replace("\n", "\r\n"), id="windows line ends"),
        pytest.param(PLAIN.replace(",", ";").replace(".", ","), id="decimal comma, semicolon"),
        pytest.param(PLAIN.replace(",", "\t").replace(".", ","), id="decimal comma, tab"),
        pytest.param(re.sub(r"(\d+)\.(\d+)", r'"\1,\2"', PLAIN), id="decimal comma, quoted"),
        pytest.param(PLAIN.replace("\n", ",\n") + ",,,,\n\n", id="spreadsheet leftovers"),
        pytest.param("# gauge 17\n# mm/d\n" + PLAIN, id="comment lines"),
        pytest.param("sep=,\n" + PLAIN, id="separator line"),
        pytest.param(PLAIN.encode("utf-16"), id="utf-16"),
        pytest.param(PLAIN.replace("date", ""), id="unnamed date column"),
    ],
)
def test_the_same_table_in_many_spellings(read, content: str | bytes) -> None:
    assert_plain_table(read(content))


def test_latin_1_headers_are_read(read) -> None:
    content = PLAIN.replace("P", "Précipitation").replace("Q", "Débit").encode("latin-1")
    assert_plain_table(read(content, precip_column="Précipitation"))


def test_numbers_survive_to_the_last_bit(read) -> None:
    rng = np.random.default_rng(shifted(1))
    P, E, Q = 10.0 ** rng.uniform(-12, [[3], [1], [3]], (3, 500))
    given = Catchment("given", P, E, Q, pd.date_range("1999-12-30", periods=500))
    back = read(given.to_frame().to_csv())
    for name in "PEQ":
        np.testing.assert_array_equal(getattr(back, name), getattr(given, name))
    assert back.dates is not None
    assert back.dates.equals(given.dates)


@pytest.mark.parametrize(
    ("header", "options", "expected"),
    [
        ("DatesR,P,T,E,Qls,Qmm", {}, ("P", "E", "Qmm")),
        ("date,precipitation,pet,temperature,discharge_spec,discharge_vol,peti",
         {}, ("precipitation", "pet", "discharge_spec")),
        ("date,discharge_vol(m3/s),discharge_spec(mm/d),precipitation(mm/d),pet_sim(mm/d)",
         {}, ("precipitation(mm/d)", "pet_sim(mm/d)", "discharge_spec(mm/d)")),
        ("date,discharge_vol_obs,discharge_spec_obs,precipitation_mean,pet_hargreaves",
         {}, ("precipitation_mean", "pet_hargreaves", "discharge_spec_obs")),
        ("tsd_date,tsd_q_l,tsd_q_mm,tsd_prec,tsd_temp,tsd_pet_ou",
         {}, ("tsd_prec", "tsd_pet_ou", "tsd_q_mm")),
        ("date,streamflow_m3s,streamflow_mm,precip_cr2met,pet_hargreaves",
         {}, ("precip_cr2met", "pet_hargreaves", "streamflow_mm")),
        ("date,total_precipitation_sum,potential_evaporation_sum,streamflow,snow",
         {}, ("total_precipitation_sum", "potential_evaporation_sum", "streamflow")),
        ("date,prcp(mm/day),PET(mm/day),QObs(mm/d),srad(W/m2)",
         {}, ("prcp(mm/day)", "PET(mm/day)", "QObs(mm/d)")),
        ("date,PRCP,PET,ET,MOD_RUN,OBS_RUN",
         {"discharge_column": "OBS_RUN"}, ("PRCP", "PET", "OBS_RUN")),
        ("Date,rainfall[mm],TURC [mm d-1],Discharge", {},
         ("rainfall[mm]", "TURC [mm d-1]", "Discharge")),
        ("Datum,Niederschlag [mm],ETP,Abfluss [mm/d]", {},
         ("Niederschlag [mm]", "ETP", "Abfluss [mm/d]")),
    ],
)  # fmt: skip
def test_common_column_names(read, header: str, options: dict, expected: tuple) -> None:
    names = header.split(",")
    rows = [",".join([day, *map(str, range(1, len(names)))]) for day in DAYS]
    catchment = read(table(header, rows), **options)
    assert catchment.columns == expected
    found = tuple(float(series[0]) for series in (catchment.P, catchment.E, catchment.Q))
    assert found == tuple(float(names.index(name)) for name in expected)


def test_the_file_of_the_post(read, refusal) -> None:
    content = "\ufeff" + table("P,ET,modeled_Q,obs_Q", ["1,2,3,4"] * 50)
    message = refusal(content)
    assert "'modeled_Q', 'obs_Q' could each be streamflow" in message
    assert "--discharge-column (discharge_column=)" in message
    catchment = read(content, discharge_column="modeled_Q")
    assert catchment.dates is None
    assert catchment.columns == ("P", "ET", "modeled_Q")
    assert (catchment.P[0], catchment.E[0], catchment.Q[0], len(catchment)) == (1, 2, 3, 50)
    assert read(content, forcing_only=True).Q is None


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("date,P,rain,E,Q", r"'P', 'rain' could each be precipitation.*--precip-column"),
        ("date,P,tsd_pet_ou,tsd_pet_pe,Q",
         r"'tsd_pet_ou', 'tsd_pet_pe' could each be potential evapotr.*--pet-column"),
        ("date,timestamp,P,E,Q", r"'date', 'timestamp' could each be the date.*--date-column"),
        ("date,P,E,Q,Q", r"column name 'Q' stands 2 times"),
        ("date,wet,E,Q,x", r"precipitation P \[mm/d\] found among 'date', 'wet', 'E'"),
        ("date,P,thirst,Q,x", r"no column for potential.*--pet-column \(pet_column=\)"),
        ("date,P [hPa],E,Q,x", r"P must be in mm/d.*column 'P \[hPa\]' \(in hPa\)"),
        ("date P E Q x", r"line 1.*single column.*comma, semicolon or tab"),
    ],
)  # fmt: skip
def test_columns_that_cannot_be_chosen(refusal, header: str, says: str) -> None:
    rows = [f"{day},{day if 'stamp' in header else 1},1,1,1" for day in DAYS]
    assert re.search(says, refusal(table(header, rows)))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"precip_column": "rain"}, "no column 'rain', asked for by --precip-column"),
        ({"date_column": "when"}, "no column 'when', asked for by --date-column"),
        ({"precip_column": "P", "pet_column": "P"}, "'P' is asked for twice"),
    ],
)
def test_options_that_do_not_fit(refusal, options: dict, says: str) -> None:
    assert says in refusal(PLAIN, **options)


def test_a_name_that_stands_twice_cannot_be_asked_for(refusal) -> None:
    twice = PLAIN.replace("date,P,E,Q", "date,P,E,E")
    assert "the column name 'E' stands 2 times" in refusal(twice, pet_column="E")


@pytest.mark.parametrize(
    "name",
    ["Discharge[ls-1]", "Qls", "Q [m3/s]", "Q (m³ s⁻¹)", "Q [l/s]", "flow [cfs]", "Q (cumecs)",
     "discharge_vol", "streamflow_m3s", "Q m3/s", "q_cms", "Q [mm/month]", "Q [litres per second]"],
)  # fmt: skip
def test_streamflow_in_another_unit_is_not_taken(read, refusal, name: str) -> None:
    content = table(f"date,P,E,{name}", ISO_ROWS)
    forcing = read(content)
    assert forcing.Q is None
    with pytest.raises(InputError, match="Q must be in mm/d") as refused:
        require_observations(forcing)
    assert repr(name) in str(refused.value)
    message = refusal(content, discharge_column=name)
    assert "Q must be in mm/d" in message
    assert repr(name) in message


@pytest.mark.parametrize(
    "name", ["Q [mm/d]", "Q (mm/day)", "Q [mm d^-1]", "Q [mm]", "Qmm", "q_mm_day", "Q [mm per day]"]
)
def test_ways_to_write_mm_per_day(name: str) -> None:
    assert parse_header(name) == ("q", "mm/d")


@pytest.mark.parametrize(
    "template",
    [
        "{y}-{m:02d}-{d:02d}",
        "{y}-{m:02d}-{d:02d} 00:00:00",
        "{y}-{m:02d}-{d:02d}T00:00Z",
        "{y}/{m}/{d}",
        "{y}{m:02d}{d:02d}",
        "{d:02d}.{m:02d}.{y}",
        "{d}.{m}.{y} 00:00",
        "{d:02d}/{m:02d}/{y}",
        "{m:02d}/{d:02d}/{y}",
        "{d}-{m}-{y}",
    ],
)
def test_forms_of_dates(read, template: str) -> None:
    dates = read(table("date,P,E,Q", days_as(template))).dates
    assert list(dates.strftime("%Y-%m-%d")) == DAYS


def test_year_month_and_day_in_three_columns(read) -> None:
    dates = read(table("YR,MNTH,DY,PRCP,PET,OBS_RUN", days_as("{y},{m},{d}"))).dates
    assert list(dates.strftime("%Y-%m-%d")) == DAYS


@pytest.mark.parametrize(
    ("fmt", "days"),
    [
        ("%d/%m/%Y", [f"2012-01-{day:02d}" for day in range(1, 13)]),
        ("dd/mm/yyyy", [f"2012-01-{day:02d}" for day in range(1, 13)]),
    ],
)
def test_ambiguous_dates_need_a_format(read, refusal, fmt: str, days: list[str]) -> None:
    content = table("date,P,E,Q", days_as("{d:02d}/{m:02d}/{y}", n=12))
    message = refusal(content)
    assert "date column 'date'" in message
    assert "--date-format (date_format=) %d/%m/%Y or %m/%d/%Y" in message
    assert list(read(content, date_format=fmt).dates.strftime("%Y-%m-%d")) == days
    assert "not daily but monthly" in refusal(content, date_format="%m/%d/%Y")


@pytest.mark.parametrize("first", [0, 1, 17])
@pytest.mark.parametrize("header", ["day,P,E,Q", '"",P,E,Q', "index,P,E,Q"])
def test_a_count_of_days_is_not_a_date(read, header: str, first: int) -> None:
    catchment = read(table(header, [f"{first + i},1,2,3" for i in range(20)]))
    assert catchment.dates is None
    assert any("counts the days" in note for note in catchment.notes)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (ISO_ROWS[:5] + ISO_ROWS[8:],
         "1 gap in the dates, 3 days missing (2012-01-05 is followed by 2012-01-09)"),
        (changed(3, ISO_ROWS[2]), "1 duplicate date (2012-01-03); 2012-01-03 stands 2 times"),
        ([*ISO_ROWS[:3], ISO_ROWS[4], ISO_ROWS[3], *ISO_ROWS[5:]],
         "not in order (2012-01-04 after 2012-01-05)"),
        (ISO_ROWS[::-1], "run backwards, from 2012-01-20 to 2012-01-01"),
        ([f"2012-01-01 {hour:02d}:00,1,2,3" for hour in range(24)],
         "line 3, date column 'date': '2012-01-01 01:00' has another time of day"),
        ([f"{day},1,2,3" for day in DAYS for _ in range(24)],
         "20 duplicate dates (2012-01-01, 2012-01-02, 2012-01-03, ...)"),
        ([f"2012-{month:02d}-01,1,2,3" for month in range(1, 13)], "not daily but monthly"),
        ([f"2012-01-{day:02d},1,2,3" for day in (1, 8, 15, 22)], "not daily but weekly"),
        (changed(4, "2012-01-32,1,2,3"), "line 6, date column 'date': '2012-01-32' is not a day"),
        (changed(4, "2912-01-05,1,2,3"), "the year of '2912-01-05' is outside 1700 to 2200"),
        (changed(4, "soon,1,2,3"), "line 6, date column 'date': 'soon' is not a date"),
        (changed(4, ",1,2,3"), "line 6, date column 'date': the date is missing"),
        (days_as("{d}/{m}/12"), "'1/1/12' is not a date that is understood"),
        ([*days_as("{d:02d}/{m:02d}/{y}"), "01/21/2012,1,2,3"], "same order"),
        ([f"{i + (i > 4)},1,2,3" for i in range(9)], "line 7, date column 'date': 6 follows 4"),
    ],
)  # fmt: skip
def test_rows_that_are_not_one_a_day(refusal, rows: list[str], says: str) -> None:
    message = refusal(table("date,P,E,Q", rows))
    assert message.startswith("basin.csv")
    assert says in message


@pytest.mark.parametrize("fmt", ["%m/%d/%Y", "europe"])
def test_a_date_format_that_does_not_fit(refusal, fmt: str) -> None:
    message = refusal(table("date,P,E,Q", days_as("{d}/{m}/{y}")), date_format=fmt)
    assert repr(fmt) in message
    assert "--date-format (date_format=)" in message


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("2012-01-05,,1,1", "precipitation (column 'P') is missing on 1 day (2012-01-05)"),
        ("2012-01-05,NA,1,1", "precipitation (column 'P') is missing on 1 day (2012-01-05)"),
        ("2012-01-05,1,-999,1", "(column 'E') is missing on 1 day (2012-01-05: -999)"),
        ("2012-01-05,-0.5,1,1", "(column 'P') is negative on 1 day (2012-01-05: -0.5)"),
        ("2012-01-05,1,-1,1", "(column 'E') is negative on 1 day (2012-01-05: -1)"),
        ("2012-01-05,inf,1,1", "(column 'P') is infinite on 1 day (2012-01-05: inf)"),
        ("2012-01-05,1,1,-inf", "(column 'Q') is infinite on 1 day (2012-01-05: -inf)"),
        ("2012-01-05,1,1,-0.1", "(column 'Q') is negative on 1 day (2012-01-05: -0.1)"),
        ("2012-01-05,1,n.d.,1", "line 6 (2012-01-05), column 'E': 'n.d.' is not a number"),
        ("2012-01-05,1,1_0,1", "line 6 (2012-01-05), column 'E': '1_0' is not a number"),
        ("2012-01-05,1,2", "line 6: 3 fields, but the header has 4 columns"),
        ("2012-01-05,1,2,3,4", "line 6: 5 fields, but the header has 4 columns"),
        ('2012-01-05,1,2,"3', "quotation mark"),
    ],
)
def test_cells_that_cannot_be_used(refusal, row: str, says: str) -> None:
    message = refusal(table("date,P,E,Q", changed(4, row)))
    assert message.startswith("basin.csv")
    assert says in message


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (["1.234,5", "0,5"], "'1.234,5' is not a number (it seems to have thousands"),
        (["1.5", "0,5"], "'0,5' and, before it, '1.5' mix decimal points and decimal commas"),
        (["1,234", "15"], "'1,234' may have a decimal comma or a comma between thousands"),
    ],
)
def test_numbers_that_would_have_to_be_guessed(refusal, cells: list[str], says: str) -> None:
    rows = [f"{day};{cell};1;1" for day, cell in zip(DAYS, cells, strict=False)]
    message = refusal(table("date;P;E;Q", rows))
    assert "column 'P'" in message
    assert says in message


def test_decimal_commas_between_comma_separated_columns_are_explained(refusal) -> None:
    message = refusal(table("date,P,E,Q", [f"{day},1,5,0,2,1" for day in DAYS]))
    assert "line 2: 6 fields" in message
    assert "decimal commas need semicolons or tabs" in message


@pytest.mark.parametrize(
    "cell", ["", "NaN", "NA", "-99", "-999", "-9999", "-99.0", "-999.00", "-9999.0", "-99.99"]
)
def test_missing_streamflow_is_counted(read, cell: str) -> None:
    rows = [f"{day},1,1,{cell if i % 4 == 1 else 7}" for i, day in enumerate(DAYS)]
    catchment = read(table("date,P,E,Q", rows))
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(catchment.Q)), [1, 5, 9, 13, 17])
    assert "5 of 20 days have no Q (first 2012-01-02)" in catchment.notes
    sentinel = [
        note for note in catchment.notes if "read as missing in column 'Q' (5 days)" in note
    ]
    assert len(sentinel) == cell.startswith("-")


def test_streamflow_may_be_absent_until_it_is_needed(read) -> None:
    catchment = read(table("date,P,E", [row.rsplit(",", 1)[0] for row in ISO_ROWS]))
    assert catchment.Q is None
    with pytest.raises(InputError, match=r"no streamflow to calibrate on.*--discharge-column"):
        require_observations(catchment)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "basin.csv is empty"),
        ("\n \n", "basin.csv is empty"),
        ("date,P,E,Q\n", "basin.csv has a header and no data"),
        ("date,P,E,Q\n,,,\n", "basin.csv has a header and no data"),
        (bytes(range(256)), "basin.csv is not a text file"),
    ],
)
def test_files_without_a_table(refusal, content: str | bytes, says: str) -> None:
    assert says in refusal(content)


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file .*nowhere\.csv"):
        read_csv(tmp_path / "nowhere.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_csv(tmp_path)


def test_a_file_that_cannot_be_read_says_why() -> None:
    """Its first byte is at an address that no process has."""
    with pytest.raises(InputError, match=r"/proc/self/mem cannot be read: Input/output error"):
        read_csv("/proc/self/mem")


def test_rows_may_end_in_separators(read) -> None:
    """As spreadsheets write them where a column was cleared."""
    ending = read(table("date,P,E,Q", [f"{row},, " for row in ISO_ROWS]))
    np.testing.assert_array_equal(ending.Q, read(table("date,P,E,Q", ISO_ROWS)).Q)
