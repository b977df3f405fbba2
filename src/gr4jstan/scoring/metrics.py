"""Agreement of simulated with observed streamflow.

Every function takes simulations of shape (..., T) and observations of shape (T,), leaves out the
days whose observation is missing (NaN), and returns one value per simulation, of shape (...).
A simulated value that is not finite gives a result that is not finite either.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gr4jstan.errors import InputError

Array = NDArray[np.float64]


def nse(sim: ArrayLike, obs: ArrayLike) -> Array:
    """Nash-Sutcliffe efficiency, 1 - sum (sim - obs)^2 / sum (obs - mean obs)^2.

    Parameters
    ----------
    sim : array_like, shape (..., T)
        Simulated flow.
    obs : array_like, shape (T,)
        Observed flow, NaN where missing.

    Returns
    -------
    array, shape (...)
        1 for a perfect simulation, 0 for one as good as the mean of the observations.

    Raises
    ------
    InputError
        If lengths differ, fewer than two days are observed, or the observations do not vary.

    References
    ----------
    Nash and Sutcliffe (1970), Journal of Hydrology 10, 282-290,
    doi:10.1016/0022-1694(70)90255-6.
    """
    return _efficiency(*_observed(sim, obs))


def nse_sqrt(sim: ArrayLike, obs: ArrayLike) -> Array:
    """Nash-Sutcliffe efficiency of the square roots of flow, which weighs low flows more.

    Parameters, result and errors are those of `nse`; negative flows raise InputError too.
    """
    simulated, observed = _observed(sim, obs)
    for name, values in (("sim", simulated), ("obs", observed)):
        if (values < 0).any():
            raise InputError(f"{name} has negative flow ({values.min():g}), which has no root")
    return _efficiency(np.sqrt(simulated), np.sqrt(observed))


def kge(sim: ArrayLike, obs: ArrayLike) -> Array:
    """Kling-Gupta efficiency of 2009, 1 - sqrt((r - 1)^2 + (alpha - 1)^2 + (beta - 1)^2).

    r is the correlation, alpha the ratio of standard deviations and beta the ratio of means,
    simulated over observed. Parameters and errors are those of `nse`; observations with mean 0
    raise InputError too. A constant simulation has no correlation and gives NaN.

    References
    ----------
    Gupta, Kling, Yilmaz and Martinez (2009), Journal of Hydrology 377, 80-91,
    doi:10.1016/j.jhydrol.2009.08.003.
    """
    r, alpha, beta = _components(*_observed(sim, obs))
    return _distance(r, alpha, beta)


def kge_2012(sim: ArrayLike, obs: ArrayLike) -> Array:
    """Kling-Gupta efficiency of 2012: `kge` with the ratio of coefficients of variation.

    That ratio, gamma = alpha / beta, stands in the place of alpha. Parameters and errors are
    those of `kge`.

    References
    ----------
    Kling, Fuchs and Paulin (2012), Journal of Hydrology 424-425, 264-277,
    doi:10.1016/j.jhydrol.2012.01.011.
    """
    r, alpha, beta = _components(*_observed(sim, obs))
    with np.errstate(divide="ignore", invalid="ignore"):
        gamma = alpha / beta
    return _distance(r, gamma, beta)


def bias(sim: ArrayLike, obs: ArrayLike) -> Array:
    """Relative volume error, sum sim / sum obs - 1: 0.1 means 10 % too much water.

    Parameters and errors are those of `nse`; observations that sum to 0 raise InputError too.
    """
    return np.asarray(_ratio_of_means(*_observed(sim, obs)) - 1)


def _observed(sim: ArrayLike, obs: ArrayLike) -> tuple[Array, Array]:
    """Both series on the observed days only."""
    simulated, observed = np.asarray(sim, dtype=np.float64), np.asarray(obs, dtype=np.float64)
    if observed.ndim != 1:
        raise InputError(f"obs must be a series of days, got shape {observed.shape}")
    if simulated.ndim == 0 or simulated.shape[-1] != observed.size:
        raise InputError(
            f"sim has shape {simulated.shape}, its last axis must hold obs's {observed.size} days"
        )
    there = ~np.isnan(observed)
    simulated, observed = simulated[..., there], observed[there]
    if not np.isfinite(observed).all():
        raise InputError("obs has an infinite value")
    if observed.size < 2:
        raise InputError(f"obs has {observed.size} observed days, at least 2 are needed")
    if (observed == observed[0]).all():
        raise InputError(f"obs does not vary: every observed day is {observed[0]:g}")
    return simulated, observed


def _efficiency(sim: Array, obs: Array) -> Array:
    errors = ((sim - obs) ** 2).sum(axis=-1)
    return np.asarray(1 - errors / ((obs - obs.mean()) ** 2).sum())


def _ratio_of_means(sim: Array, obs: Array) -> Array:
    if obs.mean() == 0:
        raise InputError("obs has mean 0, which no volume can be compared with")
    return np.asarray(sim.mean(axis=-1) / obs.mean())


@np.errstate(divide="ignore", invalid="ignore")
def _components(sim: Array, obs: Array) -> tuple[Array, Array, Array]:
    """Correlation, ratio of standard deviations, ratio of means."""
    beta = _ratio_of_means(sim, obs)
    deviation = sim - sim.mean(axis=-1, keepdims=True)
    spread = np.sqrt(np.einsum("...t,...t->...", deviation, deviation) / obs.size)
    covariance = np.einsum("...t,t->...", deviation, obs - obs.mean()) / obs.size
    alpha = spread / obs.std()
    r = covariance / (spread * obs.std())
    constant = (sim == sim[..., :1]).all(axis=-1)
    return np.where(constant, np.nan, r), np.asarray(alpha), beta


def _distance(r: Array, spread: Array, beta: Array) -> Array:
    return np.asarray(1 - np.sqrt((r - 1) ** 2 + (spread - 1) ** 2 + (beta - 1) ** 2))
