"""Does the model fit? What speaks against relying on it, in words for a hydrologist.

Whether the sampler's draws can be trusted is another question: see `gr4jstan.fitting.diagnostics`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from gr4jstan.findings import Finding, by_severity, note
from gr4jstan.fitting.judging_bands import judge_bands, judge_extremes, judge_groups
from gr4jstan.fitting.judging_parameters import (
    judge_exchange,
    judge_parameters,
    judge_place,
    tell_of_modes,
)
from gr4jstan.fitting.judging_skill import judge_fit, judge_loss, judge_seasons, judge_volume
from gr4jstan.model.definition import Model
from gr4jstan.scoring.uniformity import independent_days
from gr4jstan.scoring.verification import ALL

MAX_MEMORY = 0.9

# What the intervals make of it.
_ALLOWED = {
    "robust": "The intervals of the parameters allow for that.",
    "model": "The intervals take errors of different days for independent, so that the true "
    "uncertainty of the parameters is larger than stated.",
}

# Fewer days cannot tell a band that is wrong from one that had luck.
_FEW_DAYS = 100
# A spurious mode makes another part of the model do a part's work, and pays for it.
_GOOD_NSE = 0.7
# What is said of model and catchment, not of data or sampler: with one of them the model fits in
# part only.
IN_PART = (
    "bias",
    "season_bias",
    "coverage",
    "coverage_where",
    "reliability",
    "reliability_where",
    "annual_extremes",
    "loss",
)


def judge(
    *,
    scores: pd.Series,
    verification: pd.DataFrame,
    balance: pd.DataFrame,
    summary: pd.DataFrame,
    model: Model,
    modes: Sequence[Mapping[str, Any]],
    memory: float,
    days: int,
    intervals: Mapping[str, Any],
) -> tuple[Finding, ...]:
    """What speaks against relying on the model, the gravest first.

    The model does not fit if in a period its median NSE is not above that of the calendar-day
    climatology, or its CRPS is no better than the climatology's. Warned of are, where they matter
    and are more than the memory of the errors explains: a bias of more than 10 % (20 % of a
    season, or in any case of a period); a 95 % band that holds less than 90 or more than 99 % of
    the days, or less than 85 % in a class of flow, a season or of the extremes of years; a PIT
    curve that is off by more than 0.1. Classes, seasons and years are those of the validation
    period, where there is one. Further an NSE or KGE that is lower by more than 0.2 or
    0.15 in the validation; a posterior at a bound or in the far tail of its prior; parameters of
    the known spurious modes, unless the model fits well (NSE of 0.7); an exchange with the ground
    of more than 20 % of P. Noted are other modes with mass, and errors with a long memory.

    Parameters
    ----------
    scores : Series
        Values by (period, score), see `gr4jstan.Fit.scores`.
    verification : DataFrame
        See `gr4jstan.Fit.verification`.
    balance : DataFrame
        See `gr4jstan.Fit.water_balance`.
    summary : DataFrame
        See `gr4jstan.Fit.summary`.
    model : Model
    modes : sequence of mapping
        Modes that the search met, the main one first, see `gr4jstan.fitting.records.Mode`.
    memory : float
        Correlation of the errors of neighbouring days.
    days : int
        Observed days of the calibration.
    intervals : mapping
        See `gr4jstan.fitting.records.Intervals`.

    Returns
    -------
    tuple of Finding
    """
    periods = list(dict.fromkeys(verification.index.get_level_values("period")))
    found = [*judge_fit({period: scores[period] for period in periods})]
    for period in periods:
        table = verification.loc[period]
        found += judge_volume(period, table, model)
        if table.loc[ALL, "n"] >= _FEW_DAYS:
            found += judge_bands(period, table, model)
    # parts of the days are judged where the model is on its own, if it is there for long enough
    enough = [period for period in periods if verification.loc[(period, ALL), "n"] >= _FEW_DAYS]
    for period in enough[-1:]:
        table = verification.loc[period]
        found += judge_seasons(period, table)
        found += judge_groups(period, table)
        found += judge_extremes(period, table)
    if "validation" in periods:
        found += judge_loss(scores)
    if min(scores[period, "nse"] for period in periods) < _GOOD_NSE:
        found += judge_place(summary, model)
    found += judge_parameters(summary, model)
    found += judge_exchange(balance)
    found += tell_of_modes(modes)
    found += _tell_of_memory(memory, days, intervals)
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
        partly = any(finding.code in IN_PART for finding in found)
        fits = "but the model fits only in part" if partly else "and the model fits"
        return f"Converged, {fits}, with {'1 warning' if doubts == 1 else f'{doubts} warnings'}"
    return "Converged, and the model fits"


def _tell_of_memory(phi: float, days: int, intervals: Mapping[str, Any]) -> Iterator[Finding]:
    if intervals["reason"]:
        yield note(
            "model_intervals",
            "The intervals of the parameters do not allow for errors that last from day to day: "
            f"{intervals['reason']}.",
        )
    if phi > MAX_MEMORY:
        yield note(
            "error_memory",
            f"Errors of neighbouring days are strongly correlated ({phi:.2f}): once the model is "
            f"off, it stays off for about {1 / (1 - phi):.0f} days, and the {days} observed days "
            f"are worth about {independent_days(days, phi)} independent ones. "
            + _ALLOWED[intervals["given"]],
        )
