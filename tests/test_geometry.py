"""The search for the posterior's modes, and what NUTS starts from."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp, softmax

from gr4jstan.cmdstan.compiler import compile_program
from gr4jstan.model.definition import define_model
from gr4jstan.model.programs import render_program
from gr4jstan.model.task import define_task
from gr4jstan.model.transforms import supports, unconstrain
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.datasets import SYNTHETIC_TRUTH, load_dataset
from gr4jstan.sampling.density import exact_density
from gr4jstan.sampling.inits import screened_draws, screened_inits
from gr4jstan.sampling.modes import find_modes, find_rivals
from gr4jstan.sampling.nuts import sample
from gr4jstan.sampling.settings import SamplerSettings
from gr4jstan.sampling.starts import find_start
from gr4jstan.structures.simulation import simulate_flow
from seeds import shifted

SETTINGS = SamplerSettings(seed=shifted(3))


@pytest.fixture(scope="module")
def task():
    """The post's experiment."""
    return define_task("synthetic", define_model(priors="uniform", sigma=0.1))


@pytest.fixture(scope="module")
def modes(task):
    """What searches from several seeds find."""
    with exact_density(task).session() as evaluate:
        return [find_modes(task, evaluate, shifted(seed)) for seed in (1, 2, 3, 4)]


class Mixture:
    """Stands in for a posterior: Gaussians with unit covariance."""

    def __init__(self, centres, weights=(1, 1)):
        self.centres = np.array(centres)
        self.log_weights = np.log(weights)

    def value_and_gradient(self, point):
        away = self.centres - point
        logs = self.log_weights - 0.5 * (away**2).sum(axis=1)
        return float(logsumexp(logs)), softmax(logs) @ away

    @contextmanager
    def session(self):
        yield self.value_and_gradient


class Rejecting(Mixture):
    """Evaluates nowhere."""

    def value_and_gradient(self, point):
        return np.nan, np.full_like(point, np.nan)


class Creased(Mixture):
    """Falls off faster beyond an oblique plane that passes 0.00007 from the first centre."""

    def value_and_gradient(self, point):
        value, gradient = super().value_and_gradient(point)
        normal = np.array([0.8, 0.6, 0, 0, 0, 0])
        beyond = float(normal @ (point - self.centres[0]) - 7e-5)
        if beyond <= 0:
            return value, gradient
        return value - 3 * beyond, gradient - 3 * normal


class Tailed(Mixture):
    """Has two fifths of its mass in a Gaussian three times as wide."""

    def value_and_gradient(self, point):
        away = self.centres[0] - point
        squared = away @ away
        logs = np.array([np.log(0.6), np.log(0.4) - 6 * np.log(3)])
        logs -= np.array([squared / 2, squared / 18])
        return float(logsumexp(logs)), softmax(logs) @ np.array([1, 1 / 9]) * away


class Flat(Mixture):
    """Has no curvature, so that the optimiser stays where it starts."""

    def value_and_gradient(self, point):
        return 0.0, np.zeros_like(point)


def coordinates(task, values):
    """Unconstrained points, shape (n, D), of values by name, each of shape (n,)."""
    return unconstrain(
        task.model, {name: np.asarray(values[name]) for name in supports(task.model)}
    )


def two_centres(task):
    """On either side of what the prior draws that fit best have in the middle, 8 sd apart."""
    best = coordinates(
        task, {k: v[:50] for k, v in screened_draws(task, 1000, SETTINGS.seed).items()}
    )
    return np.median(best, axis=0) + 4 * np.array([[-1.0], [1]]) * np.eye(6)[0]


def in_standard_deviations(point, mode):
    difference = point - mode.point
    return np.sqrt(difference @ np.linalg.solve(mode.covariance, difference))


# The post's posterior


def test_every_seed_finds_the_same_mode(modes):
    for found in modes:
        assert len(find_rivals(found)) == 1
        assert in_standard_deviations(found[0].point, modes[0][0]) < 1e-3


