"""Faults of a gauge are found, with their days; what rivers do is not."""

import numpy as np
import pandas as pd
import pytest

from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.datasets import load_dataset
from seeds import shifted

DATES = pd.date_range("2001-01-01", "2005-12-31")
DAYS = len(DATES)


def river(seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """P, E and Q [mm/d]: a recession of 20 d that rain feeds, with seasons."""
    rng = np.random.default_rng(shifted(seed))
    P = np.where(rng.uniform(size=DAYS) < 0.3, rng.exponential(8, DAYS), 0.0)
    season = np.sin(2 * np.pi * np.arange(DAYS) / 365.25)
    Q = np.empty(DAYS)
    store = 20.0
    for day in range(DAYS):
        store += P[day] * (0.45 + 0.2 * season[day])
        Q[day] = store / 20
        store -= Q[day]
    return P, 2 - 1.5 * season, np.round(Q + 0.05, 4)


def findings(P, E, Q) -> dict[str, tuple[str, ...]]:
    found = [each for each in Catchment("river", P, E, Q, DATES).remarks if each.code != "no_flow"]
    for each in found:
        assert each.severity == "warning"
        assert each.code == "water_balance" or f"--exclude {each.dates[0]}" in each.text
    return {each.code: each.dates for each in found}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("digits", [4, 2, 1])
def test_a_river_has_no_faults_however_it_is_rounded(seed: int, digits: int) -> None:
    P, E, Q = river(seed)
    assert findings(P, E, np.round(Q, digits)) == {}


def test_coarse_low_flows_are_no_stuck_gauge() -> None:
    P, E, Q = river()
    recession = 0.1 * np.exp(-np.arange(250) / 120)
    Q[600:850] = np.round(recession, 2)
    P[600:850] = 0
    assert "equal_flows" not in findings(P, E, Q)


def test_a_stuck_gauge() -> None:
    P, E, Q = river()
    Q[500:800] = Q[499]
    days = f"{DATES[499].date()}:{DATES[799].date()}"
    assert findings(P, E, Q) == {"equal_flows": (days,)}


def test_filled_zeros() -> None:
    P, E, Q = river()
    Q[500:700] = 0
    assert findings(P, E, Q) == {"filled_zeros": (f"{DATES[500].date()}:{DATES[699].date()}",)}


def test_a_river_that_dries_up_every_summer_has_no_filled_zeros() -> None:
    P, E, Q = river()
    summer = np.isin(DATES.month, [7, 8, 9])
    start = DATES.month == 6
    Q = np.where(summer, 0, np.where(start, Q * (1 - DATES.day / 31), Q))
    assert "filled_zeros" not in findings(P, E, Q)


@pytest.mark.parametrize("factor", [1000, 1 / 1000, 35.3147, 86.4])
def test_another_unit_from_a_day_on(factor: float) -> None:
    P, E, Q = river()
    Q = Q / max(factor, 1)
    Q[1000:1200] *= factor
    assert findings(P, E, Q)["flow_step"] == (f"{DATES[1000].date()}:{DATES[1199].date()}",)


@pytest.mark.parametrize("factor", [100, 0.01])
def test_a_spike(factor: float) -> None:
    P, E, Q = river()
    P[895:905], Q[898:903] = 0, [1.0, 0.95, 0.9 * factor, 0.86, 0.82]
    assert findings(P, E, Q)["flow_spike"] == (f"{DATES[900].date()}:{DATES[900].date()}",)


def test_a_ceiling() -> None:
    P, E, Q = river()
    floods = np.arange(100, DAYS, 200)
    top = max(Q.max(), 4 * np.median(Q))
    for flood in floods:
        Q[flood : flood + 6] += top * np.array([0.1, 0.6, 2, 1.2, 0.5, 0.2])
    P[floods] += 60
    ceiling = findings(P, E, np.minimum(Q, top))["flow_ceiling"]
    assert len(ceiling) >= len(floods)  # the largest flood of all may be one more


def test_the_built_in_example_has_no_faults() -> None:
    data = load_dataset("example")
    assert Catchment("example", data.P, data.E, data.Q, data.dates).remarks == ()


def test_days_have_numbers_where_there_are_no_dates() -> None:
    P, E, Q = river()
    Q[500:800] = Q[499]
    (found,) = Catchment("river", P, E, Q).remarks
    assert found.dates == ("499:799",)
    assert Catchment("river", P, E, Q).select(800).remarks == ()
