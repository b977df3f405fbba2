"""Scores of days by the C++, against Stan's gradient and against NumPy."""

import numpy as np
import pytest

from gr4jstan.model.daily_scores import daily_scores
from gr4jstan.model.observations import log_likelihood
from gr4jstan.model.stan_data import stan_data
from gr4jstan.model.transforms import constrain, reported, reported_slopes, supports
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.datasets import load_dataset
from gr4jstan.structures.simulation import simulate
from stan_programs import KINDS, case_of, model_of


@pytest.fixture(scope="module")
def catchment() -> Catchment:
    """Two years of `example`, with a gap and days without flow."""
    days = load_dataset("example").select("2013-06-01", "2015-05-31")
    assert days.Q is not None
    Q = days.Q.copy()
    Q[100:140] = np.nan
    Q[300:310] = 0
    return Catchment("dry", days.P, days.E, Q, days.dates)


@pytest.fixture(scope="module", params=KINDS)
def case(request, catchment):
    """A kind of model, its data, a point, and what is reported there."""
    kind = request.param
    model, program = model_of(kind, "adjoint"), case_of(kind, "adjoint", catchment)
    point = program.draw(1, seed=5)[0]
    values = reported(model, constrain(model, point[None]))
    return model, program, point, {name: float(column[0]) for name, column in values.items()}


def test_scores_add_up_to_the_gradient_of_the_program(case) -> None:
    """With that of the program without observations, on the unconstrained scale."""
    model, program, point, values = case
    scores = daily_scores(model, program.data, values)
    nothing = program.with_data(T=1, P=[0.0], E=[0.0], N=0, obs_day=[], Q_obs=[])
    _, whole = program.evaluate(point)
    _, prior = nothing.evaluate(point)
    expected = (whole - prior)[0]
    found = scores.sum(axis=0) @ reported_slopes(model, point)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * np.abs(expected).max())


def test_a_score_is_the_slope_of_the_log_likelihood_of_its_day(case, catchment) -> None:
    """Against differences, of the fourth order, of the simulation and the density in NumPy."""
    model, program, point, values = case
    found = daily_scores(model, program.data, values) @ reported_slopes(model, point)
    days = np.array(program.data["obs_day"]) - 1
    step = 1e-3

    def log_likelihoods(places):
        drawn = reported(model, constrain(model, places))
        x = (drawn[name][:, None] for name in ("x1", "x2", "x3", "x4"))
        s0, r0 = (drawn[name][:, None] for name in ("S0", "R0"))
        flow = simulate(catchment.P, catchment.E, *x, s0=s0, r0=r0).Q
        flow = flow.reshape(len(places), -1)[:, days]
        return log_likelihood(model, catchment.Q[days], flow, drawn)

    steps = np.eye(len(point)) * step
    near = log_likelihoods(point + steps) - log_likelihoods(point - steps)
    far = log_likelihoods(point + 2 * steps) - log_likelihoods(point - 2 * steps)
    expected = ((8 * near - far) / (12 * step)).T
    scale = np.abs(expected).max(axis=0)
    assert (np.abs(found - expected) <= 1e-6 * scale + 1e-7).all()


def test_slopes_of_what_is_reported_equal_differences(case) -> None:
    model, _, point, _ = case
    slopes = reported_slopes(model, point)
    assert slopes.shape[1] == len(supports(model)) == len(point)
    for k in range(len(point)):
        step = 1e-5 * np.eye(len(point))[k]
        ahead, behind = (
            np.concatenate(list(reported(model, constrain(model, (point + s)[None])).values()))
            for s in (step, -step)
        )
        np.testing.assert_allclose(slopes[:, k], (ahead - behind) / 2e-5, rtol=1e-6, atol=1e-8)


def test_a_place_without_derivatives_is_named(catchment) -> None:
    from gr4jstan.errors import InputError

    model = model_of("fixed", "adjoint")
    values = {"x1": 300.0, "x2": 0.0, "x3": 60.0, "x4": 0.2, "S0": 90.0, "R0": 30.0, "sigma": 1.0}
    with pytest.raises(InputError, match=r"x1 300, x2 0, x3 60, x4 0\.2"):
        daily_scores(model, stan_data(model, catchment), values)
