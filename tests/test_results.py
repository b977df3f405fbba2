"""What follows from a posterior: flows, scores, predictions."""

import warnings
from dataclasses import replace

import arviz as az
import matplotlib.pyplot
import numpy as np
import pandas as pd
import pytest
from scipy.special import logsumexp

from gr4jstan.errors import InputError
from gr4jstan.fitting.inference_data import dataset, group_names
from gr4jstan.fitting.loading import load_fit
from gr4jstan.fitting.results import Fit
from gr4jstan.model.observations import respond
from gr4jstan.reading.datasets import load_dataset
from gr4jstan.scoring import scores
from gr4jstan.scoring.metrics import nse
from gr4jstan.structures.simulation import simulate

NEXT_DAY = "2015-01-01"


def test_no_draws_are_refused(synthetic_fit):
    with pytest.raises(InputError, match="draws is 0; at least 1"):
        synthetic_fit.flows(0)


@pytest.fixture(scope="module")
def example():
    return load_dataset("example")


@pytest.fixture(scope="module")
def later(example):
    return example.select(NEXT_DAY)


@pytest.fixture(scope="module")
def whole(example, split_fit):
    """Uninterrupted simulations of the draws that predictions are made of."""
    values = split_fit._values(split_fit.end.chain, split_fit.end.draw)
    return simulate(
        example.P,
        example.E,
        *(values[name] for name in ("x1", "x2", "x3", "x4")),
        s0=values["S0"],
        r0=values["R0"],
    )


# Flows


def test_the_calibration_and_the_validation_are_one_run(split_fit, whole):
    days = len(split_fit.calibration.dates)
    assert split_fit.calibration.flow == pytest.approx(whole.Q[:, :days], abs=1e-9)
    assert split_fit.validation.flow == pytest.approx(whole.Q[:, days:], abs=1e-9)


def test_a_prediction_continues_from_the_end_of_the_calibration(split_fit, later, whole):
    prediction = split_fit.predict(later)
    assert str(prediction.dates[0].date()) == NEXT_DAY
    assert prediction.flow == pytest.approx(whole.Q[:, -len(later) :], abs=1e-9)


def test_a_prediction_that_spins_up_has_forgotten_the_calibration(split_fit, example):
    values = split_fit._values(split_fit.end.chain, split_fit.end.draw)
    forcing = example.select("2014-01-01")
    prediction = split_fit.predict(forcing)
    fresh = simulate(forcing.P, forcing.E, *(values[name] for name in ("x1", "x2", "x3", "x4")))
    assert str(prediction.dates[0].date()) == NEXT_DAY
    assert prediction.flow == pytest.approx(fresh.Q[:, 365:], abs=1e-9)
    assert prediction.expected is prediction.flow


def test_a_validation_before_the_calibration_spins_up(split_fit, later):
    earlier = split_fit.run["validation"] | {"continued": False}
    fit = replace(split_fit, run=split_fit.run | {"validation": earlier})
    values = fit._values(fit.end.chain, fit.end.draw)
    fresh = simulate(later.P, later.E, *(values[name] for name in ("x1", "x2", "x3", "x4")))
    assert fit.validation.flow == pytest.approx(fresh.Q, abs=1e-9)


def test_a_saved_fit_predicts_the_same(split_fit, later, tmp_path):
    split_fit.save(tmp_path / "fit")
    loaded = load_fit(tmp_path / "fit")
    assert "_calibrated" not in vars(loaded)
    ours, theirs = split_fit.predict(later), loaded.predict(later)
    assert (ours.total == theirs.total).all()
    assert (ours.expected == theirs.expected).all()
    assert "_calibrated" not in vars(loaded), "the calibration was simulated again"
    pd.testing.assert_frame_equal(loaded.scores(), split_fit.scores())


