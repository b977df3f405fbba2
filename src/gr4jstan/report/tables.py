"""Tables of the report: where the water goes, and where the bands hold."""

import math
from typing import Any

import pandas as pd

from gr4jstan.fitting.results import Fit
from gr4jstan.numerals import DASH, number, percent
from gr4jstan.scoring.verification import ALL, CLASSES, MAXIMA, MINIMA, SEASONS, beyond

_VERIFIED = (("coverage_95", 0), ("pit_mean", 2), ("bias", 0))


def balance_rows(fit: Fit) -> list[dict[str, str]]:
    """Rows of the table of the water balance: fluxes in mm/d and in shares of P."""
    meanings = {each.name: each.meaning for each in fit.model.structure.fluxes}
    meanings["P"] = "precipitation"
    rows = []
    for name, row in fit.water_balance().iterrows():
        certain = row["q5"] == row["q95"]
        interval = f"{number(row['q5'], 3)} to {number(row['q95'], 3)}"
        share = f"{percent(row['share_q5'], 1)} to {percent(row['share_q95'], 1)}"
        rows.append(
            {
                "name": str(name),
                "median": number(row["median"], 3),
                "interval": DASH if certain else interval,
                "share": DASH if math.isnan(row["share"]) else percent(row["share"], 1),
                "shares": DASH if certain or math.isnan(row["share"]) else share,
                "meaning": meanings[str(name)],
            }
        )
    return rows


def verification_rows(fit: Fit) -> tuple[list[str], list[dict[str, Any]]]:
    """Names of the periods, and the rows of the table "where the bands hold"."""
    table = fit.verification()
    periods = list(dict.fromkeys(table.index.get_level_values("period")))
    rows = []
    for group in (ALL, *CLASSES, *SEASONS, MAXIMA, MINIMA):
        cells = []
        for period in periods:
            row = table.loc[(period, group)] if (period, group) in table.index else None
            cells += (
                [(DASH, True)] * 3 if row is None else [_beside(row, *each) for each in _VERIFIED]
            )
        if any(text != DASH for text, _ in cells):
            rows.append({"label": group, "cells": cells})
    return periods, rows


def _beside(row: pd.Series, name: str, digits: int) -> tuple[str, bool]:
    """A score with the bounds of right bands, and whether it is inside them."""
    low, high = row[f"{name}_lower"], row[f"{name}_upper"]
    if math.isnan(row[name]):
        return DASH, True
    if name == "pit_mean":
        text = f"{row[name]:.2f} ({low:.2f} to {high:.2f})"
    else:
        sign = "+" if name == "bias" else ""
        text = (
            f"{percent(row[name], digits, sign)} ({percent(low, digits, sign)} to "
            f"{percent(high, digits, sign)})"
        )
    return text, not beyond(row, name)
