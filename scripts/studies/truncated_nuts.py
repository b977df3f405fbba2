"""NUTS with a truncated gradient: does it converge, and is anything gained?"""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gr4jstan.fitting.diagnostics import MAX_SHARE
from gr4jstan.sampling.nuts import Draws
from studies.post import (
    DAYS,
    MODES,
    Posterior,
    gradient_microseconds,
    post_task,
    run_nuts,
    task_density,
    truncated_task,
)


def study_nuts(
    posterior: Posterior,
    steps: tuple[int, ...],
    draws: int,
    saturated_draws: int,
    costs: pd.DataFrame,
    announce: Callable[[str], None],
) -> pd.DataFrame:
    """Sample with every k in both modes, and with the exact gradient.

    All runs start from the same points with the same metric, that of the curvature at the mode.
    Those whose first ``saturated_draws`` a chain show saturated trees end there: they have failed,
    and would take minutes. ``costs`` are those of `gradient_costs`.

    Returns
    -------
    DataFrame
        A row for a mode and k, see `describe_nuts`; and ess_per_second over that of the exact
        gradient by the adjoint (over_adjoint) and on the tape (over_tape), as the truncated are.
    """
    times = costs.set_index(["gradient", "k"])["microseconds"]
    rows = []
    for mode, k in [("exact", DAYS), *itertools.product(MODES, steps)]:
        announce(f"NUTS: {mode} {k}")
        task = truncated_task(mode, k)
        microseconds = times["adjoint" if mode == "exact" else mode, k]
        short = replace(posterior.settings, iter_sampling=saturated_draws)
        found, diagnostics = run_nuts(task, posterior.start, short)
        if diagnostics["max_treedepth_hits"] <= MAX_SHARE * diagnostics["draws"]:
            long = replace(posterior.settings, iter_sampling=draws)
            found, diagnostics = run_nuts(task, posterior.start, long)
        described = describe_nuts(found, diagnostics, microseconds)
        rows.append({"mode": mode, "k": k} | described)
    table = pd.DataFrame(rows)
    over = table["ess_per_second"] / table.loc[table["mode"] == "exact", "ess_per_second"].item()
    tape = times["autodiff", DAYS] / times["adjoint", DAYS]
    return table.assign(over_adjoint=over, over_tape=over * tape)


def study_depth(
    posterior: Posterior,
    steps: int,
    depths: tuple[int, ...],
    draws: int,
    deep_draws: int,
    costs: pd.DataFrame,
    announce: Callable[[str], None],
) -> pd.DataFrame:
    """Sample with one k in both modes, and limit the trees to other depths.

    ``deep_draws`` are those of a chain where trees have more than 63 steps.

    Returns
    -------
    DataFrame
        A row for a mode and maximum depth, see `describe_nuts`.
    """
    times = costs.set_index(["gradient", "k"])["microseconds"]
    rows = []
    for mode, depth in itertools.product(MODES, depths):
        announce(f"NUTS: {mode} {steps}, depth {depth}")
        settings = replace(
            posterior.settings,
            max_treedepth=depth,
            iter_sampling=draws if depth <= 6 else deep_draws,
        )
        found, diagnostics = run_nuts(truncated_task(mode, steps), posterior.start, settings)
        described = describe_nuts(found, diagnostics, times[mode, steps])
        rows.append({"mode": mode, "k": steps, "max_treedepth": depth} | described)
    return pd.DataFrame(rows)


def describe_nuts(draws: Draws, diagnostics: dict[str, Any], microseconds: float) -> dict[str, Any]:
    """The numbers of a run.

    Returns
    -------
    dict
        draws, saturated and divergent (shares), step_size (mean over chains), acceptance,
        leapfrogs (a draw), length (of a trajectory: step size times leapfrogs, mean), max_rhat,
        min_ess_bulk, min_ess_tail, converged, min_ebfmi; sd_energy and sd_log_density (within
        chains, mean over them); gradient_us, and ess_per_second: the smaller ESS over the time
        of the gradients that the draws took, on one core.
    """
    stats, total = draws.stats, diagnostics["draws"]
    ess = [diagnostics[f"min_ess_{kind}"] for kind in ("bulk", "tail")]
    least = np.nan if None in ess else min(ess)
    ebfmi = [np.nan if value is None else value for value in diagnostics["ebfmi"]]
    leapfrogs = diagnostics["n_leapfrog"]
    return {
        "draws": total,
        "saturated": diagnostics["max_treedepth_hits"] / total,
        "divergent": diagnostics["divergences"] / total,
        "step_size": float(draws.step_size.mean()),
        "acceptance": float(stats["accept_stat"].mean()),
        "leapfrogs": leapfrogs / total,
        "length": float((stats["n_leapfrog"] * draws.step_size[:, None]).mean()),
        "max_rhat": diagnostics["max_rhat"],
        "min_ess_bulk": ess[0],
        "min_ess_tail": ess[1],
        "converged": diagnostics["converged"],
        "min_ebfmi": float(np.min(ebfmi)),
        "sd_energy": float(stats["energy"].std(axis=1).mean()),
        "sd_log_density": float(stats["lp"].std(axis=1).mean()),
        "gradient_us": microseconds,
        "ess_per_second": least / (leapfrogs * microseconds * 1e-6),
    }


def gradient_costs(posterior: Posterior, steps: tuple[int, ...]) -> pd.DataFrame:
    """Microseconds of a log density with its gradient: adjoint, tape, and truncated."""
    tasks = {
        ("adjoint", DAYS): post_task(),
        ("autodiff", DAYS): post_task(gradient="autodiff"),
    } | {(mode, k): truncated_task(mode, k) for mode, k in itertools.product(MODES, steps)}
    centre = posterior.whitening.centre
    rows = [
        {
            "gradient": name,
            "k": k,
            "microseconds": gradient_microseconds(task_density(task), centre),
        }
        for (name, k), task in tasks.items()
    ]
    return pd.DataFrame(rows)
