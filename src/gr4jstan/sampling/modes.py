"""Where the posterior is and what shape it has, before NUTS starts.

Prior draws are screened with the vectorised simulator, the best are starting points of an
optimiser, and the curvature at the highest mode gives NUTS its metric and its starting points.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from gr4jstan.model.definition import Model
from gr4jstan.model.programs import render_program
from gr4jstan.model.task import Task
from gr4jstan.model.transforms import constrain, unconstrain
from gr4jstan.sampling.density import Evaluate, LogDensity, compile_log_density
from gr4jstan.sampling.inits import screened_draws, screened_inits
from gr4jstan.sampling.settings import SamplerSettings
from gr4jstan.sampling.streams import stream

Array = NDArray[np.float64]

# Prior draws that are simulated, those of them that start a short climb, those of these that climb
# to the end, the iterations of both climbs and of Newton at the end.
_SCREENED = 1000
_STARTS = 20
_FINALISTS = 6
_SHORT, _LONG = 12, 200
_NEWTON = 15

# Steps of Newton are halved so often at most, and only tried where the slope promises this rise.
_HALVINGS = 20
_LEAST_RISE = 1e-8

# Starts of climbs are this far apart, in standard deviations of the prior draws.
_APART = 1.0

# What stands for the negative log density of a rejected point.
_REJECTED = 1e10

# Starting points of the chains are this many posterior standard deviations wide.
_DISPERSION = 2.0

# Modes whose mass is below exp(-6), 0.2 %, of the highest one's do not compete with it.
_NEGLIGIBLE = 6.0


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
    """

    point: Array
    log_density: float
    covariance: Array | None
    parameters: dict[str, float]

    @property
    def log_mass(self) -> float:
        """Log of the mass of the Gaussian that has this height and curvature."""
        if self.covariance is None:
            return self.log_density
        _, logdet = np.linalg.slogdet(2 * np.pi * self.covariance)
        return float(self.log_density + logdet / 2)


class _Place(NamedTuple):
    """A point with its log density and the gradient there."""

    point: Array
    value: float
    gradient: Array


@dataclass(frozen=True)
class Start:
    """How NUTS starts.

    Parameters
    ----------
    inits : list of dict
        Starting point of each chain, under the names of the Stan program.
    inv_metric : array, shape (D, D), or None
        Inverse metric; None when it has to be found in warm-up.
    modes : tuple of Mode
        Different modes that the search met, the one with the largest mass first.
    trouble : str or None
        Why the curvature is not relied on; None if it is.
    """

    inits: list[dict[str, float]]
    inv_metric: Array | None
    modes: tuple[Mode, ...]
    trouble: str | None

    @property
    def rivals(self) -> tuple[Mode, ...]:
        """Modes beside the first whose mass is not negligible."""
        return tuple(find_rivals(self.modes)[1:])

    @property
    def description(self) -> dict[str, Any]:
        """For the record of a run."""
        return {
            "metric": "warm-up" if self.inv_metric is None else "curvature at the mode",
            "trouble": self.trouble,
            "modes": [
                {
                    "log_density": mode.log_density,
                    "log_mass": mode.log_mass,
                    "parameters": mode.parameters,
                }
                for mode in self.modes
            ],
        }


def exact_density(task: Task, *, progress: bool = False) -> LogDensity:
    """The posterior of a task with its exact gradient, whatever gradient NUTS is given.

    Raises
    ------
    ToolchainError
        If there is no CmdStan or the compilation fails.
    """
    structure = replace(task.model.spec, gradient="adjoint", truncate_mode=None)
    return compile_log_density(render_program(structure), task.data, progress=progress)


def find_start(
    task: Task, density: LogDensity, settings: SamplerSettings, *, known_metric: bool = True
) -> Start:
    """Find the modes of a posterior, and from the highest a metric and starting points.

    Parameters
    ----------
    task : Task
    density : LogDensity
        The posterior, see `exact_density`.
    settings : SamplerSettings
        Number of chains, and the seed of the prior draws and of the starting points.
    known_metric : bool
        Take the metric from the curvature.

    Returns
    -------
    Start
        Without a metric, and with starting points that are screened prior draws, if the search
        failed or found several modes.
    """
    with density.session() as evaluate:
        modes = find_modes(task, evaluate, settings.seed)
        trouble = _find_trouble(modes)
        if trouble is not None:
            inits = screened_inits(task, settings.chains, settings.seed)
            return Start(inits, None, modes, trouble)
        inits = dispersed_inits(task.model, modes[0], evaluate, settings.chains, settings.seed)
        return Start(inits, modes[0].covariance if known_metric else None, modes, None)


