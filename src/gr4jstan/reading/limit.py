"""The limit below which a gauge knows no flow: what a recorded 0 means.

A gauge records in steps, and some nothing below a detection limit: a 0 says that the flow was at or
below some limit, not that it was none. Where the user names no limit it is found from the record.
The smallest flow above 0 estimates a limit of censoring consistently (Carson and Sun 2007); it was
itself rounded to a step, so the limit is half a step lower. Of a gauge that records every multiple
of its step, that is half of the step: what is rounded to 0.

References
----------
Carson and Sun (2007), The Econometrics Journal 10, 488-502.
"""

import numpy as np

from gr4jstan.errors import InputError
from gr4jstan.findings import Finding, note
from gr4jstan.reading.checks import Array, Origin, count_days

OPTION = "--flow-limit (flow_limit=)"


def check_limit(limit: object) -> float:
    """Give a limit as a float.

    Raises
    ------
    InputError
        It is not a number of 0 or more.
    """
    try:
        number = float(limit)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = float("nan")
    if not 0 <= number < np.inf:
        raise InputError(
            f"{OPTION} is {limit}; it must be a number, 0 or more, in the unit of the flow"
        )
    return number


def censored(
    Q: Array, origin: Origin, limit: float | None, unit: str
) -> tuple[Array, float, tuple[Finding, ...]]:
    """Find the limit, unless it is given, and write 0 for what is at or below it.

    Parameters
    ----------
    Q : array, shape (T,)
        Streamflow as recorded; NaN where missing.
    origin : Origin
    limit : float or None
        What the user says it is, in the unit of Q.
    unit : str
        What messages call the unit.

    Returns
    -------
    tuple of (array, float, tuple of Finding)
        Q, the limit in its unit, and what there is to say of it.

    Raises
    ------
    InputError
        If the limit is not below the largest flow.
    """
    if limit is None:
        return (Q, *_found(Q, origin, unit))
    if limit == 0:
        return Q, 0.0, ()
    if np.isfinite(Q).any() and limit >= np.nanmax(Q):
        raise InputError(
            f"{origin.source}: {OPTION} is {limit:g} {unit}, and no flow in column "
            f"{origin.column!r} is above it (the largest is {np.nanmax(Q):g}); is it in the unit "
            "of the flow?"
        )
    below = limit >= Q
    text = (
        f"Q is at or below {limit:g} {unit} ({OPTION}) on {count_days(int(below.sum()))} of "
        f"{int(np.isfinite(Q).sum())} (column {origin.column!r}): there only this bound is known, "
        "and Q is written as 0"
    )
    return np.where(below, 0, Q), limit, (note("flow_limit", text),)


def _found(Q: Array, origin: Origin, unit: str) -> tuple[float, tuple[Finding, ...]]:
    # equal values that were computed in several ways may differ in their last digits
    levels = np.unique([float(f"{value:.9g}") for value in np.unique(Q[Q > 0])])
    dry = int((Q == 0).sum())
    if dry == 0 or levels.size < 2:
        return 0.0, ()
    least, step = float(levels[0]), float(np.diff(levels, prepend=0).min())
    limit = float(f"{least - step / 2:.6g}")
    limit = min(limit, float(np.nextafter(Q[Q > 0].min(), 0)))
    text = (
        f"Q is 0 on {count_days(dry)} of {int(np.isfinite(Q).sum())} and otherwise {least:.4g} "
        f"{unit} or more, in steps of {step:.3g} (column {origin.column!r}): a 0 is taken for any "
        f"flow up to {limit:.4g} {unit}; {OPTION} sets another limit"
    )
    return limit, (note("no_flow", text),)
