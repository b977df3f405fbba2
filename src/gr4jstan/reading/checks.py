"""What a daily series must be: numbers, there on every day, in range."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gr4jstan.errors import InputError
from gr4jstan.findings import Finding, note
from gr4jstan.reading.series import plain_values

Array = npt.NDArray[np.float64]

# Values that stand for "missing" in hydrological archives.
SENTINELS = np.array([-float(f"{n}{d}") for n in (99, 999, 9999) for d in ("", ".9", ".99")])

_NAMES = {
    "P": "precipitation",
    "E": "potential evapotranspiration",
    "Q": "streamflow",
    "T": "temperature",
}


@dataclass(frozen=True)
class Origin:
    """Where a series comes from, for the messages.

    Attributes
    ----------
    source : str
        File or name of the data.
    role : {"P", "E", "Q", "T"}
    column : str
    dates : DatetimeIndex or None
        None where days count from 0.
    """

    source: str
    role: str
    column: str
    dates: pd.DatetimeIndex | None = None

    @property
    def title(self) -> str:
        """What messages call the series."""
        return f"{_NAMES[self.role]} (column {self.column!r})"


def day_label(dates: pd.DatetimeIndex | None, day: int) -> str:
    """Name day number `day`, counted from 0: its date, or "day 17"."""
    return f"day {day}" if dates is None else str(dates[day].date())


def count_days(n: int) -> str:
    """Write a number of days."""
    return f"{n} day" + ("" if n == 1 else "s")


def as_series(values: Any, origin: Origin) -> Array:
    """Copy values into an array of shape (T,).

    Raises
    ------
    InputError
        They are not numbers, or not one-dimensional.
    """
    try:
        array = np.array(plain_values(values), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{origin.source}: {origin.title} is not numeric") from error
    if array.ndim != 1:
        raise InputError(
            f"{origin.source}: {origin.title} must be one-dimensional, "
            f"one value per day; its shape is {array.shape}"
        )
    return array


def check_forcing(values: Array, origin: Origin) -> None:
    """Refuse precipitation or evapotranspiration that is missing, infinite or negative.

    Raises
    ------
    InputError
        Naming the first days.
    """
    _check_present(values, origin)
    _refuse(np.isinf(values), values, origin, "infinite")
    _refuse(values < 0, values, origin, "negative")


def check_temperature(values: Array, origin: Origin) -> None:
    """Refuse temperature [degC] that is missing, or no air temperature in degC.

    Raises
    ------
    InputError
        Naming the first days.
    """
    known = values[~_missing(values)]
    if known.size and (known > 150).all():
        raise InputError(
            f"{origin.source}: {origin.title} is in kelvin by the look of it (from "
            f"{known.min():g} to {known.max():g}); degC are needed: subtract 273.15"
        )
    _check_present(values, origin)
    outside = ~((values >= -90) & (values <= 60))
    _refuse(outside, values, origin, "outside -90 to 60 degC")


def clean_flow(values: Array, origin: Origin) -> tuple[Array, tuple[Finding, ...]]:
    """Put NaN for the sentinels of missing streamflow, and refuse what cannot be a flow.

    Returns
    -------
    tuple of (array, tuple of Finding)
        A new array, and a remark where there were sentinels.

    Raises
    ------
    InputError
        For infinite or negative flows, naming the first days.
    """
    marked = np.isin(values, SENTINELS)
    remarks: tuple[Finding, ...] = ()
    if marked.any():
        found = ", ".join(f"{v:g}" for v in np.unique(values[marked]))
        days = count_days(int(marked.sum()))
        text = f"{found} read as missing in column {origin.column!r} ({days})"
        remarks = (note("missing_value", text),)
    Q = np.where(marked, np.nan, values)
    _refuse(np.isinf(Q), Q, origin, "infinite")
    _refuse(Q < 0, Q, origin, "negative", "; leave missing streamflow empty")
    return Q, remarks


def _missing(values: Array) -> npt.NDArray[np.bool_]:
    return np.isnan(values) | np.isin(values, SENTINELS)


def _check_present(values: Array, origin: Origin) -> None:
    hint = f"; {origin.role} is needed on every day"
    _refuse(_missing(values), values, origin, "missing", hint)


def _refuse(
    bad: npt.NDArray[np.bool_], values: Array, origin: Origin, what: str, hint: str = ""
) -> None:
    found = np.flatnonzero(bad)
    if not found.size:
        return
    shown = [
        day_label(origin.dates, int(i)) + ("" if np.isnan(values[i]) else f": {values[i]:g}")
        for i in found[:3]
    ]
    dots = ", ..." if found.size > 3 else ""
    count = "" if origin.dates is not None else ", counted from 0"
    raise InputError(
        f"{origin.source}: {origin.title} is {what} on {count_days(found.size)} "
        f"({', '.join(shown)}{dots}{count}){hint}"
    )
