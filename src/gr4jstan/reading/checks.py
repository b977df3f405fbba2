"""What a daily series must be: numbers, there on every day, in range."""

from collections.abc import Mapping
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

# Values of formats and programs for "nothing there": rows of nines, the ends of 16 and 32 bits;
# above 1e19 are netCDF's 9.97e36 and CMIP's 1e20.
FILL_VALUES = np.array(
    [10.0**n - 1 for n in (4, 5, 6, 7, 8, 9)]
    + [1.0 - 10**n for n in (5, 6, 7)]
    + [-(2.0**31), -(2.0**15), 1 - 2.0**15, 2.0**15 - 1, 2.0**15 - 2, 2.0**16 - 1, 2.0**31 - 1]
)
FILL_ABOVE = 1e19
_PLAIN = 10.0  # a fill value is so many times the largest flow

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


def check_lengths(series: Mapping[str, Any], source: str) -> None:
    """Refuse series of different lengths; those that are None are not there.

    Raises
    ------
    InputError
        With the length of each.
    """
    lengths = {key: int(np.size(each)) for key, each in series.items() if each is not None}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{key} {n}" for key, n in lengths.items())
        raise InputError(f"{source}: the series differ in length: {found}")


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
    check_fill_values(values, origin)
    refuse(np.isinf(values), values, origin, "infinite")
    refuse(values < 0, values, origin, "negative")


def check_temperature(values: Array, origin: Origin) -> None:
    """Refuse temperature [degC] that is missing, or no air temperature in degC.

    Raises
    ------
    InputError
        Naming the first days.
    """
    check_fill_values(values, origin)
    known = values[~is_missing(values)]
    if known.size and (known > 150).all():
        raise InputError(
            f"{origin.source}: {origin.title} is in kelvin by the look of it (from "
            f"{known.min():g} to {known.max():g}); degC are needed: subtract 273.15"
        )
    _check_present(values, origin)
    outside = ~((values >= -90) & (values <= 60))
    refuse(outside, values, origin, "outside -90 to 60 degC")


def is_fill(values: Array) -> npt.NDArray[np.bool_]:
    """Tell which values stand for nothing in some format, whatever the series."""
    with np.errstate(invalid="ignore"):
        beyond = (np.abs(values) >= FILL_ABOVE) & np.isfinite(values)
    return np.isin(values, FILL_VALUES) | beyond


def check_fill_values(values: Array, origin: Origin) -> None:
    """Refuse P, E or T with a fill value in it.

    Raises
    ------
    InputError
        Naming the first days.
    """
    hint = f"; it stands for a missing value, and {origin.role} is needed on every day"
    refuse(is_fill(values), values, origin, "a fill value", hint)


def _fill_flows(values: Array, origin: Origin) -> npt.NDArray[np.bool_]:
    """Tell which flows are fill values; refuse those that could be flows."""
    fill = is_fill(values)
    if not fill.any():
        return fill
    others = values[~fill & np.isfinite(values) & ~np.isin(values, SENTINELS)]
    largest = float(others.max()) if others.size else 0.0
    real = fill & (values > 0) & (values <= 2 * largest)
    doubtful = fill & ~real & (values > 0) & (values < _PLAIN * largest)
    hint = "; leave missing streamflow empty"
    refuse(doubtful, values, origin, "a flow or a fill value", hint)
    return fill & ~real


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
    marked = np.isin(values, SENTINELS) | _fill_flows(values, origin)
    remarks: tuple[Finding, ...] = ()
    if marked.any():
        found = ", ".join(f"{v:g}" for v in np.unique(values[marked]))
        days = count_days(int(marked.sum()))
        text = f"{found} read as missing in column {origin.column!r} ({days})"
        remarks = (note("missing_value", text),)
    Q = np.where(marked, np.nan, values)
    refuse(np.isinf(Q), Q, origin, "infinite")
    refuse(Q < 0, Q, origin, "negative", "; leave missing streamflow empty")
    return Q, remarks


def is_missing(values: Array) -> npt.NDArray[np.bool_]:
    """Tell which values are not there, by NaN or a sentinel."""
    return np.isnan(values) | np.isin(values, SENTINELS)


def _check_present(values: Array, origin: Origin) -> None:
    hint = f"; {origin.role} is needed on every day"
    refuse(is_missing(values), values, origin, "missing", hint)


def refuse(
    bad: npt.NDArray[np.bool_], values: Array, origin: Origin, what: str, hint: str = ""
) -> None:
    """Refuse a series for the days that are bad, naming the first.

    Raises
    ------
    InputError
    """
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
