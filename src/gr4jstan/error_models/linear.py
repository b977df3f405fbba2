"""Normal errors with the standard deviation sigma + sigma_slope Q, Q the simulated flow."""

from gr4jstan.error_models.error_model import (
    SIGMA,
    Array,
    Columns,
    ErrorModel,
    ErrorParameter,
    half_normal,
    half_normal_words,
)
from gr4jstan.error_models.normal import densities


def _standard_deviation(flow: Array, columns: Columns) -> Array:
    return columns["sigma"] + columns["sigma_slope"] * flow


def _guess(spread: Array, mean: float) -> dict[str, Array]:
    # half of the error at the mean flow is proportional to it
    return {"sigma": spread / 2, "sigma_slope": spread / 2 / mean}


_LOG_DENSITY, _LOG_PROBABILITY, _NORMAL_SCORES, _RESPOND = densities(_standard_deviation)

_SLOPE = ErrorParameter(
    "sigma_slope",
    "growth of the errors with the simulated flow",
    half_normal("sigma_slope"),
    half_normal_words("sigma_slope"),
    unit="-",
)

LINEAR = ErrorModel(
    name="linear",
    words="normal errors whose standard deviation grows linearly with the simulated flow",
    parameters=(SIGMA, _SLOPE),
    log_density=_LOG_DENSITY,
    log_probability=_LOG_PROBABILITY,
    normal_scores=_NORMAL_SCORES,
    respond=_RESPOND,
    guess=_guess,
    otherwise="boxcox or student_t",
    numbers={"sigma_slope_scale": 1.0},
)
