"""Judgement of the skill of a model: better than the calendar, its volumes, its validation."""

import math
from collections.abc import Iterator

import pandas as pd

from gr4jstan.findings import Finding, warning
from gr4jstan.model.definition import Model
from gr4jstan.numerals import percent
from gr4jstan.scoring.verification import ALL, MONTHS, SEASONS, beyond

# Of the volume of a period: an error that a change of climate or of land use would have. Beyond the
# second, the largest that a gauge in order has, it matters even if the errors last so long that it
# may be chance.
BIAS = 0.1
MAX_BIAS = 0.2
# Of a season: about what the gauge and the rain of a season are uncertain by.
SEASON_BIAS = 0.2
MAX_LOSS = 0.2
# The difference between "good" and "acceptable" in common scales of the KGE is about as large.
MAX_LOSS_KGE = 0.15

_MOSTLY = 0.75  # of the water that is too much or too little
_FEW_MONTHS = 6


def judge_fit(scores: dict[str, pd.Series]) -> Iterator[Finding]:
    """Say that the model does not fit where the calendar-day climatology is as good."""
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


def judge_volume(period: str, table: pd.DataFrame, model: Model) -> Iterator[Finding]:
    """Warn of a volume that is wrong.

    Parameters
    ----------
    period : str
    table : DataFrame
        Rows of the period, see `gr4jstan.scoring.verification.group_table`.
    model : Model
    """
    bias = table.loc[ALL, "bias"]
    if abs(bias) > MAX_BIAS or (abs(bias) > BIAS and beyond(table.loc[ALL], "bias")):
        yield warning(
            "bias",
            f"Over the {period} period the model gives {percent(abs(bias))} too "
            f"{'much' if bias > 0 else 'little'} water{_when(table, bias)}. Check the units and "
            "the area behind Q, and whether P is that of the whole "
            f"catchment{model.errors.volumes}.",
        )


def judge_seasons(period: str, table: pd.DataFrame) -> Iterator[Finding]:
    """Warn of seasons whose volume is wrong; the arguments are those of `judge_volume`."""
    off = [
        f"{percent(abs(row['bias']))} too {'much' if row['bias'] > 0 else 'little'} from {season}"
        for season, row in table.loc[[name for name in SEASONS if name in table.index]].iterrows()
        if abs(row["bias"]) > SEASON_BIAS and beyond(row, "bias")
    ]
    if off:
        yield warning(
            "season_bias",
            f"Over the {period} period the water of the seasons is off by more than errors with "
            f"their memory explain: {', '.join(off)}. Look for snow, abstractions and dams, and "
            "for a P or E that is wrong in these seasons.",
        )


def judge_loss(scores: pd.Series) -> Iterator[Finding]:
    """Warn where what was learnt does not carry over to the validation."""
    for name, most in (("nse", MAX_LOSS), ("kge", MAX_LOSS_KGE)):
        before, after = scores["calibration", name], scores["validation", name]
        if before - after > most:
            yield warning(
                "loss",
                f"The {name.upper()} falls from {before:.2f} in the calibration to {after:.2f} in "
                "the validation period. What was learnt does not carry over: compare the two "
                "periods (climate, gaps, changes of the gauge or of the catchment), or calibrate "
                "on a longer record.",
            )
            return


def _when(table: pd.DataFrame, bias: float) -> str:
    """The fewest months on end that have most of the water that is too much or too little."""
    if MONTHS[0] not in table.index:
        return ""
    months = table.loc[list(MONTHS)]
    water = (months["bias"] * months["Q_obs"] * months["n"]).fillna(0.0).to_numpy()
    water = water.clip(min=0) if bias > 0 else -water.clip(max=0)
    for length in range(1, _FEW_MONTHS + 1):
        runs = [water.take(range(first, first + length), mode="wrap").sum() for first in range(12)]
        first = max(range(12), key=runs.__getitem__)
        if runs[first] >= _MOSTLY * water.sum() > 0:
            last = MONTHS[(first + length - 1) % 12]
            return f", mostly {MONTHS[first]} to {last}" if length > 1 else f", mostly in {last}"
    return ", in all seasons" if math.isfinite(bias) else ""
