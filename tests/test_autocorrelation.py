"""The AR(1) process of residuals, against its recursion and a numerical maximum of likelihood."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from gr4jstan.errors import InputError
from gr4jstan.fitting import error_memory as autocorrelation
from gr4jstan.fitting.error_memory import PHI_BOUNDS, estimate_ar1, simulate_ar1
from seeds import shifted

PHI = np.array([-0.5, 0.0, 0.4, 0.8, 0.97])


def ar1_by_recursion(phi, T, seed, start):
    z = np.random.default_rng(shifted(seed)).standard_normal((len(phi), T))
    eta = np.empty((len(phi), T))
    for i, p in enumerate(phi):
        known = not np.isnan(start[i])
        eta[i, 0] = p * start[i] + np.sqrt(1 - p**2) * z[i, 0] if known else z[i, 0]
        for t in range(1, T):
            eta[i, t] = p * eta[i, t - 1] + np.sqrt(1 - p**2) * z[i, t]
    return eta


def test_simulation_is_the_recursion():
    start = np.array([1.5, np.nan, -2, 0, np.nan])
    eta = simulate_ar1(PHI, 30, np.random.default_rng(shifted(3)), start)
    np.testing.assert_allclose(eta, ar1_by_recursion(PHI, 30, 3, start), rtol=1e-12, atol=1e-13)


def test_without_a_start_the_process_is_stationary():
    free = simulate_ar1(PHI, 30, np.random.default_rng(shifted(3)))
    unknown = simulate_ar1(PHI, 30, np.random.default_rng(shifted(3)), np.full(5, np.nan))
    np.testing.assert_array_equal(free, unknown)


@pytest.mark.parametrize("phi", PHI)
def test_moments_of_every_day(phi):
    draws = 40_000
    eta = simulate_ar1(np.full(draws, phi), 5, np.random.default_rng(shifted(4)))
    error = 6 / np.sqrt(draws)  # six standard errors of a mean
    np.testing.assert_allclose(eta.mean(axis=0), 0, atol=error)
    lag = np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    np.testing.assert_allclose(np.cov(eta.T), phi**lag, atol=error * np.sqrt(2))


@pytest.mark.parametrize("phi", PHI)
def test_a_known_start_is_forgotten_at_the_rate_phi(phi):
    draws, k = 40_000, np.arange(1, 7)
    rng = np.random.default_rng(shifted(5))
    eta = simulate_ar1(np.full(draws, phi), 6, rng, np.full(draws, 3.0))
    error = 6 / np.sqrt(draws)  # six standard errors of a mean
    np.testing.assert_allclose(eta.mean(axis=0), 3 * phi**k, atol=error)
    np.testing.assert_allclose(eta.var(axis=0), 1 - phi ** (2 * k), atol=error * np.sqrt(2))


def test_no_days_to_simulate():
    assert simulate_ar1(PHI, 0, np.random.default_rng(shifted(0)), np.zeros(5)).shape == (5, 0)


def some_days(kind, T, rng):
    if kind == "every day":
        return np.arange(T)
    if kind == "every fifth day":
        return np.arange(0, T, 5)
    lost = rng.random(T) < 0.3
    lost[T // 4 : T // 2] = True
    return np.flatnonzero(~lost)


@pytest.mark.parametrize(
    ("kind", "phis"),
    [("every day", PHI), ("gaps", PHI), ("every fifth day", PHI[3:])],
)
def test_estimate_recovers_phi(kind, phis):
    rng = np.random.default_rng(shifted(6))
    days = some_days(kind, 40_000, rng)
    eta = simulate_ar1(phis, 40_000, rng)[:, days]
    # six standard errors with 14 700 pairs a day apart, or of the fifth root with 8000
    np.testing.assert_allclose(estimate_ar1(eta, days + 100), phis, atol=0.05)


def test_estimate_is_the_maximum_of_the_likelihood_of_pairs():
    rng = np.random.default_rng(shifted(7))
    days = some_days("gaps", 150, rng)
    eta = 1.7 * simulate_ar1([0.6], 150, rng)[:, days]
    where = {int(day): i for i, day in enumerate(days)}
    pairs = np.array(
        [(eta[0, i], eta[0, where[d + 1]]) for d, i in where.items() if d + 1 in where]
    )

    def minus_log_likelihood(theta):
        rho, variance = np.tanh(theta[0]), np.exp(theta[1])
        covariance = variance * np.array([[1, rho], [rho, 1]])
        return -multivariate_normal([0, 0], covariance).logpdf(pairs).sum()

    best = minimize(minus_log_likelihood, [0, 0], method="Nelder-Mead", options={"xatol": 1e-8})
    assert estimate_ar1(eta, days)[0] == pytest.approx(np.tanh(best.x[0]), abs=1e-6)


def test_scale_of_the_residuals_does_not_matter():
    rng = np.random.default_rng(shifted(8))
    eta = simulate_ar1(PHI, 500, rng)
    days = np.arange(500)
    np.testing.assert_allclose(
        estimate_ar1(eta * [[0.5], [1], [2], [3], [4]], days), estimate_ar1(eta, days), rtol=1e-12
    )


def test_missing_residuals_are_days_left_out():
    rng = np.random.default_rng(shifted(9))
    eta = simulate_ar1(PHI, 400, rng)
    gone = rng.random(eta.shape) < 0.2
    with_nan = np.where(gone, np.nan, eta)
    each = [
        estimate_ar1(row[None, ~lost], np.flatnonzero(~lost))[0]
        for row, lost in zip(eta, gone, strict=True)
    ]
    np.testing.assert_allclose(estimate_ar1(with_nan, np.arange(400)), each, rtol=1e-12)


def test_days_that_no_draw_has_do_not_hide_the_usual_gap():
    eta = simulate_ar1([0.9, 0.9], 3000, np.random.default_rng(shifted(10)))
    eta[:, np.arange(3000) % 5 != 0] = np.nan
    fifth = np.arange(0, 3000, 5)
    np.testing.assert_array_equal(
        estimate_ar1(eta, np.arange(3000)), estimate_ar1(eta[:, fifth], fifth)
    )


def test_blocks_of_draws_change_nothing(monkeypatch):
    eta = simulate_ar1(PHI, 100, np.random.default_rng(shifted(11)))
    whole = estimate_ar1(eta, np.arange(100))
    monkeypatch.setattr(autocorrelation, "_BLOCK", 200)
    np.testing.assert_allclose(estimate_ar1(eta, np.arange(100)), whole, rtol=1e-13)


@pytest.mark.parametrize(
    ("eta", "days", "phi"),
    [
        ([2, 2, 2, 2], [0, 1, 2, 3], PHI_BOUNDS[1]),
        ([2, -2, 2, -2], [0, 1, 2, 3], PHI_BOUNDS[0]),
        # x, y: (1, 2), (2, -1); 2 (2 - 2) / (1 + 4 + 4 + 1)
        ([1, 2, -1], [5, 6, 7], 0),
        # (1, 2) only: 2 x 2 / (1 + 4); the pair two days apart is left out
        ([1, 2, 9], [5, 6, 8], 0.8),
        # two days apart: square root of 2 (2 + 4) / (1 + 4 + 4 + 4)
        ([1, 2, 2], [0, 2, 4], np.sqrt(12 / 13)),
        ([1, -2, 2], [0, 2, 4], 0),
        # the last is three days after its neighbour
        ([1, 2, 2, 9], [0, 2, 4, 7], np.sqrt(12 / 13)),
        ([0, 0, 0], [0, 1, 2], 0),
        ([1, np.nan, 2], [0, 1, 2], np.sqrt(0.8)),
        ([1], [0], 0),
        ([], [], 0),
        ([np.nan, np.nan], [0, 1], 0),
    ],
)
def test_estimates_worked_by_hand(eta, days, phi):
    estimate = estimate_ar1(np.array([eta], float), np.array(days, int))
    np.testing.assert_allclose(estimate, [phi], rtol=1e-14)


@pytest.mark.parametrize(
    ("eta", "days", "message"),
    [
        ([1, 2], [0, 1], r"shape \(draws, days\) for 2 days, got \(2,\)"),
        ([[1, 2]], [0, 1, 2], r"for 3 days, got \(1, 2\)"),
        ([[1, 2]], [1, 1], "must increase"),
        ([[1, np.inf]], [0, 1], "infinite residual"),
    ],
)
def test_unusable_residuals_are_refused(eta, days, message):
    with pytest.raises(InputError, match=message):
        estimate_ar1(eta, days)


@pytest.mark.parametrize(
    ("phi", "start", "message"),
    [
        ([0.5, 1.0], None, "between -1 and 1, got 1"),
        ([np.nan], None, "between -1 and 1, got nan"),
        (0.5, None, "one value a draw"),
        ([0.5, 0.5], [1], r"start has shape \(1,\), phi \(2,\)"),
        ([0.5], [np.inf], "start has an infinite residual"),
    ],
)
def test_unusable_processes_are_refused(phi, start, message):
    with pytest.raises(InputError, match=message):
        simulate_ar1(phi, 3, np.random.default_rng(shifted(0)), start)
