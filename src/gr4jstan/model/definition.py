"""A model to be sampled: the structure of its program and the numbers that are data."""

import math
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

from gr4jstan.error_models.catalogue import ERROR_MODELS
from gr4jstan.error_models.error_model import ErrorModel, ErrorParameter
from gr4jstan.errors import InputError
from gr4jstan.model.options import ModelOptions
from gr4jstan.model.priors import prior_numbers
from gr4jstan.model.programs import ProgramSpec
from gr4jstan.options import completed, takes
from gr4jstan.reading.catchment import Catchment, require_observations
from gr4jstan.structures.structure import Structure

StanData = dict[str, Any]


@dataclass(frozen=True)
class Model:
    """Structure of the Stan program and the settings that reach it as data.

    Parameters
    ----------
    spec : ProgramSpec
        What is rendered.
    numbers : dict of str to float
        Bounds and scales of the priors, and constants of the error model.
    sigma : float or None
        Known standard deviation of the errors [mm/d]; None when it is estimated.
    truncate_steps : int or None
        Days that a truncated gradient reaches back.
    subsample : int
        Only every ``subsample``-th day's observation counts, from the first day on.
    """

    spec: ProgramSpec
    numbers: dict[str, float]
    sigma: float | None
    truncate_steps: int | None
    subsample: int

    @property
    def structure(self) -> Structure:
        """What the table of structures says of the one that is sampled."""
        return self.spec.table

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the quantities reported: parameters, with the initial stores in mm."""
        stores = () if self.spec.initial_states == "fixed" else self.structure.initial
        return (*self.structure.names, *stores, *self.error_parameters)

    @property
    def error_parameters(self) -> tuple[str, ...]:
        """Names of the parameters of the error model that are estimated."""
        return tuple(each.name for each in self.estimated_errors)

    @property
    def estimated_errors(self) -> tuple[ErrorParameter, ...]:
        """The parameters themselves: all of the error model's, unless sigma is known."""
        return () if self.sigma is not None else self.errors.parameters

    @property
    def errors(self) -> ErrorModel:
        """What the table of error models says of the one that is sampled."""
        return ERROR_MODELS[self.spec.error_model]

    @property
    def units(self) -> dict[str, str]:
        """Units of `parameters`; "-" for those that have none."""
        known = {each.name: each.unit for each in self.structure.parameters}
        known |= dict.fromkeys(self.structure.initial, "mm")
        known |= {each.name: each.unit.format(**self.numbers) for each in self.errors.parameters}
        return {name: known[name] for name in self.parameters}


@takes(ModelOptions)
def define_model(**options: Unpack[ModelOptions]) -> Model:
    """Check the options of a model and fill in what follows from them.

    By default the error model is ``boxcox``, but ``gaussian`` where sigma is known or the priors
    are ``airgr-sls``; the initial states are ``estimated``, but ``fixed`` with ``airgr-sls``.

    Parameters
    ----------
    **options
        Those of the model, see `gr4jstan.fit`.

    Raises
    ------
    InputError
        If an option is unknown, out of range, or does not go with another.
    """
    given = completed(ModelOptions, options)
    gradient, truncate_mode = given["gradient"], given["truncate_mode"]
    truncate_steps, subsample = given["truncate_steps"], given["subsample"]
    error_model, sigma, priors = given["error_model"], given["sigma"], given["priors"]
    initial_states = given["initial_states"]
    if gradient == "truncated":
        truncate_mode = truncate_mode or "last"
        truncate_steps = 5 if truncate_steps is None else truncate_steps
        if truncate_steps < 1:
            raise InputError(f"truncate_steps is {truncate_steps}; it must be at least 1 day.")
    elif truncate_steps is not None:
        raise InputError(
            f"truncate_steps is {truncate_steps} but gradient is {gradient!r}; "
            "only gradient 'truncated' is truncated."
        )
    if subsample < 1:
        raise InputError(f"subsample is {subsample}; it must be at least 1 (every day).")
    if sigma is not None and not (math.isfinite(sigma) and sigma > 0):
        raise InputError(f"sigma is {sigma:g}; a known standard deviation must be above 0 mm/d.")
    if error_model is None:
        error_model = "boxcox" if sigma is None and priors != "airgr-sls" else "gaussian"
    if initial_states is None:
        initial_states = "fixed" if priors == "airgr-sls" else "estimated"
    spec = ProgramSpec(
        gradient=gradient,
        truncate_mode=truncate_mode,
        error_model=error_model,
        known_sigma=sigma is not None,
        priors=priors,
        initial_states=initial_states,
        structure=given["structure"],
    )
    return Model(
        spec=spec,
        numbers=prior_numbers(spec, given["prior_settings"]),
        sigma=None if sigma is None else float(sigma),
        truncate_steps=truncate_steps,
        subsample=subsample,
    )


