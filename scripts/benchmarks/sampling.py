"""Effective draws per second of every sampler on every case."""

import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.cases import CORES, Case
from benchmarks.rates import Run, Target, rate_run

OWN, CMDSTAN, NUMPYRO, PYMC = "gr4jstan", "CmdStan", "NumPyro", "PyMC + nutpie"
EMCEE, METROPOLIS = "hydrogr + emcee", "hydrogr + adaptive Metropolis"

PEERS = {
    OWN: ("peer_stan", "sample_gr4jstan"),
    CMDSTAN: ("peer_stan", "sample_cmdstan"),
    NUMPYRO: ("peer_numpyro", "sample"),
    PYMC: ("peer_pymc", "sample"),
    EMCEE: ("peer_hydrogr", "sample_emcee"),
    METROPOLIS: ("peer_hydrogr", "sample_adaptive_metropolis"),
}
GRADIENT_FREE = (EMCEE, METROPOLIS)

SHORT = Case("T = 50", 50, 0.1)
TWO_YEARS = Case("T = 730", 730, 0.1)
TEN_YEARS = Case("T = 3650", 3650, 0.1)
REAL_ERRORS = Case("T = 3650, errors of 0.4 mm/d", 3650, 0.4, noise=True)

# seconds of sampling for a peer that would take longer
BUDGETS = {SHORT: 40.0, TWO_YEARS: 100.0, TEN_YEARS: 60.0, REAL_ERRORS: 40.0}
_GRADIENT_FREE_BUDGET = 30.0
_QUICK_BUDGET = 6.0

# of gr4jstan's runs, which are short, the median counts
_OWN_SEEDS = (1, 2, 3)


def measure_sampling(quick: bool, announce: Callable[[str], None]) -> list[dict[str, Any]]:
    """Run all peers on all cases.

    Returns
    -------
    list of dict
        A run's numbers (see `rates.rate_run`) with ``case``, ``peer`` and ``ratio``, gr4jstan's
        rate over this one; a run that failed has ``failure`` in place of the numbers.
    """
    rows = []
    for case in (SHORT, REAL_ERRORS) if quick else BUDGETS:
        peers = (OWN, *GRADIENT_FREE) if case is REAL_ERRORS else PEERS
        for peer in peers:
            announce(f"sampling {case.label}: {peer}")
            budget = BUDGETS[case]
            if peer in GRADIENT_FREE:
                budget = min(budget, _GRADIENT_FREE_BUDGET)
            seeds = _OWN_SEEDS if peer == OWN else _OWN_SEEDS[:1]
            if quick:
                budget, seeds = _QUICK_BUDGET, seeds[:1]
            rows.append({"case": case.label, "peer": peer, **_measure(case, peer, budget, seeds)})
    return with_ratios(rows)


def with_ratios(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add gr4jstan's rate over the row's, NaN where either is missing."""
    own = {row["case"]: row.get("ess_per_second", math.nan) for row in rows if row["peer"] == OWN}
    return [
        {**row, "ratio": own.get(row["case"], math.nan) / (row.get("ess_per_second") or math.nan)}
        for row in rows
    ]


def sampling_targets(rows: list[dict[str, Any]]) -> list[Target]:
    """Judge the ratios of the rates."""
    found = {(row["case"], row["peer"]): row for row in rows}
    targets = []
    for case, goals in (
        (SHORT, {CMDSTAN: 30, NUMPYRO: 30, PYMC: 100}),
        (TWO_YEARS, {CMDSTAN: 100, NUMPYRO: 100, PYMC: 300}),
    ):
        targets += [_target(found, case, peer, goal) for peer, goal in goals.items()]
    rates = {
        peer: found.get((REAL_ERRORS.label, peer), {}).get("ess_per_second") or 0
        for peer in GRADIENT_FREE
    }
    best = max(GRADIENT_FREE, key=lambda peer: rates[peer])
    return [*targets, _target(found, REAL_ERRORS, best, 15)]


def _target(
    found: dict[tuple[str, str], dict[str, Any]], case: Case, peer: str, goal: float
) -> Target:
    own, other = found.get((case.label, OWN), {}), found.get((case.label, peer), {})
    remarks = [
        f"{name} not converged"
        for name, row in ((OWN, own), (peer, other))
        if not row.get("converged", True)
    ]
    if "failure" in other:
        remarks.append(other["failure"])
    name = f"{case.label}: min-ESS/s over that of {peer}"
    if peer in GRADIENT_FREE:
        name += f", the best without gradients, both on {CORES} cores"
    return Target(name, other.get("ratio", math.nan), goal, True, "; ".join(remarks))


def _measure(case: Case, peer: str, budget: float, seeds: Sequence[int]) -> dict[str, Any]:
    results = []
    for seed in seeds:
        try:
            results.append(rate_run(_run(case, peer, budget, seed)))
        except (RuntimeError, TimeoutError) as error:
            return {"failure": str(error)}
    middle = median(result["ess_per_second"] for result in results)
    chosen = next(result for result in results if result["ess_per_second"] == middle)
    chosen["converged"] = all(result["converged"] for result in results)
    return chosen


def _run(case: Case, peer: str, budget: float, seed: int) -> Run:
    """Run a peer in its own process, and stop it when it takes much longer than it should."""
    module, function = PEERS[peer]
    limit = 3 * budget + 120
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        given, result = Path(folder) / "case.npz", Path(folder) / "run.npz"
        case.save(given)
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.worker"]
        command += [module, function, str(given), str(budget), str(seed), str(result)]
        try:
            done = subprocess.run(
                command,
                env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
                capture_output=True,
                text=True,
                timeout=limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"no result within {limit:.0f} s") from None
        if done.returncode != 0:
            words = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise RuntimeError(words[-1])
        return Run.load(result)