def test_bands_are_nested_and_never_negative(split_fit, later):
    for level in (0.5, 0.9):
        bands = split_fit.predict(later).bands(level)
        columns = ["Q_total_lower", "Q_param_lower", "Q_median", "Q_param_upper", "Q_total_upper"]
        inner = np.diff(bands[columns].to_numpy(), axis=1)
        assert (inner[:, 1:3] >= 0).all()
        assert np.mean(inner >= 0) > 0.99
        assert (bands >= 0).all(axis=None)


def test_the_last_residual_is_remembered_and_fades(split_fit, later):
    prediction, memory = split_fit.predict(later), split_fit.end.memory
    values = split_fit._values(split_fit.end.chain, split_fit.end.draw)
    known = memory.phi[:, None] ** (1 + memory.age + np.arange(5)) * memory.eta[:, None]
    corrected = respond(split_fit.model, prediction.flow[:, :5], known, values)
    assert prediction.expected[:, :5] == pytest.approx(corrected)
    assert prediction.expected[:, 300:] == pytest.approx(prediction.flow[:, 300:], rel=1e-6)


def test_all_fluxes_of_all_draws_balance(split_fit, example):
    blocks = list(split_fit.simulations(draws=40, block=16))
    assert [len(block.Q) for block in blocks] == [16, 16, 8]
    P = example.P[: len(split_fit.calibration.dates)]
    for block in blocks:
        stored = block.S[:, -1] + block.R[:, -1] + block.uh1.sum(axis=1) + block.uh2.sum(axis=1)
        moved = (P + block.aexch - block.ae - block.Q)[:, 1:].sum(axis=1)
        start = block.S[:, 0] + block.R[:, 0]
        routed = stored - start - moved
        # what entered the unit hydrographs on the first day and had not left them
        assert routed == pytest.approx((block.pr - block.q9 - block.q1)[:, 0], abs=1e-8)


def test_fluxes_come_under_airgr_s_names_with_chain_draw_and_date(split_fit):
    fluxes = split_fit.fluxes(["Q", "S", "perc"], draws=12)
    assert dict(fluxes.sizes) == {"chain": 4, "draw": 3, "date": len(split_fit.calibration.dates)}
    assert fluxes["Q"].to_numpy().reshape(12, -1) == pytest.approx(split_fit.flows(12))
    with pytest.raises(InputError, match="no flux 'runoff'; choose among Q, S, R, pn"):
        split_fit.fluxes(["runoff"])


# Scores


def test_scores_are_those_of_the_flows(split_fit, example, whole):
    table = split_fit.scores()["value"]
    n = len(split_fit.calibration.dates)
    for period, days in (("calibration", slice(0, n)), ("validation", slice(n, None))):
        expected = np.median(nse(whole.Q[:, days], example.Q[days]))
        assert table[period, "nse"] == pytest.approx(expected)


def test_scores_of_the_bands_are_those_of_the_predictive_draws(split_fit, example):
    table = split_fit.scores()["value"]
    Q = example.Q[-len(split_fit.validation.dates) :]
    total = split_fit.validation.total
    low, high = np.quantile(total, [0.025, 0.975], axis=0)
    assert table["validation", "coverage_95"] == pytest.approx(np.mean((low <= Q) & (high >= Q)))
    day = int(np.argmax(Q))
    draws = total[:, day]
    crps = np.abs(draws - Q[day]).mean() - np.abs(draws[:, None] - draws).mean() / 2
    assert scores.crps(total, Q)[day] == pytest.approx(crps)
    assert table["validation", "crps"] == pytest.approx(scores.crps(total, Q).mean())


# ArviZ


