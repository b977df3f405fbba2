"""The periods of a fit as its figures show them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gr4jstan.fitting.inference_data import calibration_days, validation_days
from gr4jstan.fitting.prediction import Prediction
from gr4jstan.fitting.results import Fit

Array = NDArray[np.float64]

CLOSE_DAYS = 1096


@dataclass(frozen=True, eq=False)
class Period:
    """What is drawn of a period, from its first day that counts.

    Parameters
    ----------
    name : str
        calibration or validation.
    dates : Index of length T
        Dates or, without any, days since the first day of the calibration.
    P, Q : array, shape (T,)
        Precipitation and observed streamflow [mm/d], NaN where missing.
    flow, expected, total : array, shape (n, T)
        Draws as in `gr4jstan.fitting.prediction.Prediction` [mm/d].
    """

    name: str
    dates: pd.Index
    P: Array
    Q: Array
    flow: Array
    expected: Array
    total: Array

    @property
    def dated(self) -> bool:
        """Whether the days have dates."""
        return isinstance(self.dates, pd.DatetimeIndex)

    @property
    def times(self) -> NDArray[Any]:
        """The days as matplotlib takes them: dates, or numbers."""
        days: NDArray[Any] = self.dates.to_numpy()
        return days.astype("datetime64[D]") if self.dated else days

    @property
    def days(self) -> NDArray[np.int64]:
        """Number of each day, since 1970 if there are dates."""
        return self.times.astype(np.int64)


def periods_of(fit: Fit) -> list[Period]:
    """The calibration and, where there is one, the validation, in the order of time."""
    calibrated = calibration_days(fit.idata)
    found = [_period("calibration", calibrated, fit.calibration, fit.run["warmup"])]
    validated = validation_days(fit.idata)
    if validated is not None and fit.validation is not None:
        continued = fit.run["validation"]["continued"]
        if calibrated.index.name == "day":
            shift = len(calibrated) if continued else -len(validated)
            validated = validated.set_axis(validated.index + shift)
        first = int(np.flatnonzero(validated["Q"].notna())[0])
        period = _period("validation", validated, fit.validation, first)
        found.insert(1 if continued else 0, period)
    return found


def _period(name: str, days: pd.DataFrame, prediction: Prediction, first: int) -> Period:
    days = days.iloc[first:]
    return Period(
        name,
        days.index,
        days["P"].to_numpy(),
        days["Q"].to_numpy(),
        prediction.flow[:, first:],
        prediction.expected[:, first:],
        prediction.total[:, first:],
    )


def whole_window(periods: list[Period]) -> tuple[int, int]:
    """First and last day of the record."""
    return int(periods[0].days[0]), int(periods[-1].days[-1])


def closer_window(periods: list[Period]) -> tuple[int, int]:
    """First and last day of the part of the record that is shown in detail: three years.

    With a validation period, a year before and two years after the border, the two in the
    validation; else the latest three years that have the most observations.
    """
    first, last = whole_window(periods)
    if last - first < CLOSE_DAYS + CLOSE_DAYS // 6:
        return first, last
    if len(periods) == 2:
        border = int(periods[1].days[0])
        ahead = CLOSE_DAYS * 2 // 3 if periods[1].name == "validation" else CLOSE_DAYS // 3
        start = min(border + ahead, last) - CLOSE_DAYS
        start = max(start, first)
        return start, start + CLOSE_DAYS
    counts = np.cumsum(np.append(0, ~np.isnan(periods[0].Q)))
    inside = counts[CLOSE_DAYS:] - counts[:-CLOSE_DAYS]
    start = first + len(inside) - 1 - int(np.argmax(inside[::-1]))
    return start, start + CLOSE_DAYS - 1
