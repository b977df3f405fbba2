"""Whether a prediction goes on from the end of the calibration, or spins up."""

from typing import Literal, get_args

import pandas as pd

from gr4jstan.errors import InputError
from gr4jstan.model.definition import Model
from gr4jstan.model.warmup import warmup_days
from gr4jstan.reading.catchment import Catchment

Start = Literal["continued", "spin-up"]


def states_for(forcing: Catchment, calibrated: pd.Index) -> Start:
    """What suits forcing: to continue, if it is known to start on the day after the calibration.

    Parameters
    ----------
    forcing : Catchment
    calibrated : Index
        Days of the calibration.
    """
    return "continued" if _gap(forcing, calibrated) == 0 else "spin-up"


def days_to_skip(
    states: Start, forcing: Catchment, calibrated: pd.Index, model: Model, warmup: str | int
) -> int:
    """First days of the forcing that are not predicted: a spin-up's warm-up.

    Raises
    ------
    InputError
        If `states` is neither, the forcing is not longer than the warm-up, or it starts on another
        day than the one after the calibration although it should continue.
    """
    if states not in get_args(Start):
        raise InputError(f"states is {states!r}; choose {' or '.join(get_args(Start))}.")
    if states == "spin-up":
        return warmup_days(model, forcing, warmup)
    if _gap(forcing, calibrated) not in (0, None):
        raise InputError(
            f"{forcing.source}: the forcing starts on {forcing.label(0)}, but the "
            f"calibration ended on {calibrated[-1]:%Y-%m-%d}; it can be continued only on the "
            "next day. Choose spin-up, or give the days between."
        )
    return 0


def _gap(forcing: Catchment, calibrated: pd.Index) -> int | None:
    """Days between the calibration and the first day of forcing; None without dates."""
    if forcing.dates is None or calibrated.name == "day":
        return None
    return int((forcing.dates[0] - calibrated[-1]).days) - 1
