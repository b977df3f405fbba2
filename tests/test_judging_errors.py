"""Errors that are not as the error model says, in simulated observations whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter

import gr4jstan
from gr4jstan.fitting.judging_errors import judge_errors
from gr4jstan.model.definition import Model, define_model
from gr4jstan.model.observations import respond
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.datasets import load_dataset
from gr4jstan.structures.simulation import simulate
from seeds import shifted

SUMMARY = pd.DataFrame({"q5": {"sigma": 0.2}, "q95": {"sigma": 0.3}})


def example_flow() -> np.ndarray:
    days = load_dataset("example")
    return simulate(days.P, days.E, 300, 0.5, 60, 1.8).Q


def observed(model: Model, flow: np.ndarray, phi: float, sigma: float, seed: int) -> np.ndarray:
    """Observations whose errors have the correlation phi on neighbouring days."""
    noise = np.random.default_rng(shifted(seed)).standard_normal(flow.size)
    noise[1:] *= np.sqrt(1 - phi**2)
    eta = lfilter([1], [1, -phi], noise)
    return respond(model, flow[None], eta[None], {"sigma": np.array([sigma])})[0]


def codes(model: Model, Q_obs: np.ndarray, flow: np.ndarray) -> list[str]:
    return [each.code for each in judge_errors(model, SUMMARY, Q_obs, flow)]


@pytest.mark.parametrize("phi", [0.0, 0.9])
@pytest.mark.parametrize("exponent", [0.2, 0.5])
def test_the_exponent_that_observations_were_made_with_is_not_contradicted(phi, exponent) -> None:
    model, flow = define_model(prior_settings={"boxcox_lambda": exponent}), example_flow()
    for seed in range(10):
        assert codes(model, observed(model, flow, phi, 0.3, seed), flow) == []


@pytest.mark.parametrize("phi", [0.0, 0.75])
@pytest.mark.parametrize(("exponent", "taken"), [(0.7, 0.2), (0.2, 1.0)])
def test_another_one_is_and_what_is_advised_is_near_the_truth(phi, exponent, taken) -> None:
    truth, flow = define_model(prior_settings={"boxcox_lambda": exponent}), example_flow()
    Q_obs = observed(truth, flow, phi, 0.2, 1)
    Q_obs[::7] = np.nan
    model = define_model(prior_settings={"boxcox_lambda": taken})
    (found,) = judge_errors(model, SUMMARY, Q_obs, flow)
    assert (found.code, found.severity) == ("error_exponent", "warning")
    assert f"contradict boxcox_lambda = {taken:g}" in found.text
    advised = float(found.text.split("--prior boxcox_lambda=")[1].split(",")[0])
    assert abs(advised - exponent) <= 0.21
    again = define_model(prior_settings={"boxcox_lambda": advised})
    assert codes(again, Q_obs, flow) == []


def test_a_short_record_and_other_error_models_are_not_judged() -> None:
    truth, flow = define_model(prior_settings={"boxcox_lambda": 0.8}), example_flow()
    Q_obs = observed(truth, flow, 0, 0.2, 2)
    assert codes(define_model(), Q_obs[:300], flow[:300]) == []
    assert codes(define_model(error_model="gaussian"), Q_obs, flow) == []


@pytest.mark.parametrize(("q5", "q95", "pressed"), [(1.004, 1.2, True), (1.3, 1.9, False)])
def test_degrees_of_freedom_that_are_pressed_on_their_bound(q5, q95, pressed) -> None:
    summary = pd.DataFrame({"q5": {"sigma": 1e-4, "nu": q5}, "q95": {"sigma": 0.3, "nu": q95}})
    flow = example_flow()
    found = judge_errors(define_model(error_model="student_t"), summary, flow, flow)
    assert [each.code for each in found] == ["error_bound"] * pressed
    if pressed:
        assert "nu is pressed against its bound 1" in found[0].text
        assert "--error-model boxcox or linear" in found[0].text


def test_an_exponent_that_is_estimated_is_that_of_the_observations() -> None:
    """Within the 99.99 % interval of the posterior, and told well from the prior's middle, 0.2."""
    days = load_dataset("example").to_frame()
    flow = simulate(days["P"], days["E"], 300, 0.5, 60, 1.8, s0=150, r0=30).Q
    truth = define_model(prior_settings={"boxcox_lambda": 0.6})
    made = days.assign(Q=observed(truth, flow, 0.0, 0.2, 3))
    fit = gr4jstan.fit(
        Catchment.from_frame(made),
        error_model="boxcox_lambda",
        chains=2,
        iter_sampling=300,
        intervals="model",
        seed=shifted(1),
        show_progress=False,
    )
    row = fit.summary().loc["boxcox_lambda"]
    assert abs(row["mean"] - 0.6) < 3.9 * row["sd"]
    assert 0.002 < row["sd"] < 0.05
    assert not {"error_exponent", "error_bound"} & {each.code for each in fit.findings}
