"""Simulation-based calibration: right programs pass, and wrong ones are noticed."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gr4jstan.cmdstan.compiler import compile_program
from gr4jstan.model.definition import define_model
from gr4jstan.model.observations import respond
from gr4jstan.model.programs import render_program
from gr4jstan.model.task import define_task
from gr4jstan.model.transforms import supports, unconstrain
from gr4jstan.sampling.inits import prior_draws
from gr4jstan.sampling.nuts import sample
from gr4jstan.sampling.settings import SamplerSettings
from gr4jstan.scoring.uniformity import ecdf_band
from seeds import shifted

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "scripts"


@pytest.fixture(autouse=True)
def _scripts_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))


# Uniform ranks


def test_uniform_ranks_are_rarely_outside_and_others_mostly():
    from studies.ranks import uniformity

    rng = np.random.default_rng(shifted(1))
    fair = [uniformity(rng.integers(0, 400, 200), 399) for _ in range(5000)]
    # the standard errors are 0.003, and 0.05 or less of the shares of skewed ranks, 0.6 and more
    assert 0.03 < np.mean(np.array(fair) < 0.05) < 0.07
    for a, b in ((1.3, 1), (1, 1.3), (1.4, 1.4), (0.7, 0.7)):
        skewed = [uniformity((400 * rng.beta(a, b, 200)).astype(int), 399) for _ in range(100)]
        assert np.mean(np.array(skewed) < 0.05) > 0.25


def test_the_band_is_that_of_the_p_value_and_of_the_report():
    from studies.ranks import GROUPS, band, shares_below, uniformity

    low, high = band(200)
    at = np.arange(1, GROUPS) / GROUPS
    # the report's band is from a twentieth of the samples
    np.testing.assert_allclose([low, high], ecdf_band(200, at), atol=2.01 / 200)
    rng = np.random.default_rng(shifted(2))
    for power in np.linspace(0.8, 1.25, 60):
        ranks = (400 * rng.random(200) ** power).astype(int)
        _, shares = shares_below(ranks, 399)
        inside = ((shares >= low) & (shares <= high)).all()
        assert inside == (uniformity(ranks, 399) >= 0.05)


def test_shares_count_the_ranks_below():
    from studies.ranks import GROUPS, shares_below

    at, shares = shares_below(np.arange(400), 399)
    np.testing.assert_allclose(shares, at)
    _, shares = shares_below([0, 7, 8, 399], 399)
    assert shares[:2].tolist() == [0.5, 0.75]
    assert shares[-1] == 0.75
    assert len(shares) == GROUPS - 1


def test_holm_allows_for_the_number_of_tests():
    from studies.ranks import holm

    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])


# A replicate

SHORT = {"start": "2013-10-01", "end": "2013-10-20"}


def test_the_truth_is_ranked_among_the_draws():
    from studies.sbc import define_template, quantities, rank_truth, simulate_task

    rng = np.random.default_rng(shifted(3))
    truth, task = simulate_task(define_template("gaussian", **SHORT), rng)
    many = prior_draws(task.model, task.data, 400, rng)
    draws = {name: values.reshape(4, 100) for name, values in many.items()}
    ranks = rank_truth(task, truth, draws, kept=400)
    assert list(ranks) == ["x1", "x2", "x3", "x4", "S0/x1", "R0/x3", "sigma", "log-likelihood"]
    for name, values in quantities(task, many).items():
        assert ranks[name] == np.sum(values < quantities(task, truth)[name])


def test_observations_reach_the_program_as_they_are():
    """The search for starting points, as all of gr4jstan, knows none below zero."""
    from studies.sbc import define_template, with_observations

    template = define_template("gaussian", **SHORT)
    observed = np.linspace(-1, 2, 20)
    task = with_observations(template, observed)
    assert task.data["Q_obs"] == observed.tolist()
    np.testing.assert_array_equal(task.catchment.Q, np.maximum(observed, 0))
    assert task.data["sigma_scale"] == template.data["sigma_scale"]


def test_a_replicate_is_reproducible_and_can_be_written():
    from studies.sbc import DRAWS, run_replicate

    record = run_replicate("student_t", 2, shifted(1))
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert record["nse"] < 1
    assert all(0 <= rank <= DRAWS for rank in record["ranks"].values())
    again = run_replicate("student_t", 2, shifted(1))
    assert again["ranks"] == record["ranks"]
    assert again["reasons"] == record["reasons"]


def test_a_year_without_flow_is_a_failure_with_its_reason(monkeypatch):
    from studies import sbc

    monkeypatch.setattr(sbc, "respond", lambda model, Q, *rest, **options: np.zeros_like(Q))
    record = sbc.run_replicate("boxcox", 1, shifted(1))
    assert record["failure"] == "all observations are 0 mm/d"
    assert "ranks" not in record


# Right and wrong programs

REPLICATES = 80
KEPT = 99
# A p-value that right programs have once in a million studies, and wrong ones practically always.
ALPHA = 1e-6
SETTINGS = SamplerSettings(chains=1, parallel_chains=1, iter_warmup=100, iter_sampling=400)


def as_it_is(task, truth, rng):
    return task.data


def ignored_data(task, truth, rng):
    return task.data | {"N": 0, "obs_day": [], "Q_obs": []}


def variance_for_deviation(task, truth, rng):
    """Observations whose errors have the standard deviation sigma^2."""
    from studies.sbc import simulated_flow

    flow = simulated_flow(task, truth)
    eta = rng.standard_normal(flow.shape)
    observed = respond(task.model, flow, eta, truth | {"sigma": truth["sigma"] ** 2})
    return task.data | {"Q_obs": observed.ravel().tolist()}


def loose_template():
    """Wide priors of x1 and of the errors: a prior that is wrong shows, and chains are fast."""
    from studies.sbc import define_template

    scale = define_template("boxcox", **SHORT).data["sigma_scale"]
    settings = {"sigma_scale": 5 * scale, "x1_log_sd": 2.5}
    return define_task("example", define_model(prior_settings=settings), **SHORT)


def p_value(ranks):
    """An upper bound: the smallest binomial tail at the ends of all groups, times their number."""
    from studies.ranks import shares_below

    n = len(ranks)
    at, shares = shares_below(ranks, KEPT)
    counts = np.rint(shares * n)
    tails = np.minimum(stats.binom.cdf(counts, n, at), stats.binom.sf(counts - 1, n, at))
    return 2 * len(at) * tails.min()


def small_study(change_code, change_data):
    """p-value of each quantity's ranks, times their number; one short chain a replicate.

    It starts at the true values: they are a draw from the posterior, if the program is right.
    """
    from studies.sbc import rank_truth, simulate_task

    rng = np.random.default_rng(shifted(1))
    template = loose_template()
    program = render_program(template.model.spec)
    code = change_code(program.code)
    executable = compile_program(code, program.header, progress=False).path
    prior = fractions(prior_draws(template.model, template.data, 1000, rng))
    metric = np.cov(unconstrain(template.model, prior).T)
    ranks = []
    for number in range(REPLICATES):
        truth, task = simulate_task(template, rng)
        start = fractions(truth)
        draws = sample(
            executable,
            change_data(task, truth, rng),
            [{name: float(start[name][0]) for name in supports(task.model)}],
            replace(SETTINGS, seed=shifted(number)),
            inv_metric=metric,
            show_progress=False,
        )
        ranks.append(rank_truth(task, truth, draws.parameters, KEPT))
    names = list(ranks[0])
    return {name: len(names) * p_value([found[name] for found in ranks]) for name in names}


def fractions(values):
    filled = {
        "S0_fraction": values["S0"] / values["x1"],
        "R0_fraction": values["R0"] / values["x3"],
    }
    return values | filled


def without_jacobian(code):
    wrong = code.replace(
        "x1 ~ lognormal(x1_log_mean, x1_log_sd)", "log(x1) ~ normal(x1_log_mean, x1_log_sd)"
    )
    assert wrong != code
    return wrong


def test_the_right_program_passes():
    found = small_study(str, as_it_is)
    assert min(found.values()) > ALPHA


@pytest.mark.parametrize(
    ("change_code", "change_data", "noticed_by"),
    [
        (without_jacobian, as_it_is, "x1"),
        (str, variance_for_deviation, "sigma"),
        (str, ignored_data, "log-likelihood"),
    ],
    ids=["Jacobian left out", "variance for standard deviation", "data ignored"],
)
def test_a_wrong_program_is_noticed(change_code, change_data, noticed_by):
    found = small_study(change_code, change_data)
    assert found[noticed_by] < ALPHA


# Tables and figure


def made_up_records(error_model="gaussian", n=60, **changes):
    rng = np.random.default_rng(shifted(5))
    names = ("x1", "x2", "x3", "x4", "S0/x1", "R0/x3", "sigma", "log-likelihood")
    # in any order, but as evenly spread as n ranks can be
    ranks = {name: rng.permutation(np.arange(n) * 400 // n) for name in names}
    return [
        {
            "error_model": error_model,
            "replicate": number,
            "seed": 1,
            "converged": True,
            "reasons": [],
            "seconds": 1.0,
            "nse": 0.6,
            "ranks": {name: int(ranks[name][number - 1]) for name in names},
        }
        | changes
        for number in range(1, n + 1)
    ]


def test_what_has_not_converged_is_counted_and_ranked():
    from studies.sbc_result import describe, outcome_table, quantity_table

    reasons = ["R-hat of x1 is 1.200, not below 1.01", "bulk ESS of x1 is 12, below 400"]
    lost = made_up_records(n=30, converged=False, reasons=reasons)
    for record in lost:
        record["ranks"] = record["ranks"] | {"x1": 0}
    failed = [{"error_model": "gaussian", "replicate": 0, "seed": 1, "failure": "no flow"}]
    records = made_up_records(n=60) + lost + failed
    table = quantity_table(records).set_index("quantity")
    assert (table["replicates"] == 90).all()
    assert (table["not_converged"] == 30).all()
    assert table.loc["x1", ["outside_band", "verdict"]].tolist() == ["yes", "fails"]
    assert table.loc["x1", "p_value_converged"] > 0.05
    assert (table["verdict"].drop("x1") == "passes").all()
    outcomes = outcome_table(records).iloc[0]
    assert outcomes[["replicates", "not_run", "converged", "not_converged"]].tolist() == [
        91,
        1,
        60,
        30,
    ]
    assert outcomes[["R-hat", "ESS", "tree depth", "modes"]].tolist() == [30, 30, 0, 0]
    text = describe(records)
    assert "- gaussian: no flow (1)" in text
    assert "0.5 to 0.75 | 60 of 90 |" in " ".join(text.split())


def test_a_study_that_has_run_is_not_run_again(tmp_path, monkeypatch, capsys):
    import sbc

    (tmp_path / "replicates").mkdir()
    for name in ("gaussian", "boxcox"):
        for record in made_up_records(name, n=30):
            path = tmp_path / "replicates" / f"{name}-1-{record['replicate']}.json"
            path.write_text(json.dumps(record), encoding="utf-8")
    monkeypatch.setattr(sbc, "ERROR_MODELS", ("gaussian", "boxcox"))
    monkeypatch.setattr(sys, "argv", ["sbc.py", "-o", str(tmp_path), "--replicates", "30"])
    sbc.main()
    table = pd.read_csv(tmp_path / "sbc.csv")
    assert table["error_model"].tolist() == ["gaussian"] * 8 + ["boxcox"] * 8
    assert (tmp_path / "sbc.md").read_text(encoding="utf-8").strip() in capsys.readouterr().out
    assert (tmp_path / "sbc.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_shows_the_committed_table():
    from studies.sbc_result import p_value_markdown, verdicts

    page = (ROOT / "docs" / "trust" / "sbc.md").read_text(encoding="utf-8")
    table = pd.read_csv(ROOT / "docs" / "trust" / "sbc.csv")
    for text in (p_value_markdown(table), *verdicts(table)):
        assert text in page
