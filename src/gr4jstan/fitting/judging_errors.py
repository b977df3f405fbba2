"""Do the errors look as the error model says? Its numbers, held against the data."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from gr4jstan.findings import Finding, warning
from gr4jstan.fitting.judging_parameters import is_pressed
from gr4jstan.model.definition import Model
from gr4jstan.model.observations import log_likelihood
from gr4jstan.numerals import readable
from gr4jstan.scoring.long_run import long_run_covariance

Array = NDArray[np.float64]

# Exponents that are tried beside the model's, from nearly logarithmic to none at all.
_EXPONENTS = (0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
# An exponent is contradicted by a gain in log likelihood of so much a day, and of so many standard
# errors; errors are taken to remember each other over so many days, and a record tells of that
# from four times as many on.
_GAIN, _STANDARD_ERRORS, _WINDOW = 0.05, 3.0, 90


def judge_errors(
    model: Model, summary: pd.DataFrame, Q_obs: Array, flow: Array
) -> tuple[Finding, ...]:
    """What speaks against the error model in its own parameters.

    Parameters
    ----------
    model : Model
    summary : DataFrame
        See `gr4jstan.Fit.summary`.
    Q_obs : array, shape (T,)
        Observed streamflow [mm/d], NaN where there is none.
    flow : array, shape (T,)
        Simulated streamflow on the same days, in the middle of the posterior [mm/d].

    Returns
    -------
    tuple of Finding
    """
    return (*_judge_bounds(model, summary), *_judge_exponent(model, Q_obs, flow))


def _judge_bounds(model: Model, summary: pd.DataFrame) -> Iterator[Finding]:
    for each in model.estimated_errors:
        row, bound = summary.loc[each.name], each.support[0]
        if each.at_bound and is_pressed(row, "lower", bound):
            yield warning(
                "error_bound",
                f"The posterior of {each.name} is pressed against its bound {bound:g}: "
                f"{each.at_bound}. Try --error-model {model.errors.otherwise}.",
            )


def _judge_exponent(model: Model, Q_obs: Array, flow: Array) -> Iterator[Finding]:
    name = model.errors.exponent
    days = np.flatnonzero(~np.isnan(Q_obs))
    if not name or days.size < 4 * _WINDOW:
        return
    better, gain, error = _best_exponent(model, name, Q_obs[days], flow[days], days)
    if gain > max(_GAIN * days.size, _STANDARD_ERRORS * error):
        yield warning(
            "error_exponent",
            f"The data contradict {name} = {model.numbers[name]:g}: with {readable(better)} the "
            f"log likelihood of the same flows is higher by {gain:.0f}, with a standard error of "
            f"{error:.0f} that allows for errors with memory. The bands have the wrong width at "
            f"low flows or in floods. Fit with --prior {name}={readable(better)}, or have it "
            f"estimated with --error-model {name}.",
        )


def _best_exponent(
    model: Model, name: str, Q_obs: Array, flow: Array, days: NDArray[np.int_]
) -> tuple[float, float, float]:
    """The exponent that describes the errors best, its gain in log likelihood, and its error."""
    own = _fitted_terms(model, Q_obs, flow)
    tried = {
        exponent: _fitted_terms(
            replace(model, numbers=model.numbers | {name: exponent}), Q_obs, flow
        )
        for exponent in _EXPONENTS
    }
    better = max(tried, key=lambda exponent: float(tried[exponent].sum()))
    gains = tried[better] - own
    spread = long_run_covariance((gains - gains.mean())[:, None], days, _WINDOW)
    return better, float(gains.sum()), float(np.sqrt(spread[0, 0]))


def _fitted_terms(model: Model, Q_obs: Array, flow: Array) -> Array:
    """Log density of each observation, with the sigma that fits these flows best."""

    def terms(log_sigma: float) -> Array:
        values = {"sigma": np.exp([log_sigma])}
        found: Array = log_likelihood(model, Q_obs, flow[None], values)[0]
        return found

    scale = model.errors.on_scale
    spread = float(np.std(scale(Q_obs[Q_obs > 0], model.numbers)))
    middle = np.log(spread if spread > 0 else 1.0)
    found = minimize_scalar(
        lambda log_sigma: -terms(log_sigma).sum(), bounds=(middle - 6, middle + 2), method="bounded"
    )
    return terms(float(found.x))
