"""Options of a model, and the data of its Stan program."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gr4jstan.catchment import Catchment
from gr4jstan.datasets import load_dataset
from gr4jstan.errors import InputError
from gr4jstan.inits import screened_inits
from gr4jstan.model import define_model, observed_days, stan_data, warmup_days
from gr4jstan.task import define_task


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
    ],
)
def test_parameters_follow_from_the_options(
    options: dict[str, Any], parameters: tuple[str, ...]
) -> None:
    assert define_model(**options).parameters == parameters


def test_a_truncated_gradient_reaches_back_the_posts_5_days_by_default() -> None:
    model = define_model(gradient="truncated")
    assert (model.structure.truncate_mode, model.truncate_steps) == ("last", 5)


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
    data = stan_data(define_model(), catchment, 4)
    assert data["T"] == 50
    assert data["P"] == catchment.P.tolist()
    assert data["N"] == len(data["obs_day"]) == len(data["Q_obs"]) == 45
    assert data["Q_obs"][0] == catchment.Q[4]  # type: ignore[index]
    assert data["sigma_scale"] == pytest.approx(np.nanstd(catchment.Q[4:]))  # type: ignore[index]
    assert "sigma" not in data
    assert stan_data(define_model(sigma=0.3), catchment)["sigma"] == 0.3


def test_too_large_a_subsample_and_a_constant_series_are_refused() -> None:
    with pytest.raises(InputError, match=r"subsample is 51 .* 50 days"):
        observed_days(define_model(subsample=51), basin(days=50), 0)
    with pytest.raises(InputError, match=r"with subsample 20, 3 observed days"):
        observed_days(define_model(subsample=20), basin(days=50), 0)
    flat = Catchment("flat", P=np.ones(50), E=np.ones(50), Q=np.full(50, 2.0))
    with pytest.raises(InputError, match="2 mm/d on all 50 days"):
        stan_data(define_model(), flat)


def test_starting_points_are_reproducible_different_and_within_the_bounds() -> None:
    model = define_model(priors="uniform", sigma=0.1)
    task = define_task("synthetic", model)
    inits = screened_inits(task, chains=4, seed=3)
    assert inits == screened_inits(task, chains=4, seed=3)
    assert len({init["x1"] for init in inits}) == 4
    for init in inits:
        for name in ("x1", "x2", "x3", "x4", "S0", "R0"):
            assert model.numbers[f"{name}_lower"] < init[name] < model.numbers[f"{name}_upper"]