def test_the_mode_is_where_the_truth_is(task, modes):
    """The observations are free of noise: only the transforms' Jacobian moves the mode."""
    mode = modes[0][0]
    truth = coordinates(task, {name: [value] for name, value in SYNTHETIC_TRUTH.items()})
    assert in_standard_deviations(truth[0], mode) < 0.5
    for name, value in mode.parameters.items():
        assert value == pytest.approx(SYNTHETIC_TRUTH[name], rel=0.05)


def test_the_gradient_at_the_mode_is_zero_beside_that_a_standard_deviation_away(task, modes):
    mode = modes[0][0]
    _, gradient = exact_density(task).evaluate(mode.point)
    assert np.sqrt(gradient[0] @ mode.covariance @ gradient[0]) < 1e-3


def test_the_curvature_is_the_posterior_s_covariance(synthetic_fit, task, modes):
    covariance = modes[0][0].covariance
    posterior = synthetic_fit.idata.posterior
    draws = {name: posterior[name].values.ravel() for name in supports(task.model)}
    points = coordinates(task, draws)
    # the curvature is 4 % off; the standard errors of 2800 effective draws are 1.5 % and 0.02
    sd = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(sd, points.std(axis=0), rtol=0.15)
    np.testing.assert_allclose(covariance / np.outer(sd, sd), np.corrcoef(points.T), atol=0.15)


def test_nuts_starts_around_the_mode_wider_than_the_posterior(task, modes):
    settings = SamplerSettings(seed=shifted(1), chains=400)
    start = find_start(task, exact_density(task), settings)
    mode = modes[0][0]
    assert start.trouble is None
    np.testing.assert_array_equal(start.inv_metric, mode.covariance)
    points = coordinates(
        task, {name: [init[name] for init in start.inits] for name in start.inits[0]}
    )
    distances = [in_standard_deviations(point, mode) for point in points]
    # of 6-dimensional normal points with twice the posterior's sd; the standard error is 1.5 %
    assert np.mean(distances) == pytest.approx(2 * 2.35, rel=0.1)
    assert len({tuple(point) for point in points}) == 400


# Posteriors that are in trouble


def test_modes_far_apart_are_reported_and_a_chain_starts_in_each(task):
    density = Mixture(two_centres(task))
    start = find_start(task, density, SETTINGS)
    assert "there are 2 modes apart from each other" in start.trouble
    assert start.inv_metric is None and start.adapted
    assert start.inits[-1] == start.modes[1].parameters
    first = coordinates(task, {k: [each[k] for each in start.inits[:-1]] for k in start.inits[0]})
    # normal, with twice the mode's standard deviation
    assert (np.abs(first - start.modes[0].point) < 2 * 5.5).all()
    ((place, share),) = start.rivals
    assert place == start.modes[1].parameters
    # a standard error of 3 %
    assert share == pytest.approx(0.5, abs=0.15)
    found = sorted(mode.point[0] for mode in start.modes)
    np.testing.assert_allclose(found, density.centres[:, 0], atol=1e-3)
    assert all(f"x1 {mode.parameters['x1']:.4g}" in start.trouble for mode in start.modes)


def test_a_mode_of_negligible_mass_is_no_trouble(task):
    centres = two_centres(task)
    start = find_start(task, Mixture(centres, [1, np.exp(-11)]), SETTINGS)
    assert start.trouble is None and not start.adapted
    assert not start.rivals
    np.testing.assert_allclose(start.inv_metric, np.eye(6), atol=1e-3)
    np.testing.assert_allclose(start.modes[0].point, centres[0], atol=1e-3)
    assert len(start.modes) == 2, "it was found"


def test_a_jump_of_the_gradient_beside_the_mode_does_not_spoil_its_curvature(task):
    """Across the jump, its standard deviation is that of an integration to a factor of three."""
    density = Creased(two_centres(task)[:1], (1,))
    start = find_start(task, density, SETTINGS)
    across = np.array([0.8, 0.6, 0, 0, 0, 0])
    along = np.linalg.qr(np.column_stack([across, np.eye(6)]))[0][:, 1:6]
    np.testing.assert_allclose(along.T @ start.inv_metric @ along, np.eye(5), atol=0.02)

    x = np.linspace(-8, 8, 20001)
    weights = np.exp([density.value_and_gradient(density.centres[0] + t * across)[0] for t in x])
    mean = np.average(x, weights=weights)
    variance = np.average((x - mean) ** 2, weights=weights)
    found = across @ start.inv_metric @ across
    assert variance / 9 < found < 9 * variance


