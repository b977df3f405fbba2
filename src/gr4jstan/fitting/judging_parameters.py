"""Judgement of the parameters: where the posterior is, and what it means for the water."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from gr4jstan.findings import Finding, note, warning
from gr4jstan.model.definition import Model
from gr4jstan.numerals import percent, readable
from gr4jstan.structures.structure import NOWHERE

# Standard deviations of the prior that a usual catchment does not leave.
_FAR = 3.0
# A share of the width of the 90 % interval; of a flat posterior it is 0.055.
_PRESSED = 0.05
_NEAREST = {"lower": "q5", "upper": "q95"}
_MODES_TOLD = 3
# A mode of less changes no number of the report.
MODE_SHARE = 1e-3
# Of P. Rain and evapotranspiration of a catchment are seldom known better than within a tenth each,
# which together an exchange can stand for; it must be larger to speak of something else.
MAX_EXCHANGE = 0.2


def judge_place(summary: pd.DataFrame, model: Model) -> Iterator[Finding]:
    """Warn of a posterior where the structure has spurious modes."""
    suspects = [each for each in model.structure.parameters if each.spurious != NOWHERE]
    medians = {each.name: summary.loc[each.name, "median"] for each in suspects}
    if any(not each.spurious[0] <= medians[each.name] <= each.spurious[1] for each in suspects):
        place = " and ".join(f"{name} = {_value(name, medians[name], model)}" for name in medians)
        yield warning(
            "spurious_mode",
            f"The posterior is where {model.structure.title} is known to have spurious modes "
            f"({place}): the routing store or the unit hydrograph does another's work. Do not "
            "read the parameters as properties of the catchment; try a longer period or tighter "
            "priors.",
        )


def judge_parameters(summary: pd.DataFrame, model: Model) -> Iterator[Finding]:
    """Warn of parameters that the prior holds, or where hardly any catchment is."""
    numbers = model.numbers
    for name in model.parameters:
        row = summary.loc[name]
        for side in _NEAREST:
            bound = numbers.get(f"{name}_{side}")
            if bound is None or not is_pressed(row, side, bound):
                continue
            yield warning(
                "at_bound",
                f"The posterior of {name} is pressed against the {side} bound of its prior, "
                f"{_value(name, bound, model)}: the bound decides, not the data. Move it with "
                f"--prior {name}_{side}=NUMBER if the catchment may lie beyond.",
            )
        distance = _distance_from_prior(name, float(row["median"]), numbers)
        if abs(distance) > _FAR:
            yield warning(
                "far_from_prior",
                f"{name} is {_value(name, row['median'], model)}, {abs(distance):.1f} standard "
                f"deviations {'above' if distance > 0 else 'below'} the middle of its prior, where "
                "hardly any catchment lies: it may make up for something that the model leaves "
                "out, or for errors in the data.",
            )


def is_pressed(row: pd.Series, side: str, bound: float) -> bool:
    """Whether the 90 % interval of a row of the summary begins or ends at a bound."""
    return bool(abs(row[_NEAREST[side]] - bound) <= _PRESSED * (row["q95"] - row["q5"]))


def _value(name: str, number: float, model: Model) -> str:
    unit = "" if model.units[name] == "-" else f" {model.units[name]}"
    return f"{readable(number)}{unit}"


def _distance_from_prior(name: str, value: float, numbers: dict[str, float]) -> float:
    if f"{name}_log_mean" in numbers:
        return (math.log(value) - numbers[f"{name}_log_mean"]) / numbers[f"{name}_log_sd"]
    if f"{name}_mean" in numbers:
        return (value - numbers[f"{name}_mean"]) / numbers[f"{name}_sd"]
    return 0.0


def tell_of_modes(modes: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Tell of other modes that hold mass: at least 0.1 % of the main one's."""
    main, *others = modes or [{}]
    shares = [math.exp(min(0.0, each["log_mass"] - main["log_mass"])) for each in others]
    told = [each for each in zip(others, shares, strict=True) if each[1] >= MODE_SHARE]
    for mode, share in told[:_MODES_TOLD]:
        place = ", ".join(_plainly(*parameter) for parameter in mode["parameters"].items())
        lower = main["log_density"] - mode["log_density"]
        yield note(
            "other_mode",
            f"The search also met another mode, at {place}. Its log density is {abs(lower):.1f} "
            f"{'below' if lower > 0 else 'above'} that of the main one, and it holds about "
            f"{percent(share, 1)} of the main one's probability.",
        )
    if len(told) > _MODES_TOLD:
        yield note(
            "other_mode",
            f"The search met {len(told) - _MODES_TOLD} further modes (see run.json).",
        )


def judge_exchange(balance: pd.DataFrame) -> Iterator[Finding]:
    """Warn of more water exchanged with the ground than usually crosses a divide."""
    if "aexch" not in balance.index:
        return
    row = balance.loc["aexch"]
    nearest = min(abs(row["share_q5"]), abs(row["share_q95"]))
    if not abs(row["share"]) > MAX_EXCHANGE or nearest <= MAX_EXCHANGE:
        return
    loses = row["median"] < 0
    springs = "sinking streams" if loses else "springs fed from outside"
    yield warning(
        "exchange",
        f"The model {'loses' if loses else 'gains'} {abs(row['median']):.2f} mm/d of water "
        f"{'to' if loses else 'from'} the ground, {percent(abs(row['share']))} of P. So much "
        f"seldom crosses a divide: either it does here (karst, {springs}), or it "
        f"makes up for a P that is too {'large' if loses else 'small'}, an E that is too "
        f"{'small' if loses else 'large'}, or a wrong area.",
    )


def _plainly(name: str, number: float) -> str:
    """A parameter of the Stan program, without the transformation that airGR's have."""
    for prefix, undo in (("log_", math.exp), ("asinh_", math.sinh)):
        if name.startswith(prefix):
            return _plainly(name.removeprefix(prefix), undo(number))
    return f"{name} = {readable(number)}"
