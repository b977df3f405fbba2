"""Series of a table brought to mm/d and degC, with a finding for whatever is converted."""

import numpy as np

from gr4jstan.errors import InputError
from gr4jstan.findings import Finding, note, warning
from gr4jstan.reading.checks import (
    Array,
    Origin,
    check_fill_values,
    check_forcing,
    clean_flow,
    is_missing,
)
from gr4jstan.reading.columns import TEMPERATURES
from gr4jstan.reading.flow_units import balance_remark, per_day
from gr4jstan.reading.limit import censored
from gr4jstan.reading.request import Request

_OPTIONS = {
    "P": "--precip-unit (precip_unit=)",
    "E": "--pet-unit (pet_unit=)",
    "Q": "--flow-unit (flow_unit=)",
}


def forcing_in_mm(
    values: Array, origin: Origin, stated: str | None, request: Request
) -> tuple[Array, tuple[Finding, ...]]:
    """Check P or E and bring it to mm/d.

    Parameters
    ----------
    values : array, shape (T,)
    origin : Origin
    stated : str or None
        The unit in the column's name, which an option of the request outranks.
    request : Request

    Returns
    -------
    tuple of (array [mm/d], tuple of Finding)

    Raises
    ------
    InputError
        Values that cannot be P or E, or a unit that cannot be converted.
    """
    check_fill_values(values, origin)
    check_forcing(values, origin)
    unit, found = _decided(origin, stated, request)
    factor, _ = _known(origin, unit)
    if factor == 1:
        return values, found
    return values * factor, (*found, _converted(origin, unit, "", factor))


def temperature_in_degrees(
    values: Array, origin: Origin, stated: str | None
) -> tuple[Array, tuple[Finding, ...]]:
    """Bring temperature to degC; what is missing stays as it is, to be refused."""
    if stated in (None, "degC"):
        return values, ()
    zero, scale = TEMPERATURES[str(stated)]
    check_fill_values(values, origin)
    text = f"{origin.role} is converted from {stated} to degC (column {origin.column!r})"
    degrees = np.where(is_missing(values), values, values * scale + zero)
    return degrees, (note("unit_converted", text),)


def flow_in_mm(
    values: Array, origin: Origin, P: Array, stated: str | None, request: Request
) -> tuple[Array, float, tuple[Finding, ...]]:
    """Clean streamflow and bring it to mm/d, with the limit that is known of it.

    Parameters
    ----------
    values : array, shape (T,)
    origin : Origin
    P : array, shape (T,)
        Precipitation [mm/d], for a remark on the balance.
    stated : str or None
        The unit in the column's name, which an option of the request outranks.
    request : Request

    Returns
    -------
    tuple of (array [mm/d], float [mm/d], tuple of Finding)

    Raises
    ------
    InputError
        Values that cannot be flows; an area without a unit, or a unit without an area.
    """
    where, area = f"{origin.source}: {origin.title}", request.km2
    unit, found = _decided(origin, stated, request)
    if area is not None and unit is None:
        raise InputError(
            f"{where} has no unit, but an area is given; say in which unit it is with "
            "--flow-unit (flow_unit=), or leave out --area (area=) if in mm/d"
        )
    factor, over_area = _known(origin, unit)
    if over_area and area is None:
        raise InputError(f"{where} in {unit} needs --area (area=) in km2, to convert it")
    Q, cleaned = clean_flow(values, origin)
    Q, limit, known = censored(Q, origin, request.flow_limit, unit or "mm/d")
    notes = (*found, *cleaned, *known)
    advice = "if it is not in mm/d, give --flow-unit (flow_unit=) and --area (area=)"
    if over_area and area is not None:
        Q, limit = Q * (factor / area), limit * (factor / area)
        notes += (_converted(origin, unit, f" with an area of {area:g} km2", 0),)
        advice = f"is it in {unit}, and are there {area:g} km2?"
    else:
        if factor != 1:
            Q, limit = Q * factor, limit * factor
            notes += (_converted(origin, unit, "", factor),)
        if area is not None:
            text = f"column {origin.column!r} is in {unit}; the area is not used"
            notes += (note("area_not_used", text),)
    if odd := balance_remark(P, Q):
        notes += (warning("water_balance", f"{odd} (column {origin.column!r}); {advice}"),)
    return Q, limit, notes


def _decided(
    origin: Origin, stated: str | None, request: Request
) -> tuple[str | None, tuple[Finding, ...]]:
    """The unit of the option, else that of the name; and what is overruled."""
    asked = request.units.get(origin.role)
    if asked is None or stated in (None, asked):
        return asked or stated, ()
    text = (
        f"{origin.role} is taken to be in {asked}, as {_OPTIONS[origin.role]} says, though by name "
        f"column {origin.column!r} is in {stated}"
    )
    return asked, (warning("unit_overruled", text),)


def _known(origin: Origin, unit: str | None) -> tuple[float, bool]:
    name = "" if unit is None else origin.column
    known = per_day(origin.role, unit, name)
    if known is None:
        raise InputError(
            f"{origin.source}: {origin.title} is in {unit}, which cannot be converted to mm/d; "
            "convert and rename it"
        )
    return known


def _converted(origin: Origin, unit: str | None, how: str, factor: float) -> Finding:
    times = f", {factor:.6g} mm/d each" if factor else ""
    return note(
        "unit_converted",
        f"{origin.role} is converted from {unit} (column {origin.column!r}){how}{times}",
    )
