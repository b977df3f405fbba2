"""What NUTS starts from: points, a metric, and how long a warm-up they ask for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gr4jstan.model.definition import Model
from gr4jstan.model.task import Task
from gr4jstan.model.transforms import constrain
from gr4jstan.sampling.density import Evaluate, LogDensity
from gr4jstan.sampling.inits import screened_inits
from gr4jstan.sampling.masses import Weights, weigh
from gr4jstan.sampling.modes import Mode, doubtful_rivals, find_modes, find_rivals
from gr4jstan.sampling.settings import SamplerSettings
from gr4jstan.sampling.streams import stream

Array = NDArray[np.float64]
Inits = list[dict[str, float]]

# Starting points of the chains are this many posterior standard deviations wide.
_DISPERSION = 2.0

# Chains move between modes whose log density falls by no more than this on the way from the lower
# one to another: about one draw in exp(3) crosses.
_BARRIER = 3.0
_STEPS = 15

# Of a bell 0.75 of the weighted draws are effective. Where so few are, the posterior is wider
# somewhere than its curvature tells, and trajectories in that metric are unstable there.
_BELL = 0.5


# Iterations for each draw where the posterior is no bell: neighbouring iterations are then so much
# alike that R-hat of 4000 of them is above 1.01 by chance. The higher the barrier between modes,
# the seldomer it is crossed.
_THIN = 2


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
        Why the metric is not relied on, but adapted in a long warm-up; None if it is.
    thin : int
        Iterations for each draw.
    """

    inits: Inits
    inv_metric: Array | None
    modes: tuple[Mode, ...]
    trouble: str | None
    thin: int = 1

    @property
    def adapted(self) -> bool:
        """Whether the metric is adapted in warm-up."""
        return self.inv_metric is None or self.trouble is not None

    @property
    def rivals(self) -> tuple[tuple[dict[str, float], float], ...]:
        """Places of modes beside the first, and their share of the mass of all not negligible."""
        competing = find_rivals(self.modes)
        masses = np.exp([mode.log_mass - self.modes[0].log_mass for mode in competing])
        shares = (masses / masses.sum()).tolist() if len(masses) else []
        return tuple(
            (mode.parameters, share) for mode, share in zip(competing[1:], shares[1:], strict=False)
        )

    @property
    def description(self) -> dict[str, Any]:
        """For the record of a run."""
        metric = "curvature at the mode" if not self.rivals else "covariance over the modes"
        return {
            "metric": "warm-up" if self.adapted else metric,
            "trouble": self.trouble,
            "thin": self.thin,
            "modes": [
                {
                    "log_density": mode.log_density,
                    "log_mass": mode.log_mass,
                    "parameters": mode.parameters,
                }
                for mode in self.modes
            ],
        }


def find_start(
    task: Task, density: LogDensity, settings: SamplerSettings, *, known_metric: bool = True
) -> Start:
    """Find the modes of a posterior, and from them a metric and starting points.

    Modes and metric do not depend on the seed.

    Parameters
    ----------
    task : Task
    density : LogDensity
        The posterior, see `gr4jstan.sampling.density.exact_density`.
    settings : SamplerSettings
        Number of chains, and the seed of the starting points.
    known_metric : bool
        Take the metric and the number of iterations for each draw from the search.

    Returns
    -------
    Start
        With starting points about every mode that is not negligible. Where the search failed, with
        screened prior draws and without a metric.
    """
    with density.session() as evaluate:
        modes = find_modes(task, evaluate)
        trouble = _find_failure(modes)
        if trouble is not None:
            inits = screened_inits(task, settings.chains, settings.seed)
            return Start(inits, None, modes, trouble)
        modes, weights = _weighed(task.model, evaluate, modes)
        competing = find_rivals(modes)
        inits = dispersed_inits(task.model, competing, evaluate, settings.chains, settings.seed)
        start = _plan(evaluate, inits, modes, weights)
        return start if known_metric else replace(start, inv_metric=None, thin=1)


def dispersed_inits(
    model: Model, modes: Sequence[Mode], evaluate: Evaluate, chains: int, seed: int
) -> Inits:
    """Starting points about modes, wider than the posterior.

    Returns
    -------
    list of dict
        One for each chain, under the names of the Stan program. The last are the tops of the modes
        beside the first, the heavier ones where there are fewer chains.
    """
    rng = stream(seed, "dispersal")
    assert modes[0].covariance is not None
    factor = np.linalg.cholesky(modes[0].covariance)
    points: list[Array] = []
    for _ in range(chains):
        point = modes[0].point
        for _ in range(20):
            tried = modes[0].point + _DISPERSION * factor @ rng.standard_normal(len(factor))
            if np.isfinite(evaluate(tried)[0]):
                point = tried
                break
        points.append(point)
    for i, mode in enumerate(modes[1:chains]):
        points[chains - 1 - i] = mode.point
    columns = constrain(model, np.array(points))
    return [{name: float(column[i]) for name, column in columns.items()} for i in range(chains)]


def _weighed(
    model: Model, evaluate: Evaluate, modes: tuple[Mode, ...]
) -> tuple[tuple[Mode, ...], Weights]:
    """The modes with the masses that weighted draws give them, by these."""
    doubtful = doubtful_rivals(modes)
    weights = weigh(model, evaluate, doubtful)
    found = {id(mode): float(mass) for mode, mass in zip(doubtful, weights.log_masses, strict=True)}
    told = [replace(mode, log_mass=found.get(id(mode), mode.log_mass)) for mode in modes]
    return tuple(sorted(told, key=lambda mode: -mode.log_mass)), weights


def _find_failure(modes: Sequence[Mode]) -> str | None:
    if not modes:
        return "the optimiser found no mode"
    if modes[0].covariance is None:
        return "the posterior is not curved like a Gaussian at its mode"
    return None


def _plan(evaluate: Evaluate, inits: Inits, modes: tuple[Mode, ...], weights: Weights) -> Start:
    """Metric and iterations for a draw, by how many modes compete and what is between them."""
    competing = find_rivals(modes)
    if len(competing) == 1:
        bell = weights.effective >= _BELL
        trouble = None if bell else "the posterior is wider than its curvature at the mode tells"
        return Start(inits, modes[0].covariance, modes, trouble, 1 if bell else _THIN)
    barrier = max(
        min(_barrier(evaluate, mode, other) for other in competing[:i])
        for i, mode in enumerate(competing[1:], 1)
    )
    if barrier < _BARRIER:
        thin = math.ceil(_THIN * math.exp(max(barrier, 0) / 2))
        return Start(inits, weights.covariance, modes, None, thin)
    places = "; ".join(
        ", ".join(f"{name} {value:.4g}" for name, value in mode.parameters.items())
        for mode in competing
    )
    trouble = f"there are {len(competing)} modes apart from each other ({places})"
    return Start(inits, None, modes, trouble)


def _barrier(evaluate: Evaluate, one: Mode, other: Mode) -> float:
    """How far the log density falls on the straight way between two modes, from the lower one."""
    along = np.linspace(one.point, other.point, _STEPS)
    lowest = np.min([evaluate(point)[0] for point in along[1:-1]])
    return float(min(one.log_density, other.log_density) - lowest)
