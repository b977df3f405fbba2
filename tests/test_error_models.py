"""The error models in Python against the compiled programs, scipy and their own definitions."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

import gr4jstan
from gr4jstan.error_models.catalogue import ERROR_MODELS
from gr4jstan.model.definition import define_model
from gr4jstan.model.observations import guess_errors, log_likelihood, normal_scores, respond
from gr4jstan.model.programs import CHOICES
from seeds import shifted
from stan_programs import KINDS, case_of, model_of
from test_density import constrain, drying_up, flow, log_likelihood_terms

MODELS = {name: define_model(error_model=name) for name in CHOICES["error_model"]}
MODELS |= {
    "known": define_model(sigma=0.4),
    "root": define_model(error_model="boxcox", prior_settings={"boxcox_lambda": 0.5}),
}
VALUES = {"sigma": 0.4, "sigma_slope": 0.2, "nu": 3.5, "boxcox_lambda": 0.3}

models = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
kinds = pytest.mark.parametrize("kind", KINDS)


def values_of(model, n=1):
    """The model's own parameters, n draws of them."""
    return {name: np.full(n, VALUES[name]) for name in model.error_parameters}


# Likelihood


@kinds
@pytest.mark.parametrize("catchment", ["synthetic", drying_up()], ids=["flowing", "drying up"])
def test_the_programs_density_changes_by_what_the_likelihood_does(kind, catchment):
    """Between points that differ in the errors, observations that count, and parameters."""
    case, model = case_of(kind, "adjoint", catchment), model_of(kind, "adjoint")
    points = case.draw(12)
    without = case.with_data(N=0, obs_day=[], Q_obs=[])
    expected = case.evaluate(points)[0] - without.evaluate(points)[0]
    drawn = [constrain(case, point)[0] for point in points]
    days = np.array(case.data["obs_day"]) - 1
    flows = np.array([flow(case, values)[days] for values in drawn])
    values = {name: np.array([values[name] for values in drawn]) for name in model.error_parameters}
    terms = log_likelihood(model, case.data["Q_obs"], flows, values)
    assert terms.shape == flows.shape
    np.testing.assert_allclose(terms.sum(axis=1), expected, rtol=1e-10)


@kinds
def test_each_observation_has_the_log_density_that_scipy_gives_it(kind):
    case, model = case_of(kind, catchment=drying_up()), model_of(kind)
    values, _ = constrain(case, case.draw(1)[0])
    days = np.array(case.data["obs_day"]) - 1
    Q_obs = case.data["Q_obs"]
    terms = log_likelihood(model, Q_obs, flow(case, values)[np.newaxis, days], values)
    expected = log_likelihood_terms(case, values, days, Q_obs)
    np.testing.assert_allclose(terms, [expected], rtol=1e-10)


def with_limit(model, limit):
    return replace(model, numbers=model.numbers | {"flow_limit": limit})


@models
@pytest.mark.parametrize("limit", [0.0, 0.4])
@pytest.mark.parametrize("Q", [0.0, 0.01, 2.0])
def test_an_observation_has_probability_one_in_all(model, Q, limit):
    """That of nothing above the limit, and the density above it."""
    model = with_limit(model, limit)

    def density(y):
        return float(np.exp(log_likelihood(model, [y], [[Q]], values_of(model)))[0, 0])

    assert density(0.0) == density(limit / 2) == density(limit)
    # a density without bound at zero flow is integrable on the scale of its logarithm
    low, high = np.log(max(limit, 1e-65)), np.log(Q + 1)
    total = sum(
        integrate.quad(lambda v: density(np.exp(v)) * np.exp(v), *piece, limit=200)[0]
        for piece in [(low, -10), (max(low, -10), high), (high, 5), (5, 20)]
        if piece[0] < piece[1]
    )
    assert density(0.0) + total == pytest.approx(1, abs=1e-7)


