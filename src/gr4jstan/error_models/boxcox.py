"""Normal errors of the Box-Cox transformed flow; what is below the transform of 0 is a dry day."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from gr4jstan.error_models.error_model import (
    LOG_SQRT_2PI,
    SIGMA,
    Array,
    Columns,
    ErrorModel,
    Numbers,
)


def boxcox(q: ArrayLike, exponent: float) -> Array:
    """Box-Cox transform (q^lambda - 1) / lambda of flows [mm/d]."""
    z: Array = (np.asarray(q, dtype=float) ** exponent - 1) / exponent
    return z


def _log_likelihood(y: Array, flow: Array, columns: Columns, numbers: Numbers) -> Array:
    # an observation of zero has the log of its probability
    sigma, exponent = columns["sigma"], numbers["boxcox_lambda"]
    z, centre, bound = boxcox(y, exponent), boxcox(flow, exponent), -1 / exponent
    log_slope = (exponent - 1) * np.log(np.where(y > 0, y, 1))
    density = -0.5 * ((z - centre) / sigma) ** 2 - np.log(sigma) - LOG_SQRT_2PI + log_slope
    dry: Array = special.log_ndtr((bound - centre) / sigma)
    return np.where(y > 0, density, dry)


def _normal_scores(y: Array, flow: Array, columns: Columns, numbers: Numbers) -> Array:
    exponent = numbers["boxcox_lambda"]
    scores = (boxcox(y, exponent) - boxcox(flow, exponent)) / columns["sigma"]
    return np.where(y > 0, scores, np.nan)


def _respond(flow: Array, eta: Array, columns: Columns, numbers: Numbers) -> Array:
    exponent = numbers["boxcox_lambda"]
    power = 1 + exponent * (boxcox(flow, exponent) + columns["sigma"] * eta)
    response: Array = np.maximum(power, 0) ** (1 / exponent)
    return response


def _guess(spread: Array, mean: float) -> dict[str, Array]:
    return {"sigma": spread}


def _on_scale(flow: Array, numbers: Numbers) -> Array:
    return boxcox(flow, numbers["boxcox_lambda"])


def _spread(observed: Array, numbers: Numbers) -> Array:
    exponent = numbers["boxcox_lambda"]
    scaled: Array = observed**exponent / exponent
    return scaled


def _observed(observed: Array, numbers: Numbers) -> Array:
    return np.where(observed > 0, boxcox(observed, numbers["boxcox_lambda"]), -np.inf)


def _informative(observed: Array) -> NDArray[np.bool_]:
    return observed > 0


BOXCOX = ErrorModel(
    name="boxcox",
    words="normal errors of the flow after a Box-Cox transformation with exponent "
    "{boxcox_lambda:g}: the spread grows with the flow, and low flows count as well; days without "
    "flow are censored observations",
    parameters=(replace(SIGMA, unit="(mm/d)^{boxcox_lambda:g}"),),
    log_likelihood=_log_likelihood,
    normal_scores=_normal_scores,
    respond=_respond,
    guess=_guess,
    otherwise="linear or student_t",
    numbers={"boxcox_lambda": 0.2},
    on_scale=_on_scale,
    spread=_spread,
    informative=_informative,
    volumes="; or, where volumes matter more than low flows, fit with --error-model linear, "
    "which gives floods more weight",
    observed=_observed,
    constants=("boxcox_lambda",),
)
