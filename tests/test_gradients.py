"""Gradients of the compiled programs against GR4J differentiated by the complex step.

The model is written out once more below, plainly, day by day, in complex numbers: the imaginary
part of the log density at u + ih e_i is h times its derivative along u_i, with h so small that
only rounding is left. To detach a state is to drop its imaginary part.
"""

import numpy as np
import pytest
from scipy.special import betaln, erfcx, log_ndtr, loggamma

from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.datasets import SYNTHETIC_TRUTH, load_dataset
from seeds import shifted
from stan_programs import EXACT, KINDS, SAMPLED_FROM, TRUNCATING, case_of
from test_density import drying_up

STEP = 1e-30


def positive_part(x):
    return np.where(x.real > 0, x, 0)


def fourth_root(x):
    return np.sqrt(np.sqrt(x))


def s_curve_1(day, x4):
    age = np.where(day < x4.real, day / x4, 1)
    return age * age * np.sqrt(age)


def s_curve_2(day, x4):
    rising = 0.5 * s_curve_1(day, x4)
    rest = np.where(day < 2 * x4.real, 2 - day / x4, 0)
    falling = 1 - 0.5 * rest * rest * np.sqrt(rest)
    return np.where(day < x4.real, rising, falling)


def plain_gr4j(P, E, x1, x2, x3, x4, S, R, detached_before, silent_until):
    """Flows of GR4J, shape (T, columns).

    `detached_before` are the days, from 0, before which the whole state is detached; the flows of
    the first `silent_until` days are detached. A day's forcing may have a column for each column,
    with the same real part.
    """
    n = int(np.ceil(2 * x4.real.max())) + 1
    uh1 = np.array([s_curve_1(j + 1, x4) - s_curve_1(j, x4) for j in range(n)])
    uh2 = np.array([s_curve_2(j + 1, x4) - s_curve_2(j, x4) for j in range(n)])
    store1, store2 = np.zeros_like(uh1), np.zeros_like(uh2)
    flows = []
    for day, (rain, evaporation) in enumerate(zip(P, E, strict=True)):
        if day in detached_before:
            S, R, store1, store2 = (x.real.astype(complex) for x in (S, R, store1, store2))

        s = S / x1
        if np.max(np.real(rain)) >= np.real(evaporation):
            w = np.tanh((rain - evaporation) / x1)
            Ps = x1 * (1 - s * s) * w / (1 + s * w)
            Pr = rain - evaporation - Ps
            S = S + Ps
        else:
            w = np.tanh((evaporation - rain) / x1)
            S = S - S * (2 - s) * w / (1 + (1 - s) * w)
            Pr = 0
        Perc = S * (1 - 1 / fourth_root(1 + (4 / 9 * S / x1) ** 4))
        S = S - Perc
        Pr = Pr + Perc

        store1 = np.concatenate([store1[1:], 0 * store1[:1]]) + uh1 * 0.9 * Pr
        store2 = np.concatenate([store2[1:], 0 * store2[:1]]) + uh2 * 0.1 * Pr

        r = R / x3
        F = x2 * r * r * r * np.sqrt(r)
        R = positive_part(R + store1[0] + F)
        Qr = R * (1 - 1 / fourth_root(1 + (R / x3) ** 4))
        R = R - Qr
        Q = Qr + positive_part(store2[0] + F)
        flows.append(Q if day >= silent_until else Q.real + 0j)
    return np.array(flows)


