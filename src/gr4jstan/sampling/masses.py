"""How much of the posterior each mode holds, and how wide all of it is, by importance sampling."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, logsumexp

from gr4jstan.model.definition import Model
from gr4jstan.sampling.density import Evaluate
from gr4jstan.sampling.modes import Mode, kinks

Array = NDArray[np.float64]

# Draws about each mode, where there is one and where there are several, from Student's t
# distribution with so many degrees of freedom: its tails are heavier than a posterior's.
_DRAWS = 150
_DRAWS_OF_SEVERAL = 250
_FREEDOM = 5

# Rounds in which masses and what draw belongs to which mode find each other.
_ROUNDS = 20


@dataclass(frozen=True)
class Weights:
    """What weighted draws say of a posterior.

    Parameters
    ----------
    log_masses : array, shape (K,)
        Log of the mass around each mode.
    covariance : array, shape (D, D)
        Of the whole posterior.
    effective : float
        Effective share of the draws: 0.75 for Gaussians of the curvature at the modes, less where
        the posterior has another shape. That modes of unequal mass get equally many draws is made
        up for.
    """

    log_masses: Array
    covariance: Array
    effective: float


def weigh(model: Model, evaluate: Evaluate, modes: Sequence[Mode]) -> Weights:
    """Draw about the modes and weigh the draws by the posterior.

    A draw counts for the modes in the proportion of their Gaussians there, and only for those that
    no kink parts it from, if there are any: near a kink a mode is half a Gaussian. The draws are
    the same whatever the seed of a fit.

    Parameters
    ----------
    model : Model
    evaluate : callable
        The posterior, see `gr4jstan.sampling.density.LogDensity.session`.
    modes : sequence of Mode
        With their curvature.

    Notes
    -----
    The mixture of all proposals is the density that draws are weighed against (Owen and Zhou
    2000).
    """
    n = _DRAWS if len(modes) == 1 else _DRAWS_OF_SEVERAL
    rng = np.random.default_rng(1)
    dimensions = len(modes[0].point)
    draws = []
    for mode in modes:
        tails = np.sqrt(_FREEDOM / rng.chisquare(_FREEDOM, (n, 1)))
        standard = tails * rng.standard_normal((n, dimensions))
        draws.append(mode.point + standard @ np.linalg.cholesky(_covariance(mode)).T)
    points = np.concatenate(draws)
    values = np.array([evaluate(point)[0] for point in points])
    near = np.array([_log_student(points, mode) for mode in modes])
    proposed = logsumexp(near, axis=0) - np.log(len(modes))
    log_weights = np.nan_to_num(values, nan=-np.inf) - proposed

    near = np.where(_parted(model, points, modes), -np.inf, near)
    log_masses = np.array([mode.log_mass for mode in modes])
    for _ in range(_ROUNDS):
        shares = near + log_masses[:, None]
        shares -= logsumexp(shares, axis=0)
        log_masses = logsumexp(shares + log_weights, axis=1) - np.log(len(points))
    weights = np.exp(log_weights - logsumexp(log_weights))
    unequal = len(modes) * (np.exp(log_masses - logsumexp(log_masses)) ** 2).sum()
    return Weights(
        log_masses=log_masses,
        covariance=np.cov(points.T, aweights=weights),
        effective=float(unequal / (weights**2).sum() / len(points)),
    )


def _log_student(points: Array, mode: Mode) -> Array:
    """Log density of the proposal about a mode."""
    covariance = _covariance(mode)
    dimensions = len(mode.point)
    standard = np.linalg.solve(np.linalg.cholesky(covariance), (points - mode.point).T)
    constant = gammaln((_FREEDOM + dimensions) / 2) - gammaln(_FREEDOM / 2)
    constant -= (dimensions * np.log(_FREEDOM * np.pi) + np.linalg.slogdet(covariance)[1]) / 2
    heights = np.log1p((standard**2).sum(axis=0) / _FREEDOM)
    log_density: Array = constant - (_FREEDOM + dimensions) / 2 * heights
    return log_density


def _parted(model: Model, points: Array, modes: Sequence[Mode]) -> NDArray[np.bool_]:
    """Which draws, shape (K, n), kinks part from a mode, but not from all modes."""
    parted = np.zeros((len(modes), len(points)), bool)
    for axis, edges in kinks(model):
        own = np.searchsorted(edges, [mode.point[axis] for mode in modes])
        parted |= own[:, None] != np.searchsorted(edges, points[:, axis])
    return parted & ~parted.all(axis=0)


def _covariance(mode: Mode) -> Array:
    assert mode.covariance is not None
    return mode.covariance
