"""Units of streamflow: how headers write them, and conversion to mm/d."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from gr4jstan.errors import InputError
from gr4jstan.reading.units import LATENT_HEAT, NAMED, Unit, name_of, parse_unit

Array = npt.NDArray[np.float64]

# A unit is found by `gr4jstan.reading.units`; these are the usual ones, by their names.
FLOW_UNITS = NAMED

_NAMES = {"P": "precip", "E": "pet", "Q": "flow"}
_SQUARE = {"km2": 1.0, "ha": 0.01, "m2": 1e-6, "mi2": 1.609344**2, "acres": 4.0468564224e-3}
_AREA_WORDS = {
    "qkm": "km2",
    "sqkm": "km2",
    "squarekilometers": "km2",
    "hectares": "ha",
    "sqm": "m2",
    "sqmi": "mi2",
    "squaremiles": "mi2",
    "acre": "acres",
}
_AREA = re.compile(r"\s*([0-9.eE+-]+|inf|nan)\s*(\S.*)?", re.I)
_RADIATION = re.compile(r"rad|^rn|net|solar|glob|strahl|shortwave|longwave|ssr|ssd|sw|lw|ghi")


def unit_of(text: str) -> str | None:
    """Read a unit of depth or flow, as headers write it.

    Returns
    -------
    str or None
        One of `FLOW_UNITS`; the text itself for another unit; None where it is no such unit.
    """
    unit = parse_unit(text)
    return None if unit is None else name_of(unit, text)


def per_day(role: str, text: str | None, name: str = "") -> tuple[float, bool] | None:
    """Give what makes mm/d of a unit.

    Parameters
    ----------
    role : {"P", "E", "Q"}
    text : str or None
        The unit; None stands for mm/d.
    name : str
        The column, in which a net radiation is told from a latent heat.

    Returns
    -------
    tuple of (float, bool) or None
        The factor, and whether it is yet to be divided by the area [km2]; None where the unit is
        not one of this role. Heat is converted with 2.45 MJ/kg.
    """
    unit = Unit("depth") if text is None else parse_unit(text)
    if unit is None:
        return None
    if unit.kind == "depth":
        return unit.factor, False
    if unit.kind == "flow" and role == "Q":
        return unit.factor / 1000, True
    if unit.kind == "energy" and role == "E" and not _RADIATION.search(name.lower()):
        return unit.factor / LATENT_HEAT, False
    return None


def check_unit(role: str, unit: Any) -> str:
    """Give a unit that the user names, as `unit_of` does.

    Raises
    ------
    InputError
        It is not one of the role's.
    """
    known = unit_of(str(unit))
    if known is None or per_day(role, known) is None:
        option = f"--{_NAMES[role]}-unit ({_NAMES[role]}_unit=)"
        choices = ", ".join(FLOW_UNITS) if role == "Q" else _FORCING[role]
        raise InputError(f"{option} is {unit!r}; it must be one of {choices}")
    return known


_FORCING = {
    "P": "mm/d, 0.1 mm, cm, m, inch, mm/h, kg m-2 s-1",
    "E": "mm/d, 0.1 mm, cm, m, inch, mm/h, kg m-2 s-1, W/m2, MJ/m2/d, J/m2",
}


def check_area(area: Any) -> float:
    """Give a catchment's area [km2] as a float.

    Parameters
    ----------
    area : float or str
        In km2, or with its unit, as in ``"53.9 mi2"``: km2, ha, m2, mi2 or acres.

    Raises
    ------
    InputError
        It is not a number above 0, or larger than any river's catchment.
    """
    number = np.nan
    if isinstance(area, str):
        if found := _AREA.fullmatch(area):
            number = _number(found[1]) * _square(area, found[2] or "km2")
    elif area is not None:
        number = _number(area)
    if not 0 < number < np.inf:
        raise InputError(f"--area (area=) is {area}; it must be a number of km2 above 0")
    if number > 1e7:
        raise InputError(
            f"--area (area=) is {area}; no catchment has so many km2 (is it in m2 or hectares? "
            "write it with its unit, as in '5390 ha')"
        )
    return number


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _square(area: str, text: str) -> float:
    """How many km2 the unit of an area is."""
    plain = text.strip().lower().replace("²", "2").replace("^", "").replace(" ", "")
    plain = _AREA_WORDS.get(plain, plain)
    if plain not in _SQUARE:
        raise InputError(
            f"--area (area=) is {area!r}; {text!r} is not a unit of area that is known "
            f"({', '.join(_SQUARE)})"
        )
    return _SQUARE[plain]


def to_mm_per_day(Q: npt.ArrayLike, unit: str, area: float) -> Array:
    """Convert streamflow to the depth that it is over the catchment [mm/d].

    Parameters
    ----------
    Q : array-like, any shape
        Streamflow in `unit`; NaN stays NaN.
    unit : str
        One of `FLOW_UNITS`, or another flow or depth; ``cfs`` are cubic feet per second.
    area : float
        Area of the catchment [km2].
    """
    known = per_day("Q", unit)
    assert known is not None, unit
    factor, over_area = known
    return np.asarray(Q, dtype=np.float64) * (factor / area if over_area else factor)


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