@models
@pytest.mark.parametrize("limit", [0.0, 0.4])
def test_draws_are_censored_as_often_as_the_likelihood_says(model, limit):
    model, n = with_limit(model, limit), 40_000
    rng = np.random.default_rng(shifted(5))
    for Q in (0.05, 0.5):
        drawn = respond(model, np.full((1, n), Q), rng.standard_normal((1, n)), values_of(model))
        expected = np.exp(log_likelihood(model, [0.0], [[Q]], values_of(model)))[0, 0]
        spread = np.sqrt(expected * (1 - expected) / n)
        assert abs((drawn == 0).mean() - expected) < 5.5 * spread
        assert not ((drawn > 0) & (drawn <= limit)).any()


@models
def test_what_an_unflowing_day_is_worth_does_not_depend_on_the_unit_of_flow(model):
    """A probability has no unit: models that are sure of a dry day agree on it."""
    values = {name: value * 1e-3 for name, value in values_of(model).items()}
    values |= {"nu": np.array([50.0])} if "nu" in values else {}
    model = with_limit(replace(model, sigma=1e-3 if model.sigma else None), 0.5)
    found = log_likelihood(model, [0.2], [[0.01]], values)
    np.testing.assert_allclose(found, 0, atol=1e-12)


@pytest.mark.parametrize("sigma", [0.1, 1e-3, 1e-5])
def test_censored_observations_have_a_finite_log_probability_far_in_the_tail(sigma):
    flows = np.array([[0.5, 5.0]])
    values = {"sigma": np.array([sigma]), "sigma_slope": np.array([0.0])}
    for model in (MODELS["gaussian"], MODELS["boxcox"], MODELS["linear"]):
        found = log_likelihood(model, [0.0], flows, values)
        transformed = flows**0.2 / 0.2 if model.spec.error_model == "boxcox" else flows
        u = -transformed / sigma
        # the leading terms of Mills' ratio
        expected = -u * u / 2 - np.log(-u) - 0.5 * np.log(2 * np.pi)
        expected += np.log1p(-1 / u**2 + 3 / u**4 - 15 / u**6)
        np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("nu", [1.0, 7.5, 200.0, 2000.0])
def test_so_they_have_under_heavy_tails(nu):
    """Against the density's integral on the scale of its logarithm."""
    values = {"sigma": np.array([1e-3]), "nu": np.array([nu])}
    found = log_likelihood(MODELS["student_t"], [0.0], [[0.5, 5.0]], values)
    for x, one in zip((-500.0, -5000.0), found[0], strict=True):
        top = stats.t.logpdf(x, nu)
        beyond, _ = integrate.quad(
            lambda v, x=x, top=top: np.exp(stats.t.logpdf(x * np.exp(v), nu) - top + v),
            0, 40 / nu, epsabs=0, epsrel=1e-12,
        )  # fmt: skip
        assert one == pytest.approx(top + np.log(beyond * -x), rel=1e-10)


# Scores and responses


@models
def test_scores_of_the_models_own_observations_are_standard_normal(model):
    rng = np.random.default_rng(shifted(1))
    eta = rng.standard_normal((1, 20_000))
    Q = rng.uniform(2, 5, eta.shape)
    y = respond(model, Q, eta, values_of(model), censor=False)
    scores = normal_scores(model, y[0], Q, values_of(model))
    flowing = y > 0  # Student's t has errors below -Q
    assert flowing.mean() > 0.99
    np.testing.assert_allclose(scores[flowing], eta[flowing], atol=1e-8)


@pytest.mark.parametrize(
    ("name", "distribution"),
    [
        ("gaussian", stats.norm(2.0, 0.4)),
        ("known", stats.norm(2.0, 0.4)),
        ("linear", stats.norm(2.0, 0.4 + 0.2 * 2.0)),
        ("student_t", stats.t(3.5, 2.0, 0.4)),
    ],
)
def test_a_score_is_the_normal_quantile_of_the_observations_probability(name, distribution):
    y = np.array([0.01, 0.3, 1.7, 2.0, 2.1, 4.0, 8.0])
    found = normal_scores(MODELS[name], y, np.full((1, 7), 2.0), values_of(MODELS[name]))
    low, high = distribution.logcdf(y), distribution.logsf(y)
    expected = np.where(y < 2, stats.norm.ppf(np.exp(low)), stats.norm.isf(np.exp(high)))
    np.testing.assert_allclose(found, [expected], rtol=1e-8, atol=1e-12)


