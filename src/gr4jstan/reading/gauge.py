"""Faults of a gauge: spells of equal values, filled zeros, steps, spikes and a ceiling."""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from gr4jstan.findings import Finding, warning
from gr4jstan.reading.checks import Array, Origin, count_days
from gr4jstan.reading.plausibility import check_balance, check_flowing, check_ranges, span

Spans = list[tuple[int, int]]

# Equal values: more days than a rounded recession stays on one of them, which takes about the
# resolution relative to the flow times the time that the flow falls by 1/e in, 500 d at most.
LONGEST_SPELL, SLOWEST_RECESSION = 20, 500
# Zeros: days, the quantile of flows above 0 that a river falls below before it dries up, and the
# share of the median below which it is near to that.
ZERO_SPELL, LOW_FLOW, NEAR_ZERO = 5, 0.1, 0.1
# Steps: by what factor at least, and days on either side of which nearly all keep to it.
STEP, STEP_WINDOW = 8.0, 60
KNOWN_FACTORS = {10.0: "", 100.0: "", 1000.0: "l/s and m3/s", 35.3147: "cfs and m3/s",
                 86.4: "m3/s and mm/d over 1 km2", 24.0: "hours and days"}  # fmt: skip
# Spikes: times the higher of the two days beside it.
SPIKE = 10.0
# Ceiling: days at the largest value, in how many floods.
CEILING_DAYS, CEILING_FLOODS = 6, 3
SHOWN = 20

GAUGE_CODES = ("equal_flows", "filled_zeros", "flow_step", "flow_spike", "flow_ceiling")


def gauge_findings(Q: Array, P: Array, origin: Origin) -> tuple[Finding, ...]:
    """Look for what a river does not do and a gauge, or a file, does.

    Parameters
    ----------
    Q : array, shape (T,)
        Streamflow [mm/d], NaN where missing.
    P : array, shape (T,)
        Precipitation [mm/d].
    origin : Origin
        Of Q.

    Returns
    -------
    tuple of Finding
        One for each kind of fault, with the days of all of its spells.
    """
    if np.isfinite(Q).sum() < STEP_WINDOW:
        return ()
    stuck = stuck_spells(Q)
    moving = Q.copy()
    for first, last in stuck:
        moving[first : last + 1] = np.nan
    steps, factor = unit_steps(moving)
    named = {k: v for k, v in KNOWN_FACTORS.items() if abs(np.log(factor / k)) < np.log(1.6)}
    between = next((f" (between {v}?)" for v in named.values() if v), "")
    kinds = (
        (
            "equal_flows",
            stuck,
            "the same value day after day, as of a gauge that is stuck, frozen or filled in",
        ),
        ("filled_zeros", zero_spells(Q), "0 in a river that is not low before, as of filled gaps"),
        (
            "flow_step",
            steps,
            f"about {factor:.3g} times higher or lower than the days beside, all at once, as of "
            f"another unit{between}",
        ),
        ("flow_spike", spikes(Q, P), "a single day far from the days beside it and from the rain"),
        (
            "flow_ceiling",
            ceiling(Q),
            f"the largest value, {np.nanmax(Q):.4g} mm/d, in several floods, as of a gauge or a "
            "rating curve that ends there",
        ),
    )
    return tuple(_finding(code, spans, what, origin) for code, spans, what in kinds if spans)


def _finding(code: str, spans: Spans, what: str, origin: Origin) -> Finding:
    days = sum(last - first + 1 for first, last in spans)
    longest = sorted(spans, key=lambda each: (each[0] - each[1], each[0]))[:SHOWN]
    dates = [span(origin, *each) for each in sorted(longest)]
    more = f", and {len(spans) - 3} more" if len(spans) > 3 else ""
    text = (
        f"Q is {what}: {count_days(days)} ({', '.join(dates[:3])}{more}; column "
        f"{origin.column!r}); if that is not real, leave them out with "
        f"--exclude {dates[0]} (exclude=)"
    )
    return warning(code, text, *dates)


def examine(
    P: Array, E: Array, Q: Array | None, origin: Callable[[str], Origin], balance: bool
) -> tuple[Finding, ...]:
    """Hold P, E and Q against what is plausible, with the balance of water if it is asked for.

    Raises
    ------
    InputError
        For what is impossible.
    """
    found = check_ranges(P, origin("P")) + check_ranges(E, origin("E"))
    if Q is None:
        return found
    found += check_ranges(Q, origin("Q"))
    if balance:
        found += check_balance(P, E, Q, origin("Q"))
    found += check_flowing(Q, origin("Q"))
    return found + gauge_findings(Q, P, origin("Q"))


def runs(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.int_]:
    """First and last day of each spell of true days: shape (n, 2)."""
    edges = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    return np.column_stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1])


def stuck_spells(Q: Array) -> Spans:
    """Spells of equal flows above 0 that are too long for the resolution of the values."""
    same = np.concatenate([[False], (Q[1:] == Q[:-1]) & (Q[1:] > 0)])
    found = runs(same)
    found = found[found[:, 1] - found[:, 0] + 2 > LONGEST_SPELL]
    levels = np.unique(Q[Q > 0])
    if not found.size or levels.size < 3:
        return []
    spans = []
    for first, last in found:
        at = int(np.searchsorted(levels, Q[last]))
        beside = levels[max(at - 3, 0) : at + 4]
        resolution = float(np.diff(beside).max()) / float(Q[last])
        if last - first + 2 > LONGEST_SPELL + SLOWEST_RECESSION * resolution:
            spans.append((int(first) - 1, int(last)))
    return spans


