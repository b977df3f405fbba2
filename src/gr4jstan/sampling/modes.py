"""What a mode of the posterior is, and the search for all of them.

Prior draws are screened with the vectorised simulator, the best are starting points of an
optimiser. From each mode the search climbs once more beyond the nearest kinks of the density.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gr4jstan.model.definition import Model
from gr4jstan.model.task import Task
from gr4jstan.model.transforms import constrain, coordinate, unconstrain
from gr4jstan.sampling.density import Evaluate
from gr4jstan.sampling.inits import screened_draws
from gr4jstan.sampling.search import climb, climb_between, find_top, spread

Array = NDArray[np.float64]

# The search is the same whatever the seed of a fit: whether draws can be trusted must not depend
# on what their search happened to find.
_SEED = 1

# Prior draws that are simulated, those of them that start a short climb, those of these that climb
# to the end, and the iterations of both climbs.
_SCREENED = 1000
_STARTS = 20
_FINALISTS = 6
_SHORT, _LONG = 12, 200

# Modes whose mass is below exp(-6), 0.2 %, of the highest one's do not compete with it. A Gaussian
# at a kink may be wrong by as much again, and a top that is so much lower has no mass.
_NEGLIGIBLE = 6.0
_DOUBTFUL = 12.0
_HOPELESS = 20.0

# How many unit intervals the search walks on along a rising density.
_WALK = 3


@dataclass(frozen=True)
class Mode:
    """A local maximum of the posterior on the unconstrained scale.

    Parameters
    ----------
    point : array, shape (D,)
        Its place.
    log_density : float
        Log density there, with the Jacobian of the transforms.
    covariance : array, shape (D, D), or None
        Inverse of the negative Hessian; None where that is not positive definite.
    parameters : dict of str to float
        Its place under the names of the Stan program.
    log_mass : float
        Log of the mass around it: that of the Gaussian of this height and curvature, unless
        `gr4jstan.sampling.masses.weigh` found another.
    """

    point: Array
    log_density: float
    covariance: Array | None
    parameters: dict[str, float]
    log_mass: float


def find_modes(task: Task, evaluate: Evaluate, seed: int = _SEED) -> tuple[Mode, ...]:
    """Climb from the best of many prior draws, then beyond kinks; different modes, by their mass.

    Parameters
    ----------
    task : Task
    evaluate : callable
        The posterior, see `gr4jstan.sampling.density.LogDensity.session`.
    seed : int
        Of the prior draws.
    """
    points = unconstrain(task.model, screened_draws(task, _SCREENED, seed))
    scale = points.std(axis=0) + 1e-12
    short = [climb(evaluate, start, _SHORT) for start in spread(points, scale, _STARTS)]
    short.sort(key=lambda end: float(end.fun))
    modes: list[Mode] = []
    for end in spread(np.array([end.x for end in short]), scale, _FINALISTS):
        _add_mode(task.model, evaluate, end, modes)
    _explore(task.model, evaluate, modes)
    curved = [mode for mode in modes if mode.covariance is not None]
    curved.sort(key=lambda mode: -mode.log_mass)
    # an end without curvature has no mass to compare, but may stand above all others
    highest = max(modes, key=lambda mode: mode.log_density, default=None)
    if highest is not None and highest.covariance is None:
        return (highest, *curved)
    return tuple(curved)


def find_rivals(modes: Sequence[Mode]) -> tuple[Mode, ...]:
    """The first mode, and those whose mass is not negligible beside it."""
    return tuple(mode for mode in modes if mode.log_mass > modes[0].log_mass - _NEGLIGIBLE)


def doubtful_rivals(modes: Sequence[Mode]) -> tuple[Mode, ...]:
    """The modes with a curvature whose mass may not be negligible beside the largest."""
    curved = [mode for mode in modes if mode.covariance is not None]
    largest = max((mode.log_mass for mode in curved), default=-np.inf)
    return tuple(mode for mode in curved if mode.log_mass > largest - _DOUBTFUL)


def kinks(model: Model) -> Iterator[tuple[int, Array]]:
    """Where the slope of the density jumps: at whole days of the time bases of the hydrographs.

    There an ordinate more begins.

    Yields
    ------
    axis : int
        Of an unconstrained coordinate.
    edges : array
        Where it has its kinks, between infinities.
    """
    for base in dict.fromkeys(each.base for each in model.structure.hydrographs):
        lower, upper = (model.numbers[f"{base}_{side}"] for side in ("lower", "upper"))
        days = np.arange(np.floor(lower) + 1, np.ceil(upper))
        axis, edges = coordinate(model, base, days)
        yield axis, np.concatenate([[-np.inf], edges, [np.inf]])


def _add_mode(model: Model, evaluate: Evaluate, start: Array, modes: list[Mode]) -> bool:
    """Climb to the end, and add the mode there to those found if it is not one of them."""

    def known(point: Array) -> bool:
        return any(_near(point, mode) for mode in modes)

    if known(start):
        return False
    end = climb(evaluate, start, _LONG)
    top = None if known(end.x) else find_top(evaluate, end.x, end.hess_inv)
    if top is None or known(top.point):
        return False
    log_mass = top.value
    if top.covariance is not None:
        log_mass += float(np.linalg.slogdet(2 * np.pi * top.covariance)[1]) / 2
    columns = constrain(model, top.point[None])
    parameters = {name: float(column[0]) for name, column in columns.items()}
    modes.append(Mode(top.point, top.value, top.covariance, parameters, log_mass))
    return True


def _explore(model: Model, evaluate: Evaluate, modes: list[Mode]) -> None:
    """Add the modes that are beyond the kinks beside those found."""
    explored: list[Mode] = []
    while rest := [
        mode for mode in doubtful_rivals(modes) if not any(mode is old for old in explored)
    ]:
        explored.append(rest[0])
        for axis, edges in kinks(model):
            for direction in (1, -1):
                end = _walk(evaluate, rest[0], axis, edges, direction)
                if end is not None:
                    _add_mode(model, evaluate, end, modes)


def _walk(evaluate: Evaluate, mode: Mode, axis: int, edges: Array, direction: int) -> Array | None:
    """The highest point between two kinks beyond those beside the mode; None without one.

    While the density rises towards the farther kink, the walk goes on beyond that.
    """
    assert mode.covariance is not None
    cell = int(np.searchsorted(edges, mode.point[axis]))
    for _ in range(_WALK):
        cell += direction
        if not 0 < cell < len(edges):
            return None
        low, high = edges[cell - 1], edges[cell]
        end = climb_between(evaluate, mode.point, mode.covariance, axis, low, high)
        if not end.value > mode.log_density - _HOPELESS:
            return None
        near, far = (low, high) if direction > 0 else (high, low)
        if np.isclose(end.point[axis], near, rtol=0, atol=1e-6):
            return None
        if not np.isclose(end.point[axis], far, rtol=0, atol=1e-6):
            return end.point
    return None


def _near(point: Array, mode: Mode) -> bool:
    """Whether a point is on a mode: within a standard deviation of it."""
    if mode.covariance is None:
        return bool(np.allclose(point, mode.point, rtol=0.05, atol=0.05))
    difference = point - mode.point
    return bool(difference @ np.linalg.solve(mode.covariance, difference) < 1)
