"""The unconstrained scale in NumPy against that of the compiled programs."""

import numpy as np
import pytest

from gr4jstan.model.transforms import constrain, stan_parameters, supports, unconstrain
from seeds import shifted
from stan_programs import KINDS, RANGES, case_of, model_of

kinds = pytest.mark.parametrize("kind", KINDS)


def drawn(model, n=8):
    rng = np.random.default_rng(shifted(2))
    return {name: rng.uniform(*RANGES[name], n) for name in supports(model)}


@kinds
def test_coordinates_are_those_of_stan(kind):
    model, density = model_of(kind, "adjoint"), case_of(kind, "adjoint").density
    values = drawn(model)
    expected = [
        density.unconstrain({name: column[i] for name, column in values.items()}) for i in range(8)
    ]
    np.testing.assert_allclose(unconstrain(model, values), expected, rtol=1e-10)


@kinds
def test_constrain_is_the_inverse(kind):
    model = model_of(kind)
    values = drawn(model)
    found = constrain(model, unconstrain(model, values))
    assert list(found) == list(values)
    for name, column in values.items():
        np.testing.assert_allclose(found[name], column, rtol=1e-12)


@kinds
def test_any_coordinates_are_within_the_bounds(kind):
    model = model_of(kind)
    # further out the distance to a bound is lost in rounding
    points = np.random.default_rng(shifted(3)).uniform(-30, 30, (200, len(supports(model))))
    for name, column in constrain(model, points).items():
        lower, upper = supports(model)[name]
        assert ((column > lower) & (column < upper)).all()


def test_bounds_are_those_that_the_prior_settings_give():
    model = model_of("post", prior_settings={"x1_upper": 3210.5, "S0_lower": 0})
    assert supports(model)["x1"] == (50, 3210.5)
    assert supports(model)["S0"] == (0, 2000)
    assert "sigma" not in supports(model)
    assert supports(model_of("default"))["sigma"] == (0, np.inf)
    assert list(supports(model_of("fixed"))) == ["x1", "x2", "x3", "x4", "sigma"]
    assert supports(model_of("student_t"))["nu"] == (1, np.inf)


def test_priors_of_airgr_are_sampled_on_its_transformed_scale():
    model = model_of("airgr", prior_settings={"x1_lower": 10, "x2_upper": 20})
    bounds = supports(model)
    assert list(bounds) == ["log_x1", "asinh_x2", "log_x3", "x4", "sigma"]
    assert bounds["log_x1"] == pytest.approx((np.log(10), 9.99))
    assert bounds["asinh_x2"] == pytest.approx((-9.99, np.arcsinh(20)))
    natural = {"x1": [320.0], "x2": [-2.4], "x3": [70.0], "x4": [1.4], "sigma": [0.1], "S0": [9.0]}
    found = stan_parameters(model, natural)
    assert list(found) == list(bounds)
    assert found["log_x1"] == pytest.approx(np.log(320))
    assert found["asinh_x2"] == pytest.approx(np.arcsinh(-2.4))
    same = stan_parameters(model_of("fixed"), natural)
    assert {name: values.tolist() for name, values in same.items()} == {
        name: natural[name] for name in ("x1", "x2", "x3", "x4", "sigma")
    }
