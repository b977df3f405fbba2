"""What is to be sampled: a model on the data of a catchment."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gr4jstan.errors import InputError
from gr4jstan.model.definition import Model
from gr4jstan.model.stan_data import StanData, observed_days, stan_data
from gr4jstan.model.warmup import warmup_days
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.dates import Day
from gr4jstan.reading.sources import as_catchment
from gr4jstan.reading.spans import Spans

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
    exclude : tuple of str
        ``FIRST:LAST`` of the days whose observations do not count.
    """

    catchment: Catchment
    model: Model
    warmup: int
    days: NDArray[np.int_]
    data: StanData
    validation: "Validation | None" = None
    exclude: tuple[str, ...] = ()


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
    exclude: Spans | None = None,
    strict: bool = False,
) -> Task:
    """Choose the periods, check that they can be used, and make the program's data.

    Parameters
    ----------
    data : Catchment, DataFrame, str or path
    model : Model
    start, end : date, str or int, optional
        First and last day that is simulated.
    warmup : str or int, optional
        First days that do not count, see `gr4jstan.model.warmup.warmup_days`.
    validation : (start, end), optional
        First and last day of the validation period; None stands for the end of the data, or for
        the day beside the calibration period.
    exclude : str or sequence, optional
        Days whose observations do not count, see `gr4jstan.reading.catchment.Catchment.without`.
    strict : bool
        Refuse data that there is a warning about.

    Raises
    ------
    InputError
        If data or periods are not usable, or the periods overlap.
    """
    record = as_catchment(data)
    if exclude is not None:
        record = record.without(exclude)
    excluded = next((each.dates for each in record.remarks if each.code == "excluded"), ())
    catchment = record.select(start, end)
    model = model.with_limit(record.flow_limit or 0.0)
    doubts = [finding.text for finding in catchment.findings if finding.severity != "note"]
    if strict and doubts:
        raise InputError(f"{record.source}: refused by --strict (strict=True): {'; '.join(doubts)}")
    skipped = warmup_days(model, catchment, warmup)
    return Task(
        catchment=catchment,
        model=model,
        warmup=skipped,
        days=observed_days(model, catchment, skipped),
        data=stan_data(model, catchment, skipped),
        validation=None if validation is None else _validation(record, start, end, validation),
        exclude=excluded,
    )


# Days that a validation period before the calibration is simulated without counting.
_SPIN_UP = 365


@dataclass(frozen=True)
class Span:
    """The days of a record from `first` to `last`, from 0; none where `last` comes before `first`.

    Parameters
    ----------
    first, last : int
    """

    first: int
    last: int

    def overlaps(self, other: "Span") -> bool:
        """Whether the two share a day."""
        return self.first <= other.last and self.last >= other.first

    def labels(self, record: Catchment) -> tuple[str, str]:
        """Its first and last day for messages; those beyond the record are its ends."""
        end = len(record) - 1
        return record.label(min(max(self.first, 0), end)), record.label(min(max(self.last, 0), end))


def _validation(
    record: Catchment,
    start: Day | None,
    end: Day | None,
    period: tuple[Day | None, Day | None],
) -> Validation:
    """Find the days that a validation period needs: from the calibration on, or with a spin-up."""
    calibration = Span(
        0 if start is None else record.position(start, "--start (start=)"),
        len(record) - 1 if end is None else record.position(end, "--end (end=)", last=True),
    )
    span = _validated(record, calibration, period)
    start_label, end_label = calibration.labels(record)
    first_label, last_label = span.labels(record)
    if span.first > span.last:
        raise InputError(
            f"{record.source}: no days are left for the validation period beside the calibration "
            f"from {start_label} to {end_label}; shorten the calibration (start, end), or give the "
            "first and last day of the validation."
        )
    if span.overlaps(calibration):
        raise InputError(
            f"{record.source}: the validation period from {first_label} to {last_label} overlaps "
            f"the calibration from {start_label} to {end_label}; choose days that the calibration "
            "does not see."
        )
    continued = span.first > calibration.last
    simulated = Span(calibration.last + 1 if continued else 0, span.last)
    days = _days(record, simulated)
    counts = max(span.first - simulated.first, 0 if continued else _SPIN_UP)
    Q = np.full(len(days), np.nan) if days.Q is None else days.Q.copy()
    Q[:counts] = np.nan
    if np.isnan(Q).all():
        raise InputError(
            f"{record.source}: there is no observed Q to validate with from {first_label} to "
            f"{last_label}" + ("" if continued else " after a spin-up of one year") + "."
        )
    return Validation(replace(days, Q=Q), counts, continued)


def _validated(record: Catchment, calibration: Span, period: tuple[Day | None, Day | None]) -> Span:
    """The days of the validation period, by which of its first and last day are given."""
    first, last = (
        None
        if day is None
        else record.position(day, f"--validation-{side} (validation=)", last=side == "end")
        for day, side in zip(period, ("start", "end"), strict=True)
    )
    if first is not None:
        return _from_day(first, last, calibration, len(record))
    if last is not None:
        return _up_to_day(last, calibration, len(record))
    return _beside(calibration, len(record))


def _from_day(first: int, last: int | None, calibration: Span, length: int) -> Span:
    """From a day on: to the one given, or to the calibration, or to the end of the record."""
    if last is not None:
        return Span(first, last)
    return Span(first, calibration.first - 1 if first < calibration.first else length - 1)


def _up_to_day(last: int, calibration: Span, length: int) -> Span:
    """Up to a day: from the end of the calibration on or, where it is not after that, from 0 on."""
    before = last < calibration.first or calibration.last == length - 1
    return Span(0 if before else calibration.last + 1, last)


def _beside(calibration: Span, length: int) -> Span:
    """All that is after the calibration; what is before it, where nothing is after it."""
    if calibration.last == length - 1:
        return Span(0, calibration.first - 1)
    return Span(calibration.last + 1, length - 1)


def _days(record: Catchment, span: Span) -> Catchment:
    if record.dates is None:
        return record.select(span.first, span.last)
    return record.select(record.dates[span.first].date(), record.dates[span.last].date())
