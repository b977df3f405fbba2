"""The error models outside Stan: likelihood, residuals and predictions of many draws at once.

``gaussian``, ``linear`` and ``student_t`` are distributions of the observation around the simulated
flow. ``boxcox`` is the normal distribution of its Box-Cox transform; what of that is below the
transform of zero is the probability that there is no flow.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from gr4jstan.model.definition import Model

Array = NDArray[np.float64]
Values = Mapping[str, ArrayLike]

_LOG_SQRT_2PI = 0.5 * np.log(2 * np.pi)


def boxcox(q: ArrayLike, exponent: float) -> Array:
    """Box-Cox transform (q^lambda - 1) / lambda of flows [mm/d]."""
    z: Array = (np.asarray(q, dtype=float) ** exponent - 1) / exponent
    return z


def log_likelihood(model: Model, Q_obs: ArrayLike, Q: ArrayLike, values: Values) -> Array:
    """Log density of each observation.

    Parameters
    ----------
    model : Model
    Q_obs : array_like, shape (N,)
        Observed streamflow [mm/d].
    Q : array_like, shape (draws, N)
        Simulated streamflow on these days [mm/d].
    values : mapping of str to array, shape (draws,), or float
        Parameters of the error model; a known sigma is the model's.

    Returns
    -------
    array, shape (draws, N)
        In units of log(d/mm), with ``boxcox`` too; there, an observation of zero has the log of its
        probability. What the Stan program adds up.
    """
    y, flow = np.asarray(Q_obs, dtype=float), np.asarray(Q, dtype=float)
    result: Array
    if model.structure.error_model == "student_t":
        sigma, nu = _columns(model, values)
        constant = special.gammaln((nu + 1) / 2) - special.gammaln(nu / 2)
        constant = constant - 0.5 * np.log(nu * np.pi) - np.log(sigma)
        result = constant - (nu + 1) / 2 * np.log1p(((y - flow) / sigma) ** 2 / nu)
        return result
    if model.structure.error_model == "boxcox":
        (sigma,) = _columns(model, values)
        exponent = model.numbers["boxcox_lambda"]
        z, centre, bound = boxcox(y, exponent), boxcox(flow, exponent), -1 / exponent
        log_slope = (exponent - 1) * np.log(np.where(y > 0, y, 1))
        density = -0.5 * ((z - centre) / sigma) ** 2 - np.log(sigma) - _LOG_SQRT_2PI + log_slope
        result = np.where(y > 0, density, special.log_ndtr((bound - centre) / sigma))
        return result
    sd = _standard_deviation(model, flow, values)
    result = -0.5 * ((y - flow) / sd) ** 2 - np.log(sd) - _LOG_SQRT_2PI
    return result


def normal_scores(model: Model, Q_obs: ArrayLike, Q: ArrayLike, values: Values) -> Array:
    """Residuals as standard normal scores: if the model holds, a sample of N(0, 1).

    Parameters
    ----------
    model, Q_obs, Q, values
        As for `log_likelihood`.

    Returns
    -------
    array, shape (draws, N)
        Standardised errors; with ``boxcox`` those of the transformed flows, NaN for an observation
        of zero, of which only a bound is known; with ``student_t`` the normal quantile of their
        probability, at most 37 either way.
    """
    y, flow = np.asarray(Q_obs, dtype=float), np.asarray(Q, dtype=float)
    scores: Array
    if model.structure.error_model == "student_t":
        sigma, nu = _columns(model, values)
        t = (y - flow) / sigma
        tail = np.maximum(special.stdtr(nu, -np.abs(t)), np.finfo(float).tiny)
        scores = -np.sign(t) * special.ndtri(tail)
        return scores
    if model.structure.error_model == "boxcox":
        (sigma,) = _columns(model, values)
        exponent = model.numbers["boxcox_lambda"]
        scores = (boxcox(y, exponent) - boxcox(flow, exponent)) / sigma
        return np.where(y > 0, scores, np.nan)
    scores = (y - flow) / _standard_deviation(model, flow, values)
    return scores


def respond(
    model: Model, Q: ArrayLike, eta: ArrayLike, values: Values, *, clip: bool = True
) -> Array:
    """The observations that have given normal scores; the inverse of `normal_scores`.

    Parameters
    ----------
    model : Model
    Q : array_like, shape (draws, N)
        Simulated streamflow [mm/d].
    eta : array_like, shape (draws, N)
        Normal scores.
    values : mapping of str to array, shape (draws,), or float
        As for `log_likelihood`.
    clip : bool
        Whether an observation below zero becomes zero. With ``boxcox`` none is.

    Returns
    -------
    array, shape (draws, N)
        Streamflow [mm/d].
    """
    flow, eta = np.asarray(Q, dtype=float), np.asarray(eta, dtype=float)
    response: Array
    if model.structure.error_model == "boxcox":
        (sigma,) = _columns(model, values)
        exponent = model.numbers["boxcox_lambda"]
        power = 1 + exponent * (boxcox(flow, exponent) + sigma * eta)
        response = np.maximum(power, 0) ** (1 / exponent)
        return response
    if model.structure.error_model == "student_t":
        sigma, nu = _columns(model, values)
        response = flow - np.sign(eta) * sigma * special.stdtrit(nu, special.ndtr(-np.abs(eta)))
    else:
        response = flow + _standard_deviation(model, flow, values) * eta
    return np.maximum(response, 0) if clip else response


def guess_errors(model: Model, Q_obs: ArrayLike, Q: ArrayLike) -> tuple[dict[str, Array], Array]:
    """Rough values of the parameters of the error model that go with simulated flows.

    Parameters
    ----------
    model : Model
    Q_obs : array_like, shape (N,)
        Observed streamflow [mm/d].
    Q : array_like, shape (draws, N)
        Simulated streamflow on these days [mm/d].

    Returns
    -------
    values : dict of str to array, shape (draws,)
        One for each of `Model.error_parameters`.
    rmse : array, shape (draws,)
        Root mean squared error on the scale of the error model; infinite for a flow that is not
        finite.
    """
    y, flow = np.asarray(Q_obs, dtype=float), np.asarray(Q, dtype=float)
    if model.structure.error_model == "boxcox":
        exponent = model.numbers["boxcox_lambda"]
        y, flow = boxcox(y, exponent), boxcox(flow, exponent)
    with np.errstate(all="ignore"):
        rmse = np.sqrt(np.mean((flow - y) ** 2, axis=1))
    rmse[~np.isfinite(rmse)] = np.inf
    spread = np.clip(rmse, 1e-3 * np.std(y), 1e3)
    # linear: half of the error at the mean flow is proportional to it; student_t: of variance
    # sigma^2 nu / (nu - 2)
    guesses: dict[str, dict[str, Any]] = {
        "gaussian": {"sigma": spread},
        "boxcox": {"sigma": spread},
        "linear": {"sigma": spread / 2, "sigma_slope": spread / 2 / np.mean(y)},
        "student_t": {"sigma": spread * np.sqrt(3 / 5), "nu": np.full_like(spread, 5)},
    }
    values = guesses[model.structure.error_model]
    return {name: values[name] for name in model.error_parameters}, rmse


def _columns(model: Model, values: Values) -> list[Array]:
    """Parameters of the error model, each with an axis for the days."""
    return [np.asarray(values[name], dtype=float)[..., None] for name in model.error_parameters]


def _standard_deviation(model: Model, flow: Array, values: Values) -> Array:
    """Of the errors of `gaussian` and `linear` [mm/d]."""
    if model.sigma is not None:
        return np.asarray(model.sigma)
    sigma, *slope = _columns(model, values)
    return sigma + slope[0] * flow if slope else sigma
