"""Fewer observations: a cheaper likelihood is not a cheaper gradient, and a wider posterior."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cmdstanpy
import numpy as np
import pandas as pd

from gr4jstan.cmdstan.compiler import compile_program
from gr4jstan.cmdstan.toolchain import require_cmdstan
from gr4jstan.files import write_json
from gr4jstan.fitting.calibration import LONG_WARMUP
from gr4jstan.fitting.diagnostics import diagnose
from gr4jstan.fitting.inference_data import to_inference_data
from gr4jstan.model.programs import render_program
from gr4jstan.model.task import Task
from gr4jstan.model.transforms import unconstrain
from gr4jstan.sampling.density import exact_density
from gr4jstan.sampling.nuts import Draws
from gr4jstan.sampling.settings import SamplerSettings
from gr4jstan.sampling.starts import Start, find_start
from studies.force import jacobians
from studies.post import (
    PARAMETERS,
    SEED,
    Array,
    Field,
    Whitening,
    gradient_microseconds,
    post_task,
    run_nuts,
    task_density,
)

METRICS = ("diagonal", "dense")


def study_subsampling(
    every: tuple[int, ...], draws: int, announce: Callable[[str], None]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Sample with every n-th observation, the exact gradient, and both kinds of metric.

    The metrics are found in warm-up: the diagonal one is CmdStan's default.

    Returns
    -------
    costs : DataFrame
        A row for n: days observed, and microseconds of a value with its gradient, by the adjoint
        and by automatic differentiation; the least of several means. Shares: `share_beyond_flow`.
    widths : DataFrame
        A row for n and parameter: posterior mean and sd.
    runs : DataFrame
        A row for n and metric: stiffness, leapfrogs a draw, step size, ESS and convergence.
    """
    costs, widths, runs = [], [], []
    settings = SamplerSettings(seed=SEED, iter_sampling=draws, iter_warmup=LONG_WARMUP)
    for n in every:
        announce(f"subsampling: every {n}")
        task = post_task(subsample=n)
        start = find_start(task, exact_density(task), settings, known_metric=False)
        point = unconstrain(task.model, {k: np.array([v]) for k, v in start.inits[0].items()})[0]
        cost: dict[str, float] = {"every": n, "observations": len(task.days)}
        for gradient in ("adjoint", "autodiff"):
            density = task_density(post_task(subsample=n, gradient=gradient))
            cost[f"{gradient}_us"] = gradient_microseconds(density, point)
        costs.append(cost)
        sampled = {metric: _run(task, start, settings, metric) for metric in METRICS}
        draws_dense = sampled["dense"][0].parameters
        values = {name: draws_dense[name].ravel() for name in PARAMETERS}
        widths += _widths(values, n)
        stiff = _stiffness(task, unconstrain(task.model, values))
        for metric, (found, diagnostics) in sampled.items():
            ess = min(diagnostics["min_ess_bulk"], diagnostics["min_ess_tail"])
            leapfrogs = diagnostics["n_leapfrog"]
            runs.append(
                {
                    "every": n,
                    "metric": metric,
                    "stiffness": stiff[metric],
                    "leapfrogs": leapfrogs / diagnostics["draws"],
                    "step_size": float(found.step_size.mean()),
                    "tree_depth": diagnostics["mean_treedepth"],
                    "divergent": diagnostics["divergences"] / diagnostics["draws"],
                    "max_rhat": diagnostics["max_rhat"],
                    "min_ess": ess,
                    "converged": diagnostics["converged"],
                    "autodiff_us_a_draw": leapfrogs / diagnostics["draws"] * cost["autodiff_us"],
                    "ess_per_second": ess / (leapfrogs * cost["autodiff_us"] * 1e-6),
                }
            )
    table = pd.DataFrame(costs)
    for gradient in ("adjoint", "autodiff"):
        table[f"{gradient}_share"] = share_beyond_flow(table, f"{gradient}_us")
    return table, pd.DataFrame(widths), pd.DataFrame(runs)


