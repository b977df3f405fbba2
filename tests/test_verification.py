"""Scores by group of days, and what right bands would give."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gr4jstan.fitting.error_memory import simulate_ar1
from gr4jstan.fitting.judging_bands import judge_bands, judge_extremes, judge_groups
from gr4jstan.fitting.judging_skill import judge_seasons, judge_volume
from gr4jstan.fitting.prediction import Prediction
from gr4jstan.fitting.results import Fit
from gr4jstan.fitting.verification import SAMPLES, verify_periods
from gr4jstan.model.definition import define_model
from gr4jstan.scoring.predictive import pit
from gr4jstan.scoring.uniformity import excess, independent_days
from gr4jstan.scoring.verification import (
    ALL,
    CLASSES,
    COLUMNS,
    MAXIMA,
    MINIMA,
    MONTHS,
    SEASONS,
    day_groups,
)
from seeds import shifted

DATES = pd.date_range("2001-01-01", "2008-12-31", name="date")
PHI = 0.9
FLOW = 2 + np.sin(2 * np.pi * DATES.day_of_year.to_numpy() / 365.25)
TOP = "highest 5 % of flows"


def record(seed: int, *, phi: float = PHI, draws: int = 300) -> tuple[Prediction, pd.Series]:
    """Predictions by a model that is right, and the observations: one more of its draws."""
    rng = np.random.default_rng(shifted(seed))
    weather = simulate_ar1(np.array([0.8]), len(DATES), rng)[0]
    flow = np.tile(FLOW * np.exp(0.5 * weather), (draws, 1))
    eta = simulate_ar1(np.full(draws + 1, phi), len(DATES), rng)
    drawn = np.concatenate([flow, flow[:1]]) * np.exp(0.2 * eta)
    return Prediction(DATES, flow, flow, drawn[:-1]), pd.Series(drawn[-1], index=DATES)


def verified(prediction: Prediction, observed: pd.Series, seed: int, phi: float = PHI):
    values = pit(prediction.total, observed.to_numpy(), np.random.default_rng(shifted(seed)))
    table = verify_periods({"calibration": (prediction, observed)}, {"calibration": values}, phi, 1)
    return table.loc["calibration"]


def codes(table: pd.DataFrame) -> list[str]:
    model = define_model()
    found = [
        *judge_volume("calibration", table, model),
        *judge_bands("calibration", table, model),
        *judge_seasons("calibration", table),
        *judge_groups("calibration", table),
        *judge_extremes("calibration", table),
    ]
    return [each.code for each in found]


def test_a_right_model_with_memory_is_not_warned_of() -> None:
    """Of 100 such records none was warned of: the rate is below 3 %."""
    warned = sum(bool(codes(verified(*record(seed), seed))) for seed in range(12))
    assert stats.binom.sf(5, 12, 0.03) < 1e-6
    assert warned < 6


def test_memory_explains_what_independent_errors_would_not() -> None:
    """The bounds widen as the days are worth fewer, by the closed form for the mean of an AR(1)."""
    prediction, observed = record(30)
    table, alone = (verified(prediction, observed, 30, phi).loc[ALL] for phi in (PHI, 0.0))

    def width(row: pd.Series) -> float:
        return row["pit_mean_upper"] - row["pit_mean_lower"]

    expected = np.sqrt(len(DATES) / independent_days(len(DATES), PHI))
    assert width(table) / width(alone) == pytest.approx(expected, rel=0.25)
    # 99.8 % of a normal mean of uniform numbers
    assert width(alone) == pytest.approx(2 * 3.09 / np.sqrt(12 * len(DATES)), rel=0.25)


def test_faults_are_found_where_they_are() -> None:
    prediction, observed = record(31)
    calm = verified(prediction, observed, 31)
    top = day_groups(np.median(prediction.flow, axis=0), DATES)[TOP]
    flood = observed.where(~top, observed * np.where(np.arange(len(top)) % 2, 1.8, 0.5))
    table = verified(prediction, flood, 31)
    assert "coverage_where" in codes(table)
    (found,) = (e for e in judge_groups("calibration", table) if e.code == "coverage_where")
    assert TOP in found.text and "low flows" not in found.text
    # elsewhere nothing has changed
    name = "low flows (70 to 95 %)"
    assert table.loc[name, "coverage_95"] == calm.loc[name, "coverage_95"]

    winter = observed.where(~DATES.month.isin([11, 12, 1, 2]), observed * 1.6)
    (found,) = judge_volume("validation", verified(prediction, winter, 31), define_model())
    assert "too little water, mostly November to February." in found.text
    assert {"bias", "season_bias", "reliability_where"} <= set(
        codes(verified(prediction, winter, 31))
    )

    wet = verified(prediction, observed * 0.6, 31)
    assert {"bias", "reliability", "annual_extremes"} <= set(codes(wet))
    assert wet.loc[ALL, "pit_excess"] > 0.3


def test_scores_are_those_of_the_days_one_by_one() -> None:
    prediction, observed = record(32, draws=100)
    observed[DATES.month == 7] = np.nan
    days = observed.notna().to_numpy()
    values = pit(
        prediction.total[:, days], observed.to_numpy()[days], np.random.default_rng(shifted(1))
    )
    periods = {"validation": (prediction, observed)}
    table = verify_periods(periods, {"validation": values}, PHI, 1).loc["validation"]
    assert list(table.columns) == list(COLUMNS)
    assert list(table.index) == [ALL, *CLASSES, *SEASONS, *MONTHS, MAXIMA, MINIMA]
    assert table.loc[list(CLASSES), "n"].sum() == table.loc[list(SEASONS), "n"].sum() == days.sum()
    assert table.loc["July", "n"] == 0 and np.isnan(table.loc["July", "bias"])
    spring = observed[days].index.month.isin([3, 4, 5])
    row = table.loc["March to May"]
    assert row["pit_mean"] == pytest.approx(values[spring].mean())
    inside = (values[spring] >= 0.025) & (values[spring] <= 0.975)
    assert row["coverage_95"] == pytest.approx(inside.mean())
    flow = prediction.flow[0, days][spring].sum()
    assert row["bias"] == pytest.approx(flow / observed[days][spring].sum() - 1)
    low = flow / np.quantile(prediction.total[:, days][:, spring].sum(axis=1), 0.999) - 1
    assert row["bias_lower"] == pytest.approx(low)


def test_years_begin_where_no_season_is_cut() -> None:
    """The sine is highest in April and lowest in October."""
    prediction, observed = record(33, draws=100)
    table = verified(prediction, observed, 33)
    # of eight calendar years, seven from October on and seven from April on are whole
    assert table.loc[MAXIMA, "n"] == table.loc[MINIMA, "n"] == 7
    short = observed.copy()
    short[DATES.year > 2004] = np.nan
    days = short.notna().to_numpy()
    values = pit(
        prediction.total[:, days], short.to_numpy()[days], np.random.default_rng(shifted(1))
    )
    few = verify_periods({"calibration": (prediction, short)}, {"calibration": values}, PHI, 1)
    assert MAXIMA not in few.loc["calibration"].index


def test_the_excess_is_the_distance_of_kolmogorov_and_smirnov() -> None:
    rng = np.random.default_rng(shifted(34))
    values = rng.random((5, 400)) ** np.array([[0.5], [0.8], [1], [1.5], [2]])
    for row, found in zip(values, excess(values), strict=True):
        distance = stats.kstest(row, "uniform").statistic
        # on a grid of a hundredth, an empirical function may be farther off in between
        assert distance - 0.02 < abs(found) <= distance
    assert excess(values)[0] < 0 < excess(values)[4]


def test_days_are_worth_what_the_variance_of_an_ar1_mean_says() -> None:
    paths = simulate_ar1(np.full(SAMPLES, PHI), 4000, np.random.default_rng(shifted(35)))
    worth = 1 / paths.mean(axis=1).var()
    # the standard error of a variance of n numbers is sqrt(2 / n) of it
    assert independent_days(4000, PHI) == 211
    assert worth == pytest.approx(211, rel=5.5 * np.sqrt(2 / SAMPLES))
    assert independent_days(100, -0.5) == 100


def test_the_water_balance_is_that_of_the_fluxes(split_fit: Fit) -> None:
    balance = split_fit.water_balance()
    assert list(balance.index) == ["P", "Q", "ae", "aexch"]
    skipped = split_fit.run["warmup"]
    fluxes = split_fit.fluxes(["aexch1", "aexch2", "S", "R", "Q", "ae"], draws=100)
    counted = fluxes.isel(date=slice(skipped, None))
    exchange = (counted["aexch1"] + counted["aexch2"]).mean("date").to_numpy().ravel()
    row = balance.loc["aexch"]
    assert row["median"] == pytest.approx(np.median(exchange))
    assert row["q5"] == pytest.approx(np.quantile(exchange, 0.05))
    rain = balance.loc["P", "median"]
    assert row["share"] == pytest.approx(row["median"] / rain)
    # what is left is the change of the stores: below 2 mm on a day in a year or more
    left = rain + row["median"] - balance.loc["Q", "median"] - balance.loc["ae", "median"]
    change = (counted["S"] + counted["R"]).isel(date=[0, -1]).diff("date").mean().item()
    assert left == pytest.approx(change / counted.sizes["date"], abs=0.05)