def log_density(case, u, detached_before, silent_until):
    """Log density at the unconstrained points u, shape (D, columns)."""
    data, x, density = case.data, {}, 0
    for (name, (lower, upper)), coordinate in zip(case.bounds.items(), u, strict=True):
        if upper == np.inf:
            x[name] = lower + np.exp(coordinate)
            density += coordinate
        else:
            x[name] = lower + (upper - lower) / (1 + np.exp(-coordinate))
            density += np.log((x[name] - lower) * (upper - x[name]) / (upper - lower))

    x |= {label: scale(x[name]) for name, (label, scale) in SAMPLED_FROM.items() if name in x}
    if "x1_log_mean" in data:
        for name in ("x1", "x3", "x4"):
            log = np.log(x[name])
            density += normal(log, data[f"{name}_log_mean"], data[f"{name}_log_sd"]) - log
        density += normal(x["x2"], data["x2_mean"], data["x2_sd"])
    for name in ("S0_fraction", "R0_fraction"):
        if name in x:
            a, b = data[f"{name}_alpha"], data[f"{name}_beta"]
            density += (a - 1) * np.log(x[name]) + (b - 1) * np.log(1 - x[name]) - betaln(a, b)
    if case.spec.priors == "airgr-sls":
        density -= np.log(x["sigma"])
    for name in ("sigma", "sigma_slope"):
        if f"{name}_scale" in data:
            density += normal(x[name], 0, data[f"{name}_scale"])
    if "boxcox_lambda" in x:
        mean, sd = data["boxcox_lambda_log_mean"], data["boxcox_lambda_log_sd"]
        logs = np.log(x["boxcox_lambda"])
        density += normal(logs, mean, sd) - logs
    if "nu" in x:
        a, b = data["nu_alpha"], data["nu_beta"]
        density += (a - 1) * np.log(x["nu"]) - b * x["nu"] + a * np.log(b) - loggamma(a)

    S0 = x["S0"] if "S0" in x else x.get("S0_fraction", data.get("S0_fraction")) * x["x1"]
    R0 = x["R0"] if "R0" in x else x.get("R0_fraction", data.get("R0_fraction")) * x["x3"]
    x1, x2, x3, x4 = (x[name] for name in ("x1", "x2", "x3", "x4"))
    Q = plain_gr4j(data["P"], data["E"], x1, x2, x3, x4, S0, R0, detached_before, silent_until)
    counted = Q[np.array(data["obs_day"]) - 1]
    y = np.array(data["Q_obs"])[:, np.newaxis]
    return density + error_terms(case, x, y, counted).sum(axis=0)