def test_loo_works_on_the_predictive_groups(split_fit):
    """Its effective number of parameters is about the number of parameters."""
    idata = split_fit.predictive_idata(draws=1000)
    pointwise = dataset(idata, "log_likelihood")["Q"]
    observed = dataset(idata, "observed_data")["Q"]
    assert dict(pointwise.sizes) == {"chain": 4, "draw": 250, observed.dims[0]: observed.size}
    assert dataset(idata, "posterior").sizes["draw"] == 250
    with warnings.catch_warnings():
        # a few days may be too surprising for importance sampling
        warnings.simplefilter("ignore", UserWarning)
        found = az.loo(idata)
    values = pointwise.to_numpy().reshape(1000, -1)
    lppd = (logsumexp(values, axis=0) - np.log(1000)).sum()
    elpd = float(found.elpd if hasattr(found, "elpd") else found.elpd_loo)
    assert 2 < lppd - elpd < 3 * len(split_fit.parameters)


def test_the_predictive_plot_of_the_installed_arviz_works(split_fit):
    idata = split_fit.predictive_idata(draws=40, prior=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for group in ("posterior", "prior"):
            if hasattr(az, "plot_ppc"):
                az.plot_ppc(idata, group=group, num_pp_samples=10)
            else:
                az.plot_ppc_dist(idata, group=f"{group}_predictive", num_samples=10)
    matplotlib.pyplot.close("all")


def test_predictive_draws_have_the_spread_of_the_observations_errors(split_fit):
    idata = split_fit.predictive_idata(draws=400, prior=True)
    assert {"prior", "prior_predictive", "posterior_predictive"} <= set(group_names(idata))
    simulated = dataset(idata, "posterior_predictive")["Q"].to_numpy().reshape(400, -1)
    observed = dataset(idata, "observed_data")["Q"].to_numpy()
    inside = (observed > np.quantile(simulated, 0.05, axis=0)) & (
        observed < np.quantile(simulated, 0.95, axis=0)
    )
    assert 0.8 < inside.mean() < 0.99
    prior = dataset(idata, "prior_predictive")["Q"].to_numpy()
    assert prior.std() > simulated.std()
    assert (prior >= 0).all()


def test_there_are_no_prior_draws_of_an_improper_prior(split_fit):
    run = split_fit.run | {
        "model": split_fit.run["model"]
        | {
            "priors": "airgr-sls",
            "error_model": "gaussian",
            "initial_states": "fixed",
            "prior_settings": None,
        }
    }
    with pytest.raises(InputError, match="no prior draws for priors 'airgr-sls'"):
        replace(split_fit, run=run).predictive_idata(draws=8, prior=True)


# What cannot be predicted


@pytest.mark.parametrize(
    ("start", "options", "says"),
    [
        ("2014-06-01", {"states": "continued"}, "starts on 2014-06-01, within the calibration"),
        ("2014-06-01", {"warmup": "5Y"}, "none of the .* days.*Let it start on 2017-01-01"),
        ("2015-01-01", {"states": "frozen"}, "choose continued or spin-up"),
        ("2016-01-01", {"warmup": "a while"}, "warmup is 'a while'"),
    ],
)
def test_what_cannot_be_predicted_is_refused(split_fit, example, start, options, says):
    with pytest.raises(InputError, match=says):
        split_fit.predict(example.select(start), **options)


@pytest.mark.parametrize("level", [0, 1, 90, -0.5, np.nan])
def test_a_level_that_is_no_probability_is_refused(split_fit, level):
    with pytest.raises(InputError, match="level is"):
        split_fit.calibration.bands(level)


def test_a_fit_is_shown_with_its_verdict_and_a_catchment_in_a_line(synthetic_fit: Fit) -> None:
    assert repr(synthetic_fit) == (
        "Fit of synthetic, 2012-06-09 to 2012-07-28: 4 chains of 1000 draws of "
        "x1, x2, x3, x4, S0, R0. Converged, and the model fits"
        + "".join(f"\nnote: {finding.text}" for finding in synthetic_fit.findings)
    )
    assert repr(load_dataset("synthetic")) == (
        "Catchment synthetic: P, E and Q [mm/d] of 50 days, 2012-06-09 to 2012-07-28"
    )
