"""Scores where people look: floods and low flows, seasons, months, the extremes of years.

Beside each score stand the bounds within which it lies in 99.8 % of cases if the model is right,
its errors remembering from day to day what the calibration's do. They are found by simulation from
the model itself, a posterior predictive check (Gelman, Meng and Stern 1996, Statistica Sinica 6,
733-807): no formula for the effective number of autocorrelated days of a group is needed.
"""

import calendar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gr4jstan.scoring.predictive import pit as pit_of_days
from gr4jstan.scoring.uniformity import excess

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

ALL = "all days"
MAXIMA, MINIMA = "annual maxima", "annual minima"
# Classes of simulated flow by the share of days that have more: bounds as in flow-duration curves.
CLASSES = {
    "highest 5 % of flows": (0.0, 0.05),
    "high flows (5 to 20 %)": (0.05, 0.2),
    "middle flows (20 to 70 %)": (0.2, 0.7),
    "low flows (70 to 95 %)": (0.7, 0.95),
    "lowest 5 % of flows": (0.95, 1.0),
}
SEASONS = {
    "December to February": (12, 1, 2),
    "March to May": (3, 4, 5),
    "June to August": (6, 7, 8),
    "September to November": (9, 10, 11),
}
MONTHS = tuple(calendar.month_name[1:])
LEVELS = {"coverage_50": 0.5, "coverage_80": 0.8, "coverage_95": 0.95}
# Of a hundred scores that are looked at, one in five fits has one beyond these bounds by chance;
# a verdict asks for a deviation that matters as well.
TAILS = (0.001, 0.999)

COLUMNS = (
    "n",
    "Q_obs",
    *("bias", "bias_lower", "bias_upper"),
    *("pit_mean", "pit_mean_lower", "pit_mean_upper"),
    *("coverage_50", "coverage_80"),
    *("coverage_95", "coverage_95_lower", "coverage_95_upper"),
    *("pit_excess", "pit_excess_upper"),
)

_FEWEST_YEARS = 5
_WHOLE_YEAR = 0.9  # of its days are observed


def beyond(row: pd.Series, name: str) -> bool:
    """Whether a score lies outside the bounds that a right model keeps, or cannot be told."""
    return not row[f"{name}_lower"] <= row[name] <= row[f"{name}_upper"]


def day_groups(flow: Array, dates: pd.DatetimeIndex | None) -> dict[str, Mask]:
    """The groups of days that are looked at.

    Parameters
    ----------
    flow : array, shape (T,)
        Simulated flow [mm/d]. Classes by observed flow would make a right model seem wrong: it is
        surprised by the highest observations, by choice.
    dates : DatetimeIndex of length T, or None
        None for days without dates, which have no seasons.

    Returns
    -------
    dict of str to array of bool, shape (T,)
        `ALL`, the `CLASSES`, `SEASONS` and `MONTHS`.
    """
    above = 1 - (np.argsort(np.argsort(flow, kind="stable")) + 0.5) / max(1, flow.size)
    groups = {ALL: np.ones(flow.size, dtype=bool)}
    groups |= {name: (low < above) & (above <= high) for name, (low, high) in CLASSES.items()}
    if dates is not None:
        month = dates.month.to_numpy()
        groups |= {name: np.isin(month, some) for name, some in SEASONS.items()}
        groups |= {name: month == number for number, name in enumerate(MONTHS, 1)}
    return groups


