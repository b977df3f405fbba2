"""Goodness of fit, against cases worked by hand and NumPy's own correlation."""

import numpy as np
import pytest

from gr4jstan.errors import InputError
from gr4jstan.scoring.metrics import bias, kge, kge_2012, nse, nse_sqrt
from seeds import shifted

ALL = [nse, nse_sqrt, kge, kge_2012, bias]
OBS = np.array([1.0, 4.0, 9.0])


@pytest.mark.parametrize(
    ("metric", "sim", "value"),
    [
        # squared errors 1 + 0 + 1; the mean is 14/3, the squared deviations sum to 98/3
        (nse, [2, 4, 8], 1 - 2 * 3 / 98),
        (nse, [14 / 3, 14 / 3, 14 / 3], 0),
        # the roots are 1, 2, 3 with deviations -1, 0, 1, and 2, 2, 2 with errors 1, 0, -1
        (nse_sqrt, [4, 4, 4], 0),
        (nse_sqrt, [1, 4, 16], 1 - 1 / 2),
        # twice the flow: r = 1, alpha = 2, beta = 2, gamma = 1
        (kge, [2, 8, 18], 1 - np.sqrt(2)),
        (kge_2012, [2, 8, 18], 0),
        # 14/3 more water every day: r = 1, alpha = 1, beta = 2, gamma = 1/2
        (kge, OBS + 14 / 3, 0),
        (kge_2012, OBS + 14 / 3, 1 - np.sqrt(5 / 4)),
        # mirrored about the mean: r = -1, alpha = 1, beta = 1
        (kge, 28 / 3 - OBS, -1),
        (bias, [2, 4, 8], 0),
        (bias, [1, 4, 16], 0.5),
        (bias, [0, 0, 7], -0.5),
    ],
)
def test_value_worked_by_hand(metric, sim, value):
    assert metric(sim, OBS) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("metric", ALL)
def test_perfect_simulation(metric):
    assert metric(OBS, OBS) == pytest.approx(0 if metric is bias else 1, abs=1e-12)


def test_kge_against_corrcoef():
    rng = np.random.default_rng(shifted(1))
    sim, obs = rng.gamma(2, 3, (2, 500))
    parts = [
        np.corrcoef(sim, obs)[0, 1],
        np.std(sim, ddof=1) / np.std(obs, ddof=1),
        sim.sum() / obs.sum(),
    ]
    assert kge(sim, obs) == pytest.approx(1 - np.linalg.norm(np.subtract(parts, 1)), abs=1e-12)
    parts[1] /= parts[2]
    assert kge_2012(sim, obs) == pytest.approx(1 - np.linalg.norm(np.subtract(parts, 1)), abs=1e-12)


@pytest.mark.parametrize("metric", ALL)
def test_missing_days_are_left_out(metric):
    obs = [np.nan, 1, 4, np.nan, 9]
    sim = [100, 2, 4, np.nan, 7]
    assert metric(sim, obs) == metric([2, 4, 7], OBS)


@pytest.mark.parametrize("metric", ALL)
def test_one_value_per_simulation(metric):
    rng = np.random.default_rng(shifted(2))
    sims, obs = rng.gamma(2, 3, (2, 3, 40)), rng.gamma(2, 3, 40)
    together = metric(sims, obs)
    assert together.shape == (2, 3)
    one_by_one = [[metric(sim, obs) for sim in row] for row in sims]
    np.testing.assert_allclose(together, one_by_one, rtol=1e-12)


@pytest.mark.parametrize("metric", [kge, kge_2012])
def test_constant_simulation_has_no_kge(metric):
    assert np.isnan(metric([0.1, 0.1, 0.1], OBS))


@pytest.mark.parametrize("metric", ALL)
def test_simulation_that_is_not_finite_is_not_scored(metric):
    assert not np.isfinite(metric([[1, np.nan, 9], [1, np.inf, 9]], OBS)).any()


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize(
    ("sim", "obs", "message"),
    [
        ([1, 2], [1, np.nan], "1 observed day"),
        ([1, 2], [np.nan, np.nan], "0 observed days"),
        ([1, 2, 3], [2, np.nan, 2], "does not vary"),
        ([1, 2, 3], [1, 2], r"sim has shape \(3,\)"),
        ([1, 2], [[1, 2]], r"obs must be a series of days, got shape \(1, 2\)"),
        ([1, 2], [1, np.inf], "obs has an infinite value"),
    ],
)
def test_unusable_series_are_refused(metric, sim, obs, message):
    with pytest.raises(InputError, match=message):
        metric(sim, obs)


@pytest.mark.parametrize("metric", [kge, kge_2012, bias])
def test_no_volume_to_compare_with(metric):
    with pytest.raises(InputError, match="obs has mean 0"):
        metric([1, 2], [-1, 1])


def test_no_root_of_negative_flow():
    with pytest.raises(InputError, match=r"sim has negative flow \(-1\)"):
        nse_sqrt([-1, 2, 3], OBS)
