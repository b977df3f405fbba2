"""Normal errors of the Box-Cox transformed flow, whose exponent is estimated."""

import math
from dataclasses import replace

import numpy as np

from gr4jstan.error_models.boxcox import (
    boxcox,
    flowing,
    log_density,
    log_probability,
    normal_scores,
    respond,
)
from gr4jstan.error_models.error_model import SIGMA, Array, ErrorModel, ErrorParameter, Numbers


def _usual(numbers: Numbers) -> float:
    """The exponent in the middle of its prior."""
    return math.exp(numbers["boxcox_lambda_log_mean"])


def _guess(spread: Array, mean: float) -> dict[str, Array]:
    return {"sigma": spread, "boxcox_lambda": np.full_like(spread, 0.2)}


def _on_scale(flow: Array, numbers: Numbers) -> Array:
    return boxcox(flow, _usual(numbers))


def _spread(observed: Array, numbers: Numbers) -> Array:
    scaled: Array = observed ** _usual(numbers) / _usual(numbers)
    return scaled


def _draw(numbers: Numbers, n: int, rng: np.random.Generator) -> Array:
    logs = numbers["boxcox_lambda_log_mean"] + numbers[
        "boxcox_lambda_log_sd"
    ] * rng.standard_normal(n)
    return np.asarray(np.exp(logs))


BOXCOX_LAMBDA = ErrorModel(
    name="boxcox_lambda",
    words="normal errors of the flow after a Box-Cox transformation whose exponent is estimated: "
    "with 1 the spread is the same at all flows, towards 0 it grows in proportion to them",
    parameters=(
        replace(SIGMA, unit="(mm/d)^lambda"),
        ErrorParameter("boxcox_lambda", "exponent of the Box-Cox transformation", _draw, unit="-"),
    ),
    log_density=log_density,
    log_probability=log_probability,
    normal_scores=normal_scores,
    respond=respond,
    guess=_guess,
    otherwise="linear or student_t",
    numbers={"boxcox_lambda_log_mean": math.log(0.2), "boxcox_lambda_log_sd": 1.0},
    on_scale=_on_scale,
    spread=_spread,
    informative=flowing,
)
