"""Modes on either side of a kink of the density: found, weighed, and sampled as one posterior.

A unit hydrograph that lasts longer than x4 days has an ordinate more for each whole day. The flows
here are the mean of two catchments with different x4, so that GR4J can lean to either.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize
from scipy.special import expit, logit

from gr4jstan.fitting.calibration import run_task
from gr4jstan.model.definition import define_model
from gr4jstan.model.task import define_task
from gr4jstan.model.transforms import coordinate, supports
from gr4jstan.reading.datasets import load_dataset
from gr4jstan.sampling.density import exact_density
from gr4jstan.sampling.modes import find_modes, kinks
from gr4jstan.sampling.search import climb_between
from gr4jstan.sampling.settings import SamplerSettings
from gr4jstan.sampling.starts import find_start
from gr4jstan.structures.simulation import simulate_flow
from seeds import shifted

SIGMA = 0.5
KINK = 3.0


def mean_of_two(later, share):
    """A task whose flows are to `share` those of x4 = `later`, to the rest those of x4 = 2.2."""
    example = load_dataset("example")

    def flow(x4):
        return simulate_flow(example.P, example.E, 150, -0.3, 40, x4, s0=75, r0=20)

    observed = replace(example, Q=(1 - share) * flow(2.2) + share * flow(later))
    return define_task(observed, define_model(sigma=SIGMA), end="2014-12-31")


@pytest.fixture(scope="module", params=[(4.8, 0.5), (3.8, 0.4)], ids=["even", "uneven"])
def task(request):
    return mean_of_two(*request.param)


def integrated_share(task):
    """Share of the posterior with x4 above the kink, by a sum over x4.

    For each x4 the other coordinates are optimised by scipy, and integrated as if they were normal,
    with second differences of the density.
    """
    names = list(supports(task.model))
    lower, upper = supports(task.model)["x4"]
    free = [i for i, name in enumerate(names) if name != "x4"]
    # the middles of even steps between the whole days 1 and 5
    x4 = np.linspace(1, 5, 120, endpoint=False) + 2 / 120
    line = logit((x4 - lower) / (upper - lower))
    heights = []
    with exact_density(task).session() as evaluate:

        def slice_of(u):
            def target(rest):
                point = np.insert(rest, names.index("x4"), u)
                value, gradient = evaluate(point)
                return -value, -gradient[free]

            return target

        rest = find_modes(task, evaluate)[0].point[free]
        for u in line:
            target = slice_of(u)
            rest = optimize.minimize(target, rest, jac=True, method="BFGS").x
            steps = 0.01 * np.eye(len(free))
            curvature = [(target(rest + s)[1] - target(rest - s)[1]) / 0.02 for s in steps]
            heights.append(-target(rest)[0] - np.linalg.slogdet(np.array(curvature))[1] / 2)
    # a step in x4 is this long a step on the unconstrained scale
    slope = (upper - lower) / ((x4 - lower) * (upper - x4))
    masses = np.exp(np.array(heights) - max(heights)) * slope
    return masses[x4 > KINK].sum() / masses.sum()


@pytest.fixture(scope="module")
def share(task):
    return integrated_share(task)


def test_the_slope_jumps_at_whole_days_of_x4(task):
    """Within 1e-6 of a whole day, but not of the day's middle."""
    ((axis, edges),) = kinks(task.model)
    assert list(supports(task.model))[axis] == "x4"
    lower, upper = supports(task.model)["x4"]
    np.testing.assert_allclose(lower + (upper - lower) * expit(edges[1:-1]), np.arange(1, 20))
    density = exact_density(task)
    with density.session() as evaluate:
        point = find_modes(task, evaluate)[0].point
    jumps = []
    for x4 in (2.0, 2.5, 3.0, 3.5):
        sides = np.tile(point, (2, 1))
        sides[:, axis] = coordinate(task.model, "x4", [x4 - 1e-6, x4 + 1e-6])[1]
        below, above = density.evaluate(sides)[1][:, axis]
        jumps.append(abs(above - below) / abs(above))
    assert min(jumps[0], jumps[2]) > 1e-2
    assert max(jumps[1], jumps[3]) < 1e-3


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_both_sides_are_found_from_whatever_prior_draws(task, seed):
    with exact_density(task).session() as evaluate:
        modes = find_modes(task, evaluate, shifted(seed))
    x4 = sorted(mode.parameters["x4"] for mode in modes[:2])
    assert KINK - 1 < x4[0] < KINK < x4[1] < KINK + 1


def test_masses_are_those_of_an_integration_over_x4(task, share):
    """500 weighted draws, of which a third is effective, have a standard error of 4 % at most."""
    start = find_start(task, exact_density(task), SamplerSettings())
    ((place, found),) = start.rivals
    above = found if place["x4"] > KINK else 1 - found
    assert above == pytest.approx(share, abs=0.1)
    assert above == pytest.approx(share, rel=0.5)


def test_what_the_search_finds_does_not_depend_on_the_seed(task):
    starts = [
        find_start(task, exact_density(task), SamplerSettings(seed=shifted(seed)))
        for seed in (1, 2)
    ]
    for start in starts:
        assert start.trouble is None and not start.adapted and start.thin > 1
        assert start.inits[-1] == start.modes[1].parameters
        assert start.description == starts[0].description
        np.testing.assert_array_equal(start.inv_metric, starts[0].inv_metric)
    assert starts[0].inits[0] != starts[1].inits[0]


def test_chains_that_move_between_the_modes_have_drawn_from_one_posterior(task, share):
    settings = SamplerSettings(seed=shifted(1), iter_sampling=2000)
    fit = run_task(task, settings, show_progress=False)
    assert fit.diagnostics["converged"], fit.diagnostics["reasons"]
    assert fit.diagnostics["modes_found"] == 1
    above = fit.idata.posterior["x4"].values > KINK
    assert above.shape == (4, 2000)
    assert above.any(axis=1).all() and not above.all(axis=1).any()
    # 5 standard errors of the 400 effective draws that a converged fit has, and what the sum over
    # x4 leaves out
    error = np.sqrt(share * (1 - share) / 400)
    assert above.mean() == pytest.approx(share, abs=5 * error + 0.05)


def test_a_climb_between_bounds_ends_at_the_top_or_on_the_nearer_bound():
    """Of a normal density, whose highest point for a given coordinate is the regression on it."""
    covariance = np.array([[2.0, 0.9, 0.3], [0.9, 1.0, -0.2], [0.3, -0.2, 0.5]])
    top = np.array([1.0, -2.0, 0.5])
    precision = np.linalg.inv(covariance)

    def evaluate(point):
        return -0.5 * (point - top) @ precision @ (point - top), -precision @ (point - top)

    centre = np.zeros(3)
    inside = climb_between(evaluate, centre, covariance, 1, -4.0, -1.0)
    np.testing.assert_allclose(inside.point, top, atol=1e-4)
    beyond = climb_between(evaluate, centre, covariance, 1, 0.5, np.inf)
    np.testing.assert_allclose(
        beyond.point, top + covariance[:, 1] / covariance[1, 1] * 2.5, atol=1e-4
    )