def normal(value, mean, sd):
    return -0.5 * ((value - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)


def log_normal_probability(u):
    ratio = np.sqrt(2 / np.pi) / erfcx(
        -u.real.astype(float) / np.sqrt(2)
    )  # of density to distribution function
    return log_ndtr(u.real.astype(float)) + 1j * ratio * u.imag


def log_student_density(x, nu):
    constant = loggamma((nu + 1) / 2) - loggamma(nu / 2) - np.log(nu * np.pi) / 2
    return constant - (nu + 1) / 2 * np.log(1 + x * x / nu)


def log_student_probability(x, nu):
    """By Gauss and Legendre's rule: from 0 on, or of all the tail, as a density of s in x / s^4."""
    node, weight = np.polynomial.legendre.leggauss(300)
    s, w = (0.5 * (node + 1)).reshape(-1, *[1] * x.ndim), (weight / 2).reshape(-1, *[1] * x.ndim)
    middle = 0.5 + (w * x * np.exp(log_student_density(x * s, nu))).sum(axis=0)
    far = np.where(x.real < -1, x, -1)
    logs = log_student_density(far / s**4, nu) + np.log(-4 * far / s**5)
    largest = logs.real.max(axis=0)
    tail = largest + np.log((w * np.exp(logs - largest)).sum(axis=0))
    return np.where(x.real < -1, tail, np.log(np.where(x.real < -1, 1, middle)))


def boxcox(q, power):
    """Without a slope at a flow of 0."""
    return (np.where(q == 0, 0, np.exp(power * np.log(np.where(q == 0, 1, q)))) - 1) / power


def error_terms(case, x, y, Q):
    sigma, limit = x.get("sigma", case.data.get("sigma")), case.data["flow_limit"]
    above = np.where(y > limit, y, 1)
    match case.spec.error_model:
        case "gaussian":
            flowing = normal(above, Q, sigma)
            censored = log_normal_probability((limit - Q) / sigma)
        case "linear":
            sd = sigma + x["sigma_slope"] * Q
            flowing, censored = normal(above, Q, sd), log_normal_probability((limit - Q) / sd)
        case "student_t":
            flowing = log_student_density((above - Q) / sigma, x["nu"]) - np.log(sigma)
            censored = 0
            if (y <= limit).any():
                censored = log_student_probability((limit - Q) / sigma, x["nu"])
        case "boxcox" | "boxcox_lambda":
            power = x.get("boxcox_lambda", case.data.get("boxcox_lambda"))
            z = boxcox(Q, power)
            flowing = normal(boxcox(above, power), z, sigma) + (power - 1) * np.log(above)
            censored = log_normal_probability((boxcox(limit, power) - z) / sigma)
    return np.where(y > limit, flowing, censored)


def complex_step_gradient(case, points, detached_before=(), silent_until=0):
    """Gradient at points of shape (n, D), with the state and the first flows detached as told."""
    n, D = points.shape
    columns = np.repeat(points.T, D, axis=1) + 1j * STEP * np.tile(np.eye(D), n)
    values = log_density(case, columns, detached_before, silent_until)
    return values.imag.reshape(n, D) / STEP


def truncated_gradient(case, points, mode, k):
    T = case.data["T"]
    if mode == "chunk":
        return complex_step_gradient(case, points, range(k, T, k))
    return complex_step_gradient(case, points, {T - k} if k < T else (), max(T - k, 0))


def assert_close_to_largest(gradient, expected, tolerance):
    """Each component within `tolerance` of the largest of its point."""
    assert np.isfinite(expected).all()
    scale = np.abs(expected).max(axis=1, keepdims=True)
    np.testing.assert_allclose(gradient / scale, expected / scale, rtol=0, atol=tolerance)


def dry_catchment(T=40):
    rng = np.random.default_rng(shifted(3))
    return Catchment("dry", np.zeros(T), rng.uniform(1, 5, T), rng.uniform(0.1, 1, T))


exactly = pytest.mark.parametrize("gradient", EXACT)
truncating = pytest.mark.parametrize(("kind", "mode"), TRUNCATING)
kinds = pytest.mark.parametrize("kind", KINDS)
estimating = pytest.mark.parametrize("kind", ["post", "default"])


def truth(case):
    fractions = {"S0_fraction": 0.6, "R0_fraction": 0.7}
    fractions |= {"sigma": 0.1, "sigma_slope": 0.1, "nu": 4, "boxcox_lambda": 0.3}
    return case.unconstrain(SYNTHETIC_TRUTH | fractions)[np.newaxis]


# The exact gradient


@exactly
@kinds
def test_gradient_equals_the_complex_step_on_50_days(kind, gradient):
    case = case_of(kind, gradient)
    points = np.concatenate([case.draw(20), truth(case)])
    _, found = case.evaluate(points)
    assert_close_to_largest(found, complex_step_gradient(case, points), 1e-9)


@exactly
@kinds
@pytest.mark.parametrize("limit", [0.0, 4.5])
def test_gradient_of_censored_observations_equals_the_complex_step(kind, gradient, limit):
    """Simulated flows above and below the limit, by few and many standard deviations."""
    case = case_of(kind, gradient, drying_up()).with_data(flow_limit=limit)
    points = np.concatenate([case.draw(20), case.draw(10, seed=2, sigma=(0.01, 0.05))])
    _, found = case.evaluate(points)
    assert_close_to_largest(found, complex_step_gradient(case, points), 1e-9)


@exactly
@estimating
def test_gradient_equals_the_complex_step_on_five_years(kind, gradient):
    """Losing exchange, short and long unit hydrographs, and stores that run empty among them."""
    case = case_of(kind, gradient, "example")
    wide = {} if kind == "post" else {"x1": (2, 2500), "x2": (-10, 10), "x3": (2, 500)}
    points = case.draw(8, x4=(0.55, 4.9 if kind == "post" else 12), **wide)
    _, found = case.evaluate(points)
    assert_close_to_largest(found, complex_step_gradient(case, points), 1e-10)


@exactly
@estimating
@pytest.mark.parametrize("dataset", ["synthetic", "example"])
def test_gradient_equals_finite_differences_of_the_density(dataset, kind, gradient):
    """Central differences at two steps, extrapolated; x4 stays off whole numbers (kinks)."""
    case = case_of(kind, gradient, dataset)
    points = case.draw(4, seed=8, x4=(1.2, 1.8), sigma=(0.5, 2))
    n, D = points.shape
    h = 1e-3
    steps = np.array([h, -h, h / 2, -h / 2])[:, np.newaxis, np.newaxis] * np.eye(D)
    values, _ = case.evaluate((points[:, np.newaxis, np.newaxis] + steps).reshape(-1, D))
    forward, back, half_forward, half_back = np.moveaxis(values.reshape(n, 4, D), 1, 0)
    coarse, fine = (forward - back) / (2 * h), (half_forward - half_back) / h
    _, found = case.evaluate(points)
    assert_close_to_largest(found, (4 * fine - coarse) / 3, 1e-7)


# The truncated gradient


@truncating
@pytest.mark.parametrize("k", [1, 5, 7, 49, 50, 60])
def test_truncated_gradient_equals_brute_force(kind, mode, k):
    """50 days: a multiple of 1, 5 and 50, not of 7 and 49."""
    case = case_of(kind, mode, truncate_steps=k)
    points = np.concatenate([case.draw(10), truth(case)])
    _, found = case.evaluate(points)
    assert_close_to_largest(found, truncated_gradient(case, points, mode, k), 1e-8)


@truncating
@pytest.mark.parametrize("k", [5, 400])
def test_truncated_gradient_equals_brute_force_on_five_years(kind, mode, k):
    case = case_of(kind, mode, "example", truncate_steps=k)
    points = case.draw(3)
    _, found = case.evaluate(points)
    assert_close_to_largest(found, truncated_gradient(case, points, mode, k), 1e-8)


@truncating
def test_truncated_gradient_of_a_subsample_equals_brute_force(kind, mode):
    case = case_of(kind, mode, truncate_steps=8, subsample=3)
    points = case.draw(5)
    _, found = case.evaluate(points)
    assert_close_to_largest(found, truncated_gradient(case, points, mode, 8), 1e-8)


@truncating
@pytest.mark.parametrize("k", [50, 60])
def test_nothing_is_truncated_when_the_steps_cover_the_series(kind, mode, k):
    case = case_of(kind, mode, truncate_steps=k)
    points = case.draw(5)
    _, full = case_of(kind).evaluate(points)
    _, found = case.evaluate(points)
    assert_close_to_largest(found, full, 1e-13)


def test_last_steps_give_the_initial_stores_no_gradient_but_that_of_their_transforms():
    case = case_of("post", "last", truncate_steps=49)
    points = case.draw(5)
    _, found = case.evaluate(points)
    p = 1 / (1 + np.exp(-points))
    np.testing.assert_allclose(found[:, 4:], (1 - 2 * p)[:, 4:], rtol=1e-12)
    _, full = case.with_data(truncate_steps=50).evaluate(points)
    # of some point: the slope of another may happen to be small
    assert (np.abs(full - found)[:, 4:] > 1e-3).any(axis=0).all()


# Corners of the domain


@exactly
def test_gradient_of_a_single_day(gradient):
    data = case_of("post").data
    for day in (0, 30):
        one_day = {"T": 1, "P": [data["P"][day]], "E": [data["E"][day]]}
        one_day |= {"N": 1, "obs_day": [1], "Q_obs": [0.4]}
        case = case_of("post", gradient).with_data(**one_day)
        points = case.draw(10)
        _, found = case.evaluate(points)
        assert_close_to_largest(found, complex_step_gradient(case, points), 1e-11)


@exactly
@pytest.mark.parametrize("catchment", ["synthetic", dry_catchment()], ids=["rain", "no rain"])
def test_gradient_with_empty_stores(gradient, catchment):
    empty = {"S0_fraction": 0, "R0_fraction": 0}
    case = case_of("fixed", gradient, catchment, prior_settings=empty)
    points = case.draw(10)
    _, found = case.evaluate(points)
    assert_close_to_largest(found, complex_step_gradient(case, points), 1e-11)


@exactly
@kinds
def test_gradient_without_rain(kind, gradient):
    case = case_of(kind, gradient, dry_catchment())
    points = case.draw(10, S0=(105, 119))
    _, found = case.evaluate(points)
    assert_close_to_largest(found, complex_step_gradient(case, points), 1e-11)


@exactly
def test_gradient_when_the_stores_start_above_their_capacities(gradient):
    case = case_of("post", gradient)
    points = case.draw(20, x1=(300, 600), S0=(600, 900), x3=(10, 20), R0=(20, 60))
    _, found = case.evaluate(points)
    assert_close_to_largest(found, complex_step_gradient(case, points), 1e-11)


@exactly
@pytest.mark.parametrize("x4", [1, 2, 4, np.nextafter(3, 0), np.nextafter(3, 4)])
def test_gradient_is_finite_where_a_unit_hydrograph_gains_a_day(x4, gradient):
    case = case_of("default", gradient)
    point = case.unconstrain(
        {"x1": 300, "x2": 1, "x3": 50, "x4": x4, "S0_fraction": 0.5, "R0_fraction": 0.5, "sigma": 1}
    )
    value, found = case.evaluate(point)
    assert np.isfinite(value).all()
    assert np.isfinite(found).all()


def test_five_years_have_missing_observations():
    """What the tests on `example` rely on."""
    assert np.isnan(load_dataset("example").Q).sum() > 300
