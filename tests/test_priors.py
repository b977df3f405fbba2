"""The numbers behind the priors."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from gr4jstan.errors import InputError
from gr4jstan.model.priors import prior_numbers
from gr4jstan.model.programs import ProgramSpec

DEFAULT = ProgramSpec()
UNIFORM = ProgramSpec(priors="uniform")
FIXED = ProgramSpec(initial_states="fixed")
AIRGR = ProgramSpec(priors="airgr-sls", initial_states="fixed")
BOXCOX = ProgramSpec(error_model="boxcox")
LINEAR = ProgramSpec(error_model="linear")
STUDENT = ProgramSpec(error_model="student_t")
KNOWN = ProgramSpec(known_sigma=True)

# Perrin et al. (2003), table 1: 80 % confidence intervals
PERRIN = {"x1": (100, 1200), "x2": (-5, 3), "x3": (20, 300), "x4": (1.1, 2.9)}


@pytest.mark.parametrize("name", PERRIN)
def test_central_80_percent_of_the_default_priors_are_the_ranges_of_perrin(name: str) -> None:
    numbers = prior_numbers(DEFAULT)
    if name == "x2":
        prior = stats.norm(numbers["x2_mean"], numbers["x2_sd"])
    else:
        prior = stats.lognorm(
            s=numbers[f"{name}_log_sd"], scale=np.exp(numbers[f"{name}_log_mean"])
        )
    np.testing.assert_allclose(prior.ppf([0.1, 0.9]), PERRIN[name], rtol=1e-9)
    # the bounds cut off next to nothing
    assert prior.cdf(numbers[f"{name}_lower"]) < 0.01
    assert prior.sf(numbers[f"{name}_upper"]) < 1e-3


@pytest.mark.parametrize(
    ("name", "bounds"),
    {
        "x1": (50, 2000),
        "x2": (0.1, 10),
        "x3": (5, 100),
        "x4": (0.5, 5),
        "S0": (100, 2000),
        "R0": (5, 100),
    }.items(),
)
def test_uniform_bounds_are_those_of_the_post(name: str, bounds: tuple[float, float]) -> None:
    numbers = prior_numbers(UNIFORM)
    assert (numbers[f"{name}_lower"], numbers[f"{name}_upper"]) == bounds


def test_fixed_stores_are_those_of_airgr() -> None:
    numbers = prior_numbers(FIXED)
    assert (numbers["S0_fraction"], numbers["R0_fraction"]) == (0.3, 0.5)


def test_box_of_airgr_is_9_99_either_way_on_its_transformed_scale() -> None:
    numbers = prior_numbers(AIRGR)
    for name, scale in (("x1", np.log), ("x2", np.arcsinh), ("x3", np.log)):
        bounds = [scale(numbers[f"{name}_{side}"]) for side in ("lower", "upper")]
        np.testing.assert_allclose(bounds, [-9.99, 9.99], rtol=1e-12)
    assert (numbers["x4_lower"], numbers["x4_upper"]) == (0.5, 20)


def test_numbers_of_the_error_models() -> None:
    extra = {
        spec.error_model: prior_numbers(spec).items() - prior_numbers(DEFAULT).items()
        for spec in (BOXCOX, LINEAR, STUDENT)
    }
    assert extra == {
        "boxcox": {("boxcox_lambda", 0.2)},
        "linear": {("sigma_slope_scale", 1.0)},
        "student_t": {("nu_alpha", 2.0), ("nu_beta", 0.1)},
    }


@pytest.mark.parametrize(
    "spec", [DEFAULT, UNIFORM, FIXED, AIRGR, BOXCOX, LINEAR, STUDENT, KNOWN], ids=str
)
def test_every_number_can_be_set(spec: ProgramSpec) -> None:
    names = set(prior_numbers(spec))
    names |= {"sigma_scale"} if spec not in (AIRGR, KNOWN) else set()
    for name in names:
        value = 0.9 * prior_numbers(spec).get(name, 0.7) + 0.07
        assert prior_numbers(spec, {name: value})[name] == value


def test_an_override_replaces_one_number_only() -> None:
    changed = prior_numbers(DEFAULT, {"x1_upper": 3000})
    assert changed == prior_numbers(DEFAULT) | {"x1_upper": 3000.0}


@pytest.mark.parametrize(
    ("spec", "overrides", "words"),
    [
        (DEFAULT, {"x9_upper": 1.0}, ["'x9_upper'", "x1_upper"]),
        # the post's stores have no fractions, the fixed ones no spread
        (UNIFORM, {"S0_fraction_alpha": 1.0}, ["'S0_fraction_alpha'", "S0_upper"]),
        (FIXED, {"S0_fraction_alpha": 1.0}, ["'S0_fraction_alpha'", "S0_fraction"]),
        (DEFAULT, {"x1_lower": 30.0, "x1_upper": 20.0}, ["x1_lower is 30", "x1_upper is 20"]),
        (DEFAULT, {"x2_lower": 50.0}, ["x2_lower is 50", "x2_upper is 50"]),
        (DEFAULT, {"x1_upper": float("nan")}, ["x1_upper is nan", "finite"]),
        (DEFAULT, {"x1_upper": float("inf")}, ["x1_upper is inf", "finite"]),
        (DEFAULT, {"x1_log_sd": 0.0}, ["x1_log_sd is 0", "above 0"]),
        (DEFAULT, {"S0_fraction_beta": -1.0}, ["S0_fraction_beta is -1", "above 0"]),
        (FIXED, {"S0_fraction": 1.2}, ["S0_fraction is 1.2", "between 0 and 1"]),
        (DEFAULT, {"x4_lower": 0.4}, ["x4_lower is 0.4", "0.5"]),
        (DEFAULT, {"x4_upper": 101.0}, ["x4_upper is 101", "100"]),
        (DEFAULT, {"x3_lower": -1.0}, ["x3_lower is -1", "negative"]),
        (DEFAULT, {"sigma_scale": 0.0}, ["sigma_scale is 0", "above 0"]),
        (DEFAULT, {"boxcox_lambda": 0.3}, ["'boxcox_lambda'", "sigma_scale"]),
        (BOXCOX, {"boxcox_lambda": 0.0}, ["boxcox_lambda is 0", "above 0"]),
        (LINEAR, {"sigma_slope_scale": -1.0}, ["sigma_slope_scale is -1", "above 0"]),
        (STUDENT, {"nu_alpha": 0.0}, ["nu_alpha is 0", "above 0"]),
        (STUDENT, {"nu_beta": float("inf")}, ["nu_beta is inf", "finite"]),
        # neither has a scale for sigma
        (KNOWN, {"sigma_scale": 1.0}, ["'sigma_scale'", "x1_upper"]),
        (AIRGR, {"sigma_scale": 1.0}, ["'sigma_scale'", "S0_fraction"]),
        (AIRGR, {"x3_lower": 0.0}, ["x3_lower is 0", "log"]),
        (DEFAULT, {"x1_upper": "wide"}, ["x1_upper is 'wide'", "number"]),
    ],
)
def test_numbers_that_make_no_prior_are_refused(
    spec: ProgramSpec, overrides: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(InputError) as refused:
        prior_numbers(spec, overrides)
    for word in words:
        assert word in str(refused.value)
