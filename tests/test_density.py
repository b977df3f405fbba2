"""Log densities of the compiled programs, and the means to evaluate them."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, log_expit

from gr4jstan.errors import ToolchainError
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.datasets import load_dataset
from gr4jstan.structures.simulation import simulate
from stan_programs import EXACT, KINDS, RANGES, SAMPLED_FROM, TRUNCATED, VARIANTS, case_of

kinds = pytest.mark.parametrize("kind", KINDS)
exactly = pytest.mark.parametrize("gradient", EXACT)
variants = pytest.mark.parametrize(("kind", "gradient"), VARIANTS)


def constrain(case, point):
    """Values by name, and the log of the Jacobian determinant."""
    values, log_jacobian = {}, 0.0
    for (name, (lower, upper)), u in zip(case.bounds.items(), point, strict=True):
        if upper == np.inf:
            values[name] = lower + np.exp(u)
            log_jacobian += u
        else:
            values[name] = lower + (upper - lower) * expit(u)
            log_jacobian += np.log(upper - lower) + log_expit(u) + log_expit(-u)
    for name, (label, scale) in SAMPLED_FROM.items():
        if name in values:
            values[label] = scale(values[name])
    return values, log_jacobian


def flow(case, values):
    data = case.data
    fractions = {name: data.get(name, values.get(name)) for name in ("S0_fraction", "R0_fraction")}
    s0 = values["S0"] if "S0" in values else fractions["S0_fraction"] * values["x1"]
    r0 = values["R0"] if "R0" in values else fractions["R0_fraction"] * values["x3"]
    x = [values[name] for name in ("x1", "x2", "x3", "x4")]
    return simulate(data["P"], data["E"], *x, s0=s0, r0=r0).Q


def log_prior(case, values):
    """Bounds add nothing: the density is normalised but for a constant that the data fix."""
    data, terms = case.data, []
    if "x1_log_mean" in data:
        for name in ("x1", "x3", "x4"):
            prior = stats.lognorm(data[f"{name}_log_sd"], scale=np.exp(data[f"{name}_log_mean"]))
            terms.append(prior.logpdf(values[name]))
        terms.append(stats.norm.logpdf(values["x2"], data["x2_mean"], data["x2_sd"]))
    for name in ("S0_fraction", "R0_fraction"):
        if name in values:
            prior = stats.beta(data[f"{name}_alpha"], data[f"{name}_beta"])
            terms.append(prior.logpdf(values[name]))
    if case.spec.priors == "airgr-sls":
        terms.append(-np.log(values["sigma"]))
    for name in ("sigma", "sigma_slope"):
        if f"{name}_scale" in data:
            terms.append(stats.norm.logpdf(values[name], 0, data[f"{name}_scale"]))
    if "boxcox_lambda" in values:
        prior = stats.lognorm(
            data["boxcox_lambda_log_sd"], scale=np.exp(data["boxcox_lambda_log_mean"])
        )
        terms.append(prior.logpdf(values["boxcox_lambda"]))
    if "nu" in values:
        terms.append(stats.gamma.logpdf(values["nu"], data["nu_alpha"], scale=1 / data["nu_beta"]))
    return sum(terms)


def log_likelihood_terms(case, values, days, Q_obs):
    """One term a day; days count from 0."""
    Q_obs, Q = np.asarray(Q_obs), flow(case, values)[days]
    limit, sigma = case.data["flow_limit"], values.get("sigma", case.data.get("sigma"))
    scale, log_slope = (lambda q: q), 0.0
    power = values.get("boxcox_lambda", case.data.get("boxcox_lambda"))
    match case.spec.error_model:
        case "gaussian":
            latent = stats.norm(Q, sigma)
        case "linear":
            latent = stats.norm(Q, sigma + values["sigma_slope"] * Q)
        case "student_t":
            latent = stats.t(values["nu"], Q, sigma)
        case "boxcox" | "boxcox_lambda":
            scale = lambda q: (q**power - 1) / power  # noqa: E731
            latent = stats.norm(scale(Q), sigma)
            log_slope = (power - 1) * np.log(np.where(Q_obs > limit, Q_obs, 1))
    above = scale(np.where(Q_obs > limit, Q_obs, 1))
    return np.where(Q_obs > limit, latent.logpdf(above) + log_slope, latent.logcdf(scale(limit)))


def independent_log_density(case, points):
    days = np.array(case.data["obs_day"], dtype=int) - 1
    totals = []
    for point in points:
        values, log_jacobian = constrain(case, point)
        terms = log_likelihood_terms(case, values, days, case.data["Q_obs"])
        totals.append(terms.sum() + log_prior(case, values) + log_jacobian)
    return np.array(totals)


def with_gaps(name="synthetic"):
    """A data set with every fourth and two more observations missing."""
    whole = load_dataset(name)
    Q = whole.Q.copy()
    Q[::4] = np.nan
    Q[[3, 30]] = np.nan
    return Catchment("gaps", whole.P, whole.E, Q)


# The value


@exactly
@kinds
@pytest.mark.parametrize("dataset", ["synthetic", "example"])
def test_density_equals_likelihood_priors_and_jacobian(kind, gradient, dataset):
    case = case_of(kind, gradient, dataset)
    points = case.draw(20)
    value, _ = case.evaluate(points)
    np.testing.assert_allclose(value, independent_log_density(case, points), rtol=1e-10)


@exactly
def test_density_where_exchange_empties_the_stores(gradient):
    case = case_of("default", gradient, "example")
    points = case.draw(20, x1=(1, 2500), x2=(-10, 10), x3=(1, 500), x4=(0.5, 15))
    value, _ = case.evaluate(points)
    np.testing.assert_allclose(value, independent_log_density(case, points), rtol=1e-10)


@variants
@pytest.mark.parametrize("dataset", ["synthetic", "example"])
def test_every_variant_has_the_density_of_autodiff(kind, gradient, dataset):
    reference = case_of(kind, "autodiff", dataset)
    points = reference.draw(20)
    expected, _ = reference.evaluate(points)
    case = case_of(kind, gradient, dataset)
    for k in [1, 5, 7, 49, 50, 60] if gradient in TRUNCATED else [0]:
        value, _ = case.with_data(truncate_steps=k).evaluate(points)
        np.testing.assert_allclose(value, expected, rtol=1e-10)


@exactly
def test_stores_above_their_capacities_are_let_in_by_the_priors_of_the_post(gradient):
    case = case_of("post", gradient)
    points = case.draw(200, x1=(51, 400), S0=(400, 1900), x3=(6, 20), R0=(20, 99))
    value, _ = case.evaluate(points)
    expected = independent_log_density(case, points)
    assert np.isfinite(expected).any()
    np.testing.assert_array_equal(np.isfinite(value), np.isfinite(expected))
    finite = np.isfinite(expected)
    np.testing.assert_allclose(value[finite], expected[finite], rtol=1e-10)


# Observations that count


@exactly
@pytest.mark.parametrize("step", [2, 5, 7])
@pytest.mark.parametrize("gaps", [False, True])
def test_subsampled_density_is_the_full_one_without_the_terms_left_out(gradient, step, gaps):
    catchment = with_gaps() if gaps else load_dataset("synthetic")
    full = case_of("post", gradient, catchment)
    part = case_of("post", gradient, catchment, subsample=step)
    points = full.draw(10)
    observed = np.flatnonzero(~np.isnan(catchment.Q))
    left_out = observed[observed % step != 0]
    assert part.data["N"] == len(observed) - len(left_out)
    terms = [
        log_likelihood_terms(full, constrain(full, u)[0], left_out, catchment.Q[left_out]).sum()
        for u in points
    ]
    np.testing.assert_allclose(
        part.evaluate(points)[0], full.evaluate(points)[0] - terms, rtol=1e-10
    )


@exactly
@kinds
def test_missing_observations_add_no_term(kind, gradient):
    catchment = with_gaps()
    case = case_of(kind, gradient, catchment)
    assert case.data["N"] == np.isfinite(catchment.Q).sum() == 35
    points = case.draw(10)
    value, gradients = case.evaluate(points)
    assert np.isfinite(gradients).all()
    np.testing.assert_allclose(value, independent_log_density(case, points), rtol=1e-10)


@exactly
def test_without_observations_that_count_only_the_prior_is_left(gradient):
    case = case_of("default", gradient).with_data(N=0, obs_day=[], Q_obs=[])
    points = case.draw(5)
    value, _ = case.evaluate(points)
    np.testing.assert_allclose(value, independent_log_density(case, points), rtol=1e-10)


# Censored observations


def drying_up():
    days = load_dataset("synthetic")
    return Catchment("drying up", days.P, days.E, days.Q * (days.Q > 3.5))


@exactly
@kinds
@pytest.mark.parametrize("limit", [0.0, 4.5])
def test_an_observation_at_or_below_the_limit_has_the_log_of_its_probability(kind, gradient, limit):
    case = case_of(kind, gradient, drying_up()).with_data(flow_limit=limit)
    censored = np.array(case.data["Q_obs"]) <= limit
    assert 5 < censored.sum() < 45
    points = case.draw(10)
    value, _ = case.evaluate(points)
    np.testing.assert_allclose(value, independent_log_density(case, points), rtol=1e-10)


@exactly
@kinds
def test_a_limit_below_all_observations_changes_nothing(kind, gradient):
    case = case_of(kind, gradient)
    least = min(case.data["Q_obs"])
    points = case.draw(5)
    value, slopes = case.evaluate(points)
    other, others = case.with_data(flow_limit=least / 2).evaluate(points)
    np.testing.assert_array_equal(other, value)
    np.testing.assert_array_equal(others, slopes)


# LogDensity


@kinds
def test_unconstrain_is_the_logit_between_bounds_and_the_log_above_one(kind):
    case = case_of(kind)
    values = {name: RANGES[name][0] * 1.05 for name in case.bounds}
    point = case.density.unconstrain(values)
    np.testing.assert_allclose(point, case.unconstrain(values), rtol=1e-12)
    restored, _ = constrain(case, point)
    assert {name: restored[name] for name in values} == pytest.approx(values, rel=1e-12)


def test_points_are_evaluated_in_order_and_one_alone_is_a_row():
    case = case_of("post")
    points = case.draw(3)
    value, gradient = case.evaluate(points)
    assert value.shape == (3,)
    assert gradient.shape == points.shape
    for i in range(3):
        alone = case.evaluate(points[i])
        assert alone[0].tolist() == [value[i]]
        assert alone[1].tolist() == [gradient[i].tolist()]


@exactly
def test_rejected_point_is_nan_and_the_others_are_not(gradient):
    case = case_of("default", gradient)
    points = case.draw(3)
    points[1, -1] = -800  # sigma underflows to 0
    value, gradients = case.evaluate(points)
    assert np.isnan(value).tolist() == [False, True, False]
    assert np.isnan(gradients).all(axis=1).tolist() == [False, True, False]
    assert np.isfinite(gradients[[0, 2]]).all()


def test_a_session_gives_the_same_and_survives_points_that_are_no_numbers():
    case = case_of("default")
    points = case.draw(3)
    points[1, 0] = np.nan
    with case.density.session() as evaluate:
        one_by_one = [evaluate(point) for point in points]
    assert np.isnan(one_by_one[1][0])
    assert np.isnan(one_by_one[1][1]).all()
    for i in (0, 2):
        value, gradient = case.evaluate(points[i : i + 1])
        assert one_by_one[i][0] == value[0]
        np.testing.assert_array_equal(one_by_one[i][1], gradient[0])


def test_data_out_of_their_range_are_an_error():
    case = case_of("post").with_data(x1_upper=10)
    with pytest.raises(ToolchainError, match="x1_upper"):
        case.evaluate(np.zeros(6))


def test_missing_data_are_an_error():
    case = case_of("post")
    del case.data["sigma"]
    with pytest.raises(ToolchainError, match="sigma"):
        case.evaluate(np.zeros(6))


@pytest.mark.parametrize(("given", "problem"), [(5, "too few"), (7, "too many")])
def test_point_with_another_number_of_coordinates_is_an_error(given, problem):
    with pytest.raises(ToolchainError, match=f"{problem} coordinates"):
        case_of("post").evaluate(np.zeros(given))


def test_point_that_is_out_of_bounds_or_incomplete_cannot_be_unconstrained():
    case = case_of("post")
    values = {name: RANGES[name][0] for name in case.bounds}
    with pytest.raises(ToolchainError, match="3000"):
        case.density.unconstrain(values | {"x1": 3000})
    del values["x3"]
    with pytest.raises(ToolchainError, match="no value of x3"):
        case.density.unconstrain(values)


def test_value_and_gradient_can_be_timed():
    case = case_of("post")
    assert all(0 < seconds < 1 for seconds in case.density.seconds(case.draw(1), repeats=10))
