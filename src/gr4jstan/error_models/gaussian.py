"""Normal errors with one standard deviation, sigma."""

from gr4jstan.error_models.error_model import SIGMA, Array, Columns, ErrorModel
from gr4jstan.error_models.normal import densities


def _standard_deviation(flow: Array, columns: Columns) -> Array:
    return columns["sigma"]


def _guess(spread: Array, mean: float) -> dict[str, Array]:
    return {"sigma": spread}


_LOG_DENSITY, _LOG_PROBABILITY, _NORMAL_SCORES, _RESPOND = densities(_standard_deviation)

GAUSSIAN = ErrorModel(
    name="gaussian",
    words="normal errors with the same spread on all days, so that floods decide the fit",
    parameters=(SIGMA,),
    log_density=_LOG_DENSITY,
    log_probability=_LOG_PROBABILITY,
    normal_scores=_NORMAL_SCORES,
    respond=_RESPOND,
    guess=_guess,
    otherwise="boxcox or linear, whose errors grow with the flow",
    known_sigma=True,
    reference_prior=True,
)
