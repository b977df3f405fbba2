"""The options of a fit: its periods, beside those of data, model and sampler."""

from typing import TYPE_CHECKING, Annotated, Literal, TypedDict, get_args

from gr4jstan.errors import InputError
from gr4jstan.model.options import ModelOptions
from gr4jstan.options import Option, yes_or_no
from gr4jstan.reading.options import ReadingOptions
from gr4jstan.reading.spans import Spans, split_spans
from gr4jstan.sampling.settings import SamplerOptions

if TYPE_CHECKING:
    from gr4jstan.reading.dates import Day

    Period = tuple[Day | None, Day | None]


Intervals = Literal["robust", "model"]


class PeriodOptions(TypedDict, total=False):
    """Which days are calibrated on, and which validated with."""

    start: Annotated[
        "Day | None",
        Option(
            "first day that is simulated (default: the file's first)", metavar="DAY", group="period"
        ),
    ]
    end: Annotated[
        "Day | None",
        Option(
            "last day that is simulated (default: the file's last)", metavar="DAY", group="period"
        ),
    ]
    exclude: Annotated[
        "Spans | None",
        Option(
            "days whose observations do not count, both included; may be repeated; P and E of "
            "these days are used (default: none)",
            kind=split_spans,
            metavar="FIRST:LAST",
            group="observations left out",
            repeated=True,
        ),
    ]
    strict: Annotated[
        bool,
        Option(
            "refuse data that there is a warning about, before anything is sampled",
            default=False,
            kind=yes_or_no,
            group="doubts about the data",
        ),
    ]
    warmup: Annotated[
        str | int | None,
        Option(
            "first days of the period that are simulated but do not count [d], or years: 365, 1Y "
            "(default: 0; 1Y with fixed initial states)",
            metavar="DAYS",
            group="warm-up of the simulation",
        ),
    ]
    validation_start: Annotated[
        "Day | None",
        Option(
            "its first day (default: the day after the calibration, or the file's first)",
            metavar="DAY",
            group="validation",
        ),
    ]
    validation_end: Annotated[
        "Day | None",
        Option(
            "its last day (default: the file's last, or the day before the calibration)",
            metavar="DAY",
            group="validation",
        ),
    ]


class IntervalOptions(TypedDict, total=False):
    """How far the draws that are reported spread."""

    intervals: Annotated[
        Intervals,
        Option(
            "spread of the parameters that are reported: allowing for errors that remember each "
            "other from day to day (robust), or as if those of different days were independent, "
            "as the likelihood takes them (model)",
            default="robust",
            choices=get_args(Intervals),
        ),
    ]


class CalibrationOptions(PeriodOptions, ModelOptions, IntervalOptions, SamplerOptions, total=False):
    """Options of a fit on data that are read."""


class FitOptions(ReadingOptions, CalibrationOptions, total=False):
    """Options of `gr4jstan.fit`."""


def validation_period(
    options: PeriodOptions, validation: "Period | None" = None
) -> "Period | None":
    """First and last day of the validation period; None if there is none.

    Parameters
    ----------
    options : PeriodOptions
        With ``validation_start`` and ``validation_end``, of which one is enough.
    validation : (start, end), optional
        The same in one.

    Raises
    ------
    InputError
        If it is given in both ways.
    """
    period = (options.get("validation_start"), options.get("validation_end"))
    if period == (None, None):
        return validation
    if validation is not None:
        raise InputError(
            "The validation period is given twice; give validation=(start, end), or "
            "validation_start= and validation_end=."
        )
    return period
