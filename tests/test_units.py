"""Units in headers: found wherever they stand, converted where that is plain, else refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gr4jstan.errors import InputError
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.flow_units import check_area
from gr4jstan.reading.headers import parse_header, parse_temperature_header
from gr4jstan.reading.pet import oudin

DAYS = 30
DATES = pd.date_range("2012-02-20", periods=DAYS, name="date")
RAIN = np.linspace(0, 20, DAYS)
THIRST = np.linspace(1, 4, DAYS)
FLOW = np.linspace(0.5, 2, DAYS)
AREA = 50.0

# What one mm/d is in a unit, from its definition.
DEPTHS = {
    "0.1 mm": 10, "0,1 mm": 10, "1/10 mm": 10, "mm/10": 10, "cm": 0.1, "m": 1e-3, "m/d": 1e-3,
    "in": 1 / 25.4, "inch/day": 1 / 25.4, "mm/h": 1 / 24, "mm": 1, "mm/24h": 1, "kg/m2/d": 1,
    "kg m-2 s-1": 1 / 86400, "kg m**-2 s**-1": 1 / 86400, "l/m2": 1,
}  # fmt: skip
HEATS = {"W/m2": 2.45e6 / 86400, "W m⁻²": 2.45e6 / 86400, "MJ/m2/d": 2.45, "J m**-2": 2.45e6}
FLOWS = {
    "m³/Sek.": AREA / 86.4, "m^3 s^-1": AREA / 86.4, "cms": AREA / 86.4, "cumecs": AREA / 86.4,
    "ft³/s": AREA / 86.4 / 0.3048**3, "cfs": AREA / 86.4 / 0.3048**3, "ML/d": AREA, "Ml/day": AREA,
    "kcfs": AREA / 86.4 / 0.3048**3 / 1000, "MGD": AREA / 3.785411784, "m3/d": AREA * 1000,
    "l/s": AREA / 0.0864, "l/s/km2": 1 / 0.0864, "m3/s/km2": 1 / 86.4, "l/(s km2)": 1 / 0.0864,
}  # fmt: skip
GUISES = ("{} [{}]", "{} ({})", "{} (gauge 3) [{}]", "{} [{}] (daily mean)", "{} <{}>", "{} in {}")
REFUSED = ("mm/month", "mm/year", "mm/6h", "mm x 10", "hPa", "foo", "-", "m3", "%")


def catchment(P: str = "P", E: str = "E", Q: str = "Q", scale=(1, 1, 1), **options) -> Catchment:
    values = {"P": RAIN * scale[0], "E": THIRST * scale[1], "Q": FLOW * scale[2]}
    columns = {P: values["P"], E: values["E"], Q: values["Q"]}
    options = {"precip_column": P, "pet_column": E, "discharge_column": Q} | options
    return Catchment.from_frame(pd.DataFrame(columns, index=DATES), **options)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    rain=st.sampled_from(sorted(DEPTHS)),
    thirst=st.sampled_from(sorted(DEPTHS | HEATS)),
    flow=st.sampled_from(sorted(DEPTHS | FLOWS)),
    guises=st.tuples(*[st.sampled_from(GUISES)] * 3),
)
def test_one_truth_in_many_guises_is_one_catchment(rain, thirst, flow, guises) -> None:
    made = catchment(
        *(g.format(n, u) for g, n, u in zip(guises, "PEQ", (rain, thirst, flow), strict=True)),
        scale=(DEPTHS[rain], (DEPTHS | HEATS)[thirst], (DEPTHS | FLOWS)[flow]),
        area=AREA,
    )
    for read, truth in ((made.P, RAIN), (made.E, THIRST), (made.Q, FLOW)):
        np.testing.assert_allclose(read, truth, rtol=1e-9)
    units = (DEPTHS | HEATS | FLOWS)[thirst], DEPTHS[rain], (DEPTHS | FLOWS)[flow]
    said = [each.code for each in made.findings].count("unit_converted")
    assert said == sum(unit != 1 for unit in units)


@pytest.mark.parametrize("unit", REFUSED)
@pytest.mark.parametrize("role", "PEQ")
def test_what_is_not_understood_in_square_brackets_is_refused_by_name(role: str, unit: str) -> None:
    with pytest.raises(InputError, match=rf"{role} must be in mm/d.*convert and rename it"):
        catchment(**{role: f"{role} [{unit}]"}, area=AREA)


@pytest.mark.parametrize("comment", ["gauge 3", "daily mean", "FAO-56", "Oudin", "obs", "min"])
def test_words_in_round_brackets_are_a_comment(comment: str) -> None:
    assert parse_header(f"P ({comment})") == ("p", None)
    assert parse_header(f"P ({comment}) [0.1 mm]") == ("p", "0.1 mm")


@pytest.mark.parametrize(
    ("name", "unit"),
    [("Q_m3s", "m3/s"), ("prec_mm", "mm/d"), ("discharge in m3/s", "m3/s"), ("Qls", "l/s"),
     ("Valeur (en m³/s)", "m3/s"), ("Q_m3s_obs", "m3/s"), ("Flow, ft3/s", "cfs"), ("q_min", None),
     ("yyyy-mm-dd", None), ("Q (m3/s, daily mean)", "m3/s"), ("P (mm, x 10)", "mm, x 10"),
     ("P [mm] [in]", "mm/d and in"), ("Pluie (dixièmes de mm)", "dixièmes de mm"), ("q_in", None)],
)  # fmt: skip
def test_where_a_unit_is_found(name: str, unit: str | None) -> None:
    assert parse_header(name)[1] == unit


def test_a_net_radiation_is_no_evaporation() -> None:
    with pytest.raises(InputError, match="by name it is a radiation"):
        catchment(E="net radiation [W/m2]")


def test_an_option_outranks_the_header_and_says_so() -> None:
    made = catchment(Q="Q [l/s]", flow_unit="m3/s", area=AREA, scale=(1, 1, AREA / 86.4))
    np.testing.assert_allclose(made.Q, FLOW, rtol=1e-12)
    assert made.findings[0].code == "unit_overruled"
    assert "--flow-unit (flow_unit=) says, though by name column 'Q [l/s]'" in made.notes[0]
    made = catchment(precip_unit="0.1mm", pet_unit="W/m2", scale=(10, 2.45e6 / 86400, 1))
    np.testing.assert_allclose(made.P, RAIN, rtol=1e-12)
    np.testing.assert_allclose(made.E, THIRST, rtol=1e-12)
    with pytest.raises(InputError, match=r"--precip-unit \(precip_unit=\) is 'm3/s'"):
        catchment(precip_unit="m3/s")


@pytest.mark.parametrize(
    ("name", "unit", "values"),
    [("T [K]", "K", lambda C: C + 273.15), ("T (daily mean) [°F]", "degF", lambda C: C * 1.8 + 32),
     ("T (1/10 °C)", "0.1 degC", lambda C: C * 10), ("T [0,1 °C]", "0.1 degC", lambda C: C * 10)],
)  # fmt: skip
def test_temperatures_are_converted(name: str, unit: str, values) -> None:
    assert parse_temperature_header(name)[1] == unit
    C = np.linspace(-5, 20, DAYS)
    frame = pd.DataFrame({"P": RAIN, name: values(C), "Q": FLOW}, index=DATES)
    made = Catchment.from_frame(frame, latitude=47)
    np.testing.assert_allclose(made.E, oudin(C, 47, DATES), rtol=1e-9, atol=1e-9)
    assert made.notes[0] == f"T is converted from {unit} to degC (column {name!r})"


@pytest.mark.parametrize(
    ("text", "km2"),
    [("53.9 mi2", 139.6003), ("5390ha", 53.9), ("5.39e7 m2", 53.9), ("53.9 km²", 53.9),
     ("53.9", 53.9), (53.9, 53.9), ("1000 acres", 4.0468564)],
)  # fmt: skip
def test_areas_have_a_unit_or_are_in_km2(text: object, km2: float) -> None:
    assert check_area(text) == pytest.approx(km2, rel=1e-6)


def test_another_unit_of_area_is_refused() -> None:
    with pytest.raises(InputError, match="'furlongs' is not a unit of area that is known"):
        check_area("53.9 furlongs")
