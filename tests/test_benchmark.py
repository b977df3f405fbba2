"""The benchmark's arithmetic and tables, without its peers."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from seeds import shifted

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture(autouse=True)
def _scripts_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))


def independent_run(seconds=2.0, **changes):
    from benchmarks.rates import Run

    draws = np.random.default_rng(shifted(1)).standard_normal((4, 1000, 6))
    return Run(draws, seconds, compile_seconds=9.0, warmup=150, settings="iid", **changes)


def test_rate_of_independent_draws_is_draws_over_seconds():
    from benchmarks.rates import rate_run

    rated = rate_run(independent_run(seconds=2.0))
    assert rated["converged"]
    assert rated["ess_per_second"] == rated["min_ess"] / 2
    # the least of twelve estimates around 4000: 3580 on average, with a standard deviation of 140
    assert 2500 < rated["min_ess"] < 4600


@pytest.mark.parametrize("name", ["saturated", "divergent"])
def test_many_saturated_or_divergent_draws_are_not_converged(name):
    from benchmarks.rates import rate_run

    assert rate_run(independent_run(**{name: 0.009}))["converged"]
    assert not rate_run(independent_run(**{name: 0.02}))["converged"]


def test_chains_apart_are_not_converged_and_have_a_small_rate():
    from benchmarks.rates import rate_run

    run = independent_run()
    run.draws[0, :, 3] += 10
    rated = rate_run(run)
    assert not rated["converged"]
    assert rated["min_ess"] < 20


def test_a_chain_that_never_moves_has_no_rate_but_a_row():
    from benchmarks.rates import rate_run

    run = independent_run()
    run.draws[:] = np.arange(4)[:, None, None]
    assert not rate_run(run)["converged"]


def test_run_and_case_survive_their_files(tmp_path):
    from benchmarks.cases import Case
    from benchmarks.rates import Run

    run, case = independent_run(saturated=0.25), Case("a", 60, 0.4, noise=True)
    run.save(tmp_path / "run.npz")
    case.save(tmp_path / "case.npz")
    again = Run.load(tmp_path / "run.npz")
    np.testing.assert_array_equal(again.draws, run.draws)
    assert (again.seconds, again.warmup, again.saturated) == (2.0, 150, 0.25)
    assert Case.load(tmp_path / "case.npz") == case


def test_case_repeats_the_forcing_and_keeps_the_flows_of_the_truth():
    from benchmarks.cases import Case
    from gr4jstan import load_dataset

    synthetic = load_dataset("synthetic")
    case = Case("a", 120, 0.1)
    np.testing.assert_array_equal(case.forcing[0][50:100], synthetic.P)
    np.testing.assert_allclose(case.Q[:50], synthetic.Q, atol=1e-9)


def test_parity_is_demanded():
    from benchmarks.cases import Case, reference_flow, require_parity

    case = Case("a", 50, 0.1)
    require_parity(case, reference_flow)
    with pytest.raises(AssertionError, match="differs"):
        require_parity(case, lambda P, E, x: reference_flow(P, E, x) + 1e-7)


@pytest.mark.parametrize(
    ("value", "goal", "at_least", "verdict"),
    [
        (60, 30, True, "reached (2 x better)"),
        (15, 30, True, "missed (by a factor of 2)"),
        (4, 8, False, "reached (2 x better)"),
        (16, 8, False, "missed (by a factor of 2)"),
        (math.nan, 8, False, "not measured"),
        (0, 30, True, "missed"),
    ],
)
def test_verdict_says_by_how_much(value, goal, at_least, verdict):
    from benchmarks.rates import Target

    target = Target("t", value, goal, at_least)
    assert target.verdict == verdict
    assert target.reached == verdict.startswith("reached")


@pytest.mark.parametrize(("budget", "draws"), [(1e-6, 50), (40, 500), (1e6, 1000)])
def test_draws_fit_in_the_budget(budget, draws):
    from benchmarks.rates import affordable_draws

    # 2 x 500 iterations of 20 steps on each of 4 chains, 2 at a time: 40000 steps one after another
    assert affordable_draws(budget, gradient_seconds=1e-3, leapfrogs=20) == draws


def sampling_rows():
    from benchmarks.sampling import CMDSTAN, EMCEE, METROPOLIS, OWN, REAL_ERRORS, SHORT, with_ratios

    rates = {
        (SHORT.label, OWN): 300.0,
        (SHORT.label, CMDSTAN): 5.0,
        (REAL_ERRORS.label, OWN): 100.0,
        (REAL_ERRORS.label, EMCEE): 2.0,
        (REAL_ERRORS.label, METROPOLIS): 10.0,
    }
    numbers = {"min_ess": 500.0, "max_rhat": 1.0, "saturated": 0.0, "divergent": 0.0}
    numbers |= {"converged": True, "seconds": 1.0, "compile_seconds": 0.0, "chains": 4}
    numbers |= {"warmup": 10, "draws": 10, "settings": "s"}
    rows = [
        {"case": case, "peer": peer, "ess_per_second": rate, **numbers}
        for (case, peer), rate in rates.items()
    ]
    rows.append({"case": SHORT.label, "peer": "NumPyro", "failure": "no result within 9 s"})
    return with_ratios(rows)


def test_ratios_are_within_a_case_and_the_best_gradient_free_peer_is_judged():
    from benchmarks.sampling import sampling_targets

    targets = {target.name: target for target in sampling_targets(sampling_rows())}
    assert targets["T = 50: min-ESS/s over that of CmdStan"].value == 60
    assert targets["T = 50: min-ESS/s over that of NumPyro"].remark == "no result within 9 s"
    assert targets["T = 50: min-ESS/s over that of NumPyro"].verdict == "not measured"
    (best,) = (target for name, target in targets.items() if "without gradients" in name)
    assert "Metropolis" in best.name
    assert best.value == 10
    assert not best.reached


def test_every_table_has_as_many_cells_in_each_row():
    from benchmarks.sampling import sampling_targets
    from benchmarks.table import kernel_table, sampling_table, stage_table, target_table

    tables = [
        target_table(sampling_targets(sampling_rows())),
        kernel_table([{"T": 50, "value": 1.0}, {"T": 1000, "value": 2.0}]),
        sampling_table(sampling_rows()),
        stage_table({"build": {"render": 0.1}, "python": {"total": 2.0, "setup": 1.0}}),
    ]
    for table in tables:
        assert len({line.count("|") for line in table.splitlines()}) == 1
        assert len({len(line) for line in table.splitlines()}) == 1


def test_json_has_null_where_there_is_no_number():
    from benchmark import _finite

    found = _finite({"a": [math.nan, 1.5], "b": {"c": math.inf}})
    assert json.dumps(found, allow_nan=False) == '{"a": [null, 1.5], "b": {"c": null}}'
