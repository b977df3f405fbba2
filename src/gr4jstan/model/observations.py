"""Observations around simulated flow: likelihood, residuals and predictions of many draws.

Whatever the error model, what is observed at or below the limit ``flow_limit`` is only known to be
so: it has the log of that probability, no residual, and is drawn as 0.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gr4jstan.error_models.error_model import LIMIT
from gr4jstan.model.definition import Model

Array = NDArray[np.float64]
Values = Mapping[str, ArrayLike]


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
        In units of log(d/mm); that of a censored observation, which is a probability, in none. What
        the Stan program adds up.
    """
    y, flow = np.asarray(Q_obs, dtype=float), np.asarray(Q, dtype=float)
    columns, limit = _columns(model, values), model.numbers[LIMIT]
    censored = np.broadcast_to(y <= limit, flow.shape[-1:])
    terms = model.errors.log_density(np.where(censored, 0, y), flow, columns, model.numbers)
    if censored.any():
        terms[..., censored] = model.errors.log_probability(
            limit, flow[..., censored], columns, model.numbers
        )
    return terms


def normal_scores(model: Model, Q_obs: ArrayLike, Q: ArrayLike, values: Values) -> Array:
    """Residuals as standard normal scores: if the model holds, a sample of N(0, 1).

    Parameters
    ----------
    model, Q_obs, Q, values
        As for `log_likelihood`.

    Returns
    -------
    array, shape (draws, N)
        Standardised errors; with ``boxcox`` those of the transformed flows, with ``student_t`` the
        normal quantile of their probability, at most 37 either way. NaN for a censored observation.
    """
    y, flow = np.asarray(Q_obs, dtype=float), np.asarray(Q, dtype=float)
    censored = y <= model.numbers[LIMIT]
    y = np.where(censored, 0, y)
    scores = model.errors.normal_scores(y, flow, _columns(model, values), model.numbers)
    return np.where(censored, np.nan, scores)


def respond(
    model: Model, Q: ArrayLike, eta: ArrayLike, values: Values, *, censor: bool = True
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
    censor : bool
        Whether an observation at or below the limit becomes zero.

    Returns
    -------
    array, shape (draws, N)
        Streamflow [mm/d].
    """
    flow, eta = np.asarray(Q, dtype=float), np.asarray(eta, dtype=float)
    response = model.errors.respond(flow, eta, _columns(model, values), model.numbers)
    return np.where(response <= model.numbers[LIMIT], 0, response) if censor else response


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
    scale, limit = model.errors.on_scale, model.numbers[LIMIT]
    y = scale(np.maximum(np.asarray(Q_obs, dtype=float), limit), model.numbers)
    flow = scale(np.maximum(np.asarray(Q, dtype=float), limit), model.numbers)
    with np.errstate(all="ignore"):
        rmse = np.sqrt(np.mean((flow - y) ** 2, axis=1))
    rmse[~np.isfinite(rmse)] = np.inf
    spread = np.clip(rmse, 1e-3 * np.std(y), 1e3)
    values = model.errors.guess(spread, float(np.mean(y)))
    return {name: values[name] for name in model.error_parameters}, rmse


def _columns(model: Model, values: Values) -> dict[str, Array]:
    """Parameters of the error model, each with an axis for the days; a known sigma has none."""
    if model.sigma is not None:
        return {"sigma": np.asarray(model.sigma)}
    return {
        name: np.asarray(values[name], dtype=float)[..., None] for name in model.error_parameters
    }
