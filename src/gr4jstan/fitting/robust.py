"""Intervals that allow for errors with memory: the sandwich posterior.

The likelihood takes the errors of different days for independent, and those of rivers are not: a
posterior that trusts it is too narrow. With C the covariance of its draws on the unconstrained
scale, J the long-run covariance of the daily scores (derivatives of a day's log density) and L the
curvature of the prior there, the sampling distribution of the estimate has the covariance

    V = C (J + L) C

which is C where the errors are independent and the model is right. The draws are moved by an affine
map that gives them this covariance and keeps their mean, their skewness and the bounds.

References
----------
Mueller (2013), Econometrica 81, 1805-1849, doi:10.3982/ECTA9097.
Shaby (2014), Bayesian Analysis 9, 449-476, doi:10.1214/13-BA854.
Newey and West (1987), Econometrica 55, 703-708, doi:10.2307/1913610.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gr4jstan.errors import InputError
from gr4jstan.fitting.options import Intervals
from gr4jstan.model.daily_scores import daily_scores
from gr4jstan.model.stan_data import StanData
from gr4jstan.model.task import Task
from gr4jstan.model.transforms import constrain, reported, reported_slopes, supports, unconstrain
from gr4jstan.sampling.density import LogDensity
from gr4jstan.scoring.long_run import fixed_b_factor, long_run_covariance

Array = NDArray[np.float64]

# Days up to which errors are taken to remember each other.
WINDOW = 90

# Below it, the memory is not known from the record.
LEAST_DAYS = 4 * WINDOW

# Scores that undo each other, by chance among few days, empty no interval: the variance in no
# direction becomes less than this share of the model's.
_LEAST = 0.5

# Of the gradient of the prior, on the unconstrained scale, on which it changes within units.
_STEP = 1e-4


@dataclass(frozen=True)
class RobustDraws:
    """Draws whose spread allows for errors with memory.

    Parameters
    ----------
    parameters : dict of str to array, shape (chains, draws), or None
        See `gr4jstan.model.transforms.reported`; None where there are none.
    record : dict
        What was asked for and what is given, see `gr4jstan.fitting.records.Intervals`.
    seconds : float
        Time that it took.
    """

    parameters: dict[str, Array] | None
    record: dict[str, Any]
    seconds: float = 0.0


def robust_draws(
    task: Task,
    density: LogDensity,
    parameters: Mapping[str, Array],
    intervals: Intervals,
    modes_found: int,
) -> RobustDraws:
    """Draws of the sandwich posterior, or why there are none.

    Parameters
    ----------
    task : Task
    density : LogDensity
        The posterior, see `gr4jstan.sampling.density.exact_density`.
    parameters : mapping of str to array, shape (chains, draws)
        What NUTS drew, under the names of the Stan program's parameters.
    intervals : {"robust", "model"}
        What is asked for.
    modes_found : int
        Places that the draws are in.

    Raises
    ------
    ToolchainError
        If the library of the scores cannot be built.
    """
    begin = time.perf_counter()
    record: dict[str, Any] = {"asked": intervals, "given": "model", "window": None}
    if intervals == "model":
        return RobustDraws(None, record | {"reason": None})
    reason = _why_not(task, modes_found)
    if reason is not None:
        return RobustDraws(None, record | {"reason": reason})
    try:
        values = _moved(task, density, parameters)
    except (InputError, np.linalg.LinAlgError) as error:
        return RobustDraws(None, record | {"reason": f"the spread cannot be computed ({error})"})
    record |= {"given": "robust", "window": WINDOW, "reason": None}
    return RobustDraws(values, record, time.perf_counter() - begin)


def _why_not(task: Task, modes_found: int) -> str | None:
    """Why the draws stay as they are; None if they need not."""
    if task.model.sigma is not None:
        return "sigma was given, and with it that the errors of different days are independent"
    length = int(task.days[-1] - task.days[0]) + 1
    if length < LEAST_DAYS:
        return (
            f"in {length} days the memory of the errors cannot be told; {LEAST_DAYS} are the least"
        )
    if modes_found != 1:
        return f"the draws are in {modes_found} separate places, which no single map widens"
    return None


def _moved(task: Task, density: LogDensity, parameters: Mapping[str, Array]) -> dict[str, Array]:
    model, names = task.model, tuple(supports(task.model))
    shape = parameters[names[0]].shape
    points = unconstrain(model, {name: parameters[name].ravel() for name in names})
    centre = points.mean(axis=0)
    values = {
        name: float(column[0])
        for name, column in reported(model, constrain(model, centre[None])).items()
    }
    scores = daily_scores(model, task.data, values)
    moved = sandwich(
        points,
        scores @ reported_slopes(model, centre),
        task.days,
        prior_curvature(density, task.data, centre),
        np.array([name.removesuffix("_fraction") in model.structure.initial for name in names]),
    )
    found = reported(model, constrain(model, moved))
    return {name: column.reshape(shape) for name, column in found.items()}


def sandwich(
    points: Array,
    scores: Array,
    days: NDArray[np.int_],
    curvature: Array,
    brief: NDArray[np.bool_],
    window: int = WINDOW,
) -> Array:
    """Move draws so that their covariance is C (J + L) C.

    The map is theta -> m + A (theta - m) with A C A' = V, m the mean and A symmetric in the metric
    of C: of all such maps the one that moves the draws least.

    What a few days alone know, as they do the initial stores, has scores that add up to nothing
    within a window, and no J. It follows the other parameters as in the draws; what it spreads
    about them is widened, as far as it is due to observations, by the mean widening of the others.

    Parameters
    ----------
    points : array, shape (n, D)
        Draws on the unconstrained scale.
    scores : array, shape (N, D)
        Derivatives of the log density of each observation, at the mean of the draws.
    days : array of int, shape (N,)
        Days of the observations.
    curvature : array, shape (D, D)
        L, the negative Hessian of the log prior at the mean.
    brief : array of bool, shape (D,)
        The coordinates that only a few days know.
    window : int
        See `gr4jstan.scoring.long_run.long_run_covariance`.

    Returns
    -------
    array, shape (n, D)

    Raises
    ------
    numpy.linalg.LinAlgError
        If the draws do not spread in D directions.
    """
    centre = points.mean(axis=0)
    off = points - centre
    C = np.cov(points, rowvar=False)
    few = fixed_b_factor(window, int(days[-1] - days[0]) + 1)
    J = few**2 * long_run_covariance(scores - scores.mean(axis=0), days, window)
    V = C @ (J + curvature) @ C
    long = np.ix_(~brief, ~brief)
    moved = off.copy()
    moved[:, ~brief] = _stretch(off[:, ~brief], C[long], V[long])
    if brief.any():
        follow = np.linalg.solve(C[long], C[np.ix_(~brief, brief)])
        precision = np.linalg.inv(C)[np.ix_(brief, brief)]
        about, prior = np.linalg.inv(precision), curvature[np.ix_(brief, brief)]
        widening = np.trace(np.linalg.solve(C[long], V[long])) / np.sum(~brief)
        wider = about + max(widening - 1, 0) * (about - about @ prior @ about)
        rest = off[:, brief] - off[:, ~brief] @ follow
        moved[:, brief] = moved[:, ~brief] @ follow + _stretch(rest, about, wider)
    return np.asarray(centre + moved)


def _stretch(rows: Array, covariance: Array, wanted: Array) -> Array:
    """Rows of a covariance, mapped to those of another by what is symmetric in its metric."""
    factor = np.linalg.cholesky(covariance)
    whitened = np.linalg.solve(factor, np.linalg.solve(factor, wanted).T)
    lengths, axes = np.linalg.eigh((whitened + whitened.T) / 2)
    root = axes * np.sqrt(np.maximum(lengths, _LEAST)) @ axes.T
    return np.asarray((factor @ root @ np.linalg.solve(factor, rows.T)).T)


def prior_curvature(density: LogDensity, data: StanData, point: Array) -> Array:
    """Negative Hessian of the log prior on the unconstrained scale, with its Jacobian.

    Parameters
    ----------
    density : LogDensity
        The posterior.
    data : dict
        Its data.
    point : array, shape (D,)

    Returns
    -------
    array, shape (D, D)
        From differences of the exact gradient of the program without observations.
    """
    nothing = {"T": 1, "P": [0.0], "E": [0.0], "N": 0, "obs_day": [], "Q_obs": []}
    steps = _STEP * np.eye(len(point))
    prior = LogDensity(density.executable, {**data, **nothing})
    _, gradient = prior.evaluate(np.concatenate([point + steps, point - steps]))
    ahead, behind = np.split(gradient, 2)
    curvature = (behind - ahead) / (2 * _STEP)
    return np.asarray((curvature + curvature.T) / 2)
