"""Forcing of a prediction: where it may start, and whether it is that of the catchment."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gr4jstan.errors import InputError
from gr4jstan.fitting.forcing import judge_forcing
from gr4jstan.fitting.results import Fit
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.datasets import load_dataset

CALIBRATED = 1096


@pytest.fixture(scope="module")
def example() -> Catchment:
    return load_dataset("example")


@pytest.fixture(scope="module")
def known(example: Catchment) -> pd.DataFrame:
    """P and E of the calibration."""
    return example.to_frame().iloc[:CALIBRATED]


def scaled(catchment: Catchment, **factors: float) -> Catchment:
    return replace(
        catchment, **{name: factors[name] * getattr(catchment, name) for name in factors}
    )


def codes(findings: object) -> list[str]:
    return [finding.code for finding in findings]  # type: ignore[attr-defined]


# --- where it starts ---------------------------------------------------------------------------


def moved(catchment: Catchment, days: int) -> Catchment:
    assert catchment.dates is not None
    return replace(catchment, dates=catchment.dates + pd.Timedelta(days=days))


def test_a_start_within_the_validation_goes_on_from_the_days_before(
    split_fit: Fit, example: Catchment
) -> None:
    whole = split_fit.predict(example.select("2015-01-01"))
    later = split_fit.predict(example.select("2015-06-01"))
    n = len(later.dates)
    np.testing.assert_allclose(later.flow, whole.flow[:, -n:], atol=1e-9)
    np.testing.assert_allclose(later.expected, whole.expected[:, -n:], atol=1e-9)
    assert "over 151 days that the fit knows" in later.findings[0].text


def test_the_day_after_the_validation_goes_on_from_its_end(
    split_fit: Fit, example: Catchment
) -> None:
    """A forecast of a fit with a validation is as short as one likes."""
    forcing = moved(example.select("2016-01-01", "2016-01-10"), 366)
    prediction = split_fit.predict(forcing)
    assert len(prediction.dates) == 10
    again = pd.concat([example.select("2015-01-01").to_frame(), forcing.to_frame()])
    whole = split_fit.predict(again.drop(columns="Q"))
    np.testing.assert_allclose(prediction.flow, whole.flow[:, -10:], atol=1e-9)


def test_a_gap_is_named_by_its_days(split_fit: Fit, example: Catchment) -> None:
    forcing = moved(example.select("2016-01-01", "2016-01-12"), 368)
    says = r"ends on 2016-12-31: 2 days are missing \(2017-01-01 to 2017-01-02\)"
    with pytest.raises(InputError, match=says) as error:
        split_fit.predict(forcing)
    assert "Let it start on 2017-01-01" in str(error.value)
    assert "--start" not in str(error.value)
    long = split_fit.predict(moved(example, 2000))
    assert "days are missing" in long.findings[0].text


def test_a_spin_up_that_is_too_short_is_a_finding(split_fit: Fit, example: Catchment) -> None:
    forcing = moved(example, 2000)
    short = split_fit.predict(forcing, warmup=5)
    assert "short_spin_up" in codes(short.findings)
    assert "short_spin_up" not in codes(split_fit.predict(forcing, warmup="2Y").findings)


# --- whether it is of the catchment ------------------------------------------------------------


@pytest.mark.parametrize(
    ("factors", "cause"),
    [
        ({"P": 1 / 1000}, "in m?"),
        ({"P": 1 / 25.4}, "in inches or in mm/h?"),
        ({"P": 1 / 86400}, "in mm/s or kg m-2 s-1?"),
        ({"P": 10}, "in tenths of mm?"),
        ({"E": 28.4}, "of months, not days or in W/m2?"),
        ({"E": 1 / 10}, "in cm?"),
    ],
)
def test_another_unit_is_refused_and_named(
    known: pd.DataFrame, example: Catchment, factors: dict[str, float], cause: str
) -> None:
    wrong = scaled(example.select("2015-01-01"), **factors)
    with pytest.raises(InputError, match="cannot be of the same catchment") as error:
        judge_forcing(wrong, known)
    assert cause in str(error.value)


def test_evaporation_that_is_too_large_is_a_finding(
    known: pd.DataFrame, example: Catchment
) -> None:
    (finding,) = judge_forcing(scaled(example.select("2015-01-01"), E=2.4), known)
    assert (finding.code, finding.severity) == ("unusual_forcing", "warning")
    assert finding.text.startswith("potential evapotranspiration")
    assert finding.dates == ("2015-01-01:2016-12-31",)


@pytest.mark.parametrize("first", ["2015-01-01", "2015-04-01", "2015-07-01", "2015-10-01"])
@pytest.mark.parametrize("days", [1, 10, 90, 365])
def test_what_the_catchment_has_had_is_no_finding(
    known: pd.DataFrame, example: Catchment, first: str, days: int
) -> None:
    start = example.position(first, "start")
    part = example.select(first, str(example.label(start + days - 1)))
    assert judge_forcing(part, known) == []


def test_a_season_is_held_against_the_same_months(known: pd.DataFrame, example: Catchment) -> None:
    """E of a summer is that of a year times two, and no finding; in a winter it would be one."""
    summer = example.select("2015-06-01", "2015-08-31")
    assert judge_forcing(summer, known) == []
    winter = replace(example.select("2015-12-01", "2016-02-29"), E=summer.E[:91])
    with pytest.raises(InputError, match="in the same months"):
        judge_forcing(winter, known)


def test_a_day_beyond_all_records_is_a_finding(known: pd.DataFrame, example: Catchment) -> None:
    flood = example.select("2015-06-01", "2015-06-10")
    P = flood.P.copy()
    P[3] = 4 * known["P"].max()
    (finding,) = judge_forcing(replace(flood, P=P), known)
    assert (finding.code, finding.dates) == ("extreme_forcing", ("2015-06-04:2015-06-04",))


def test_without_dates_spells_of_the_same_length_are_compared(
    known: pd.DataFrame, example: Catchment
) -> None:
    plain = replace(example.select("2015-01-01", "2015-12-31"), dates=None)
    undated = known.reset_index(drop=True).rename_axis("day")
    assert judge_forcing(plain, undated) == []
    with pytest.raises(InputError, match="in inches"):
        judge_forcing(scaled(plain, P=1 / 25.4), undated)
