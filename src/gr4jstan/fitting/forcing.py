"""Whether forcing for a prediction can be of the calibration's catchment, in its units."""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from gr4jstan.errors import InputError
from gr4jstan.findings import Finding, warning
from gr4jstan.fitting.prediction import Values, simulate_draws, without_water
from gr4jstan.numerals import readable
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.checks import Origin
from gr4jstan.structures.structure import Structure

# Beyond the wettest or driest of the calibration's years by such factors, over the same months, is
# odd, or no year of this catchment. E changes little from year to year: 1.3 is beyond what warming
# does to it within a century.
_ODD = {"P": 2.0, "E": 1.3}
_ABSURD = {"P": 5.0, "E": 3.0}
# Sums of fewer days, or of less water, say nothing.
_FEWEST_DAYS = {"P": 30, "E": 10}
_LEAST_SUM = {"P": 50.0, "E": 5.0}
# A day beyond the record of the calibration by so much is odd.
_ODD_DAY = {"P": 3.0, "E": 2.0}

# What a ratio of the sums may come from.
_DEPTHS = {
    "in mm/s or kg m-2 s-1": 1 / 86400,
    "in m": 1 / 1000,
    "in inches": 1 / 25.4,
    "in mm/h": 1 / 24,
    "in cm": 1 / 10,
    "in tenths of mm": 10.0,
    "in hundredths of mm": 100.0,
    "of months, not days": 30.4,
    "of years, not days": 365.0,
}
_CAUSES = {"P": _DEPTHS, "E": _DEPTHS | {"in MJ/m2": 2.45, "in W/m2": 28.4}}
_NEAR = 1.3

# Days that a month's mean is of, at least.
_WHOLE_MONTH = 20

_OPTIONS = {"P": "--precip-unit (precip_unit=)", "E": "--pet-unit (pet_unit=)"}

# The first days of a spun-up prediction, and what the stores before it may change their flow by.
_FIRST_DAYS = 30
_REMEMBERED = 0.1
_SPIN_UP_DRAWS = 20


def judge_forcing(forcing: Catchment, calibrated: pd.DataFrame) -> list[Finding]:
    """Hold P and E against those of the calibration, over the same months of its years.

    Parameters
    ----------
    forcing : Catchment
    calibrated : DataFrame
        P and E of the calibration [mm/d], by date or day.

    Returns
    -------
    list of Finding
        For a mean beyond those of the calibration's years by a factor of 2 (P) or 1.3 (E), and for
        days beyond its record by 3 or 2.

    Raises
    ------
    InputError
        For a mean beyond them by a factor of 5 (P) or 3 (E), with the likely cause.
    """
    days = forcing.to_frame()
    return [each for role in ("P", "E") for each in _judge(role, forcing, days, calibrated)]


def _judge(
    role: str, forcing: Catchment, days: pd.DataFrame, calibrated: pd.DataFrame
) -> Iterator[Finding]:
    new, known = days[role], calibrated[role]
    column = forcing.columns["PEQ".index(role)]
    title = Origin(forcing.source, role, column).title
    usual = _usual(known, new)
    if usual is not None and max(usual.max(), new.mean()) * len(new) >= _LEAST_SUM[role]:
        low, high, mean = float(usual.min()), float(usual.max()), float(new.mean())
        excess = max(mean / high if high else math.inf, low / mean if mean else math.inf)
        text = (
            f"{title}: its mean is {readable(mean)} mm/d, while the calibration's years have "
            f"{readable(low)} to {readable(high)} mm/d in the same months"
        )
        cause = _cause(role, mean / math.sqrt(low * high)) if low and mean else ""
        if excess > _ABSURD[role]:
            raise InputError(
                f"{forcing.source}: {text}. It cannot be of the same catchment and in mm/d{cause}; "
                f"convert it, or say its unit with {_OPTIONS[role]}."
            )
        if excess > _ODD[role]:
            yield warning(
                "unusual_forcing",
                f"{text}{cause}. Is it of the same source, catchment and unit? The parameters hold "
                "for forcing like that of the calibration.",
                f"{forcing.label(0)}:{forcing.label(len(forcing) - 1)}",
            )
            return
    beyond = np.flatnonzero(new.to_numpy() > _ODD_DAY[role] * known.max())
    if beyond.size:
        first = int(beyond[0])
        yield warning(
            "extreme_forcing",
            f"{title} is {readable(new.iloc[first])} mm/d on {forcing.label(first)}"
            + (f" (and {beyond.size - 1} more days are like it)" if beyond.size > 1 else "")
            + f", more than {_ODD_DAY[role]:g} times the largest of the calibration, "
            f"{readable(known.max())} mm/d.",
            *(f"{forcing.label(int(i))}:{forcing.label(int(i))}" for i in beyond[:10]),
        )


