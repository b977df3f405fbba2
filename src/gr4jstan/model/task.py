"""What is to be sampled: a model on the data of a catchment."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gr4jstan.errors import InputError
from gr4jstan.model.definition import Model, StanData, observed_days, stan_data, warmup_days
from gr4jstan.reading.catchment import Catchment, Day
from gr4jstan.reading.sources import as_catchment

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Task:
    """Everything that determines a posterior except the sampler's settings.

    Parameters
    ----------
    catchment : Catchment
        The period that is simulated.
    model : Model
        Program structure and numbers.
    warmup : int
        First days that do not count.
    days : array of int
        Days whose observation counts, from 0.
    data : dict
        Data of the Stan program.
    validation : Validation, optional
        A period that the calibration does not see.
    """

    catchment: Catchment
    model: Model
    warmup: int
    days: NDArray[np.int_]
    data: StanData
    validation: "Validation | None" = None


@dataclass(frozen=True)
class Validation:
    """A period that the calibration does not see.

    Parameters
    ----------
    catchment : Catchment
        The days that are simulated for it; Q is NaN on those that do not count.
    first : int
        Its first day, from 0.
    continued : bool
        Whether the simulation goes on where the calibration ended, or spins up.
    """

    catchment: Catchment
    first: int
    continued: bool


def define_task(
    data: "Catchment | pd.DataFrame | str | Path",
    model: Model,
    *,
    start: Day | None = None,
    end: Day | None = None,
    warmup: str | int | None = None,
    validation: tuple[Day | None, Day | None] | None = None,
) -> Task:
    """Choose the periods, check that they can be used, and make the program's data.

    Parameters
    ----------
    data : Catchment, DataFrame, str or path
    model : Model
    start, end : date, str or int, optional
        First and last day that is simulated.
    warmup : str or int, optional
        First days that do not count, see `gr4jstan.model.definition.warmup_days`.
    validation : (start, end), optional
        First and last day of the validation period; None stands for the end of the data, or for
        the day beside the calibration period.

    Raises
    ------
    InputError
        If data or periods are not usable, or the periods overlap.
    """
    record = as_catchment(data)
    catchment = record.select(start, end)
    skipped = warmup_days(model, catchment, warmup)
    return Task(
        catchment=catchment,
        model=model,
        warmup=skipped,
        days=observed_days(model, catchment, skipped),
        data=stan_data(model, catchment, skipped),
        validation=None if validation is None else _validation(record, start, end, validation),
    )


# Days that a validation period before the calibration is simulated without counting.
_SPIN_UP = 365


def _validation(
    record: Catchment,
    start: Day | None,
    end: Day | None,
    period: tuple[Day | None, Day | None],
) -> Validation:
    """Find the days that a validation period needs: from the calibration on, or with a spin-up."""
    last = len(record) - 1
    calibration = (
        0 if start is None else record.position(start, "--start (start=)"),
        last if end is None else record.position(end, "--end (end=)"),
    )
    before = period[0] is None and calibration[1] == last
    first = 0 if before else calibration[1] + 1
    final = calibration[0] - 1 if before else last
    if period[0] is not None:
        first = record.position(period[0], "--validation-start (validation=)")
        if first < calibration[0]:
            final = calibration[0] - 1
    if period[1] is not None:
        final = record.position(period[1], "--validation-end (validation=)")
        if period[0] is None and final < calibration[0]:
            first = 0
    names = [record.label(min(max(day, 0), last)) for day in (first, final, *calibration)]
    if first > final:
        raise InputError(
            f"{record.source}: no days are left for the validation period beside the calibration "
            f"from {names[2]} to {names[3]}; shorten the calibration (start, end), or give the "
            "first and last day of the validation."
        )
    if first <= calibration[1] and final >= calibration[0]:
        raise InputError(
            f"{record.source}: the validation period from {names[0]} to {names[1]} overlaps the "
            f"calibration from {names[2]} to {names[3]}; choose days that the calibration does not "
            "see."
        )
    continued = first > calibration[1]
    simulated_from = calibration[1] + 1 if continued else 0
    days = _days(record, simulated_from, final)
    counts = max(first - simulated_from, 0 if continued else _SPIN_UP)
    Q = np.full(len(days), np.nan) if days.Q is None else days.Q.copy()
    Q[:counts] = np.nan
    if np.isnan(Q).all():
        raise InputError(
            f"{record.source}: there is no observed Q to validate with from {names[0]} to "
            f"{names[1]}" + ("" if continued else " after a spin-up of one year") + "."
        )
    return Validation(replace(days, Q=Q), counts, continued)


def _days(record: Catchment, first: int, last: int) -> Catchment:
    if record.dates is None:
        return record.select(first, last)
    return record.select(record.dates[first].date(), record.dates[last].date())
