"""How wrong a truncated gradient is, and that it is the gradient of no function."""

import itertools
from collections.abc import Callable

import numpy as np
import pandas as pd

from gr4jstan.model.task import Task
from gr4jstan.model.transforms import supports
from studies.post import (
    DAYS,
    MODES,
    PARAMETERS,
    Array,
    Field,
    Posterior,
    task_density,
    truncated_task,
)

# Acceptance that NUTS adapts its step size to.
TARGET = 0.8

# Half the distance of the points that derivatives of a force are taken from, and the radius and
# points of the circles that work is done around.
_STEP = 1e-3
_RADIUS = 1.0
_CIRCLE = 64


def angles(exact: Array, found: Array) -> Array:
    """Angle between forces, shape (n, D), in degrees; that with no force at all is 90."""
    lengths = np.linalg.norm(exact, axis=1) * np.linalg.norm(found, axis=1)
    products = (exact * found).sum(axis=1)
    cosines = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
    return np.degrees(np.arccos(np.clip(cosines, -1, 1)))


def relative_sizes(exact: Array, found: Array) -> Array:
    """Length of a force over that of the exact one."""
    return np.asarray(np.linalg.norm(found, axis=1) / np.linalg.norm(exact, axis=1))


def relative_errors(exact: Array, found: Array) -> Array:
    """Length of the difference to the exact force over that of the exact one."""
    return np.asarray(np.linalg.norm(found - exact, axis=1) / np.linalg.norm(exact, axis=1))


def allowed_length(exact: Array, found: Array) -> float:
    """Length of the trees whose mean acceptance is NUTS's target, by the error of the force alone.

    Over a short distance s the energy changes by the work s e'v of the error e, which is normal
    with standard deviation s |e| as the momentum v is. Then E min(1, exp(-work)) is about
    1 - s |e| / sqrt(2 pi), and the mean distance from the start of a tree of length L is L / 3.
    """
    error = np.linalg.norm(found - exact, axis=1).mean()
    if error == 0:
        return np.inf
    return float((1 - TARGET) * 3 * np.sqrt(2 * np.pi) / error)


def kept_shares(exact: Array, found: Array) -> Array:
    """What is kept of each component, shape (D,): the slope of found on exact through zero."""
    return np.asarray((exact * found).sum(axis=0) / (exact**2).sum(axis=0))


def jacobians(field: Field, z: Array, step: float = _STEP) -> Array:
    """Derivatives of the force, row its component, column the coordinate; shape (n, D, D)."""
    n, D = z.shape
    moves = step * np.concatenate([np.eye(D), -np.eye(D)])
    _, forces = field((z[:, None, :] + moves).reshape(-1, D))
    forward, back = np.split(forces.reshape(n, 2 * D, D), 2, axis=1)
    return np.swapaxes((forward - back) / (2 * step), 1, 2)


def asymmetry(jacobian: Array) -> Array:
    """Size of the antisymmetric part over that of the symmetric one; 0 for any gradient.

    The Jacobian of the gradient of a function is its Hessian, which is symmetric.
    """
    turned = np.swapaxes(jacobian, -1, -2)
    size = [np.linalg.norm(part, axis=(-2, -1)) for part in (jacobian - turned, jacobian + turned)]
    return np.asarray(size[0] / size[1])


def circulations(field: Field, D: int, radius: float = _RADIUS, n: int = _CIRCLE) -> Array:
    """Work of the force once around a circle about 0 in each plane of two axes; 0 for a gradient.

    The trapezoidal rule, which on a circle converges faster than any power of n.
    """
    turn = 2 * np.pi * np.arange(n) / n
    planes = list(itertools.combinations(range(D), 2))
    z, tangent = np.zeros((2, len(planes), n, D))
    for row, (i, j) in enumerate(planes):
        z[row, :, i], z[row, :, j] = np.cos(turn), np.sin(turn)
        tangent[row, :, i], tangent[row, :, j] = -np.sin(turn), np.cos(turn)
    _, forces = field(radius * z.reshape(-1, D))
    along = (forces.reshape(z.shape) * tangent).sum(axis=2)
    return np.asarray(along.sum(axis=1) * radius * 2 * np.pi / n)


def study_forces(
    posterior: Posterior,
    truncate: Callable[[str, int], Task],
    steps: tuple[int, ...],
    draws: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare truncated forces with the exact one over posterior draws.

    Parameters
    ----------
    posterior : Posterior
    truncate : callable
        The task of a mode and k, as `truncated_task` gives it.
    steps : tuple of int
        All k; the largest covers the whole series.
    draws : int

    Returns
    -------
    forces : DataFrame
        A row for a mode and k; quantiles over the draws, and what `allowed_length` gives.
    parameters : DataFrame
        A row for a mode, k and parameter: the share of its gradient's component that is kept, on
        the unconstrained scale.
    """
    z = posterior.select(draws)
    whitening = posterior.whitening
    points = whitening.point(z)
    task = truncate("exact", max(steps))
    _, exact = task_density(task).evaluate(points)
    rows, shares = [], []
    for mode, k in itertools.product(MODES, steps):
        density = task_density(truncate(mode, k))
        _, found = density.evaluate(points)
        forces = exact @ whitening.factor, found @ whitening.factor
        row: dict[str, float | str] = {"mode": mode, "k": k}
        for name, values in (
            ("angle", angles(*forces)),
            ("size", relative_sizes(*forces)),
            ("error", relative_errors(*forces)),
        ):
            for label, share in (("q5", 0.05), ("median", 0.5), ("q95", 0.95)):
                row[f"{name}_{label}"] = float(np.quantile(values, share))
        row["allowed_length"] = allowed_length(*forces)
        rows.append(row)
        for name, kept in zip(supports(task.model), kept_shares(exact, found), strict=True):
            shares.append({"mode": mode, "k": k, "parameter": name, "kept": kept})
    return pd.DataFrame(rows), pd.DataFrame(shares)


def study_rotation(posterior: Posterior, steps: tuple[int, ...], draws: int) -> pd.DataFrame:
    """Asymmetry, and work around circles; a row for a mode and k, and for the exact force.

    The circles have the radius of a posterior standard deviation, about the mode.
    """
    z = posterior.select(draws)
    rows = []
    for mode, k in [("exact", DAYS), *itertools.product(MODES, steps)]:
        density = task_density(truncated_task(mode, k))
        with posterior.whitening.field(density) as field:
            work = np.abs(circulations(field, len(PARAMETERS)))
            rows.append(
                {
                    "mode": mode,
                    "k": k,
                    "asymmetry": float(np.median(asymmetry(jacobians(field, z)))),
                    "work_rms": float(np.sqrt((work**2).mean())),
                    "work_max": float(work.max()),
                }
            )
    return pd.DataFrame(rows)
