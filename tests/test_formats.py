"""Files as those who publish daily data write them: read, or refused for what they are."""

import gzip
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from gr4jstan.errors import InputError
from gr4jstan.reading.catchment import Catchment, require_observations
from gr4jstan.reading.csvfile import read_csv

N = 30
DAYS = pd.date_range("1999-02-10", periods=N)
P = [f"{i % 7 / 2:.2f}" for i in range(N)]
E = [f"{1 + i % 3 / 4:.2f}" for i in range(N)]
Q = [f"{1.1 + i / 10:.2f}" for i in range(N)]


@pytest.fixture
def read(tmp_path: Path):
    def _read(content: str | bytes, **options: object) -> Catchment:
        path = tmp_path / "basin.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_csv(path, **options)  # type: ignore[arg-type]

    return _read


def lines(header: str, row: str, separator: str = "\n") -> str:
    """A file with a row for each day: D is the day, P, E and Q in braces its numbers."""
    rows = [
        row.format(D=day, P=p, E=e, Q=q, i=i, doy=day.day_of_year)
        for i, (day, p, e, q) in enumerate(zip(DAYS, P, E, Q, strict=True))
    ]
    return separator.join([header, *rows]) + "\n"


# --- files of all that is needed ---------------------------------------------------------------

WHOLE = {
    "airGR": (lines("DatesR,P,T,E,Qls,Qmm", "{D:%Y-%m-%d},{P},3.5,{E},900,{Q}"), {}),
    "airGR, written by R": (
        lines('"","DatesR","P","T","E","Qls","Qmm"', '"{i}",{D:%Y-%m-%d},{P},3.5,{E},900,{Q}'),
        {},
    ),
    "CAMELS-US, output of the model": (
        lines(
            "YR MNTH DY HR    SWE     PRCP    RAIM   TAIR    PET     ET   MOD_RUN   OBS_RUN",
            "{D:%Y %m %d} 12   0.00   {P}   0.10  -3.20   {E}   0.40    0.9000    {Q}",
        ),
        {"discharge_column": "OBS_RUN"},
    ),
    "CAMELS-GB": (
        lines(
            "date,precipitation,pet,temperature,discharge_spec,discharge_vol,peti,humidity,"
            "shortwave_rad,longwave_rad,windspeed",
            "{D:%Y-%m-%d},{P},{E},5.1,{Q},7.3,1.2,4.4,90.1,300.2,3.3",
        ),
        {},
    ),
    "CAMELS-DE": (
        lines(
            "date,discharge_vol_obs,discharge_spec_obs,water_level,precipitation_mean,"
            "precipitation_min,humidity_mean,temperature_mean,pet_hargreaves",
            "{D:%Y-%m-%d},7.3,{Q},,{P},0.0,80.0,5.1,{E}",
        ),
        {},
    ),
    "CAMELS-CH": (
        lines(
            "date,discharge_vol(m3/s),discharge_spec(mm/d),waterlevel(m),precipitation(mm/d),"
            "temperature_mean(degC),pet_sim(mm/d)",
            "{D:%Y-%m-%d},7.3,{Q},402.1,{P},5.1,{E}",
        ),
        {},
    ),
    "CAMELS-DK": (
        lines("time,precipitation,temperature,pet,Qobs,Qsim", "{D:%Y-%m-%d},{P},5.1,{E},{Q},1.0"),
        {"discharge_column": "Qobs"},
    ),
    "CAMELS-FR": (
        "# one station\n# tsd_q_l: l/s\n"
        + lines(
            "tsd_date;tsd_q_l;tsd_q_mm;tsd_prec;tsd_prec_solid_frac;tsd_temp;tsd_pet_ou",
            "{D:%Y%m%d};900;{Q};{P};0.00;5.1;{E}",
        ),
        {},
    ),
    "Caravan": (
        lines(
            "date,temperature_2m_mean,total_precipitation_sum,potential_evaporation_sum,streamflow",
            "{D:%Y-%m-%d},5.1,{P},{E},{Q}",
        ),
        {},
    ),
    "KiWIS": (
        "#ts_id;7010\n#station_no;X1\n#rows;30\n"
        + lines(
            "#Timestamp;Value;Quality Code;P;E", "{D:%Y-%m-%d}T00:00:00.000+10:00;{Q};10;{P};{E}"
        ),
        {"discharge_column": "Value"},
    ),
    "USGS RDB": (
        "# data provided for site 00000000\n#\n"
        + lines(
            "agency_cd\tsite_no\tdatetime\t1_00060_00003\t1_00060_00003_cd\tprcp\tpet\n"
            "5s\t15s\t20d\t14n\t10s\t14n\t14n",
            "USGS\t00000000\t{D:%Y-%m-%d}\t{Q}\tA\t{P}\t{E}",
        ),
        {"discharge_column": "1_00060_00003"},
    ),
    "Hub'Eau": (
        lines(
            "code_site,code_station,date_obs_elab,resultat_obs_elab,date_prod,grandeur_hydro_elab,"
            "RR,ETP",
            "X0,X000,{D:%Y-%m-%d},{Q},2020-01-02T03:04:05Z,QmnJ,{P},{E}",
        ),
        {"discharge_column": "resultat_obs_elab"},
    ),
    "HydroPortail": (
        lines(
            '"Date (TU)","Valeur","Statut","Qualification","Méthode","Continuité","RR","ETP"',
            '{D:%Y-%m-%d}T00:00:00.000Z,"{Q}","12",20,8,0,{P},{E}',
        ),
        {"discharge_column": "Valeur"},
    ),
    "Meteo-France": (
        lines(
            "NUM_POSTE;NOM_USUEL;LAT;LON;ALTI;AAAAMMJJ;RR;QRR;TM;QTM;ETPMON;QETPMON;Q",
            "01014002;MOULIN;46.1;5.7;566;{D:%Y%m%d};{P};1;5.1;1;{E};1;{Q}",
        ),
        {},
    ),
    "SILO": (
        lines(
            "station,YYYY-MM-DD,daily_rain,daily_rain_source,et_morton_potential,"
            "et_morton_potential_source,Q,metadata",
            '30043,{D:%Y-%m-%d},{P},0,{E},26,{Q},"name=X"',
        ),
        {},
    ),
    "metadata before the header": (
        "Station: Upper Mill; River X\nLatitude; 51.2\n\n"
        + lines("Datum;Niederschlag;ETP;Abfluss", "{D:%d.%m.%Y};{P};{E};{Q}"),
        {},
    ),
    "blanks between columns": (lines("date  P   E  Q", "{D:%Y-%m-%d} {P} {E}   {Q}"), {}),
    "NASA POWER": (
        "-BEGIN HEADER-\nMissing value: -999\n-END HEADER-\n"
        + lines("YEAR,DOY,PRECTOTCORR,PET,Qobs", "{D:%Y},{doy},{P},{E},{Q}"),
        {},
    ),
}


