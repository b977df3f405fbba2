"""Judgement of the bands of predictions: where observations do not fall as they should."""

from collections.abc import Iterator

import pandas as pd

from gr4jstan.findings import Finding, warning
from gr4jstan.model.definition import Model
from gr4jstan.numerals import percent
from gr4jstan.scoring.verification import ALL, CLASSES, MAXIMA, MINIMA, SEASONS, beyond

# Of the 95 % band: twice as many days outside as said; or five times fewer.
COVERAGE_95 = (0.9, 0.99)
# Of a part of the days: three times as many outside as said.
GROUP_COVERAGE_95 = 0.85
# An event that is given a probability p happens with p - 0.1 or p + 0.1.
MAX_EXCESS = 0.1
# Off as far as if the middle of the band were its quantile of 35 or 65 %.
MAX_SHIFT = 0.15


def judge_bands(period: str, table: pd.DataFrame, model: Model) -> Iterator[Finding]:
    """What is wrong with the bands by more than chance, and by so much that it matters.

    Parameters
    ----------
    period : str
    table : DataFrame
        Rows of the period, see `gr4jstan.scoring.verification.group_table`.
    model : Model
    """
    yield from _judge_width(period, table, model)
    yield from _judge_curve(period, table)


def _judge_width(period: str, table: pd.DataFrame, model: Model) -> Iterator[Finding]:
    row = table.loc[ALL]
    covered = row["coverage_95"]
    narrow = covered < min(COVERAGE_95[0], row["coverage_95_lower"])
    if not narrow and not covered > max(COVERAGE_95[1], row["coverage_95_upper"]):
        return
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


def _judge_curve(period: str, table: pd.DataFrame) -> Iterator[Finding]:
    row = table.loc[ALL]
    away = row["pit_excess"]
    if not abs(away) > max(MAX_EXCESS, row["pit_excess_upper"]):
        return
    yield warning(
        "reliability",
        f"Over the {period} period the observations do not fall among the predictions as they "
        f"should: the curve of their PIT is off by {away:+.2f}, where right bands stay within "
        f"{row['pit_excess_upper']:.2f}. Do not take the probabilities of the predictions at their "
        "word; the figure of the reliability shows whether they are too high, too low, too wide or "
        "too narrow.",
    )


def judge_groups(period: str, table: pd.DataFrame) -> Iterator[Finding]:
    """Warn of classes of flow and seasons; the arguments are those of `judge_bands`."""
    rows = table.loc[[name for name in (*CLASSES, *SEASONS) if name in table.index]]
    narrow = [
        f"{name} ({percent(row['coverage_95'])}, right bands {percent(row['coverage_95_lower'])} "
        "or more)"
        for name, row in rows.iterrows()
        if row["coverage_95"] < min(GROUP_COVERAGE_95, row["coverage_95_lower"])
    ]
    if narrow:
        yield warning(
            "coverage_where",
            f"Over the {period} period the 95 % band is too narrow for {', '.join(narrow)}. Do not "
            "rely on it there; another error model may do better (--error-model).",
        )
    shifted = [
        f"{'low' if row['pit_mean'] < 0.5 else 'high'} in it for {name}"
        for name, row in rows.iterrows()
        if _is_shifted(row)
    ]
    if shifted:
        yield warning(
            "reliability_where",
            f"Over the {period} period observations lie on one side of the band: "
            f"{', '.join(shifted)}. Where they lie low the model gives too much water, where they "
            "lie high too little.",
        )


def judge_extremes(period: str, table: pd.DataFrame) -> Iterator[Finding]:
    """Warn of the extremes of years; the arguments are those of `judge_bands`."""
    off = [
        f"the band of the {name} holds {percent(row['coverage_95'])} of {row['n']:.0f} years, and "
        f"the observed ones lie mostly {'below' if row['pit_mean'] < 0.5 else 'above'} its middle "
        f"(mean PIT {row['pit_mean']:.2f})"
        for name, row in table.loc[[n for n in (MAXIMA, MINIMA) if n in table.index]].iterrows()
        if row["coverage_95"] < min(GROUP_COVERAGE_95, row["coverage_95_lower"]) or _is_shifted(row)
    ]
    if off:
        yield warning(
            "annual_extremes",
            f"Over the {period} period the extremes of the years are not as predicted, with 95 % "
            f"bands: {'; '.join(off)}. Do not derive return periods or thresholds of such extremes "
            "from the predictions.",
        )


def _is_shifted(row: pd.Series) -> bool:
    return beyond(row, "pit_mean") and abs(row["pit_mean"] - 0.5) > MAX_SHIFT