def find_modes(task: Task, evaluate: Evaluate, seed: int) -> tuple[Mode, ...]:
    """Climb from the best of many prior draws; different modes, by their mass."""
    model = task.model
    draws = screened_draws(task, _SCREENED, seed)
    points = unconstrain(model, draws)
    scale = points.std(axis=0) + 1e-12
    short = [_climb(evaluate, start, _SHORT) for start in _spread(points, scale, _STARTS)]
    short.sort(key=lambda end: float(end.fun))
    modes: list[Mode] = []
    for end in _spread(np.array([end.x for end in short]), scale, _FINALISTS):
        top = _climb(evaluate, end, _LONG)
        if any(_near(top.x, mode) for mode in modes):
            continue
        found = _describe_mode(model, evaluate, top.x, top.hess_inv)
        if found is not None and not any(_near(found.point, mode) for mode in modes):
            modes.append(found)
    curved = [mode for mode in modes if mode.covariance is not None]
    curved.sort(key=lambda mode: -mode.log_mass)
    # an end without curvature has no mass to compare, but may stand above all others
    highest = max(modes, key=lambda mode: mode.log_density, default=None)
    if highest is not None and highest.covariance is None:
        return (highest, *curved)
    return tuple(curved)


def find_rivals(modes: Sequence[Mode]) -> list[Mode]:
    """The first mode, and those whose mass is not negligible beside it."""
    return [mode for mode in modes if mode.log_mass > modes[0].log_mass - _NEGLIGIBLE]


def dispersed_inits(
    model: Model, mode: Mode, evaluate: Evaluate, chains: int, seed: int
) -> list[dict[str, float]]:
    """Starting points around a mode, wider than the posterior.

    Returns
    -------
    list of dict
        One for each chain, under the names of the Stan program.
    """
    assert mode.covariance is not None
    rng = stream(seed, "dispersal")
    factor = np.linalg.cholesky(mode.covariance)
    points: list[Array] = []
    for _ in range(chains):
        point = mode.point
        for _ in range(20):
            tried = mode.point + _DISPERSION * factor @ rng.standard_normal(len(factor))
            if np.isfinite(evaluate(tried)[0]):
                point = tried
                break
        points.append(point)
    columns = constrain(model, np.array(points))
    return [{name: float(column[i]) for name, column in columns.items()} for i in range(chains)]


def _spread(points: Array, scale: Array, n: int) -> Array:
    """The first `n` points that are not close to an earlier one."""
    scaled = points / scale
    chosen: list[int] = []
    for i, place in enumerate(scaled):
        if len(chosen) < n and (np.linalg.norm(scaled[chosen] - place, axis=1) > _APART).all():
            chosen.append(i)
    return points[chosen]


def _climb(evaluate: Evaluate, start: Array, iterations: int) -> Any:
    """The result of the optimiser, which minimises the negative log density."""

    def target(point: Array) -> tuple[float, Array]:
        value, gradient = evaluate(point)
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            return _REJECTED, np.zeros_like(point)
        return -value, -gradient

    options = {"maxiter": iterations}
    return optimize.minimize(target, start, jac=True, method="BFGS", options=options)


def _describe_mode(
    model: Model, evaluate: Evaluate, point: Array, covariance: Array
) -> Mode | None:
    """The mode by a point near it; None if the density cannot be evaluated there.

    Newton steps, along the directions of negative curvature upwards, take over where rounding
    stops the optimiser. Each finds a better covariance, whose axes are the next one's scale.
    """
    place = _Place(point, *evaluate(point))
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
    columns = constrain(model, place.point[None])
    parameters = {name: float(column[0]) for name, column in columns.items()}
    return Mode(
        place.point, place.value, axes @ axes.T if least_curvature > 1e-6 else None, parameters
    )


def _search_line(evaluate: Evaluate, place: _Place, step: Array) -> _Place | None:
    """The first higher place at the end of the step, of half of it, and so on; None without one."""
    if not place.gradient @ step > _LEAST_RISE:
        return None
    for _ in range(_HALVINGS):
        tried = _Place(place.point + step, *evaluate(place.point + step))
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


def _near(point: Array, mode: Mode) -> bool:
    """Whether a point is on a mode: within a standard deviation of it."""
    if mode.covariance is None:
        return bool(np.allclose(point, mode.point, rtol=0.05, atol=0.05))
    difference = point - mode.point
    return bool(difference @ np.linalg.solve(mode.covariance, difference) < 1)


def _find_trouble(modes: Sequence[Mode]) -> str | None:
    if not modes:
        return "the optimiser found no mode"
    if modes[0].covariance is None:
        return "the posterior is not curved like a Gaussian at its mode"
    rivals = find_rivals(modes)
    if len(rivals) > 1:
        places = "; ".join(
            ", ".join(f"{name} {value:.4g}" for name, value in mode.parameters.items())
            for mode in rivals
        )
        return f"there are {len(rivals)} modes of similar mass ({places})"
    return None
