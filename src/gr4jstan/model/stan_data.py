"""The data block of a Stan program: forcing, the observations that count, numbers of the priors."""

from typing import Any

import numpy as np

from gr4jstan.errors import InputError
from gr4jstan.model.definition import Model
from gr4jstan.reading.catchment import Catchment, require_observations

StanData = dict[str, Any]


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
