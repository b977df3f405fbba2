"""Scores of bands, against double sums, NumPy's quantiles and distributions of SciPy."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gr4jstan.errors import InputError
from gr4jstan.scoring import predictive, scores
from gr4jstan.scoring.climatology import Climatology, climatology
from gr4jstan.scoring.metrics import bias, kge, kge_2012, nse, nse_sqrt
from gr4jstan.scoring.predictive import coverage, crps, pit, reliability, sharpness
from gr4jstan.scoring.scores import SCORES, score_table
from seeds import shifted

METRICS = {"nse": nse, "nse_sqrt": nse_sqrt, "kge": kge, "kge_2012": kge_2012, "bias": bias}


def forecast(draws=40, T=300, seed=1, missing=0.1):
    """Draws of flow and of observations, zero on many days, with an observation among them."""
    rng = np.random.default_rng(shifted(seed))
    flow = rng.gamma(2, 1, T) * rng.gamma(50, 1 / 50, (draws, T))
    total = np.maximum(flow + rng.normal(-0.5, 1, (draws, T)), 0)
    obs = np.maximum(rng.permuted(flow, axis=0)[0] + rng.normal(-0.5, 1, T), 0)
    obs[rng.random(T) < missing] = np.nan
    return flow, total, obs


def table_of(flow, total, obs, reference=None):
    return score_table(flow, total, obs, reference=reference, rng=np.random.default_rng(shifted(0)))


def test_crps_is_the_double_sum():
    _, total, obs = forecast()
    between = np.abs(total[:, None] - total[None]).mean(axis=(0, 1))
    expected = np.abs(total - obs).mean(axis=0) - between / 2
    np.testing.assert_allclose(crps(total, obs), expected, rtol=1e-10)


@pytest.mark.parametrize(("mean", "sd", "obs"), [(0, 1, 0), (3, 0.5, 4.2), (1e6, 2, 1e6 - 5)])
def test_crps_of_a_gaussian(mean, sd, obs):
    # Gneiting and Raftery (2007), section 4.2, for the normal distribution
    z = (obs - mean) / sd
    exact = sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
    draws = stats.norm(mean, sd).ppf((np.arange(4000) + 0.5) / 4000)
    assert crps(draws[:, None], [obs])[0] == pytest.approx(exact, rel=1e-4)


def test_crps_of_one_draw_is_the_absolute_error():
    np.testing.assert_allclose(crps([[1, 5, 2]], [3, 5, np.nan]), [2, 0, np.nan])


@pytest.mark.parametrize("draws", [1, 9, 200])
@pytest.mark.parametrize("zeros", [0, 0.4, 1])
def test_pit_of_a_calibrated_forecast_is_uniform(draws, zeros):
    rng, shape = np.random.default_rng(shifted(2)), (draws + 1, 20_000)
    values = rng.exponential(rng.gamma(2, 1, shape[1]), shape) * (rng.random(shape) >= zeros)
    # in each of nine cases a false alarm once in ten million
    assert stats.kstest(pit(values[1:], values[0], rng), "uniform").pvalue > 1e-7


@pytest.mark.parametrize("wrong", ["shifted", "too narrow"])
def test_pit_of_a_wrong_forecast_is_not_uniform(wrong):
    rng = np.random.default_rng(shifted(3))
    # the distribution function is off by 0.08 with an error of 0.0035; at 0.027 p is 1e-6
    values = rng.normal(size=(101, 20_000))
    total = values[1:] + 0.2 if wrong == "shifted" else 0.7 * values[1:]
    p = pit(total, values[0], rng)
    assert stats.kstest(p, "uniform").pvalue < 1e-6
    assert reliability(p) < reliability(pit(values[1:], values[0], rng)) - 0.02


def test_pit_lies_between_its_neighbours_in_rank():
    total = np.array([[0, 0, 1, 2], [0, 0, 1, 2], [0, 0, 1, 2]]).T
    obs = [0, 0.5, 9]
    rng = np.random.default_rng(shifted(4))
    p = np.array([pit(total, obs, rng) for _ in range(2000)])
    # below and tied with the observation: 0 and 2, 2 and 0, 4 and 0 of 4 draws
    np.testing.assert_allclose(p.min(axis=0), [0, 2 / 5, 4 / 5], atol=0.01)
    np.testing.assert_allclose(p.max(axis=0), [3 / 5, 3 / 5, 1], atol=0.01)


@pytest.mark.parametrize(
    ("values", "alpha"),
    [
        ([0.25, 0.75, 0.5], 1),
        # against 1/4, 1/2, 3/4: errors 1/4, 1/2, 3/4
        ([0, 0, 0], 0),
        ([1, 1, np.nan, 1], 0),
        # against 1/3, 2/3: errors 1/3, 1/3
        ([1, 0], 1 / 3),
        ([0.5], 1),
        ([], np.nan),
        ([np.nan], np.nan),
    ],
)
def test_reliability_worked_by_hand(values, alpha):
    assert reliability(values) == pytest.approx(alpha, nan_ok=True)


@pytest.mark.parametrize("draws", [1, 2, 40, 41])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.999])
def test_bands_are_those_of_numpy(draws, level):
    _, total, obs = forecast(draws)
    low, high = np.nanquantile(total, [(1 - level) / 2, (1 + level) / 2], axis=0)
    there = ~np.isnan(obs)
    inside = (low <= obs) & (obs <= high)
    assert coverage(total, obs, level) == inside[there].mean()
    assert sharpness(total, obs, level) == pytest.approx((high - low)[there].mean())


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_coverage_of_a_calibrated_forecast(level):
    values = np.random.default_rng(shifted(5)).normal(size=(1001, 4000))
    # zero flows lie on the lower bound, and count as inside
    flows = np.maximum(values, 0)
    for forecast, share in ((values, level), (flows, (1 + level) / 2)):
        # six standard errors of a binomial share, and what the bounds of 1000 draws are too narrow
        error = 6 * np.sqrt(share * (1 - share) / 4000) + 2 / 1001
        assert coverage(forecast[1:], forecast[0], level) == pytest.approx(share, abs=error)


@pytest.mark.parametrize("level", [0, 1, 95, np.nan])
def test_levels_are_shares(level):
    with pytest.raises(InputError, match="level of a band must be between 0 and 1"):
        coverage([[1.0]], [1.0], level)


def test_table_has_every_score_in_order():
    table = table_of(*forecast())
    assert list(table.index) == list(SCORES)
    assert table.index.name == "score"
    assert list(table.columns) == ["value", "q5", "q95"]
    no_reference = ["crps_skill", "nse_climatology"]
    assert table["value"].drop(no_reference).notna().all()
    assert table["value"][no_reference].isna().all()
    assert all(score.label and score.unit and score.meaning for score in SCORES.values())


def test_table_of_flow_is_the_metrics_over_draws():
    flow, total, obs = forecast()
    table = table_of(flow, total, obs)
    for name, metric in METRICS.items():
        draws = [metric(row, obs) for row in flow]
        expected = [np.median(draws), np.quantile(draws, 0.05), np.quantile(draws, 0.95)]
        np.testing.assert_allclose(table.loc[name], expected, rtol=1e-12)
    assert table.loc["crps":, ["q5", "q95"]].isna().all(axis=None)


def test_table_of_bands_is_the_single_scores():
    flow, total, obs = forecast()
    dates = pd.date_range("2000-01-01", periods=len(obs))
    earlier = climatology(dates, obs, dates + pd.DateOffset(years=1))
    value = table_of(flow, total, obs, earlier)["value"]
    uniform = pit(total, obs, np.random.default_rng(shifted(0)))
    expected = {
        "crps": np.nanmean(crps(total, obs)),
        "crps_skill": 1 - np.nanmean(crps(total, obs)) / np.nanmean(crps(earlier.members, obs)),
        "nse_climatology": nse(earlier.mean, obs),
        "reliability": reliability(uniform),
        "coverage_50": coverage(total, obs, 0.5),
        "coverage_80": coverage(total, obs, 0.8),
        "coverage_95": coverage(total, obs, 0.95),
        "sharpness": sharpness(total, obs),
        "sharpness_relative": sharpness(total, obs) / np.nanmean(obs),
    }
    assert list(expected) == list(value.index[5:])
    np.testing.assert_allclose(value[5:], list(expected.values()), rtol=1e-12)


def test_perfect_forecast():
    obs = np.random.default_rng(shifted(6)).gamma(2, 1, 50)
    value = table_of(obs[None], obs[None], obs, Climatology(obs, obs[None]))["value"]
    ones = ["nse", "nse_sqrt", "kge", "kge_2012", "nse_climatology", "coverage_50", "coverage_95"]
    np.testing.assert_allclose(value[ones], 1)
    np.testing.assert_allclose(value[["bias", "crps", "sharpness"]], 0, atol=1e-12)
    assert np.isnan(value["crps_skill"])  # nothing is left to save


def test_days_without_climatology_are_not_compared():
    flow, total, obs = forecast()
    reference = climatology(None, obs, len(obs))
    reference.mean[:150] = reference.members[:, :150] = np.nan
    value = table_of(flow, total, obs, reference)["value"]
    second_half = climatology(None, obs, 150)
    expected = table_of(flow[:, 150:], total[:, 150:], obs[150:], second_half)["value"]
    relative = ["crps_skill", "nse_climatology"]
    np.testing.assert_allclose(value[relative], expected[relative], rtol=1e-12)


def test_an_unknown_climatology_gives_no_comparison():
    flow, total, obs = forecast()
    nothing = climatology(None, [np.nan], len(obs))
    value = table_of(flow, total, obs, nothing)["value"]
    assert value[["crps_skill", "nse_climatology"]].isna().all()


@pytest.mark.parametrize(
    ("obs", "scored"),
    [
        ([np.nan, np.nan, np.nan], False),
        ([np.nan, 2, np.nan], True),
        ([2, np.nan, 2], True),
        ([0, 0, 0], True),
        ([], False),
    ],
)
def test_observations_that_allow_no_efficiency(obs, scored):
    draws = np.random.default_rng(shifted(7)).gamma(2, 1, (20, len(obs)))
    value = table_of(draws, draws, obs, climatology(None, obs, len(obs)))["value"]
    assert value[list(METRICS)].isna().all()
    bands = value[["crps", "reliability", "coverage_50", "coverage_95", "sharpness"]]
    assert bands.notna().all() if scored else bands.isna().all()


def test_draws_that_are_not_finite_are_not_scored():
    flow, total, obs = forecast(missing=0)
    total[3, 0], total[4, 1], total[5, 2] = np.nan, np.inf, -np.inf
    flow[0, 0], flow[1, 1] = np.nan, np.inf
    for daily in (crps(total, obs), pit(total, obs, np.random.default_rng(shifted(0)))):
        assert np.isnan(daily[:3]).all()
        assert np.isfinite(daily[3:]).all()
    value = table_of(flow, total, obs)["value"].drop("reliability")
    assert value.isna().all()
    obs[:3] = np.nan
    assert (
        table_of(flow[2:], total, obs)["value"]["crps":]
        .drop(["crps_skill", "nse_climatology"])
        .notna()
        .all()
    )


def test_blocks_change_nothing_and_inputs_stay_as_they_are(monkeypatch):
    flow, total, obs = forecast()
    before = [a.copy() for a in (flow, total, obs)]
    reference = climatology(None, obs, len(obs))
    whole = table_of(flow, total, obs, reference)
    monkeypatch.setattr(predictive, "BLOCK", 700)
    monkeypatch.setattr(scores, "BLOCK", 700)
    pd.testing.assert_frame_equal(table_of(flow, total, obs, reference), whole, rtol=1e-13)
    for array, copy in zip((flow, total, obs), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(
    ("flow", "total", "obs", "message"),
    [
        ([[1, 2]], [[1, 2]], [1, 2, 3], r"flow must have shape \(draws, 3\)"),
        ([[1, 2]], [[1, 2, 3]], [1, 2], r"total must have shape .* got \(1, 3\)"),
        ([1, 2], [[1, 2]], [1, 2], r"flow must have shape .* got \(2,\)"),
        ([[1, 2]], np.empty((0, 2)), [1, 2], r"got \(0, 2\)"),
        ([[1, 2]], [[1, 2]], [[1, 2]], "obs must be a series of days"),
        ([[1, 2]], [[1, 2]], [1, np.inf], "obs has an infinite value"),
    ],
)
def test_series_that_do_not_fit_are_refused(flow, total, obs, message):
    with pytest.raises(InputError, match=message):
        table_of(flow, total, obs)


def test_a_climatology_of_other_days_is_refused():
    flow, total, obs = forecast()
    with pytest.raises(InputError, match="the mean of the reference must have shape"):
        table_of(flow, total, obs, climatology(None, obs, 5))
