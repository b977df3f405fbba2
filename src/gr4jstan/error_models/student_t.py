"""Errors of Student's t distribution with scale sigma and nu degrees of freedom."""

import numpy as np
from scipy import special

from gr4jstan.error_models.error_model import (
    SIGMA,
    Array,
    Columns,
    ErrorModel,
    ErrorParameter,
    Numbers,
)


def _log_density(y: Array, flow: Array, columns: Columns, numbers: Numbers) -> Array:
    sigma, nu = columns["sigma"], columns["nu"]
    constant = special.gammaln((nu + 1) / 2) - special.gammaln(nu / 2)
    constant = constant - 0.5 * np.log(nu * np.pi) - np.log(sigma)
    result: Array = constant - (nu + 1) / 2 * np.log1p(((y - flow) / sigma) ** 2 / nu)
    return result


def _log_probability(limit: float, flow: Array, columns: Columns, numbers: Numbers) -> Array:
    x, nu = (limit - flow) / columns["sigma"], columns["nu"]
    probability = special.stdtr(nu, x)
    known = probability > 1e-290
    if known.all():
        return np.asarray(np.log(probability))
    x, nu = np.broadcast_arrays(x, nu)
    with np.errstate(divide="ignore"):
        return np.where(known, np.log(probability), _log_far_tail(np.where(known, -1e3, x), nu))


def _log_far_tail(x: Array, nu: Array) -> Array:
    """Log of the distribution function far below 0: the continued fraction of its incomplete beta.

    Abramowitz and Stegun (1964), 26.5.8.
    """
    a, share, fraction = nu / 2, 1 / (1 + x**2 / nu), np.ones(np.shape(x))
    for m in range(20, 0, -1):
        fraction = 1 + m * (0.5 - m) * share / ((a + 2 * m - 1) * (a + 2 * m)) / fraction
        step = (a + m - 1) * (a + m - 0.5) / ((a + 2 * m - 2) * (a + 2 * m - 1))
        fraction = 1 - step * share / fraction
    log_beta = special.betaln(a, 0.5)
    power = a * np.log(share) + 0.5 * np.log1p(-share)
    return np.asarray(power - log_beta - np.log(nu * fraction))


def _normal_scores(y: Array, flow: Array, columns: Columns, numbers: Numbers) -> Array:
    # the normal quantile of an error's probability, at most 37 either way
    t = (y - flow) / columns["sigma"]
    tail = np.maximum(special.stdtr(columns["nu"], -np.abs(t)), np.finfo(float).tiny)
    scores: Array = -np.sign(t) * special.ndtri(tail)
    return scores


def _respond(flow: Array, eta: Array, columns: Columns, numbers: Numbers) -> Array:
    sigma, nu = columns["sigma"], columns["nu"]
    response: Array = flow - np.sign(eta) * sigma * special.stdtrit(nu, special.ndtr(-np.abs(eta)))
    return response


def _guess(spread: Array, mean: float) -> dict[str, Array]:
    # with nu = 5 the variance is sigma^2 nu / (nu - 2)
    return {"sigma": spread * np.sqrt(3 / 5), "nu": np.full_like(spread, 5)}


def _draw_nu(numbers: Numbers, n: int, rng: np.random.Generator) -> Array:
    """Draw from the Gamma prior cut off below 1, by inversion."""
    above_one = special.gammaincc(numbers["nu_alpha"], numbers["nu_beta"])
    shares = rng.uniform(0, above_one, n)
    draws: Array = special.gammainccinv(numbers["nu_alpha"], shares) / numbers["nu_beta"]
    return draws


def _prior_words(numbers: Numbers) -> str:
    return f"Gamma({numbers['nu_alpha']:g}, {numbers['nu_beta']:g}) above 1"


_NU = ErrorParameter(
    "nu",
    "degrees of freedom of the errors: the smaller, the more outliers",
    _draw_nu,
    _prior_words,
    unit="-",
    support=(1.0, np.inf),
    at_bound="errors with such tails have no mean, which is how errors look that grow with the "
    "flow, and the bands of floods and low flows are wrong",
)

STUDENT_T = ErrorModel(
    name="student_t",
    words="errors of Student's t distribution, which puts up with outliers",
    parameters=(SIGMA, _NU),
    log_density=_log_density,
    log_probability=_log_probability,
    normal_scores=_normal_scores,
    respond=_respond,
    guess=_guess,
    otherwise="boxcox or linear, whose errors grow with the flow",
    # the prior of nu is Juarez and Steel's (2010)
    numbers={"nu_alpha": 2.0, "nu_beta": 0.1},
)
