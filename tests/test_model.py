"""Options of a model, and the data of its Stan program."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gr4jstan.errors import InputError
from gr4jstan.model.definition import Model, define_model
from gr4jstan.model.programs import CHOICES
from gr4jstan.model.stan_data import observed_days, stan_data
from gr4jstan.model.task import define_task
from gr4jstan.model.transforms import supports, unconstrain
from gr4jstan.model.warmup import warmup_days
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.datasets import load_dataset
from gr4jstan.sampling.inits import prior_draws, screened_draws, screened_inits
from seeds import shifted
from stan_programs import KINDS, model_of


def basin(days: int = 800, dates: bool = True) -> Catchment:
    t = np.arange(days)
    Q = 2 + np.sin(t / 9)
    Q[[3, 10]] = np.nan
    index = pd.date_range("2003-06-01", periods=days) if dates else None
    return Catchment("basin", P=t % 7 + 0.0, E=np.full(days, 1.5), Q=Q, dates=index)


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        ({}, ("x1", "x2", "x3", "x4", "S0", "R0", "sigma")),
        ({"sigma": 0.1}, ("x1", "x2", "x3", "x4", "S0", "R0")),
        ({"initial_states": "fixed"}, ("x1", "x2", "x3", "x4", "sigma")),
        ({"priors": "airgr-sls"}, ("x1", "x2", "x3", "x4", "sigma")),
        (
            {"error_model": "linear"},
            ("x1", "x2", "x3", "x4", "S0", "R0", "sigma", "sigma_slope"),
        ),
        (
            {"error_model": "student_t", "initial_states": "fixed"},
            ("x1", "x2", "x3", "x4", "sigma", "nu"),
        ),
    ],
)
def test_parameters_follow_from_the_options(
    options: dict[str, Any], parameters: tuple[str, ...]
) -> None:
    assert define_model(**options).parameters == parameters


@pytest.mark.parametrize(
    ("options", "error_model", "initial_states"),
    [
        ({}, "boxcox", "estimated"),
        ({"priors": "uniform"}, "boxcox", "estimated"),
        ({"sigma": 0.1}, "gaussian", "estimated"),
        ({"priors": "airgr-sls"}, "gaussian", "fixed"),
        ({"priors": "airgr-sls", "initial_states": "estimated"}, "gaussian", "estimated"),
        ({"error_model": "linear", "initial_states": "fixed"}, "linear", "fixed"),
    ],
)
def test_error_model_and_initial_states_that_are_not_chosen(
    options: dict[str, Any], error_model: str, initial_states: str
) -> None:
    structure = define_model(**options).spec
    assert (structure.error_model, structure.initial_states) == (error_model, initial_states)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"sigma": 1}, {}),
        ({"error_model": "gaussian"}, {"sigma": "mm/d"}),
        ({}, {"sigma": "(mm/d)^0.2"}),
        ({"prior_settings": {"boxcox_lambda": 0.35}}, {"sigma": "(mm/d)^0.35"}),
        ({"error_model": "linear"}, {"sigma": "mm/d", "sigma_slope": "-"}),
        ({"error_model": "student_t"}, {"sigma": "mm/d", "nu": "-"}),
    ],
)
def test_units_of_the_parameters(options: dict[str, Any], expected: dict[str, str]) -> None:
    known = {"x1": "mm", "x2": "mm/d", "x3": "mm", "x4": "d", "S0": "mm", "R0": "mm"}
    assert define_model(**options).units == known | expected


def test_a_truncated_gradient_reaches_back_the_posts_5_days_by_default() -> None:
    model = define_model(gradient="truncated")
    assert (model.spec.truncate_mode, model.truncate_steps) == ("last", 5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"gradient": "numerical"}, ["gradient", "'numerical'", "truncated"]),
        ({"priors": "flat"}, ["priors", "'flat'", "uniform"]),
        ({"truncate_mode": "last"}, ["truncate_mode", "'last'"]),
        ({"truncate_steps": 5}, ["truncate_steps is 5", "'truncated'"]),
        ({"gradient": "truncated", "truncate_steps": 0}, ["truncate_steps is 0", "at least 1"]),
        ({"gradient": "truncated", "truncate_mode": "first"}, ["truncate_mode", "'first'"]),
        ({"subsample": 0}, ["subsample is 0", "at least 1"]),
        ({"sigma": 0.0}, ["sigma is 0", "above 0"]),
        ({"sigma": float("nan")}, ["sigma is nan", "above 0"]),
        ({"sigma": 0.1, "error_model": "boxcox"}, ["sigma is known", "'boxcox'", "gaussian"]),
        ({"error_model": "boxcox", "priors": "airgr-sls"}, ["'boxcox'", "'airgr-sls'"]),
        ({"error_model": "normal"}, ["error_model is 'normal'", "student_t"]),
    ],
)
def test_options_that_do_not_go_are_refused(options: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(InputError) as refused:
        define_model(**options)
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("warmup", "initial_states", "dates", "days"),
    [
        (None, "estimated", True, 0),
        (None, "fixed", True, 366),  # 2004-02-29 is among them
        (None, "fixed", False, 365),
        (30, "estimated", True, 30),
        ("30", "estimated", True, 30),
        ("1Y", "estimated", True, 366),
        ("2y", "estimated", False, 730),
    ],
)
def test_warmup_in_days_or_years(
    warmup: str | int | None, initial_states: Any, dates: bool, days: int
) -> None:
    model = define_model(initial_states=initial_states)
    assert warmup_days(model, basin(dates=dates), warmup) == days


@pytest.mark.parametrize(
    "warmup", ["-1", "soon", "1.5", "Y", "", "800", "3Y", "300Y", "9" * 20 + "Y"]
)
def test_a_warmup_that_leaves_no_day_or_is_no_number_is_refused(warmup: str) -> None:
    with pytest.raises(InputError, match="warmup is"):
        warmup_days(define_model(), basin(), warmup)


def test_days_that_count_are_after_the_warmup_subsampled_and_observed() -> None:
    model = define_model(subsample=5, sigma=0.1)
    days = observed_days(model, basin(days=40), warmup=0)
    assert days.tolist() == [0, 5, 15, 20, 25, 30, 35]  # day 10 has no Q
    assert observed_days(model, basin(days=40), warmup=7).tolist() == [7, 12, 17, 22, 27, 32, 37]


def test_the_post_uses_observations_0_5_to_45() -> None:
    model = define_model(subsample=5, sigma=0.1, priors="uniform")
    data = stan_data(model, load_dataset("synthetic"))
    assert data["obs_day"] == [1, 6, 11, 16, 21, 26, 31, 36, 41, 46]


def test_data_are_the_series_and_numbers_and_nothing_per_structure() -> None:
    catchment = basin(days=50)
    data = stan_data(define_model(error_model="gaussian"), catchment, 4)
    assert data["T"] == 50
    assert data["P"] == catchment.P.tolist()
    assert data["N"] == len(data["obs_day"]) == len(data["Q_obs"]) == 45
    assert data["Q_obs"][0] == catchment.Q[4]  # type: ignore[index]
    assert data["sigma_scale"] == pytest.approx(np.nanstd(catchment.Q[4:]))  # type: ignore[index]
    assert "sigma" not in data
    assert stan_data(define_model(sigma=0.3), catchment)["sigma"] == 0.3


def test_scale_of_the_errors_is_on_the_scale_of_the_error_model_or_given() -> None:
    catchment = basin(days=50)
    assert catchment.Q is not None
    Q = np.where(np.arange(50) % 4, catchment.Q, 0)
    drying = Catchment("drying", catchment.P, catchment.E, Q)
    positive = Q[Q > 0]
    for exponent in (0.2, 0.5):
        model = define_model(prior_settings={"boxcox_lambda": exponent})
        z = (positive**exponent - 1) / exponent
        assert stan_data(model, drying)["sigma_scale"] == pytest.approx(z.std())
    assert stan_data(define_model(error_model="linear"), drying)["sigma_scale"] == pytest.approx(
        np.nanstd(Q)
    )
    given = define_model(prior_settings={"sigma_scale": 3})
    assert stan_data(given, drying)["sigma_scale"] == 3
    assert "sigma_scale" not in stan_data(define_model(priors="airgr-sls"), drying, 0)


@pytest.mark.parametrize(
    ("error_model", "flow", "words"),
    [
        ("gaussian", [2.0, 2.0], "Q is 2 mm/d on all 50 days"),
        ("boxcox", [0.0, 3.0], "Q where it is above 0 is 3 mm/d on all 25 days"),
        ("boxcox", [0.0, 0.0], "Q is 0 mm/d on all 50 days"),
    ],
)
def test_scale_of_the_errors_cannot_come_from_a_constant(
    error_model: Any, flow: list[float], words: str
) -> None:
    flat = Catchment("flat", P=np.ones(50), E=np.ones(50), Q=np.tile(flow, 25))
    with pytest.raises(InputError, match=words):
        stan_data(define_model(error_model=error_model), flat)


def test_too_large_a_subsample_and_a_constant_series_are_refused() -> None:
    with pytest.raises(InputError, match=r"subsample is 51 .* 50 days"):
        observed_days(define_model(subsample=51), basin(days=50), 0)
    with pytest.raises(InputError, match=r"with subsample 20, 3 observed days"):
        observed_days(define_model(subsample=20), basin(days=50), 0)


# Draws


def test_starting_points_are_reproducible_different_and_within_the_bounds() -> None:
    model = define_model(priors="uniform", sigma=0.1)
    task = define_task("synthetic", model)
    inits = screened_inits(task, chains=4, seed=shifted(3))
    assert inits == screened_inits(task, chains=4, seed=shifted(3))
    assert len({init["x1"] for init in inits}) == 4
    for init in inits:
        for name in ("x1", "x2", "x3", "x4", "S0", "R0"):
            assert model.numbers[f"{name}_lower"] < init[name] < model.numbers[f"{name}_upper"]


@pytest.mark.parametrize("kind", KINDS)
def test_screened_draws_are_inside_the_supports_of_the_program(kind: str) -> None:
    """Five years, some of whose simulated flows are far from any observed one."""
    model = model_of(kind)
    draws = screened_draws(define_task("example", model), 200, seed=shifted(5))
    assert list(draws) == list(supports(model))
    for name, (lower, upper) in supports(model).items():
        assert draws[name].shape == (200,)
        assert ((lower < draws[name]) & (draws[name] < upper)).all()
    assert np.isfinite(unconstrain(model, draws)).all()


MARGINS: dict[str, dict[str, Any]] = {
    "default": {"x1": stats.lognorm(0.9695, scale=346.4), "x2": stats.norm(-1, 3.1212)},
    "uniform": {"x3": stats.uniform(5, 95), "S0": stats.uniform(100, 1900)},
    "linear": {"sigma": stats.halfnorm(0, 0.7), "sigma_slope": stats.halfnorm(0, 1)},
    "student_t": {"sigma": stats.halfnorm(0, 0.7)},
}


# p-value of a dozen tests of a distribution: a false alarm once in ten million runs
LEAST = 1e-8


def draw_prior(model: Model, n: int) -> dict[str, Any]:
    data = stan_data(model, load_dataset("synthetic"))
    return prior_draws(model, data, n, np.random.default_rng(shifted(1)))


@pytest.mark.parametrize("name", MARGINS)
def test_prior_draws_are_distributed_as_the_prior(name: str) -> None:
    options: dict[str, Any] = {"prior_settings": {"sigma_scale": 0.7}}
    options |= {"priors": name} if name in CHOICES["priors"] else {"error_model": name}
    model = define_model(**options)
    draws = draw_prior(model, 20_000)
    assert tuple(draws) == model.parameters
    for margin, distribution in MARGINS[name].items():
        assert stats.kstest(draws[margin], distribution.cdf).pvalue > LEAST
    if name == "default":
        filling = draws["S0"] / draws["x1"]
        assert stats.kstest(filling, stats.beta(2, 2).cdf).pvalue > LEAST
    if name == "student_t":
        gamma = stats.gamma(2, scale=10)
        share = (gamma.cdf(draws["nu"]) - gamma.cdf(1)) / gamma.sf(1)
        assert stats.kstest(share, "uniform").pvalue > LEAST


def test_bounds_cut_the_prior_and_heap_nothing_up_at_themselves() -> None:
    settings = {"x1_upper": 200, "x2_lower": 4, "x3_lower": 15000}
    model = define_model(prior_settings=settings)
    draws = draw_prior(model, 20_000)
    for name, side in (("x1", "upper"), ("x2", "lower"), ("x3", "lower")):
        lower, upper = model.numbers[f"{name}_lower"], model.numbers[f"{name}_upper"]
        assert ((lower < draws[name]) & (draws[name] < upper)).all()
        # the last millionth before a bound, where 0.3 draws are expected, counts as one place
        assert len(np.unique(draws[name])) > 20_000 - 10, side
    share = stats.norm(-1, model.numbers["x2_sd"]).sf([4, *draws["x2"]])
    assert stats.kstest(share[1:] / share[0], "uniform").pvalue > LEAST


def test_improper_priors_have_no_draws_but_a_search_that_can_start() -> None:
    task = define_task("example", define_model(priors="airgr-sls"))
    with pytest.raises(InputError, match=r"no prior draws .* 'airgr-sls'.* 1 / sigma"):
        prior_draws(task.model, task.data, 10, np.random.default_rng(shifted(1)))
    for init in screened_inits(task, chains=2, seed=shifted(3)):
        assert list(init) == ["log_x1", "asinh_x2", "log_x3", "x4", "sigma"]
        assert 10 < np.exp(init["log_x1"]) < 10_000
        assert -20 < np.sinh(init["asinh_x2"]) < 20