@models
@pytest.mark.parametrize("limit", [0.0, 0.3])
def test_responses_at_or_below_the_limit_are_zero_and_have_no_score(model, limit):
    model, n = with_limit(model, limit), 500
    eta = np.random.default_rng(shifted(2)).standard_normal((3, n)) * 4
    Q = np.full(eta.shape, 0.3)
    found = respond(model, Q, eta, values_of(model, 3))
    free = respond(model, Q, eta, values_of(model, 3), censor=False)
    assert (found == np.where(free > limit, free, 0)).all()
    assert (found == 0).any() and (found > limit).any()
    scores = normal_scores(model, found[0], Q[:1], values_of(model))[0]
    assert (np.isnan(scores) == (found[0] == 0)).all()
    np.testing.assert_allclose(scores[found[0] > 0], eta[0, found[0] > 0], rtol=1e-6, atol=1e-8)


def test_heavy_tails_have_finite_scores():
    scores = normal_scores(
        MODELS["student_t"], [1e6, 1.0], [[0.0, 1e6 + 1]], {"sigma": [1e-3], "nu": [200.0]}
    )
    assert np.isfinite(scores).all()
    assert scores[0, 0] == -scores[0, 1] > 30


@models
def test_draws_are_treated_one_by_one(model):
    rng = np.random.default_rng(shifted(3))
    Q, y = rng.uniform(0.1, 3, (4, 9)), rng.uniform(0, 3, 9) * (rng.random(9) > 0.3)
    values = {name: value * rng.uniform(1, 2, 4) for name, value in values_of(model, 4).items()}
    for function, first in ((log_likelihood, y), (normal_scores, y)):
        whole = function(model, first, Q, values)
        for i in range(4):
            one = {name: value[i] for name, value in values.items()}
            np.testing.assert_array_equal(function(model, first, Q[i], one), whole[i])
    whole = respond(model, Q, Q - 1, values)
    one = {name: value[2] for name, value in values.items()}
    np.testing.assert_array_equal(respond(model, Q[2], Q[2] - 1, one), whole[2])


# Starting values


@models
def test_guesses_are_near_the_best_fit_and_valid_for_any_flow(model):
    rng = np.random.default_rng(shifted(4))
    Q = rng.gamma(1.5, 2, (1, 4000))
    y = respond(model, Q, rng.standard_normal(Q.shape), values_of(model))[0]
    guesses, _ = guess_errors(model, y, np.concatenate([Q, np.full_like(Q, np.nan), 9 * Q]))
    assert tuple(guesses) == model.error_parameters
    for name, guess in guesses.items():
        assert (guess > 0).all() and np.isfinite(guess).all()
        assert VALUES[name] / 4 < guess[0] < VALUES[name] * 4


def test_the_programs_know_the_models_of_the_table() -> None:
    assert tuple(ERROR_MODELS) == CHOICES["error_model"]
    for name, model in ERROR_MODELS.items():
        assert model.name == name


def test_no_module_but_their_own_asks_for_an_error_model_by_name() -> None:
    """What differs between error models is in their objects."""
    package = Path(gr4jstan.__file__).parent
    for path in package.rglob("*.py"):
        if path.parent.name == "error_models":
            continue
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and node.value in ERROR_MODELS:
                # the list of names, what is meant without one, and a scale that is called linear
                stated = ("ErrorModelName", "error_model = ", "scale")
                line = text.splitlines()[node.lineno - 1]
                assert any(word in line for word in stated), (path, line)