def test_a_posterior_wider_than_its_curvature_has_its_metric_adapted(task):
    start = find_start(task, Tailed(two_centres(task)[:1], (1,)), SETTINGS)
    assert start.trouble == "the posterior is wider than its curvature at the mode tells"
    assert start.adapted
    np.testing.assert_array_equal(start.inv_metric, start.modes[0].covariance)


def test_warm_up_adapts_a_given_metric_or_keeps_it(task, modes):
    """Correlations of up to 0.99 left out, a trajectory takes several times as many steps."""
    program = render_program(task.model.spec)
    executable = compile_program(program.code, program.header, progress=False).path
    diagonal = np.diag(np.diag(modes[0][0].covariance))
    settings = SamplerSettings(seed=shifted(1), iter_warmup=600, iter_sampling=300)
    inits = find_start(task, exact_density(task), settings).inits
    kept, adapted = (
        sample(
            executable,
            task.data,
            inits,
            settings,
            inv_metric=diagonal,
            adapt_metric=adapt_metric,
            show_progress=False,
        )
        .stats["n_leapfrog"]
        .mean()
        for adapt_metric in (False, True)
    )
    assert adapted < kept / 2


def test_failure_of_the_optimiser_is_reported_and_nuts_starts_cold(task):
    start = find_start(task, Rejecting(two_centres(task)), SETTINGS)
    assert start.trouble == "the optimiser found no mode"
    assert start.inv_metric is None
    assert start.modes == ()
    assert start.inits == screened_inits(task, SETTINGS.chains, SETTINGS.seed)


def test_a_posterior_that_is_not_curved_is_reported_and_nuts_starts_cold(task):
    start = find_start(task, Flat(two_centres(task)), SETTINGS)
    assert start.trouble is not None
    assert start.inv_metric is None
    assert start.inits == screened_inits(task, SETTINGS.chains, SETTINGS.seed)


def test_the_search_finds_the_mode_far_out_in_the_tails_of_the_prior():
    """Observations that GR4J made with parameters beyond the prior's central 99 %."""
    catchment = load_dataset("example")
    truth = {"x1": 2500.0, "x2": -9.9, "x3": 1500.0, "x4": 1.6}
    Q = simulate_flow(catchment.P, catchment.E, *truth.values(), s0=1200.0, r0=500.0)
    noise = np.random.default_rng(shifted(1)).normal(0, 0.02, Q.size)
    observed = replace(catchment, Q=np.maximum(Q + noise, 0))
    task = define_task(observed, define_model())
    with exact_density(task).session() as evaluate:
        searches = [find_modes(task, evaluate, shifted(seed))[0] for seed in (1, 2, 3)]
    for mode in searches:
        assert mode.covariance is not None
        for name, value in truth.items():
            assert abs(mode.parameters[name] / value - 1) < 0.15, (name, mode.parameters)


def test_a_long_series_is_screened_on_the_four_years_with_most_observations():
    """Draws are ordered by their error there, each started with its own initial stores."""
    example = load_dataset("example")
    Q = np.tile(example.Q, 3)
    Q[: len(example)] = np.nan
    long = Catchment("long", np.tile(example.P, 3), np.tile(example.E, 3), Q)
    task = define_task(long, define_model(error_model="gaussian", initial_states="fixed"))

    observed = np.convolve(~np.isnan(Q), np.ones(1461), mode="valid")
    first = int(np.argmax(observed))
    window = slice(first, first + 1461)
    draws = screened_draws(task, 50, seed=shifted(1))
    flows = simulate_flow(
        long.P[window], long.E[window], *(draws[name] for name in ("x1", "x2", "x3", "x4"))
    )
    errors = np.nanmean((flows - Q[window]) ** 2, axis=1)
    assert (np.diff(errors) >= 0).all()
    assert draws["sigma"] == pytest.approx(np.sqrt(errors))
