"""Climbing on a log density: to its tops, freely or between bounds, and how it is curved there."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from gr4jstan.sampling.density import Evaluate

Array = NDArray[np.float64]

# Steps of Newton, how often each is halved at most, and the rise that the slope has to promise.
_NEWTON = 15
_HALVINGS = 20
_LEAST_RISE = 1e-8

# What stands for the negative log density of a rejected point.
_REJECTED = 1e10

# A climb between bounds begins so many standard deviations inside, and evaluates so often at most.
_INSIDE = 2.0
_EVALUATIONS = 60


class Place(NamedTuple):
    """A point with its log density and the gradient there."""

    point: Array
    value: float
    gradient: Array


class Top(NamedTuple):
    """The end of a climb: its place, and the inverse of the curvature, if that is positive."""

    point: Array
    value: float
    covariance: Array | None


def spread(points: Array, scale: Array, n: int, apart: float = 1.0) -> Array:
    """The first `n` points that are not closer than `apart` scales to an earlier one."""
    scaled = points / scale
    chosen: list[int] = []
    for i, place in enumerate(scaled):
        if len(chosen) < n and (np.linalg.norm(scaled[chosen] - place, axis=1) > apart).all():
            chosen.append(i)
    return points[chosen]


def climb(evaluate: Evaluate, start: Array, iterations: int) -> Any:
    """The result of the optimiser, which minimises the negative log density."""
    options = {"maxiter": iterations}
    target = _descent(evaluate)
    return optimize.minimize(target, start, jac=True, method="BFGS", options=options)


def climb_between(
    evaluate: Evaluate, centre: Array, covariance: Array, axis: int, low: float, high: float
) -> Place:
    """The highest point found with one coordinate between two values.

    The climb begins beyond the bound that is nearer to the centre, where the Gaussian of centre and
    covariance expects the others, whose scale the climb goes by.

    Parameters
    ----------
    evaluate : callable
    centre : array, shape (D,)
        Outside the bounds.
    covariance : array, shape (D, D)
    axis : int
        Which coordinate it is.
    low, high : float
        One of them may be infinite, that which is farther.

    Returns
    -------
    Place
        On a bound where the density rises towards it; without a value where it is rejected.
    """
    order = np.argsort(np.arange(len(centre)) != axis, kind="stable")
    factor = np.empty_like(covariance)
    factor[order] = np.linalg.cholesky(covariance[np.ix_(order, order)])
    sd = factor[axis, 0]
    bounds = (low - centre[axis]) / sd, (high - centre[axis]) / sd
    inside = min(_INSIDE, (bounds[1] - bounds[0]) / 2)
    start = np.zeros(len(centre))
    start[0] = bounds[0] + inside if bounds[0] >= 0 else bounds[1] - inside
    target = _descent(evaluate)

    def whitened(z: Array) -> tuple[float, Array]:
        value, slope = target(centre + factor @ z)
        return value, slope @ factor

    end = optimize.minimize(
        whitened,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[bounds, *[(None, None)] * (len(centre) - 1)],
        options={"maxfun": _EVALUATIONS},
    )
    point = centre + factor @ end.x
    return Place(point, *evaluate(point))


def _descent(evaluate: Evaluate) -> Any:
    """The negative log density and its gradient, for a minimiser."""

    def target(point: Array) -> tuple[float, Array]:
        value, gradient = evaluate(point)
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            return _REJECTED, np.zeros_like(point)
        return -value, -gradient

    return target


def find_top(evaluate: Evaluate, point: Array, covariance: Array) -> Top | None:
    """The top by a point near it; None if the density cannot be evaluated there.

    Newton steps, along the directions of negative curvature upwards, take over where rounding
    stops the optimiser. Each finds a better covariance, whose axes are the next one's scale.
    """
    place = Place(point, *evaluate(point))
    lengths, axes = np.linalg.eigh((covariance + covariance.T) / 2)
    axes = axes * np.sqrt(np.clip(lengths, 1e-12, 1e12))
    least_curvature = -np.inf
    for _ in range(_NEWTON):
        whitened = _whitened_curvature(evaluate, place.point, axes)
        if not (np.isfinite(place.value) and np.isfinite(whitened).all()):
            return None
        curvature, directions = np.linalg.eigh(whitened)
        least_curvature = curvature[0]
        size = np.maximum(np.abs(curvature), 1e-6)
        axes = axes @ directions / np.sqrt(size)
        higher = _search_line(evaluate, place, axes @ (axes.T @ place.gradient))
        if higher is None and (np.abs(np.log(size)) < 0.2).all():
            break
        place = higher or place
    return Top(place.point, place.value, axes @ axes.T if least_curvature > 1e-6 else None)


def _search_line(evaluate: Evaluate, place: Place, step: Array) -> Place | None:
    """The first higher place at the end of the step, of half of it, and so on; None without one."""
    if not place.gradient @ step > _LEAST_RISE:
        return None
    for _ in range(_HALVINGS):
        tried = Place(place.point + step, *evaluate(place.point + step))
        if tried.value > place.value:
            return tried
        step = step / 2
    return None


def _whitened_curvature(evaluate: Evaluate, point: Array, axes: Array) -> Array:
    """Negative Hessian in units of the axes, from differences of the gradient 0.7 of an axis away.

    Where a store runs empty the gradient jumps. Over a range that is comparable to the posterior's
    width, the curvature is that of the posterior; over a tiny one, it would be that of the jump.
    The steps are smaller only where the density cannot be evaluated.
    """

    def curvature(size: float) -> Array:
        steps = size * axes.T
        slopes = [evaluate(point + step)[1] - evaluate(point - step)[1] for step in steps]
        found = -np.array(slopes) @ axes / (2 * size)
        return np.asarray((found + found.T) / 2)

    for size in (0.7, 0.07):
        found = curvature(size)
        if np.isfinite(found).all():
            return found
    return curvature(0.007)
