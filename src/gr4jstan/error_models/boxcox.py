"""Normal errors of the Box-Cox transformed flow."""

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


def boxcox(q: ArrayLike, exponent: float | Array) -> Array:
    """Box-Cox transform (q^lambda - 1) / lambda of flows [mm/d]."""
    z: Array = (np.asarray(q, dtype=float) ** exponent - 1) / exponent
    return z


def _exponent(columns: Columns, numbers: Numbers) -> float | Array:
    return columns["boxcox_lambda"] if "boxcox_lambda" in columns else numbers["boxcox_lambda"]


def log_density(y: Array, flow: Array, columns: Columns, numbers: Numbers) -> Array:
    """Log density of observations whose transform is normal around that of the flow."""
    sigma, exponent = columns["sigma"], _exponent(columns, numbers)
    z, centre = boxcox(y, exponent), boxcox(flow, exponent)
    log_slope = (exponent - 1) * np.log(np.where(y > 0, y, 1))
    density: Array = -0.5 * ((z - centre) / sigma) ** 2 - np.log(sigma) - LOG_SQRT_2PI + log_slope
    return density


def log_probability(limit: float, flow: Array, columns: Columns, numbers: Numbers) -> Array:
    """Log probability of an observation at or below the limit."""
    exponent = _exponent(columns, numbers)
    score = (boxcox(limit, exponent) - boxcox(flow, exponent)) / columns["sigma"]
    result: Array = special.log_ndtr(score)
    return result


def normal_scores(y: Array, flow: Array, columns: Columns, numbers: Numbers) -> Array:
    """Errors of the transformed flow in standard deviations."""
    exponent = _exponent(columns, numbers)
    scores: Array = (boxcox(y, exponent) - boxcox(flow, exponent)) / columns["sigma"]
    return scores


def respond(flow: Array, eta: Array, columns: Columns, numbers: Numbers) -> Array:
    """The observations with given scores; 0 below the transform of 0."""
    exponent = _exponent(columns, numbers)
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


def flowing(observed: Array) -> NDArray[np.bool_]:
    """Whether there is flow: a 0 says nothing of the spread on the scale of the errors."""
    return observed > 0


BOXCOX = ErrorModel(
    name="boxcox",
    words="normal errors of the flow after a Box-Cox transformation with exponent "
    "{boxcox_lambda:g}: the spread grows with the flow, and low flows count as well",
    parameters=(replace(SIGMA, unit="(mm/d)^{boxcox_lambda:g}"),),
    log_density=log_density,
    log_probability=log_probability,
    normal_scores=normal_scores,
    respond=respond,
    guess=_guess,
    otherwise="linear or student_t",
    numbers={"boxcox_lambda": 0.2},
    on_scale=_on_scale,
    spread=_spread,
    informative=flowing,
    volumes="; or, where volumes matter more than low flows, fit with --error-model linear, "
    "which gives floods more weight",
    transform=_on_scale,
    constants=("boxcox_lambda",),
    exponent="boxcox_lambda",
)