def group_table(
    groups: dict[str, Mask],
    *,
    pit: Array,
    right: Array,
    flow: Array,
    total: Array,
    obs: Array,
    fewest: int = 20,
) -> pd.DataFrame:
    """Volume, PIT and coverage of groups of observed days.

    Parameters
    ----------
    groups : dict of str to array of bool, shape (T,)
    pit : array, shape (T,)
        PITs of the observations.
    right : array, shape (k, T)
        PITs as right bands have them, with the memory of the errors.
    flow, total : array, shape (draws, T)
        Draws of simulated flow, and of the observation [mm/d].
    obs : array, shape (T,)
        [mm/d], without NaN.
    fewest : int
        A group of fewer days has no scores.

    Returns
    -------
    DataFrame
        Index group; columns `COLUMNS`. ``coverage_95`` and so on are the shares of days whose PIT
        is in the central part: with flow that ties at 0 these are right where a band's bounds are
        not. ``bias`` is that of the median draw's volume, its bounds those which the model has for
        the volume observed.
    """
    weights = np.array(list(groups.values()), dtype=float).T
    counts = weights.sum(axis=0)
    table = pd.DataFrame(np.nan, index=pd.Index(groups, name="group"), columns=list(COLUMNS))
    table["n"] = counts.astype(int)
    enough = counts >= fewest

    def means(values: Array) -> Array:
        return np.asarray(values @ weights / counts)

    with np.errstate(divide="ignore", invalid="ignore"):
        mean = means(obs)
        simulated = np.median(means(flow), axis=0)
        possible = np.quantile(means(total), TAILS, axis=0)
        table["Q_obs"] = mean
        table["bias"] = simulated / mean - 1
        table["bias_lower"], table["bias_upper"] = simulated / possible[::-1] - 1
        measures = {"pit_mean": lambda u: u} | {
            name: (lambda u, half=level / 2: (np.abs(u - 0.5) <= half).astype(float))
            for name, level in LEVELS.items()
        }
        for name, measure in measures.items():
            table[name] = means(measure(pit))
            if f"{name}_lower" in table:
                bounds = np.quantile(means(measure(right)), TAILS, axis=0)
                table[f"{name}_lower"], table[f"{name}_upper"] = bounds
    if ALL in groups:
        limit = np.quantile(np.abs(excess(right)), TAILS[1])
        table.loc[ALL, ["pit_excess", "pit_excess_upper"]] = float(excess(pit)), limit
    table.loc[~enough, [name for name in COLUMNS if name != "n"]] = np.nan
    return table


def extremes_table(
    total: Array, obs: Array, dates: pd.DatetimeIndex, *, rng: np.random.Generator, count: int
) -> pd.DataFrame:
    """The same of the largest and the least flow of each year.

    The observed extreme is held against those of the draws on the observed days of that year. Years
    begin in the month with the least mean flow for maxima, and with the largest for minima, so that
    a season is not cut. Their errors are taken for independent.

    Parameters
    ----------
    total : array, shape (draws, T)
    obs : array, shape (T,)
        [mm/d], without NaN.
    dates : DatetimeIndex of length T
    rng : numpy.random.Generator
    count : int
        Samples of right PITs.

    Returns
    -------
    DataFrame
        Rows `MAXIMA` and `MINIMA`, n the number of years; no rows with fewer than 5 years of which
        90 % of the days are observed.
    """
    monthly = pd.Series(obs).groupby(dates.month.to_numpy()).mean()
    tables = []
    for name, first, extreme in (
        (MAXIMA, monthly.idxmin(), np.maximum),
        (MINIMA, monthly.idxmax(), np.minimum),
    ):
        year = dates.year.to_numpy() - (dates.month.to_numpy() < first)
        _, starts, days = np.unique(year, return_index=True, return_counts=True)
        whole = days >= _WHOLE_YEAR * 365
        if whole.sum() < _FEWEST_YEARS:
            continue
        predicted = extreme.reduceat(total, starts, axis=1)[:, whole]
        observed = extreme.reduceat(obs, starts)[whole]
        tables.append(
            group_table(
                {name: np.ones(len(observed), dtype=bool)},
                pit=pit_of_days(predicted, observed, rng),
                right=rng.random((count, len(observed))),
                flow=predicted,
                total=predicted,
                obs=observed,
                fewest=_FEWEST_YEARS,
            )
        )
    if not tables:
        return pd.DataFrame(columns=list(COLUMNS), index=pd.Index([], name="group"))
    return pd.concat(tables)
