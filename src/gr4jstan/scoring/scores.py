"""Scores of a simulation with its bands against observed streamflow.

`flow` are draws of the simulated flow, which differ by the parameters alone; `total` are draws of
the predictive distribution of an observation, errors included. Both have shape (draws, T), in
mm/d, and `obs` shape (T,), NaN where missing. Days without an observation are not scored. A day on
which a draw is not finite has no score, and so have averages over it: NaN.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gr4jstan.errors import InputError
from gr4jstan.scoring.climatology import Climatology
from gr4jstan.scoring.metrics import bias, kge, kge_2012, nse, nse_sqrt
from gr4jstan.scoring.predictive import (
    BLOCK,
    SHARPNESS_LEVEL,
    bands_of,
    checked_draws,
    covered,
    crps,
    crps_of,
    mean_of,
    per_day,
    pit_of,
    reliability,
)

Array = NDArray[np.float64]

_COVERAGES = {"coverage_50": 0.5, "coverage_80": 0.8, "coverage_95": 0.95}
_METRICS = {"nse": nse, "nse_sqrt": nse_sqrt, "kge": kge, "kge_2012": kge_2012, "bias": bias}


class Score(NamedTuple):
    """What a person is told about a score."""

    label: str
    unit: str
    meaning: str


SCORES = {
    "nse": Score(
        "NSE", "-", "Nash-Sutcliffe efficiency: 1 is perfect, 0 no better than the mean flow"
    ),
    "nse_sqrt": Score(
        "NSE of square roots", "-", "the same on square roots of flow, where low flows count more"
    ),
    "kge": Score(
        "KGE (2009)",
        "-",
        "Kling-Gupta efficiency of correlation, variability and volume: 1 is perfect, "
        "about -0.41 no better than the mean flow",
    ),
    "kge_2012": Score(
        "KGE (2012)", "-", "the same, with variability relative to the volume of each series"
    ),
    "bias": Score("Bias", "-", "relative volume error: 0.1 is 10 % too much water"),
    "crps": Score(
        "CRPS",
        "mm/d",
        "mean distance of the observation from the predictive distribution, an "
        "absolute error that takes the bands into account: 0 is perfect",
    ),
    "crps_skill": Score(
        "CRPS skill",
        "-",
        "share of the climatology's CRPS that the model saves: 1 is perfect, "
        "below 0 the calendar alone does better",
    ),
    "nse_climatology": Score(
        "NSE of the climatology", "-", "what the calendar alone reaches: a model that fits is above"
    ),
    "reliability": Score(
        "Reliability", "-", "how evenly observations fall among the draws: 1 is perfect, 0 worst"
    ),
    "coverage_50": Score("Coverage of the 50 % band", "-", "share of days inside: 0.5 is right"),
    "coverage_80": Score("Coverage of the 80 % band", "-", "share of days inside: 0.8 is right"),
    "coverage_95": Score("Coverage of the 95 % band", "-", "share of days inside: 0.95 is right"),
    "sharpness": Score(
        "Width of the 90 % band", "mm/d", "mean width: of two reliable bands take the narrower"
    ),
    "sharpness_relative": Score(
        "Relative width of the 90 % band", "-", "the same, as a multiple of the mean observed flow"
    ),
}


def score_table(
    flow: ArrayLike,
    total: ArrayLike,
    obs: ArrayLike,
    *,
    reference: Climatology | None = None,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """All scores of `SCORES`, in that order.

    Parameters
    ----------
    flow, total : array_like, shape (draws, T)
    obs : array_like, shape (T,)
    reference : Climatology, optional
        Yardstick on the same T days. Days that it does not know are left out of `crps_skill` and
        `nse_climatology`.
    rng : numpy.random.Generator
        For the randomised PIT behind `reliability`.

    Returns
    -------
    DataFrame
        Index `score`; columns value, q5, q95, unrounded. For a score of the simulated flow these
        are median and quantiles over its draws; a score of the predictive distribution is a single
        number, its q5 and q95 are NaN. A score that the observations do not allow is NaN.

    Raises
    ------
    InputError
        If shapes do not agree or an observation is infinite.
    """
    simulated, observed = checked_draws(flow, obs, "flow")
    ensemble, _ = checked_draws(total, obs, "total")
    table = pd.DataFrame(
        np.nan, index=pd.Index(list(SCORES), name="score"), columns=["value", "q5", "q95"]
    )
    for name, draws in _flow_scores(simulated, observed).items():
        table.loc[name] = np.quantile(draws, [0.5, 0.05, 0.95])
    for name, value in _band_scores(ensemble, observed, reference, rng).items():
        table.loc[name, "value"] = value
    return table


def _flow_scores(flow: Array, obs: Array) -> dict[str, Array]:
    """The metrics of each draw, NaN where one cannot be computed."""
    there = ~np.isnan(obs)
    observed = obs[there]
    scores = {name: np.full(len(flow), np.nan) for name in _METRICS}
    block = max(1, BLOCK // max(1, obs.size))
    for start in range(0, len(flow), block):
        part = slice(start, start + block)
        simulated = flow[part][:, there]
        for name, metric in _METRICS.items():
            try:
                values = metric(simulated, observed)
            except InputError:
                continue
            scores[name][part] = np.where(np.isfinite(values), values, np.nan)
    return scores


def _band_scores(
    total: Array, obs: Array, reference: Climatology | None, rng: np.random.Generator
) -> dict[str, float]:
    """Scores of the predictive distribution, from one sort of the draws."""
    uniform = rng.random(obs.size)
    levels = (*_COVERAGES.values(), SHARPNESS_LEVEL)

    def measure(x: Array, y: Array, days: NDArray[np.intp]) -> dict[str, Array]:
        at = uniform[days]
        return {"crps": crps_of(x, y), "pit": pit_of(x, y, at), **bands_of(x, levels)}

    daily = per_day(total, obs, measure)
    there = ~np.isnan(obs)
    low, high = daily["low"][:, there], daily["high"][:, there]
    mean_flow = mean_of(obs[there])
    width = mean_of(high[-1] - low[-1])
    scores = {
        "crps": mean_of(daily["crps"][there]),
        "reliability": reliability(daily["pit"][there]),
        "sharpness": width,
        "sharpness_relative": width / mean_flow if mean_flow else np.nan,
    }
    for i, name in enumerate(_COVERAGES):
        scores[name] = covered(low[i], high[i], obs[there])
    if reference is not None:
        scores |= _against(reference, daily["crps"], obs)
    return scores


def _against(reference: Climatology, crps_: Array, obs: Array) -> dict[str, float]:
    """Scores relative to the reference, on the observed days that it knows."""
    usual, _ = checked_draws(reference.mean[None], obs, "the mean of the reference")
    known = np.where(np.isnan(usual[0]), np.nan, obs)
    there = ~np.isnan(known)
    least = mean_of(crps(reference.members, known)[there])
    skill = 1 - mean_of(crps_[there]) / least if least else np.nan
    nse_reference = float(_flow_scores(usual, known)["nse"][0])
    return {"crps_skill": skill, "nse_climatology": nse_reference}