def zero_spells(Q: Array) -> Spans:
    """Spells of zeros that begin while the river is not low, in a river that does not dry up."""
    positive = Q[Q > 0]
    found = runs(Q == 0)
    found = found[found[:, 1] - found[:, 0] + 1 >= ZERO_SPELL]
    if not found.size or positive.size < 2 * STEP_WINDOW:
        return []
    low = np.quantile(positive, LOW_FLOW)
    usual = float(np.median(positive))
    never_near_zero = positive.min() > NEAR_ZERO / 2 * usual
    spans = []
    for first, last in found:
        before, after = Q[max(first - 3, 0) : first], Q[last + 1 : last + 4]
        sides = [x[np.isfinite(x)] for x in (before, after)]
        abrupt = all(x.size and x.min() > low for x in sides)
        begins_high = sides[0].size and sides[0].min() > NEAR_ZERO * usual
        long = last - first + 1 >= 2 * ZERO_SPELL
        if abrupt or (never_near_zero and begins_high and long):
            spans.append((int(first), int(last)))
    faulty = sum(last - first + 1 for first, last in spans)
    natural = int((Q == 0).sum()) - faulty
    return spans if natural <= 0.1 * faulty and faulty < 0.5 * np.isfinite(Q).sum() else []


def unit_steps(Q: Array) -> tuple[Spans, float]:
    """Parts of the record that a step by a factor separates from the rest, and the factor."""
    days = np.flatnonzero(Q > 0)
    if days.size < 2 * STEP_WINDOW:
        return [], 1.0
    level = np.log(Q[days])
    jumps = np.diff(level)
    candidates = np.flatnonzero(np.abs(jumps) > np.log(STEP)) + 1
    steps: list[tuple[int, float]] = []
    for at in candidates:
        before, after = level[max(at - STEP_WINDOW, 0) : at], level[at : at + STEP_WINDOW]
        if min(before.size, after.size) < STEP_WINDOW // 4:
            continue
        shift = float(np.median(after) - np.median(before))
        near = abs(shift - jumps[at - 1]) < np.log(3) and abs(shift) > np.log(STEP)
        if near and _apart(before, after, shift):
            steps.append((int(at), float(jumps[at - 1])))
    if not steps or len(steps) > 10:
        return [], 1.0
    return _parts(steps, days), float(np.exp(np.mean([abs(shift) for _, shift in steps])))


def _apart(before: Array, after: Array, shift: float) -> bool:
    """Whether the two sides have no flows in common, and no seasons of their own explain it."""
    low, high = (before, after) if shift > 0 else (after, before)
    gap = float(np.quantile(high, 0.05) - np.quantile(low, 0.95))
    return gap > 0 and (abs(shift) > np.log(30) or gap > np.log(3))


def _parts(steps: list[tuple[int, float]], days: npt.NDArray[np.int_]) -> Spans:
    """What lies between the steps and is the smaller part of the record."""
    edges = [0, *(at for at, _ in steps), days.size]
    levels = np.cumsum([0.0, *(np.sign(shift) for _, shift in steps)])
    lengths = {
        x: sum(b - a for a, b, v in _stretches(edges, levels) if v == x) for x in set(levels)
    }
    usual = max(lengths, key=lambda each: lengths[each])
    return [(int(days[a]), int(days[b - 1])) for a, b, v in _stretches(edges, levels) if v != usual]


def _stretches(edges: list[int], levels: Array) -> Iterable[tuple[int, int, float]]:
    return zip(edges[:-1], edges[1:], levels.tolist(), strict=True)


def spikes(Q: Array, P: Array) -> Spans:
    """Single days far above the days beside them, with more water than fell; or far below."""
    before, here, after = Q[:-2], Q[1:-1], Q[2:]
    with np.errstate(invalid="ignore", divide="ignore"):
        alike = (
            (before > 0) & (after > 0) & (np.maximum(before, after) < 2 * np.minimum(before, after))
        )
        higher = alike & (here > SPIKE * np.maximum(before, after))
        lower = alike & (here > 0) & (here < np.minimum(before, after) / SPIKE)
        fell = np.convolve(P, np.ones(4))[: P.size]  # of this day and the three before
        tomorrow = np.concatenate([P[1:], [0.0]])
        unexplained = here - np.maximum(before, after) > (fell + tomorrow)[1:-1]
    return [(int(i) + 1, int(i) + 1) for i in np.flatnonzero((higher & unexplained) | lower)]


def ceiling(Q: Array) -> Spans:
    """Days at the largest value, where several floods end at it."""
    known = np.sort(Q[np.isfinite(Q)])
    if known.size < 365 or known[-1] <= 3 * np.median(known):
        return []
    top = known[-1]
    spans = runs(top == Q)
    days = int((top == Q).sum())
    others = np.unique(known[max(known.size - 6 * days, 0) :][::-1], return_counts=True)
    ties = others[1][others[0] < top]
    if days < CEILING_DAYS or len(spans) < CEILING_FLOODS or (ties.size and ties.max() > days / 3):
        return []
    return [(int(first), int(last)) for first, last in spans]
