"""Whether P, E and Q can be what they are said to be: ranges, means and the balance of water."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from gr4jstan.errors import InputError
from gr4jstan.findings import Finding, warning
from gr4jstan.reading.checks import Array, Origin, count_days, day_label, refuse

# What no day reaches [mm/d]: the most rain measured in 24 hours (La Reunion, January 1966); five
# times what all sunshine above the atmosphere evaporates.
IMPOSSIBLE = {"P": 1825.0, "E": 100.0, "Q": 1825.0}
# What hardly any day reaches [mm/d], and between what the mean of a year or more lies [mm/d].
IMPROBABLE = {"P": 800.0, "E": 20.0, "Q": 500.0}
MEANS = {"P": (0.05, 17.0), "E": (0.1, 12.0), "Q": (0.0, 30.0)}
# What no mean of a year reaches [mm/d]: the wettest year measured (Cherrapunji, 26.5 m); more
# evaporation than all sunshine above the atmosphere, 45 MJ/m2/d at most, has heat for.
HIGHEST_MEAN = {"P": 75.0, "E": 20.0, "Q": 75.0}

YEAR = 365
# Share of observed days without flow.
MOSTLY_DRY = 0.75
# Share of P by which Q may differ from what Turc's formula leaves of it, and how much water that is
# at least [mm/d]; the built-in data and five French catchments lie within 0.11 of it.
EXCHANGE, LEAST_EXCHANGE = 0.35, 0.25
OBSERVED_SHARE = 0.7

_CAUSES = {
    "P": {
        86400.0: "kg m-2 s-1",
        1000.0: "m",
        25.4: "inches",
        24.0: "mm/h",
        0.1: "0.1 mm",
        1 / 30.4: "mm/month",
        1 / 365.0: "mm/year",
    },
    "E": {
        86400.0: "kg m-2 s-1",
        1000.0: "m",
        25.4: "inches",
        24.0: "mm/h",
        0.1: "0.1 mm",
        0.0353: "W/m2",
        1 / 30.4: "mm/month",
        1 / 365.0: "mm/year",
    },
}
_USUAL = {"P": 2.5, "E": 2.5}

# What the flow is divided by if it was read so, in words.
_FLOW_CAUSES = {
    1.609344**2: "an area in square miles read as km2 (2.59)",
    1 / 1.609344**2: "an area in km2 read as square miles (2.59)",
    25.4: "P in inches (25.4)",
    10.0: "P or Q in another power of ten, as 0.1 mm (10)",
    0.1: "P or Q in another power of ten, as 0.1 mm (10)",
    1000.0: "flow in l/s read as m3/s (1000)",
    1e-3: "flow in m3/s read as l/s (1000)",
    35.3147: "flow in cfs read as m3/s (35.3)",
    1 / 35.3147: "flow in m3/s read as cfs (35.3)",
    24.0: "sums of an hour and of a day (24)",
    1 / 24.0: "sums of an hour and of a day (24)",
    365.0: "annual sums beside daily ones (365)",
    1 / 365.0: "annual sums beside daily ones (365)",
}


def check_ranges(values: Array, origin: Origin) -> tuple[Finding, ...]:
    """Hold the days and the mean of a series against what occurs on Earth.

    Parameters
    ----------
    values : array, shape (T,)
        P, E or Q [mm/d]; NaN where missing.
    origin : Origin

    Returns
    -------
    tuple of Finding
        What is improbable.

    Raises
    ------
    InputError
        For what is impossible, naming the first days or the mean.
    """
    role, known = origin.role, values[np.isfinite(values)]
    if not known.size:
        return ()
    limit, causes = IMPOSSIBLE[role], _unit_hint(role, float(known.mean()))
    with np.errstate(invalid="ignore"):
        refuse(values > limit, values, origin, f"above {limit:g} mm/d", causes)
    mean = float(known.mean())
    if known.size >= YEAR and mean > HIGHEST_MEAN[role]:
        raise InputError(
            f"{origin.source}: {origin.title} has a mean of {mean:.3g} mm/d, more than anywhere on "
            f"Earth{causes}"
        )
    return tuple(_improbable(values, mean, known.size, origin, causes))


def _improbable(
    values: Array, mean: float, known: int, origin: Origin, causes: str
) -> Iterator[Finding]:
    role = origin.role
    low, high = MEANS[role]
    if known >= YEAR and not low <= mean <= high:
        text = (
            f"the mean of {role} is {mean:.3g} mm/d, {mean * YEAR:.3g} mm a year (column "
            f"{origin.column!r}); from {low:g} to {high:g} mm/d are usual{causes}"
        )
        yield warning("improbable_mean", text)
    with np.errstate(invalid="ignore"):
        days = np.flatnonzero(values > IMPROBABLE[role])
    if days.size:
        shown = ", ".join(
            f"{day_label(origin.dates, int(i))}: {values[i]:.4g}" for i in days[:3]
        ) + (", ..." if days.size > 3 else "")
        text = (
            f"{role} is above {IMPROBABLE[role]:g} mm/d on {count_days(days.size)} ({shown}; "
            f"column {origin.column!r}); correct it if it is not real"
        )
        yield warning("improbable_day", text, *(span(origin, int(i), int(i)) for i in days[:20]))


def span(origin: Origin, first: int, last: int) -> str:
    """Write days as ``--exclude`` takes them: two dates, or two day numbers."""
    if origin.dates is None:
        return f"{first}:{last}"
    return f"{origin.dates[first].date()}:{origin.dates[last].date()}"


def check_flowing(Q: Array, origin: Origin) -> tuple[Finding, ...]:
    """Say so where a river flows on so few days that they tell little of it.

    Parameters
    ----------
    Q : array, shape (T,)
        Streamflow [mm/d]; NaN where missing.
    origin : Origin

    Returns
    -------
    tuple of Finding
        Where three of four observed days of a year or more are without flow.
    """
    known = Q[np.isfinite(Q)]
    if known.size < YEAR or (known == 0).mean() <= MOSTLY_DRY:
        return ()
    flowing = int((known > 0).sum())
    text = (
        f"Q is 0 on {100 * (1 - flowing / known.size):.0f} % of the observed days (column "
        f"{origin.column!r}): {count_days(flowing)} with flow say little of the parameters, the "
        "chains may not converge, and sampling takes minutes; a daily model suits such a river ill"
    )
    return (warning("mostly_dry", text),)


def _unit_hint(role: str, mean: float) -> str:
    """Name the unit in which the mean would be a usual one; "" where it is one."""
    if role not in _CAUSES:
        return "; give --flow-unit (flow_unit=) and --area (area=) if it is not in mm/d"
    if not mean > 0 or MEANS[role][0] <= mean <= MEANS[role][1]:
        return ""
    distance = {
        name: abs(np.log(mean * factor / _USUAL[role])) for factor, name in _CAUSES[role].items()
    }
    near = sorted((d, name) for name, d in distance.items() if d < np.log(5))[:2]
    if not near:
        return ""
    option = {"P": "--precip-unit (precip_unit=)", "E": "--pet-unit (pet_unit=)"}[role]
    return (
        f"; is it in {' or '.join(name for _, name in near)}? Say so with {option}, or convert it"
    )


def turc_flow(aridity: npt.ArrayLike) -> Array:
    """Share of P that flows off where water only evaporates or flows, after Turc and Pike.

    ``Q/P = 1 - (1 + (P/E)^2)^(-1/2)``, doi:10.1016/0022-1694(64)90022-8.

    Parameters
    ----------
    aridity : array-like, any shape
        E/P.
    """
    phi = np.asarray(aridity, dtype=np.float64)
    share: Array = 1 - phi / np.sqrt(1 + phi**2)
    return share


def check_balance(P: Array, E: Array, Q: Array, origin: Origin) -> tuple[Finding, ...]:
    """Hold Q/P against E/P: how much water would have to come or go underground.

    Parameters
    ----------
    P, E, Q : arrays, shape (T,)
        In mm/d; Q with NaN where missing.
    origin : Origin
        Of Q.

    Returns
    -------
    tuple of Finding
        Empty where less than a year is observed, or too little of the time.
    """
    observed = np.isfinite(Q)
    days = np.flatnonzero(observed)
    if days.size < YEAR or days.size < OBSERVED_SHARE * (days[-1] - days[0] + 1):
        return ()
    rain, thirst, flow = (float(x[observed].mean()) for x in (P, E, Q))
    if rain <= 0 or flow <= 0 or np.ptp(P) == 0:  # the same rain every day is made up
        return ()
    expected = float(turc_flow(thirst / rain))
    excess = flow / rain - expected
    if abs(excess) <= EXCHANGE or abs(excess) * rain <= LEAST_EXCHANGE:
        return ()
    way = "bring in" if excess > 0 else "take away"
    text = (
        f"Q is {100 * flow / rain:.0f} % of P (column {origin.column!r}) while E is "
        f"{100 * thirst / rain:.0f} % of P, which would leave about {100 * expected:.0f} %: the "
        f"exchange x2 would have to {way} {abs(excess) * rain:.2g} mm/d. Likely causes: "
        f"{_flow_causes(flow / rain / expected)}"
    )
    return (warning("water_balance", text),)


def _flow_causes(ratio: float) -> str:
    distance = {factor: abs(np.log(ratio / factor)) for factor in _FLOW_CAUSES}
    near = [f for f in sorted(distance, key=lambda f: distance[f]) if distance[f] < np.log(1.5)]
    other = (
        "an area that is too small, precipitation that the gauges miss (snow, mountains), springs "
        "or transfers from elsewhere"
        if ratio > 1
        else "an area that is too large, flow that is diverted or leaks below the gauge"
    )
    named = list(dict.fromkeys(_FLOW_CAUSES[f] for f in near))[:2]
    return "; ".join([*named, "another unit of Q, P or E", other])
