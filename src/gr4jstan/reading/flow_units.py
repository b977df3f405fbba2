"""Units of streamflow: how headers write them, and conversion to mm/d."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from gr4jstan.errors import InputError

Array = npt.NDArray[np.float64]

# mm/d over 1 km2 that one unit of flow is; a foot is 0.3048 m.
_OVER_1_KM2 = {"m3/s": 86.4, "l/s": 0.0864, "cfs": 86.4 * 0.3048**3}
FLOW_UNITS = ("mm/d", *_OVER_1_KM2)

_SPELLINGS = {
    "mm/d": re.compile(r"(mm|millimet(er|re)s?)(/?1?(d|day|24h)(-1)?)?"),
    "m3/s": re.compile(r"m3/?s(ec(ond)?)?(-1)?|cms|cumecs?|cubicmet(er|re)s/sec(ond)?"),
    "l/s": re.compile(r"(l|dm3|lit(er|re)s)/?s(ec(ond)?)?(-1)?|lps"),
    "cfs": re.compile(r"(ft3|cf|cubicfeet)/?s(ec(ond)?)?(-1)?"),
}
_OTHER = re.compile(
    r"(m3|l|dm3|ft3|cf|hm3|gl|ml)(/?(d|day|h)(-1)?)?|l|m|cm|in|inch(es)?"
    r"|(mm|m|cm|in|inch)/?(s|sec|min|h|hr|hour|d|day|week|month|mon|yr|year|a|y)(-1)?"
    r"|.*(/s(ec.*)?|s-1|/h(our|r)?|h-1)"
)


def unit_of(text: str) -> str | None:
    """Read a unit of depth or flow, as headers write it.

    Returns
    -------
    str or None
        One of `FLOW_UNITS`; the text itself for another unit; None where it is no such unit.
    """
    compact = re.sub(
        r"[\s^*·_{}$]|per", lambda m: "/" if m[0] == "per" else "", text.strip().lower()
    )
    compact = compact.replace("³", "3").replace("−", "-").replace(".", "")
    for unit, spelling in _SPELLINGS.items():
        if spelling.fullmatch(compact):
            return unit
    return text if _OTHER.fullmatch(compact) else None


def check_flow_unit(unit: str) -> str:
    """Give a unit that the user names as one of `FLOW_UNITS`.

    Raises
    ------
    InputError
        It is another one.
    """
    known = unit_of(str(unit))
    if known not in FLOW_UNITS:
        raise InputError(
            f"--flow-unit (flow_unit=) is {unit!r}; it must be one of {', '.join(FLOW_UNITS)}"
        )
    return str(known)


def check_area(area: Any) -> float:
    """Give a catchment's area [km2] as a float.

    Raises
    ------
    InputError
        It is not a number above 0, or larger than any river's catchment.
    """
    try:
        number = float(area)
    except (TypeError, ValueError):
        number = np.nan
    if not 0 < number < np.inf:
        raise InputError(f"--area (area=) is {area}; it must be a number of km2 above 0")
    if number > 1e7:
        raise InputError(
            f"--area (area=) is {area}; no catchment has so many km2 (is it in m2 or hectares?)"
        )
    return number


def to_mm_per_day(Q: npt.ArrayLike, unit: str, area: float) -> Array:
    """Convert streamflow to the depth that it is over the catchment [mm/d].

    Parameters
    ----------
    Q : array-like, any shape
        Streamflow in `unit`; NaN stays NaN.
    unit : {"m3/s", "l/s", "cfs"}
        ``cfs`` are cubic feet per second.
    area : float
        Area of the catchment [km2].
    """
    return np.asarray(Q, dtype=np.float64) * (_OVER_1_KM2[unit] / area)


def balance_remark(P: Array, Q: Array) -> str | None:
    """Say so when streamflow and precipitation cannot well be of the same catchment and unit.

    Parameters
    ----------
    P, Q : arrays, shape (T,)
        In mm/d; Q may have NaN.

    Returns
    -------
    str or None
        None where the mean of Q over the observed days lies between a thousandth and three times
        that of P (arid catchments and melting glaciers do), or where either is 0.
    """
    observed = np.isfinite(Q)
    water_in, water_out = float(P[observed].sum()), float(Q[observed].sum())
    if water_in == 0 or water_out == 0 or 0.001 <= water_out / water_in <= 3:
        return None
    return f"the mean of Q is {water_out / water_in:.2g} times that of P"
