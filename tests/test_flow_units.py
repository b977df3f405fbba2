"""Streamflow in other units than mm/d: spelling, conversion, and what must be said about it."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gr4jstan.errors import InputError
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.csvfile import read_csv
from gr4jstan.reading.flow_units import balance_remark, check_area, to_mm_per_day, unit_of
from gr4jstan.reading.sources import as_catchment

DAYS = 30
ONES = np.ones(DAYS)
FLOW = np.linspace(0.5, 2, DAYS)


def frame(**columns: object) -> pd.DataFrame:
    dates = pd.date_range("2012-02-20", periods=DAYS, name="date")
    return pd.DataFrame({"P": ONES, "E": ONES, **columns}, index=dates)


@pytest.mark.parametrize(
    ("unit", "area", "expected"),
    [
        # 1 m3/s is 86 400 m3 a day; on 86.4 km2 = 86.4e6 m2 that is 1 mm.
        ("m3/s", 86.4, 1.0),
        # 1 l/s is 86.4 m3 a day; on a hectare that is 8.64 mm.
        ("l/s", 0.01, 8.64),
        # A cubic foot is 28.316846592 l: 2446.5755 m3 a day.
        ("cfs", 1.0, 2.446575545549),
    ],
)
def test_hand_worked_conversions(unit: str, area: float, expected: float) -> None:
    mm = to_mm_per_day([0, 1, 2, np.nan], unit, area)
    np.testing.assert_allclose(mm, [0, expected, 2 * expected, np.nan], rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        *[(t, "m3/s") for t in ("m3/s", "m³/s", "m3 s-1", "m^3/s", "m**3/s", "m3s", "cms", "cumecs",
                                "m3 per second", "M3/S")],
        *[(t, "l/s") for t in ("l/s", "ls", "ls-1", "L s^-1", "lps", "litres per second", "dm3/s")],
        *[(t, "cfs") for t in ("cfs", "ft3/s", "ft^3 s-1", "ft³/sec", "cubic feet per second")],
        *[(t, "mm/d") for t in ("mm", "mm/d", "mm/day", "mm d-1", "mm per day")],
        *[(t, t) for t in ("mm/h", "m3/d", "ML/d", "m3", "inch", "gal/s")],
        *[(t, None) for t in ("raw", "gauge 3", "-", "")],
    ],
)  # fmt: skip
def test_spellings_of_units(text: str, unit: str | None) -> None:
    assert unit_of(text) == unit


FACTOR = {"m3/s": 86.4 / 50, "l/s": 0.0864 / 50, "cfs": 2.446575545549 / 50}


@pytest.mark.parametrize(
    ("name", "unit"),
    [("Q [m3/s]", "m3/s"), ("Q (m³ s⁻¹)", "m3/s"), ("discharge_cms", "m3/s"), ("Q_ls", "l/s"),
     ("discharge_vol", "m3/s"), ("Qls", "l/s"), ("tsd_q_l", "l/s"), ("Discharge[ls-1]", "l/s"),
     ("flow [cfs]", "cfs"), ("QObs(ft3/s)", "cfs")],
)  # fmt: skip
@pytest.mark.parametrize("say_unit", [False, True])
def test_the_unit_in_the_header_is_converted(name: str, unit: str, say_unit: bool) -> None:
    options = {"flow_unit": unit} if say_unit else {}
    made = Catchment.from_frame(frame(**{name: FLOW}), area=50, **options)
    np.testing.assert_allclose(made.Q, FLOW * FACTOR[unit], rtol=1e-12)
    assert made.columns[2] == name
    assert made.notes[0] == f"Q is converted from {unit} (column {name!r}) with an area of 50 km2"


@pytest.mark.parametrize("unit", [*FACTOR, "m³/s", "L/s", "ft3/s"])
def test_the_unit_of_a_bare_header_is_said(unit: str) -> None:
    made = Catchment.from_frame(frame(Q=FLOW), area=50, flow_unit=unit)
    known = {"m³/s": "m3/s", "L/s": "l/s", "ft3/s": "cfs"}.get(unit, unit)
    np.testing.assert_allclose(made.Q, FLOW * FACTOR[known], rtol=1e-12)


@pytest.mark.parametrize("options", [{}, {"flow_unit": "mm/d"}, {"flow_unit": "mm/day"}])
def test_a_bare_header_is_mm_per_day(options: dict) -> None:
    made = Catchment.from_frame(frame(Q=FLOW), **options)
    np.testing.assert_array_equal(made.Q, FLOW)
    assert made.notes == ()


def test_files_are_converted_as_frames_are(tmp_path: Path) -> None:
    path = tmp_path / "basin.csv"
    frame(Q=FLOW).to_csv(path)
    np.testing.assert_allclose(
        read_csv(path, area=50, flow_unit="m3/s").Q, FLOW * FACTOR["m3/s"], rtol=1e-12
    )
    assert as_catchment(path, area=50, flow_unit="m3/s").notes[0].startswith("Q is converted")


def test_missing_flows_stay_missing_and_refusals_name_the_number_in_the_file() -> None:
    flow = FLOW.copy()
    flow[[3, 5]] = -99.9, np.nan
    made = Catchment.from_frame(frame(Q_ls=flow), area=0.05)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(made.Q)), [3, 5])
    assert "-99.9 read as missing in column 'Q_ls' (1 day)" in made.notes
    assert "2 of 30 days have no Q (first 2012-02-23)" in made.notes
    flow[3] = -0.5
    with pytest.raises(
        InputError, match=r"\(column 'Q_ls'\) is negative on 1 day \(2012-02-23: -0.5"
    ):
        Catchment.from_frame(frame(Q_ls=flow), area=0.05)


@pytest.mark.parametrize(
    ("options", "column"),
    [
        ({}, "Qmm"),
        ({"area": 50}, "Qmm"),
        ({"area": 50, "flow_unit": "l/s"}, "Qls"),
        ({"area": 50, "flow_unit": "m3/s"}, "Q_cms"),
        ({"area": 50, "discharge_column": "Q_cms"}, "Q_cms"),
    ],
)
def test_among_several_units_mm_per_day_or_the_one_asked_for(options: dict, column: str) -> None:
    made = Catchment.from_frame(frame(Qls=FLOW, Qmm=FLOW, Q_cms=FLOW), **options)
    assert made.columns[2] == column


def test_an_area_that_is_not_needed_is_remarked() -> None:
    made = Catchment.from_frame(frame(Qmm=FLOW), area=50)
    np.testing.assert_array_equal(made.Q, FLOW)
    assert made.notes == ("column 'Qmm' is in mm/d; the area is not used",)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("Q", {"area": 50}, "data: streamflow (column 'Q') has no unit, but an area is given; say "
         "in which unit it is with --flow-unit (flow_unit=)"),
        ("Q", {"flow_unit": "m3/s"}, "data: streamflow (column 'Q') in m3/s needs --area (area=)"),
        ("Q_ls", {"flow_unit": "l/s"}, "streamflow (column 'Q_ls') in l/s needs --area (area=)"),
        ("Q_ls", {"discharge_column": "Q_ls"}, "Q must be in mm/d, and by name column 'Q_ls' "
         "(in l/s) is not; give the catchment's area in km2 with --area (area=)"),
        ("Q [m3]", {"discharge_column": "Q [m3]", "area": 5}, "(in m3) is not; convert and"),
        ("Q", {"flow_unit": "gallons"}, "--flow-unit (flow_unit=) is 'gallons'; it must be one of "
         "mm/d, m3/s, l/s, cfs"),
        ("Q", {"flow_unit": "mm/month"}, "--flow-unit (flow_unit=) is 'mm/month'"),
        ("Q", {"area": 0}, "--area (area=) is 0; it must be a number of km2 above 0"),
    ],
)  # fmt: skip
def test_units_and_areas_that_do_not_fit(name: str, options: dict, says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        Catchment.from_frame(frame(**{name: FLOW}), **options)


def test_two_columns_that_could_be_converted_are_not_guessed_among() -> None:
    with pytest.raises(InputError, match="'Q_ls', 'Q_cms' could each be streamflow"):
        Catchment.from_frame(frame(Q_ls=FLOW, Q_cms=FLOW), area=50)


@pytest.mark.parametrize("area", [0, -3, np.nan, np.inf, 1.2e8, "large", None])
def test_areas_that_are_none(area: object) -> None:
    with pytest.raises(InputError, match=r"--area \(area=\) is "):
        check_area(area)


@pytest.mark.parametrize(
    ("scale", "says"),
    [(3.01, "3 times that of P"), (60, "60 times"), (2.9, None), (1e-3, None), (9e-4, "0.0009"),
     (0, None)],
)  # fmt: skip
def test_more_flow_than_rain_is_remarked(scale: float, says: str | None) -> None:
    rain = np.array([0.0, 4, 2, 2, 1000])
    flow = scale * np.array([2.0, 2, 2, 2, np.nan])
    remark = balance_remark(rain, flow)
    assert (remark is None) == (says is None)
    assert says is None or says in str(remark)


def test_the_remark_on_the_balance_says_where_to_look() -> None:
    plain = Catchment.from_frame(frame(Q=20 * ONES)).notes
    assert plain == (
        "the mean of Q is 20 times that of P (column 'Q'); if it is not in mm/d, give --flow-unit "
        "(flow_unit=) and --area (area=)",
    )
    converted = Catchment.from_frame(frame(Q_cms=50 * ONES), area=5).notes
    assert converted[1].endswith("(column 'Q_cms'); is it in m3/s, and are there 5 km2?")


@pytest.mark.parametrize(
    "name", ["Qsim", "qmod", "modeled_Q", "simulated_Q", "Q_simulated", "discharge_sim", "MOD_RUN"]
)
def test_a_simulated_flow_is_remarked_unless_asked_for(name: str) -> None:
    made = Catchment.from_frame(frame(**{name: FLOW}))
    np.testing.assert_array_equal(made.Q, FLOW)
    assert len(made.notes) == 1
    assert f"Q is read from column {name!r}, by name a simulated flow" in made.notes[0]
    assert Catchment.from_frame(frame(**{name: FLOW}), discharge_column=name).notes == ()
    assert Catchment.from_frame(frame(**{name: FLOW}), forcing_only=True).notes == ()


@pytest.mark.parametrize("name", ["Q", "Qobs", "streamflow", "observed_Q", "discharge_spec_obs"])
def test_an_observed_flow_is_not_remarked(name: str) -> None:
    assert Catchment.from_frame(frame(**{name: FLOW})).notes == ()


# --- a flow without a name ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "columns", [["gauge 7 [m3/s]"], ["sub1 [m3/s]", "sub1 (observed) [m3/s]"], ["A12 (l/s)"]]
)
def test_a_column_in_a_unit_of_flow_is_the_flow(columns: list[str]) -> None:
    made = Catchment.from_frame(frame(**dict.fromkeys(columns, FLOW)), area=50)
    assert made.columns[2] == columns[-1]
    assert made.findings[0].code == "column_by_unit"


def test_two_columns_in_units_of_flow_are_not_guessed_among() -> None:
    both = dict.fromkeys(["gauge 7 [m3/s]", "gauge 8 [m3/s]"], FLOW)
    with pytest.raises(InputError, match="could each be streamflow"):
        Catchment.from_frame(frame(**both), area=50)
