"""What is read is held against what occurs on Earth."""

import re

import numpy as np
import pandas as pd
import pytest

from gr4jstan.errors import InputError
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.datasets import dataset_names, load_dataset
from gr4jstan.reading.plausibility import turc_flow
from seeds import shifted

DATES = pd.date_range("2001-01-01", "2004-12-31")
DAYS = len(DATES)
WET = np.arange(DAYS) % 3 == 0
RAIN = np.where(WET, 9.0, 0.0)
THIRST = 2 + 1.5 * np.sin(np.arange(DAYS) / 58)
FLOW = 1 + np.random.default_rng(shifted(1)).uniform(0, 0.8, DAYS)


def made(P=RAIN, E=THIRST, Q=FLOW) -> Catchment:
    return Catchment("river", P, E, Q, DATES)


def with_value(series: np.ndarray, value: float, day: int = 5) -> np.ndarray:
    changed = series.copy()
    changed[day] = value
    return changed


@pytest.mark.parametrize("name", dataset_names())
def test_built_in_data_are_plausible(name: str) -> None:
    data = load_dataset(name)
    assert Catchment(name, data.P, data.E, data.Q, data.dates).remarks == ()


def test_what_is_usual_has_no_findings() -> None:
    assert made().findings == ()


@pytest.mark.parametrize("value", [9.96921e36, 1e20, 9999, 99999, 999999999, 32767, 65535])
@pytest.mark.parametrize("role", "PE")
def test_fill_values_of_forcing_are_refused_by_date(role: str, value: float) -> None:
    says = f"a fill value on 1 day (2001-01-06: {value:g}); it stands for a missing value"
    with pytest.raises(InputError, match=re.escape(says)):
        made(**{role: with_value({"P": RAIN, "E": THIRST}[role], value)})


@pytest.mark.parametrize("value", [9.96921e36, 1e20, 9999, -32768, 32767, 999999999])
def test_plain_fill_values_of_flow_are_missing(value: float) -> None:
    read = made(Q=with_value(FLOW, value))
    assert np.flatnonzero(np.isnan(read.Q)).tolist() == [5]
    assert f"{value:g} read as missing" in read.notes[0]


def test_what_may_be_a_flow_is_not_decided() -> None:
    large = np.where(WET, 1500.0, 1200.0)
    with pytest.raises(InputError, match="a flow or a fill value on 1 day"):
        made(Q=with_value(large, 9999))


@pytest.mark.parametrize(
    ("series", "says"),
    [
        ({"P": with_value(RAIN, 1900)}, "is above 1825 mm/d on 1 day (2001-01-06: 1900)"),
        ({"P": RAIN * 30}, "more than anywhere on Earth; is it in mm/month or 0.1 mm?"),
        ({"E": THIRST * 28.4}, "more than anywhere on Earth; is it in W/m2"),
        ({"E": THIRST * 10}, "more than anywhere on Earth; is it in 0.1 mm"),
        ({"Q": FLOW * 1000}, "more than anywhere on Earth; give --flow-unit"),
    ],
)
def test_the_impossible_is_refused(series: dict, says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        made(**series)


@pytest.mark.parametrize(
    ("series", "code", "says"),
    [
        ({"P": with_value(RAIN, 900)}, "improbable_day", "P is above 800 mm/d on 1 day"),
        ({"E": with_value(THIRST, 25)}, "improbable_day", "2001-01-06: 25"),
        ({"P": RAIN * 10}, "improbable_mean", "is it in 0.1 mm"),
        ({"P": RAIN / 86400}, "improbable_mean", "is it in kg m-2 s-1"),
        ({"P": RAIN / 1000}, "improbable_mean", "is it in m?"),
        ({"E": THIRST / 25.4}, "improbable_mean", "is it in"),
        ({"Q": FLOW * 1.8}, "water_balance", "the exchange x2 would have to bring in"),
    ],
)
def test_the_improbable_is_a_finding(series: dict, code: str, says: str) -> None:
    found = [each for each in made(**series).findings if each.code == code]
    assert found
    assert found[0].severity == "warning"
    assert says in found[0].text


@pytest.mark.parametrize("factor", [2.59, 25.4])
def test_the_balance_names_the_factor(factor: float) -> None:
    natural = turc_flow(THIRST.mean() / RAIN.mean()) * RAIN.mean()
    text = next(
        each.text
        for each in made(Q=FLOW / FLOW.mean() * natural * factor).findings
        if each.code == "water_balance"
    )
    assert ("square miles" if factor < 3 else "inches") in text


def test_the_formula_of_turc_keeps_its_limits() -> None:
    np.testing.assert_allclose(turc_flow([0, 1, 1e6]), [1, 1 - 0.5**0.5, 0], atol=1e-9)


def test_a_period_does_not_say_it_twice_and_not_of_other_days() -> None:
    record = made(E=with_value(THIRST, 25))
    assert [each.code for each in record.select("2001-01-01", "2003-12-31").findings] == [
        "improbable_day"
    ]
    assert record.select("2002-01-01").findings == ()
