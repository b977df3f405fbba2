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


def boxcox(q: ArrayLike, exponent: float) -> Array:
    """Box-Cox transform (q^lambda - 1) / lambda of flows [mm/d]."""
    z: Array = (np.asarray(q, dtype=float) ** exponent - 1) / exponent
    return z


def _log_density(y: Array, flow: Array, columns: Columns, numbers: Numbers) -> Array:
    sigma, exponent = columns["sigma"], numbers["boxcox_lambda"]
    z, centre = boxcox(y, exponent), boxcox(flow, exponent)
    log_slope = (exponent - 1) * np.log(np.where(y > 0, y, 1))
    density: Array = -0.5 * ((z - centre) / sigma) ** 2 - np.log(sigma) - LOG_SQRT_2PI + log_slope
    return density


def _log_probability(limit: float, flow: Array, columns: Columns, numbers: Numbers) -> Array:
    exponent = numbers["boxcox_lambda"]
    score = (boxcox(limit, exponent) - boxcox(flow, exponent)) / columns["sigma"]
    result: Array = special.log_ndtr(score)
    return result


def _normal_scores(y: Array, flow: Array, columns: Columns, numbers: Numbers) -> Array:
    exponent = numbers["boxcox_lambda"]
    scores: Array = (boxcox(y, exponent) - boxcox(flow, exponent)) / columns["sigma"]
    return scores


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


def _informative(observed: Array) -> NDArray[np.bool_]:
    return observed > 0


BOXCOX = ErrorModel(
    name="boxcox",
    words="normal errors of the flow after a Box-Cox transformation with exponent "
    "{boxcox_lambda:g}: the spread grows with the flow, and low flows count as well",
    parameters=(replace(SIGMA, unit="(mm/d)^{boxcox_lambda:g}"),),
    log_density=_log_density,
    log_probability=_log_probability,
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
    constants=("boxcox_lambda",),
)
