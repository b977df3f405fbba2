"""Sums over days that remember each other."""

import numpy as np
import pytest

from gr4jstan.scoring.long_run import fixed_b_factor, long_run_covariance
from seeds import shifted

AR1_LENGTH = 2000


@pytest.fixture(scope="module")
def series() -> tuple[np.ndarray, np.ndarray]:
    """Three series on 300 of 500 days."""
    rng = np.random.default_rng(shifted(1))
    days = np.sort(rng.choice(500, 300, replace=False))
    return rng.standard_normal((300, 3)), days


@pytest.mark.parametrize("window", [1, 2, 30, 90, 800])
def test_the_covariance_is_the_double_sum_of_its_definition(series, window) -> None:
    rows, days = series
    weights = np.clip(1 - np.abs(days[:, None] - days) / window, 0, None)
    expected = rows.T @ weights @ rows
    found = long_run_covariance(rows, days, window)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


def test_with_a_window_of_one_day_the_days_are_independent(series) -> None:
    rows, days = series
    np.testing.assert_allclose(long_run_covariance(rows, days, 1), rows.T @ rows, rtol=1e-10)


def test_gaps_count_by_calendar_distance() -> None:
    """Two values ten days apart weigh as such, whatever lies between."""
    rows = np.array([[1.0], [2.0]])
    found = long_run_covariance(rows, np.array([3, 13]), 40)
    assert found[0, 0] == pytest.approx(1 + 4 + 2 * 2 * (1 - 10 / 40))


@pytest.mark.parametrize("phi", [0.0, 0.75, 0.9])
def test_the_variance_of_the_sum_of_an_autoregressive_process_is_found(phi: float) -> None:
    """Its truth under the weights: sum over lags of w(k) phi^k, times the length."""
    from gr4jstan.fitting.error_memory import simulate_ar1

    replicates, window = 200, 90
    rng = np.random.default_rng(shifted(2))
    paths = simulate_ar1(np.full(replicates, phi), AR1_LENGTH, rng)
    days = np.arange(AR1_LENGTH)
    found = [long_run_covariance(path[:, None], days, window)[0, 0] for path in paths]
    lags = np.arange(1, window)
    counts = AR1_LENGTH - lags
    truth = AR1_LENGTH + 2 * np.sum(counts * (1 - lags / window) * phi**lags)
    error = np.std(found) / np.sqrt(replicates)
    assert abs(np.mean(found) - truth) < 5.5 * error


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_intervals_from_few_windows_are_as_wide_as_they_must_be(share: float) -> None:
    """Of means of independent days, the factor makes 90 % intervals hold 90 %."""
    length, replicates = 400, 4000
    rng = np.random.default_rng(shifted(3))
    window = int(share * length)
    held = 0
    for _ in range(replicates):
        values = rng.standard_normal((length, 1))
        spread = long_run_covariance(values - values.mean(), np.arange(length), window)[0, 0]
        held += abs(values.sum()) < 1.6449 * fixed_b_factor(window, length) * np.sqrt(spread)
    # the polynomial is that of long series, and its own error half a per cent
    allowed = 5 * np.sqrt(0.9 * 0.1 / replicates) + 0.008
    assert abs(held / replicates - 0.9) < allowed


def test_one_long_window_widens_more_than_many_short_ones() -> None:
    factors = [fixed_b_factor(window, 1000) for window in (0, 10, 100, 500, 1000)]
    assert factors[0] == 1
    assert factors == sorted(factors)
