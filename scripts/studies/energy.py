"""What a wrong force does to the energy of a trajectory."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from studies.force import TARGET
from studies.post import DAYS, SEED, Array, Field, Posterior, task_density, truncated_task


@dataclass(frozen=True)
class Trajectories:
    """Leapfrog trajectories.

    Parameters
    ----------
    z : array, shape (steps + 1, n, D)
        Positions.
    errors : array, shape (steps + 1, n)
        Energy less that at the start; infinite from where the density cannot be evaluated.
    """

    z: Array
    errors: Array


def leapfrog(field: Field, z: Array, momentum: Array, step: float, n_steps: int) -> Trajectories:
    """Follow trajectories from points, shape (n, D), with unit masses.

    The force need not be the gradient of the log density: the map stays reversible and keeps
    volumes, which is why NUTS remains valid, but nothing makes it keep the energy.
    """
    z, momentum = z.copy(), momentum.copy()
    value, force = field(z)
    start = (momentum**2).sum(axis=1) / 2 - value
    path, errors = [z.copy()], [np.zeros(len(z))]
    for _ in range(n_steps):
        momentum += step / 2 * force
        z += step * momentum
        value, force = field(z)
        momentum += step / 2 * force
        error = (momentum**2).sum(axis=1) / 2 - value - start
        path.append(z.copy())
        errors.append(np.where(np.isfinite(error), error, np.inf))
    return Trajectories(np.array(path), np.array(errors))


def missing_work(path: Array, exact: Array, found: Array) -> Array:
    """Work of the force's error along paths of shape (steps + 1, n, D); shape (steps + 1, n).

    Along an exact solution of z'' = found, the energy changes by just this.
    """
    difference = found - exact
    pieces = ((difference[1:] + difference[:-1]) / 2 * np.diff(path, axis=0)).sum(axis=2)
    return np.concatenate([np.zeros((1, path.shape[1])), np.cumsum(pieces, axis=0)])


def acceptance(errors: Array) -> Array:
    """Mean over trajectories of min(1, exp(-error)); shape (steps + 1,)."""
    return np.exp(-np.maximum(errors, 0)).mean(axis=1)


def tree_acceptance(at: Array) -> Array:
    """Mean acceptance over whole trees, by their number of steps; shape (steps + 1,).

    A tree of L steps has its start anywhere in it, so that of the distances s from the start
    those up to L occur with weight 2 (L - s): the mean of ``at``, the acceptance at a distance,
    with these weights. That is the number which NUTS adapts its step size by.
    """
    means = [1.0]
    for length in range(1, len(at)):
        s = np.arange(1, length + 1)
        weights = length + 1 - s
        means.append(float((weights * at[s]).sum() / weights.sum()))
    return np.array(means)


def longest(acceptance_by_length: Array, step: float, target: float = TARGET) -> float:
    """Length up to which the acceptance stays above the target; infinite if it always does."""
    below = np.flatnonzero(acceptance_by_length < target)
    if len(below) == 0:
        return np.inf
    i = int(below[0])
    before, after = acceptance_by_length[i - 1], acceptance_by_length[i]
    return float(step * (i - 1 + (before - target) / (before - after)))


def study_step_size(
    posterior: Posterior,
    cases: list[tuple[str, int]],
    step_sizes: tuple[float, ...],
    length: float,
    draws: int,
) -> pd.DataFrame:
    """Energy errors at the end of trajectories of one length, by the step size.

    Returns
    -------
    DataFrame
        A row for a mode, k and step size: the median and the 95 % quantile of the absolute error
        over the draws, and the medians of the work of the force's error and of its distance from
        the energy error.
    """
    z, momentum = _starts(posterior, draws)
    rows = []
    with posterior.whitening.field(task_density(truncated_task("exact", DAYS))) as exact:
        for mode, k in cases:
            density = task_density(truncated_task(mode, k))
            with posterior.whitening.field(density) as field:
                for step in step_sizes:
                    run = leapfrog(field, z, momentum, step, round(length / step))
                    work = _missing_work(run, exact, field)
                    error = run.errors[-1]
                    rows.append(
                        {
                            "mode": mode,
                            "k": k,
                            "step_size": step,
                            "length": length,
                            "error_median": float(np.median(np.abs(error))),
                            "error_q95": float(np.quantile(np.abs(error), 0.95)),
                            "work_median": float(np.median(np.abs(work))),
                            "error_less_work_median": float(np.median(np.abs(error - work))),
                        }
                    )
    return pd.DataFrame(rows)


def study_length(
    posterior: Posterior, cases: list[tuple[str, int]], step: float, length: float, draws: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Energy errors along trajectories, and how long a tree can be at the target acceptance.

    Returns
    -------
    growth : DataFrame
        A row for a mode, k and length: quantiles of the absolute error, the acceptance at this
        distance, and that of trees of this length.
    longest : DataFrame
        A row for a mode and k: the length at which the acceptance of trees falls below the target.
    """
    z, momentum = _starts(posterior, draws)
    tables, lengths = [], []
    for mode, k in cases:
        with posterior.whitening.field(task_density(truncated_task(mode, k))) as field:
            run = leapfrog(field, z, momentum, step, round(length / step))
        at = acceptance(run.errors)
        of_trees = tree_acceptance(at)
        size = np.abs(run.errors)
        table = pd.DataFrame(
            {
                "mode": mode,
                "k": k,
                "length": step * np.arange(len(at)),
                "error_q5": np.quantile(size, 0.05, axis=1, method="lower"),
                "error_median": np.quantile(size, 0.5, axis=1, method="lower"),
                "error_q95": np.quantile(size, 0.95, axis=1, method="lower"),
                "acceptance": at,
                "tree_acceptance": of_trees,
            }
        )
        tables.append(table.iloc[:: max(1, round(0.2 / step))])
        lengths.append({"mode": mode, "k": k, "longest": longest(of_trees, step)})
    return pd.concat(tables, ignore_index=True), pd.DataFrame(lengths)


def _starts(posterior: Posterior, draws: int) -> tuple[Array, Array]:
    z = posterior.select(draws)
    return z, np.random.default_rng(SEED).standard_normal(z.shape)


def _missing_work(run: Trajectories, exact: Field, found: Field) -> Array:
    """At the end of each trajectory."""
    flat = run.z.reshape(-1, run.z.shape[-1])
    forces = [field(flat)[1].reshape(run.z.shape) for field in (exact, found)]
    return missing_work(run.z, *forces)[-1]
