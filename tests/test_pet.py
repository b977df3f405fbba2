"""Evapotranspiration after Oudin: the formula, and reading it from temperature and latitude."""

import re
from pathlib import Path

import grsuite
import numpy as np
import pandas as pd
import pytest

from gr4jstan.errors import InputError
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.csvfile import read_csv
from gr4jstan.reading.headers import parse_temperature_header
from gr4jstan.reading.pet import extraterrestrial_radiation, oudin
from gr4jstan.reading.sources import as_catchment
from seeds import shifted

DATES = pd.date_range("2011-01-01", "2012-12-31")
DAY = DATES.day_of_year.to_numpy()
WARM = np.random.default_rng(shifted(3)).uniform(-15, 35, len(DATES))
KELVIN = WARM + 273.15


@pytest.mark.parametrize("latitude", [-66, -33.5, 0, 1, 47.2, 60])
def test_equals_the_peer_that_follows_airgr(latitude: float) -> None:
    peer = grsuite.pe_oudin(DAY, WARM, latitude, lat_unit="deg")
    np.testing.assert_allclose(oudin(WARM, latitude, DATES), peer, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("latitude", [-90, -70, 67, 80, 90])
def test_near_the_poles_the_peer_differs_by_what_it_keeps_in_the_polar_night(
    latitude: float,
) -> None:
    Re = extraterrestrial_radiation(latitude, DAY)
    assert np.isfinite(Re).all()
    assert Re.min() == 0
    peer = grsuite.pe_oudin(DAY, np.full(len(DAY), 95.0), latitude, lat_unit="deg") * 2.4624
    difference = peer - Re
    assert difference.min() > -1e-9
    assert difference.max() < 0.13


def test_radiation_of_fao_56_example_8() -> None:
    # 3 September at 20 degrees south: 32.2 MJ/m2/d, with a solar constant of 1367 W/m2.
    ours = extraterrestrial_radiation(-20, 246)
    assert ours * 1367 / (446 * np.pi) == pytest.approx(32.2, rel=0.005)


@pytest.mark.parametrize("latitude", [-75, -20, 0, 45, 80])
@pytest.mark.parametrize("day", [1, 82, 172, 300])
def test_radiation_is_the_sun_summed_over_the_day(latitude: float, day: int) -> None:
    phi, delta = np.radians(latitude), 0.4093 * np.sin(day / 58.1 - 1.405)
    hour_angle = np.linspace(-np.pi, np.pi, 200_001)[:-1]
    sine_of_height = np.sin(phi) * np.sin(delta) + np.cos(phi) * np.cos(delta) * np.cos(hour_angle)
    watts = 446 * np.pi * (1 + np.cos(day / 58.1) / 30) * np.maximum(sine_of_height, 0).mean()
    expected = watts * 86400 / 1e6
    assert extraterrestrial_radiation(latitude, day) == pytest.approx(expected, abs=1e-6)


def test_a_hand_worked_day_at_the_equator() -> None:
    # 22 March, day 82 of 2011: the sun stands over the equator, 446 * 1.00529 = 448.36 W/m2;
    # at 15 degC a fifth of 448.36 / 28.5 = 15.732 mm evaporates.
    assert oudin([15.0], 0, ["2011-03-23"])[0] == pytest.approx(3.1464, abs=2e-4)


def test_frost_below_minus_five_stops_evapotranspiration() -> None:
    days = pd.date_range("2012-06-01", periods=4)
    E = oudin([-5.0, -20.0, -4.9, np.nan], 47, days)
    np.testing.assert_array_equal(E[:2], 0)
    assert E[2] > 0
    assert np.isnan(E[3])


@pytest.mark.parametrize("latitude", [90.1, -91, np.nan, np.inf, "north"])
def test_latitudes_that_are_none(latitude: object) -> None:
    with pytest.raises(InputError, match=r"--latitude \(latitude=\) is .*-90 to 90"):
        oudin(WARM, latitude, DATES)  # type: ignore[arg-type]


def test_temperature_and_dates_of_different_length() -> None:
    with pytest.raises(InputError, match="differ in length"):
        oudin(WARM[1:], 47, DATES)


# Reading


def frame(**changes: object) -> pd.DataFrame:
    columns = {"P": np.ones(len(DATES)), "T": WARM, "Q": np.ones(len(DATES)), **changes}
    kept = {name: values for name, values in columns.items() if values is not None}
    return pd.DataFrame(kept, index=DATES.rename("date"))


def with_value(day: int, value: float) -> np.ndarray:
    series = WARM.copy()
    series[day] = value
    return series


def test_a_file_with_temperature_instead_of_evapotranspiration(tmp_path: Path) -> None:
    path = tmp_path / "basin.csv"
    frame().to_csv(path)
    read = read_csv(path, latitude=47.5)
    np.testing.assert_array_equal(read.E, oudin(WARM, 47.5, DATES))
    note = "E is computed after Oudin et al. (2005) from column 'T' at latitude 47.5"
    assert read.notes == (note,)
    np.testing.assert_array_equal(as_catchment(str(path), latitude=47.5).E, read.E)


@pytest.mark.parametrize(
    "name",
    ["T", "temp", "Temperature [°C]", "tmean", "T (degC)", "tas", "t2m", "tsd_temp",
     "temperature_2m_mean", "temperature_mean(degC)", "tmean_cr2met", "T_C", "temp_celsius",
     "température", "2m_temp_mean", "T [deg C]"],
)  # fmt: skip
def test_common_names_of_temperature(name: str) -> None:
    made = Catchment.from_frame(frame().rename(columns={"T": name}), latitude=0)
    assert made.columns == ("P", name, "Q")


def test_temperature_under_any_name_if_named() -> None:
    made = Catchment.from_frame(
        frame(T=None, tower=WARM), latitude=0.0, temperature_column="tower", forcing_only=True
    )
    np.testing.assert_array_equal(made.E, oudin(WARM, 0, DATES))


@pytest.mark.parametrize(
    ("name", "unit"),
    [("T [K]", "K"), ("t2m_K", "K"), ("temp (kelvin)", "K"), ("T [°F]", "degF"), ("T [°C]", "degC"),
     ("T (º C)", "degC"), ("tas_degC", "degC"), ("T", None), ("t2m", None),
     ("T [0.1 °C]", "0.1 degC")],
)  # fmt: skip
def test_units_of_temperature_in_headers(name: str, unit: str | None) -> None:
    assert parse_temperature_header(name)[1] == unit


@pytest.mark.parametrize(
    ("options", "unused"),
    [
        ({}, None),
        ({"latitude": 47}, "not used: the latitude"),
        ({"temperature_column": "T"}, "not used: the temperature (column 'T')"),
        ({"latitude": 47, "temperature_column": "T"}, "(column 'T') and the latitude"),
    ],
)
def test_a_column_of_evapotranspiration_comes_first(options: dict, unused: str | None) -> None:
    given = np.full(len(DATES), 0.5)
    made = Catchment.from_frame(frame(E=given, T=KELVIN), **options)
    np.testing.assert_array_equal(made.E, given)
    if unused is None:
        assert made.notes == ()
    else:
        assert unused in made.notes[0]


@pytest.mark.parametrize(
    ("changes", "options", "says"),
    [
        ({}, {}, "no column for potential evapotranspiration E [mm/d]; give --latitude (latitude=) "
         "in degrees north to compute it from temperature (column 'T'), or name its column with "
         "--pet-column (pet_column=)"),
        ({"T": None}, {"latitude": 47}, "found among 'date', 'P', 'Q'; name it with --pet-column "
         "(pet_column=), or a column of mean temperature with --temperature-column "
         "(temperature_column=) and the --latitude"),
        ({"tas": WARM}, {"latitude": 47}, "'T', 'tas' could each be temperature T [degC]; choose "
         "one with --temperature-column"),
        ({}, {"latitude": 90.5}, "--latitude (latitude=) is 90.5"),
        ({"E": WARM + 20}, {"latitude": -91}, "--latitude (latitude=) is -91"),
        ({}, {"temperature_column": "air"}, "no column 'air', asked for by --temperature-column"),
        ({"T": KELVIN}, {"latitude": 47}, "temperature (column 'T') is in kelvin by the look"
         f" of it (from {KELVIN.min():g} to {KELVIN.max():g}); degC are needed: subtract 273.15"),
        ({"T": np.where(DAY == 10, -999, KELVIN)}, {"latitude": 47}, "is in kelvin by the"),
        ({"T": None, "T [hPa]": KELVIN}, {"latitude": 47}, "T must be in degC, and by name "
         "column 'T [hPa]' (in hPa) is not; convert and rename it"),
        ({"T": with_value(9, np.nan)}, {"latitude": 47},
         "temperature (column 'T') is missing on 1 day (2011-01-10); T is needed on every day"),
        ({"T": with_value(9, -999)}, {"latitude": 47}, "is missing on 1 day (2011-01-10: -999)"),
        ({"T": with_value(9, 75)}, {"latitude": 47},
         "temperature (column 'T') is outside -90 to 60 degC on 1 day (2011-01-10: 75)"),
        ({"T": with_value(9, np.inf)}, {"latitude": 47}, "on 1 day (2011-01-10: inf)"),
        ({"T": "mild"}, {"latitude": 47}, "row 1 (2011-01-01), column 'T': 'mild' is not a number"),
    ],
)  # fmt: skip
def test_temperatures_that_cannot_be_used(changes: dict, options: dict, says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        Catchment.from_frame(frame(**changes), **options)


def test_without_dates_there_is_no_sun() -> None:
    undated = frame().reset_index(drop=True)
    with pytest.raises(InputError, match=r"no dates.*column 'T'.*--date-column.*--pet-column"):
        Catchment.from_frame(undated, latitude=47)


@pytest.mark.parametrize("options", [{"latitude": 0.0}, {"area": 0.0}, {"flow_unit": "l/s"}])
def test_built_in_data_have_no_latitude_to_choose(options: dict) -> None:
    name = next(iter(options))
    for data in ("example", Catchment.from_frame(frame(E=np.ones(len(DATES))))):
        with pytest.raises(InputError, match=f"{name} cannot be chosen"):
            as_catchment(data, **options)