def stiffness(field: Field, z: Array) -> Array:
    """Root of the largest curvature of the log density, either way, at points of shape (n, D).

    Where the posterior is about one wide in all coordinates, trajectories are about one long and
    their steps about one over this: it is the number of steps that a draw needs, up to a factor.
    """
    hessians = jacobians(field, z)
    return np.sqrt(np.abs(np.linalg.eigvalsh((hessians + np.swapaxes(hessians, 1, 2)) / 2)).max(1))


def share_beyond_flow(costs: pd.DataFrame, column: str) -> float:
    """What a gradient costs for its observations, over all of it, where all days are observed.

    The slope of the time on the number of observations, times that number.
    """
    slope, _ = np.polyfit(costs["observations"], costs[column], 1)
    full = costs.loc[costs["observations"].idxmax()]
    return float(slope * full["observations"] / full[column])


def _widths(values: dict[str, Array], n: int) -> list[dict[str, Any]]:
    return [
        {"every": n, "parameter": name, "mean": float(x.mean()), "sd": float(x.std())}
        for name, x in values.items()
    ]


def _stiffness(task: Task, points: Array) -> dict[str, float]:
    """The 95 % quantile over posterior draws, in coordinates that each metric would scale to one.

    That quantile and not the mean: the step size must do where the posterior is tightest.
    """
    density = task_density(task)
    factors = dict(
        zip(
            METRICS,
            (np.diag(points.std(axis=0)), np.linalg.cholesky(np.cov(points.T))),
            strict=True,
        )
    )
    some = points[np.linspace(0, len(points) - 1, 100).round().astype(int)]
    found = {}
    for metric, factor in factors.items():
        whitening = Whitening(points.mean(axis=0), factor)
        with whitening.field(density) as field:
            found[metric] = float(np.quantile(stiffness(field, whitening.z(some)), 0.95))
    return found


def _run(
    task: Task, start: Start, settings: SamplerSettings, metric: str
) -> tuple[Draws, dict[str, Any]]:
    if metric == "dense":
        return run_nuts(task, replace(start, inv_metric=None), settings)
    draws = _sample_diagonal(task, start, settings)
    idata = to_inference_data(draws, task, settings.max_treedepth, {})
    return draws, diagnose(idata, task.model.parameters)


def _sample_diagonal(task: Task, start: Start, settings: SamplerSettings) -> Draws:
    """NUTS as CmdStan does it by default, from given starting points."""
    program = render_program(task.model.spec)
    executable = compile_program(program.code, program.header, progress=False)
    cmdstanpy.set_cmdstan_path(str(require_cmdstan()))
    cmdstanpy.disable_logging()
    with tempfile.TemporaryDirectory() as folder:
        write_json(Path(folder) / "data.json", task.data)
        mcmc = cmdstanpy.CmdStanModel(exe_file=str(executable.path)).sample(
            data=str(Path(folder) / "data.json"),
            seed=settings.seed,
            chains=settings.chains,
            parallel_chains=settings.workers,
            inits=[dict(init) for init in start.inits],
            iter_warmup=settings.iter_warmup,
            iter_sampling=settings.iter_sampling,
            max_treedepth=settings.max_treedepth,
            sig_figs=17,
            output_dir=folder,
            show_progress=False,
        )
        columns = dict(zip(mcmc.column_names, mcmc.draws().transpose(2, 1, 0), strict=True))
        return Draws(
            parameters={name: x for name, x in columns.items() if not name.endswith("__")},
            stats={name[:-2]: x for name, x in columns.items() if name.endswith("__")},
            warmup_leapfrogs=np.zeros((settings.chains, 0)),
            step_size=np.asarray(mcmc.step_size),
            chain_seconds=mcmc.time,
            wall_seconds=0.0,
        )