def warmup_days(model: Model, catchment: Catchment, warmup: str | int | None) -> int:
    """Number of first days that are simulated but do not count.

    Parameters
    ----------
    model : Model
        By default one year for fixed initial states, else none.
    catchment : Catchment
        The period to be simulated.
    warmup : str or int or None
        Days (365), or years ("1Y").

    Raises
    ------
    InputError
        If it cannot be read, is negative, or leaves no day.
    """
    T = len(catchment)
    if warmup is None:
        warmup = "1Y" if model.spec.initial_states == "fixed" else 0
    text = str(warmup).strip().upper()
    years = text.endswith("Y")
    digits = text[:-1] if years else text
    # no period has a billion days, and Python refuses to read very long numbers
    if not digits.isdecimal() or len(digits) > 9:
        raise InputError(f"warmup is {warmup!r}; give a number of days (365) or years (1Y).")
    number = int(digits)
    days = 365 * number if years else number
    if years and days < T and catchment.dates is not None:
        import pandas as pd

        days = (catchment.dates[0] + pd.DateOffset(years=number) - catchment.dates[0]).days
    if days >= T:
        raise InputError(
            f"warmup is {warmup} ({days} days) but the period has {T} days; "
            "shorten the warm-up or lengthen the period (start, end)."
        )
    return days


def observed_days(model: Model, catchment: Catchment, warmup: int) -> np.ndarray:
    """Days whose observation counts, from 0: after the warm-up, subsampled, not missing.

    Raises
    ------
    InputError
        If there is no Q, or fewer such days than parameters.
    """
    needed = len(model.parameters)
    require_observations(catchment, warmup=warmup, minimum=needed)
    assert catchment.Q is not None
    T = len(catchment)
    if model.subsample > T - warmup:
        raise InputError(
            f"subsample is {model.subsample} but the period has {T - warmup} days "
            "after the warm-up; take a smaller step."
        )
    days = np.arange(warmup, T, model.subsample)
    days = days[~np.isnan(catchment.Q[days])]
    if len(days) < needed:
        raise InputError(
            f"{catchment.source}: with subsample {model.subsample}, {len(days)} observed days "
            f"count; at least {needed} are needed, as many as parameters."
        )
    return days


def stan_data(model: Model, catchment: Catchment, warmup: int = 0) -> StanData:
    """Data block of the Stan program.

    Parameters
    ----------
    model : Model
        The model.
    catchment : Catchment
        Forcing and observations of T days.
    warmup : int
        First days that do not count.

    Returns
    -------
    dict
        Ready for JSON, under the names of the Stan program; ``obs_day`` counts from 1.

    Raises
    ------
    InputError
        If too few observed days count, or the observations never change.
    """
    days = observed_days(model, catchment, warmup)
    assert catchment.Q is not None
    Q_obs = catchment.Q[days]
    data: StanData = {
        "T": len(catchment),
        "P": catchment.P.tolist(),
        "E": catchment.E.tolist(),
        "N": len(days),
        "obs_day": (days + 1).tolist(),
        "Q_obs": Q_obs.tolist(),
        **model.numbers,
    }
    if model.sigma is not None:
        data["sigma"] = model.sigma
    elif model.spec.sigma_prior == "half-normal" and "sigma_scale" not in data:
        data["sigma_scale"] = _spread_of_flow(model, catchment, warmup)
    if model.truncate_steps is not None:
        data["truncate_steps"] = model.truncate_steps
    return data


def _spread_of_flow(model: Model, catchment: Catchment, warmup: int) -> float:
    """Standard deviation of all observations after the warm-up, whatever the subsample.

    On the scale of the errors, of those observations that say something of it.
    """
    assert catchment.Q is not None
    observed = catchment.Q[warmup:]
    observed = observed[~np.isnan(observed)]
    counted = observed[model.errors.informative(observed)]
    if len(counted) == 0 or np.ptp(counted) == 0:
        shown = counted if len(counted) else observed
        what = "Q" if len(shown) == len(observed) else "Q where it is above 0"
        raise InputError(
            f"{catchment.source}: {what} is {shown[0]:g} mm/d on all {len(shown)} days that count; "
            "the error scale cannot be estimated from a constant series."
        )
    return float(np.std(model.errors.spread(counted, model.numbers)))
