"""How a prediction begins: it goes on from days that the fit knows, or spins up."""

from dataclasses import dataclass
from typing import Literal, get_args

import pandas as pd

from gr4jstan.errors import InputError
from gr4jstan.findings import Finding, note
from gr4jstan.model.warmup import parse_warmup
from gr4jstan.reading.catchment import Catchment

Start = Literal["continued", "spin-up"]


@dataclass(frozen=True)
class Plan:
    """What is simulated for a prediction.

    Parameters
    ----------
    states : {"continued", "spin-up"}
        Whether it begins with the states at the end of the calibration, or with airGR's stores.
    forcing : DataFrame
        P and E of the days that are simulated [mm/d].
    skipped : int
        How many of them, from the first on, are not predicted.
    beginning : Finding
        The same in words.
    """

    states: Start
    forcing: pd.DataFrame
    skipped: int
    beginning: Finding


def plan_prediction(
    forcing: Catchment,
    calibrated: pd.DataFrame,
    following: pd.DataFrame | None,
    *,
    states: Start | None,
    warmup: str | int,
) -> Plan:
    """Let a prediction go on where it can, and otherwise spin up.

    Parameters
    ----------
    forcing : Catchment
    calibrated : DataFrame
        P and E of the calibration.
    following : DataFrame, optional
        P and E of the days after it that the fit knows: those of a validation period.
    states : {"continued", "spin-up"}, optional
        By default to continue, if the forcing starts at the end of what is known, or in it after
        the calibration. That is not known without dates.
    warmup : str or int
        First days of a spin-up, which are not in the result.

    Raises
    ------
    InputError
        If `states` is neither, the forcing is not longer than the warm-up, or it starts on a day
        that cannot be continued to although it should.
    """
    if states not in (None, *get_args(Start)):
        raise InputError(f"states is {states!r}; choose {' or '.join(get_args(Start))}.")
    spin_up = parse_warmup(warmup, forcing)
    days = forcing.to_frame()[["P", "E"]]
    gap = _gap(forcing, calibrated.index)
    known = 0 if following is None else len(following)
    within = gap is not None and 0 <= gap <= known
    if states == "spin-up" or (states is None and not within):
        skipped = _leaves_days(forcing, calibrated.index, known, gap, spin_up)
        words = f"after a spin-up of {skipped} days"
        if gap is not None and not within:
            words += f": the forcing starts on {forcing.label(0)}, "
            words += _placed(calibrated.index, known, gap)
        return Plan("spin-up", days, skipped, note("spin_up", words))
    if gap is not None and not within:
        raise InputError(
            f"{forcing.source}: the forcing starts on {forcing.label(0)}, "
            f"{_placed(calibrated.index, known, gap)}; it can be continued only from there. "
            "Choose spin-up, or give the days between."
        )
    words = "continued from the end of the calibration, " + _label(calibrated.index, 0)
    if not gap:
        return Plan("continued", days, 0, note("continued", words))
    assert following is not None
    between = following[["P", "E"]].iloc[:gap]
    words += f", over {gap} days that the fit knows"
    return Plan("continued", pd.concat([between, days]), gap, note("continued", words))


def _gap(forcing: Catchment, calibrated: pd.Index) -> int | None:
    """Days between the calibration and the first day of forcing; None without dates."""
    if forcing.dates is None or calibrated.name == "day":
        return None
    return int((forcing.dates[0] - calibrated[-1]).days) - 1


def _leaves_days(
    forcing: Catchment, calibrated: pd.Index, known: int, gap: int | None, days: int
) -> int:
    """The days of a spin-up, if the forcing is longer."""
    if days < len(forcing):
        return days
    text = (
        f"{forcing.source}: a spin-up of {days} days leaves none of the {len(forcing)} days of the "
        f"forcing, which starts on {forcing.label(0)}"
    )
    if gap is None:
        raise InputError(f"{text}; give forcing that begins a year before the days to predict.")
    first = _label(calibrated, known + 1)
    raise InputError(
        f"{text}, {_placed(calibrated, known, gap)}. Let it start on {first}, so that the "
        "prediction goes on from what the fit knows, or a year before the days to predict."
    )


def _placed(calibrated: pd.Index, known: int, gap: int) -> str:
    """Where the forcing starts, beside what the fit knows."""
    end = _label(calibrated, known)
    if gap < 0:
        return f"within the calibration, which ended on {_label(calibrated, 0)}"
    missing = gap - known
    span = f"{_label(calibrated, known + 1)} to {_label(calibrated, gap)}"
    return f"but what the fit knows ends on {end}: {missing} days are missing ({span})"


def _label(calibrated: pd.Index, days: int) -> str:
    """The date of a day counted from the end of the calibration."""
    if calibrated.name == "day":
        return f"day {calibrated[-1] + days}"
    return str((calibrated[-1] + pd.Timedelta(days=days)).date())