@pytest.mark.parametrize(("content", "options"), WHOLE.values(), ids=WHOLE)
def test_files_of_providers_are_read(read, content: str, options: dict) -> None:
    made = read(content, **options)
    assert made.dates is not None
    assert list(made.dates) == list(DAYS)
    for name, given in (("P", P), ("E", E), ("Q", Q)):
        np.testing.assert_array_equal(getattr(made, name), [float(text) for text in given])


WITHOUT_E = {
    "LamaH": (
        lines(
            "YYYY;MM;DD;2m_temp_mean;2m_dp_temp_mean;total_et;prec;qobs",
            "{D:%Y};{D.month};{D.day};5.1;1.0;0.4;{P};{Q}",
        ),
        {"discharge_column": "qobs"},
    ),
    "CAMELS-SE": (
        lines("Year,Month,Day,Qobs_m3s,Qobs_mm,Pobs_mm,Tobs_C",
              "{D:%Y},{D.month},{D.day},7.3,{Q},{P},5.1"),
        {},
    ),
    "DWD": (
        lines("STATIONS_ID;MESS_DATUM;QN_3;  FX;QN_4; RSK;RSKF; TMK; Q;eor",
              "         44;{D:%Y%m%d};   10; -999;    3;{P};   8;  5.1; {Q};eor"),
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options"), WITHOUT_E.values(), ids=WITHOUT_E)
def test_files_with_temperature_in_place_of_e(read, refusal, content: str, options: dict) -> None:
    assert "--latitude (latitude=)" in refusal(content, **options)
    made = read(content, latitude=47.5, **options)
    assert list(made.dates) == list(DAYS)
    np.testing.assert_array_equal(made.P, [float(p) for p in P])
    np.testing.assert_array_equal(made.Q, [float(q) for q in Q])


# --- files of a part ---------------------------------------------------------------------------

PARTS = {
    "GRDC": "# Title:                 GRDC STATION DATA FILE\n# Field delimiter:       ;\n# DATA\n"
    + lines("YYYY-MM-DD;hh:mm; Value", "{D:%Y-%m-%d};--:--;      {Q}0"),
    "CAMELS-BR": lines("year month day streamflow_m3s qual_flag", "{D:%Y} {D.month} {D.day} {Q} 1"),
    "CAMELS-CL": lines(
        "\t".join(["gauge_id", *[f"{n}001" for n in range(300)]]),
        "\t".join(["{D:%Y-%m-%d}", *["{Q}"] * 300]),
    ),
    "CAMELS-AUS": lines("year,month,day,102101A,102102A", "{D:%Y},{D.month},{D.day},{Q},{P}"),
    "HYDAT": "Daily discharge, disclaimer\n"
    + lines("ID,PARAM,Date,Value,SYM", "01AA001,1,{D:%Y/%m/%d},{Q},A"),
    "HYDAT, wide": lines("STATION_NUMBER,YEAR,MONTH,FLOW1,FLOW2", "01AA001,{D:%Y},{i},{Q},{Q}"),
}


@pytest.mark.parametrize("content", PARTS.values(), ids=PARTS)
def test_files_of_streamflow_alone_say_what_is_missing(refusal, content: str) -> None:
    message = refusal(content)
    assert "no column for precipitation" in message
    assert "P, E and Q of the same days must stand in one file" in message
    assert len(message) < 600


def test_forcing_of_camels_us_is_read_without_streamflow(read) -> None:
    content = " 41.95\n 1234.5\n   112.7\n" + lines(
        "Year Mnth Day Hr\tdayl(s)\tprcp(mm/day)\tsrad(W/m2)\tswe(mm)\tPET(mm/day)\tvp(Pa)",
        "{D:%Y %m %d} 12\t30172.51\t{P}\t153.40\t0.00\t{E}\t400.00",
    )
    made = read(content)
    assert list(made.dates) == list(DAYS)
    np.testing.assert_array_equal(made.P, [float(p) for p in P])
    assert "lines 1 to 3 before the header: not read" in made.notes
    with pytest.raises(InputError, match="there is no streamflow to calibrate on"):
        require_observations(made)


# --- lines that are no data --------------------------------------------------------------------


@pytest.mark.parametrize(
    "units",
    ["YYYY-MM-DD,mm/d,mm/d,mm/d", ",[mm],[mm],[m3/s]", "-,mm,mm,l/s", "date,mm d-1,mm,m³/s"],
)
def test_a_row_of_units_is_named(refusal, units: str) -> None:
    content = lines(f"date,P,E,Q\n{units}", "{D:%Y-%m-%d},{P},{E},{Q}")
    message = refusal(content)
    assert message.startswith("basin.txt, line 2: ")
    assert "is no data, but a line of units, formats or more names; write the units into" in message


def test_a_file_without_header_is_named(refusal) -> None:
    content = lines("1999-02-09,1,2,3", "{D:%Y-%m-%d},{P},{E},{Q}")
    assert "line 1: '1999-02-09,1,2,3' is data, and there is no header" in refusal(content)


def zipped(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (zipped("[Content_Types].xml"), "is an Excel workbook; save the sheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(9), "is an Excel workbook; save the sheet"),
        (zipped("a.csv"), "is a zip archive"),
        (gzip.compress(b"date,P,E,Q"), "is compressed (gzip)"),
        (b"SQLite format 3\0", "is a database (SQLite)"),
        (b"PAR1\0\0", "is a Parquet file"),
        (b"<!DOCTYPE html><html>", "is a web page, not data"),
        (b'{"count": 3}', "is a JSON file"),
        (b"\x89HDF\r\n\x1a\n damaged", "cannot be read as NetCDF"),
        (b"CDF\x01", "cannot be read as NetCDF"),
        (b"CDF\x02" + bytes(7), "cannot be read as NetCDF"),
    ],
)
def test_other_files_are_named_for_what_they_are(refusal, content: bytes, says: str) -> None:
    assert says in refusal(content)


# --- thousands ---------------------------------------------------------------------------------


def flow(cells: list[str]) -> str:
    return "date;P;E;Q\n" + "\n".join(
        f"{day:%Y-%m-%d};0;1;{cell}" for day, cell in zip(DAYS, cells, strict=False)
    )


def test_points_between_thousands_are_ambiguous(read, refusal) -> None:
    message = refusal(flow(["1.525", "987", "1.234", "-999"]))
    assert "line 2 (1999-02-10), column 'Q': '1.525', beside '987', may have" in message
    assert "thousands separators" in refusal(flow(["1.234.567", "987"]))


@pytest.mark.parametrize(
    "cells",
    [["1.525", "1.234"], ["1.525", "987", "1.5"], ["1.525", "987", "0.525"], ["1.525", "0", ""]],
)
def test_points_that_are_decimal_points(read, cells: list[str]) -> None:
    assert read(flow(cells)).Q[0] == 1.525


# --- several gauges ----------------------------------------------------------------------------


def test_a_table_of_several_gauges(read, refusal) -> None:
    one = lines("gauge_id,date,P,E,Q", "A1,{D:%Y-%m-%d},{P},{E},{Q}")
    content = one + lines("", "B2,{D:%Y-%m-%d},{P},{E},9").lstrip()
    message = refusal(content)
    assert "holds 2 gauges (column 'gauge_id': A1, B2); choose one with --gauge (gauge=)" in message
    assert (read(content, gauge="B2").Q == 9).all()
    assert list(read(content, gauge="A1").dates) == list(DAYS)
    assert "no rows of the gauge 'C3'" in refusal(content, gauge="C3")
    assert "there is no column of gauges" in refusal(WHOLE["airGR"][0], gauge="C3")


def test_a_message_on_a_gauge_names_the_line_of_the_file(refusal) -> None:
    content = lines("gauge_id,date,P,E,Q", "A1,{D:%Y-%m-%d},{P},{E},{Q}")
    content += lines("", "B2,{D:%Y-%m-%d},{P},dry,9").lstrip()
    assert "line 32 (1999-02-10), column 'E': 'dry'" in refusal(content, gauge="B2")


CARAVAN = xr.Dataset(
    {
        "total_precipitation_sum": ("date", np.array(P, float)),
        "potential_evaporation_sum": ("date", np.array(E, float)),
        "streamflow": ("date", np.array(Q, float)),
    },
    {"date": DAYS},
)
for variable in CARAVAN.data_vars.values():
    variable.attrs["units"] = "mm/d"


@pytest.fixture
def written(tmp_path: Path) -> Callable[[xr.Dataset], Path]:
    def write(data: xr.Dataset, **how: object) -> Path:
        path = tmp_path / "basin.nc"
        data.to_netcdf(path, **{"engine": "h5netcdf", **how})  # type: ignore[call-overload]
        return path

    return write


@pytest.mark.parametrize("how", [{}, {"engine": "scipy", "format": "NETCDF3_64BIT"}])
def test_a_netcdf_file_of_one_gauge(written, how: dict) -> None:
    made = read_csv(written(CARAVAN, **how), discharge_column="streamflow")
    assert list(made.dates) == list(DAYS)
    np.testing.assert_array_equal(made.Q, [float(q) for q in Q])
    one = read_csv(written(CARAVAN.expand_dims(gauge_id=["camels_01"]), **how))
    np.testing.assert_array_equal(one.Q, made.Q)


def test_a_netcdf_file_of_several_gauges(written) -> None:
    several = xr.concat([CARAVAN, CARAVAN + 1], pd.Index(["camels_01", "camels_02"], name="gauge"))
    path = written(several)
    with pytest.raises(InputError, match=r"holds 2 gauges \(camels_01, camels_02\); choose one wi"):
        read_csv(path)
    with pytest.raises(InputError, match="'camels_03' is not among them"):
        read_csv(path, gauge="camels_03")
    assert read_csv(path, gauge="camels_02").Q[0] == float(Q[0]) + 1


@pytest.mark.parametrize("calendar", ["noleap", "360_day"])
def test_a_netcdf_file_of_another_calendar_is_refused(written, calendar: str) -> None:
    days = xr.date_range("1999-02-10", periods=N, calendar=calendar, use_cftime=True)
    with pytest.raises(InputError, match=re.escape(f"calendar {calendar!r}")):
        read_csv(written(CARAVAN.assign_coords(date=days)))
