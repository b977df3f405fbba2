"""Does the model fit? What speaks against relying on it, in words for a hydrologist.

Whether the sampler's draws can be trusted is another question: see `gr4jstan.fitting.diagnostics`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from gr4jstan.fitting.inference_data import calibration_days, validation_days
from gr4jstan.fitting.results import Fit
from gr4jstan.model.definition import Model
from gr4jstan.report.numbers import percent, readable
from gr4jstan.structures.structure import NOWHERE

Severity = Literal["unfit", "warning", "note"]

MAX_BIAS = 0.2
COVERAGE_95 = (0.85, 0.99)
MAX_LOSS = 0.2
MAX_MEMORY = 0.9

# Fewer days cannot tell a band that is wrong from one that had luck.
_FEW_DAYS = 100
# Standard deviations of the prior that a usual catchment does not leave.
_FAR = 3.0
# A share of the width of the 90 % interval; of a flat posterior it is 0.055.
_PRESSED = 0.05
_MODES_TOLD = 3


@dataclass(frozen=True)
class Finding:
    """Something that speaks against relying on the model, or that should be known.

    Parameters
    ----------
    severity : {"unfit", "warning", "note"}
        The model does not fit; it may not be relied on in some respect; for information.
    text : str
        What was found, and what to do.
    """

    severity: Severity
    text: str


def warnings(fit: Fit) -> tuple[Finding, ...]:
    """What speaks against relying on the model, the gravest first.

    The model does not fit if in a period its median NSE is not above that of the calendar-day
    climatology, or its CRPS is no better than the climatology's. Warned of are: a bias of more than
    20 %; a 95 % band that holds less than 85 or more than 99 % of at least 100 observations; an NSE
    that is lower by more than 0.2 in the validation; a posterior at a bound or in the far tail of
    its prior; parameters of the known spurious modes. Noted are other modes that the search met,
    and errors with a long memory.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    tuple of Finding
    """
    scores = fit.scores()["value"]
    days = _observed_days(fit)
    found: list[Finding] = []
    found += _judge_fit({period: scores[period] for period in days})
    for period, count in days.items():
        values = scores[period]
        found += _judge_bias(period, values, fit.model)
        if count >= _FEW_DAYS:
            found += _judge_bands(period, values, fit.model)
    if "validation" in days:
        found += _judge_loss(scores)
    found += _judge_parameters(fit)
    found += _tell_of_modes(fit)
    found += _tell_of_memory(fit)
    order = ("unfit", "warning", "note")
    return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))


def headline(fit: Fit) -> str:
    """The verdict on draws and model in a few words."""
    return describe(fit.diagnostics["converged"], warnings(fit))


def describe(converged: bool, found: tuple[Finding, ...]) -> str:
    """The same, from what was found."""
    unfit = any(finding.severity == "unfit" for finding in found)
    doubts = sum(finding.severity == "warning" for finding in found)
    if not converged:
        rest = ", and the model does not fit this catchment" if unfit else ""
        return f"Not converged{rest}"
    if unfit:
        return "Converged, but the model does not fit this catchment"
    if doubts:
        return "Converged, and the model fits, with " + (
            "1 warning" if doubts == 1 else f"{doubts} warnings"
        )
    return "Converged, and the model fits"


def gravest(found: tuple[Finding, ...]) -> Severity | None:
    """The severity of the gravest of the findings of `warnings`; None where there are none."""
    return found[0].severity if found else None


def _observed_days(fit: Fit) -> dict[str, int]:
    periods = {"calibration": calibration_days(fit.idata), "validation": validation_days(fit.idata)}
    return {
        name: int(days["Q"].notna().sum()) for name, days in periods.items() if days is not None
    }


def _judge_fit(scores: dict[str, pd.Series]) -> Iterator[Finding]:
    faults = []
    for period, values in scores.items():
        nse, usual, skill = values["nse"], values["nse_climatology"], values["crps_skill"]
        if math.isnan(nse):
            yield Finding(
                "warning",
                f"Whether the model fits in the {period} period cannot be told: the observed flow "
                "there does not vary.",
            )
            continue
        # one year of record has no climatology: NaN, and max leaves the mean flow as the yardstick
        if nse <= max(0.0, usual):
            reached = (
                f"the mean flow of the same calendar days in other years reaches {usual:.2f}"
                if usual > 0
                else "the mean flow alone reaches 0"
            )
            fault = f"over the {period} period its NSE is {nse:.2f}, while {reached}"
            if skill <= 0:
                fault += f", and its bands say less than the calendar does (CRPS skill {skill:.2f})"
            faults.append(fault)
        elif skill <= 0:
            faults.append(
                f"over the {period} period its bands say less than the calendar alone does (CRPS "
                f"skill {skill:.2f}), although its NSE is {nse:.2f}: another error model "
                "(--error-model) may do better"
            )
    if faults:
        yield Finding(
            "unfit",
            f"The model does not fit this catchment: {'; '.join(faults)}. Do not rely on its "
            "parameters or predictions. Look for what GR4J leaves out (snow and ice, for which it "
            "has no store; dams and abstractions; springs fed from outside) and for errors in the "
            "data (units, shifted dates, rain from elsewhere).",
        )


def _judge_bias(period: str, values: pd.Series, model: Model) -> Iterator[Finding]:
    bias = values["bias"]
    if abs(bias) <= MAX_BIAS or math.isnan(bias):
        return
    yield Finding(
        "warning",
        f"Over the {period} period the model gives {percent(abs(bias))} too "
        f"{'much' if bias > 0 else 'little'} water. Check the units and the area behind Q, and "
        f"whether P is that of the whole catchment{model.errors.volumes}.",
    )


def _judge_bands(period: str, values: pd.Series, model: Model) -> Iterator[Finding]:
    covered = values["coverage_95"]
    if COVERAGE_95[0] <= covered <= COVERAGE_95[1] or math.isnan(covered):
        return
    narrow = covered < COVERAGE_95[0]
    text = (
        f"Over the {period} period the 95 % band of the predictions holds {percent(covered, 1)} "
        f"of the observations: it is too {'narrow' if narrow else 'wide'}. "
    )
    if model.sigma is not None:
        text += (
            f"Sigma was given as {model.sigma:g} mm/d; give a "
            f"{'larger' if narrow else 'smaller'} one, or leave --sigma out to have it estimated."
        )
    else:
        text += f"Try --error-model {model.errors.otherwise}."
        if narrow and period == "validation":
            text += " If the calibration's band is right, the catchment or its data have changed."
    yield Finding("warning", text)


def _judge_loss(scores: pd.Series) -> Iterator[Finding]:
    before, after = scores["calibration", "nse"], scores["validation", "nse"]
    if before - after > MAX_LOSS:
        yield Finding(
            "warning",
            f"The NSE falls from {before:.2f} in the calibration to {after:.2f} in the validation "
            "period. What was learnt does not carry over: compare the two periods (climate, gaps, "
            "changes of the gauge or of the catchment), or calibrate on a longer record.",
        )


def _judge_parameters(fit: Fit) -> Iterator[Finding]:
    table, numbers, units = fit.summary(), fit.model.numbers, fit.model.units

    def value(name: str, number: float) -> str:
        unit = "" if units[name] == "-" else f" {units[name]}"
        return f"{readable(number)}{unit}"

    suspects = [each for each in fit.model.structure.parameters if each.spurious != NOWHERE]
    medians = {each.name: table.loc[each.name, "median"] for each in suspects}
    if any(not each.spurious[0] <= medians[each.name] <= each.spurious[1] for each in suspects):
        place = " and ".join(f"{name} = {value(name, medians[name])}" for name in medians)
        yield Finding(
            "warning",
            f"The posterior is where {fit.model.structure.title} is known to have spurious modes "
            f"({place}): the routing store or the unit hydrograph does another's work. Do not "
            "read the parameters as properties of the catchment; try a longer period or tighter "
            "priors.",
        )
    for name in fit.parameters:
        row = table.loc[name]
        for side, near in (("lower", row["q5"]), ("upper", row["q95"])):
            bound = numbers.get(f"{name}_{side}")
            if bound is None or abs(near - bound) > _PRESSED * (row["q95"] - row["q5"]):
                continue
            yield Finding(
                "warning",
                f"The posterior of {name} is pressed against the {side} bound of its prior, "
                f"{value(name, bound)}: the bound decides, not the data. Move it with "
                f"--prior {name}_{side}=NUMBER if the catchment may lie beyond.",
            )
        distance = _distance_from_prior(name, float(row["median"]), numbers)
        if abs(distance) > _FAR:
            yield Finding(
                "warning",
                f"{name} is {value(name, row['median'])}, {abs(distance):.1f} standard deviations "
                f"{'above' if distance > 0 else 'below'} the middle of its prior, where hardly any "
                "catchment lies: it may make up for something that the model leaves out, or for "
                "errors in the data.",
            )


def _distance_from_prior(name: str, value: float, numbers: dict[str, float]) -> float:
    if f"{name}_log_mean" in numbers:
        return (math.log(value) - numbers[f"{name}_log_mean"]) / numbers[f"{name}_log_sd"]
    if f"{name}_mean" in numbers:
        return (value - numbers[f"{name}_mean"]) / numbers[f"{name}_sd"]
    return 0.0


def _tell_of_modes(fit: Fit) -> Iterator[Finding]:
    main, *others = fit.run["start"]["modes"] or [None]
    for mode in others[:_MODES_TOLD]:
        place = ", ".join(_plainly(*parameter) for parameter in mode["parameters"].items())
        lower = main["log_density"] - mode["log_density"]
        share = math.exp(min(0.0, mode["log_mass"] - main["log_mass"]))
        holds = f"about {percent(share, 1)}" if share >= 1e-3 else "less than 0.1 %"
        yield Finding(
            "note",
            f"The search also met another mode, at {place}. Its log density is {abs(lower):.1f} "
            f"{'below' if lower > 0 else 'above'} that of the main one, and it holds {holds} of "
            "the main one's probability.",
        )
    if len(others) > _MODES_TOLD:
        yield Finding(
            "note", f"The search met {len(others) - _MODES_TOLD} further modes (see run.json)."
        )


def _plainly(name: str, number: float) -> str:
    """A parameter of the Stan program, without the transformation that airGR's have."""
    for prefix, undo in (("log_", math.exp), ("asinh_", math.sinh)):
        if name.startswith(prefix):
            return _plainly(name.removeprefix(prefix), undo(number))
    return f"{name} = {readable(number)}"


def _tell_of_memory(fit: Fit) -> Iterator[Finding]:
    phi = float(np.median(fit.end.memory.phi))
    if phi > MAX_MEMORY:
        yield Finding(
            "note",
            f"Errors of neighbouring days are strongly correlated ({phi:.2f}): once the model is "
            f"off, it stays off for about {1 / (1 - phi):.0f} days. The calibration takes errors "
            "of different days for independent, so the true uncertainty of the parameters is "
            "larger than stated.",
        )
