"""Does the model fit? What speaks against relying on it, in words for a hydrologist.

Whether the sampler's draws can be trusted is another question: see `gr4jstan.fitting.diagnostics`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from gr4jstan.findings import Finding, by_severity, note, warning
from gr4jstan.model.definition import Model
from gr4jstan.numerals import percent, readable
from gr4jstan.structures.structure import NOWHERE

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
# A spurious mode makes another part of the model do a part's work, and pays for it.
_GOOD_NSE = 0.7


def judge(
    *,
    scores: pd.Series,
    observed: Mapping[str, int],
    summary: pd.DataFrame,
    model: Model,
    modes: Sequence[Mapping[str, Any]],
    memory: float,
) -> tuple[Finding, ...]:
    """What speaks against relying on the model, the gravest first.

    The model does not fit if in a period its median NSE is not above that of the calendar-day
    climatology, or its CRPS is no better than the climatology's. Warned of are: a bias of more than
    20 %; a 95 % band that holds less than 85 or more than 99 % of at least 100 observations; an NSE
    that is lower by more than 0.2 in the validation; a posterior at a bound or in the far tail of
    its prior; parameters of the known spurious modes, unless the model fits well (NSE of 0.7).
    Noted are other modes that the search met, and errors with a long memory.

    Parameters
    ----------
    scores : Series
        Values by (period, score), see `gr4jstan.Fit.scores`.
    observed : dict of str to int
        Observed days of each period.
    summary : DataFrame
        See `gr4jstan.Fit.summary`.
    model : Model
    modes : sequence of mapping
        Modes that the search met, the main one first, see `gr4jstan.fitting.records.Mode`.
    memory : float
        Correlation of the errors of neighbouring days.

    Returns
    -------
    tuple of Finding
    """
    found = [*_judge_fit({period: scores[period] for period in observed})]
    for period, count in observed.items():
        values = scores[period]
        found += _judge_bias(period, values, model)
        if count >= _FEW_DAYS:
            found += _judge_bands(period, values, model)
    if "validation" in observed:
        found += _judge_loss(scores)
    if min(scores[period, "nse"] for period in observed) < _GOOD_NSE:
        found += _judge_place(summary, model)
    found += _judge_parameters(summary, model)
    found += _tell_of_modes(modes)
    found += _tell_of_memory(memory)
    return by_severity(found)


def sentence(converged: bool, found: Sequence[Finding]) -> str:
    """The verdict on draws, data and model in a few words."""
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


def _judge_fit(scores: dict[str, pd.Series]) -> Iterator[Finding]:
    faults = []
    for period, values in scores.items():
        nse, usual, skill = values["nse"], values["nse_climatology"], values["crps_skill"]
        if math.isnan(nse):
            yield warning(
                "constant_flow",
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
    yield warning(
        "bias",
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
    yield warning("coverage", text)


def _judge_loss(scores: pd.Series) -> Iterator[Finding]:
    before, after = scores["calibration", "nse"], scores["validation", "nse"]
    if before - after > MAX_LOSS:
        yield warning(
            "loss",
            f"The NSE falls from {before:.2f} in the calibration to {after:.2f} in the validation "
            "period. What was learnt does not carry over: compare the two periods (climate, gaps, "
            "changes of the gauge or of the catchment), or calibrate on a longer record.",
        )


def _judge_place(summary: pd.DataFrame, model: Model) -> Iterator[Finding]:
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


def _judge_parameters(summary: pd.DataFrame, model: Model) -> Iterator[Finding]:
    numbers = model.numbers
    for name in model.parameters:
        row = summary.loc[name]
        for side, near in (("lower", row["q5"]), ("upper", row["q95"])):
            bound = numbers.get(f"{name}_{side}")
            if bound is None or abs(near - bound) > _PRESSED * (row["q95"] - row["q5"]):
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


def _value(name: str, number: float, model: Model) -> str:
    unit = "" if model.units[name] == "-" else f" {model.units[name]}"
    return f"{readable(number)}{unit}"


def _distance_from_prior(name: str, value: float, numbers: dict[str, float]) -> float:
    if f"{name}_log_mean" in numbers:
        return (math.log(value) - numbers[f"{name}_log_mean"]) / numbers[f"{name}_log_sd"]
    if f"{name}_mean" in numbers:
        return (value - numbers[f"{name}_mean"]) / numbers[f"{name}_sd"]
    return 0.0


def _tell_of_modes(modes: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    main, *others = modes or [{}]
    for mode in others[:_MODES_TOLD]:
        place = ", ".join(_plainly(*parameter) for parameter in mode["parameters"].items())
        lower = main["log_density"] - mode["log_density"]
        share = math.exp(min(0.0, mode["log_mass"] - main["log_mass"]))
        holds = f"about {percent(share, 1)}" if share >= 1e-3 else "less than 0.1 %"
        yield note(
            "other_mode",
            f"The search also met another mode, at {place}. Its log density is {abs(lower):.1f} "
            f"{'below' if lower > 0 else 'above'} that of the main one, and it holds {holds} of "
            "the main one's probability.",
        )
    if len(others) > _MODES_TOLD:
        yield note(
            "other_mode",
            f"The search met {len(others) - _MODES_TOLD} further modes (see run.json).",
        )


def _plainly(name: str, number: float) -> str:
    """A parameter of the Stan program, without the transformation that airGR's have."""
    for prefix, undo in (("log_", math.exp), ("asinh_", math.sinh)):
        if name.startswith(prefix):
            return _plainly(name.removeprefix(prefix), undo(number))
    return f"{name} = {readable(number)}"


def _tell_of_memory(phi: float) -> Iterator[Finding]:
    if phi > MAX_MEMORY:
        yield note(
            "error_memory",
            f"Errors of neighbouring days are strongly correlated ({phi:.2f}): once the model is "
            f"off, it stays off for about {1 / (1 - phi):.0f} days. The calibration takes errors "
            "of different days for independent, so the true uncertainty of the parameters is "
            "larger than stated.",
        )