def _usual(known: pd.Series, new: pd.Series) -> np.ndarray | None:
    """Means of the known series over spells like the new one; None where they would say nothing."""
    if len(new) < _FEWEST_DAYS[str(new.name)]:
        return None
    if "day" in (known.index.name, new.index.name):
        length = min(len(new), len(known))
        return np.asarray(known.rolling(length).mean().dropna())
    weights = new.groupby(new.index.month).size()
    table = pd.DataFrame({"year": known.index.year, "month": known.index.month, "value": known})
    means = table.pivot_table("value", "year", "month")
    means = means[table.pivot_table("value", "year", "month", "size") >= _WHOLE_MONTH]
    if not set(weights.index) <= set(means.columns):
        return None
    same = means[weights.index]
    # where no year has all of these months, their averages over the years have
    complete = same.dropna() if len(same.dropna()) else same.mean().to_frame().T
    return np.asarray((complete * weights).sum(axis=1) / weights.sum())


def _cause(role: str, ratio: float) -> str:
    """The units that a ratio hints at, as a question."""
    near = [
        words
        for words, factor in _CAUSES[role].items()
        if abs(math.log(ratio / factor)) < math.log(_NEAR)
    ]
    return f" (is it {' or '.join(near)}?)" if near else ""


def judge_spin_up(
    structure: Structure, values: Values, forcing: Catchment, skipped: int
) -> list[Finding]:
    """Whether the first predicted days still depend on the stores that a spin-up began with.

    Flows from empty stores and from full ones are compared, of some draws.

    Parameters
    ----------
    structure : Structure
    values : mapping of str to array, shape (n,)
        Parameters of the draws.
    forcing : Catchment
    skipped : int
        Days of the spin-up.

    Returns
    -------
    list of Finding
        Where the mean flow of the first 30 days differs by more than 10 % of it.
    """
    step = max(1, len(values[structure.names[0]]) // _SPIN_UP_DRAWS)
    some = {name: array[::step] for name, array in values.items()}
    last = min(skipped + _FIRST_DAYS, len(forcing))
    P, E = forcing.P[:last], forcing.E[:last]

    def first_flow(filling: float) -> np.ndarray:
        stores = {each.name: filling * some[each.capacity] for each in structure.stores}
        flow = simulate_draws(structure, some, P, E, without_water(structure, stores))[0]
        return np.asarray(flow[:, skipped:].mean(axis=1))

    empty, full = first_flow(0.0), first_flow(1.0)
    share = float(np.median(np.abs(full - empty) / np.maximum((full + empty) / 2, 1e-12)))
    if share <= _REMEMBERED:
        return []
    return [
        warning(
            "short_spin_up",
            f"After the spin-up of {skipped} days the flow still depends on the stores it began "
            f"with: from empty or full ones, that of the first {last - skipped} predicted days "
            f"differs by {100 * share:.0f} %. Give forcing that starts earlier, and a longer "
            "--warmup (warmup=).",
            f"{forcing.label(skipped)}:{forcing.label(last - 1)}",
        )
    ]
