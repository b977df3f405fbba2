"""Scores of a simulation with its bands against observed streamflow.

`flow` are draws of the simulated flow, which differ by the parameters alone; `total` are draws of
the predictive distribution of an observation, errors included. Both have shape (draws, T), in
mm/d, and `obs` shape (T,), NaN where missing. Days without an observation are not scored. A day on
which a draw is not finite has no score, and so have averages over it: NaN.

References
----------
Gneiting and Raftery (2007), Journal of the American Statistical Association 102, 359-378,
doi:10.1198/016214506000001437.
Zamo and Naveau (2018), Mathematical Geosciences 50, 209-234, doi:10.1007/s11004-017-9709-7.
Renard, Kavetski, Kuczera, Thyer and Franks (2010), Water Resources Research 46, W05521,
doi:10.1029/2009WR008328.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gr4jstan.errors import InputError
from gr4jstan.scoring.climatology import Climatology
from gr4jstan.scoring.metrics import bias, kge, kge_2012, nse, nse_sqrt

Array = NDArray[np.float64]

SHARPNESS_LEVEL = 0.9

_BLOCK = 2**20  # values in work at a time, 8 MB
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
    simulated, observed = _checked(flow, obs, "flow")
    ensemble, _ = _checked(total, obs, "total")
    table = pd.DataFrame(
        np.nan, index=pd.Index(list(SCORES), name="score"), columns=["value", "q5", "q95"]
    )
    for name, draws in _flow_scores(simulated, observed).items():
        table.loc[name] = np.quantile(draws, [0.5, 0.05, 0.95])
    for name, value in _band_scores(ensemble, observed, reference, rng).items():
        table.loc[name, "value"] = value
    return table


def crps(total: ArrayLike, obs: ArrayLike) -> Array:
    """Continuous ranked probability score of each day, of the distribution that `total` samples.

    CRPS = mean |x - y| - mean |x - x'| / 2 over draws x, x' and the observation y (Gneiting and
    Raftery 2007, section 4.2), of the empirical distribution of the draws as it stands: never
    negative, and right for an ensemble of quantiles. As an estimate for the distribution behind m
    random draws it is too large by mean |x - x'| / (2 m), a thousandth of the score of a calibrated
    forecast with a thousand draws (Zamo and Naveau 2018).

    Parameters
    ----------
    total : array_like, shape (draws, T)
    obs : array_like, shape (T,)

    Returns
    -------
    array, shape (T,)
        [mm/d], 0 is perfect. NaN on days without an observation.

    Raises
    ------
    InputError
        If shapes do not agree or an observation is infinite.
    """
    ensemble, observed = _checked(total, obs, "total")
    return np.asarray(_per_day(ensemble, observed, lambda x, y, _: _crps(x, y)[None])[0])


def pit(total: ArrayLike, obs: ArrayLike, rng: np.random.Generator) -> Array:
    """Probability integral transform of each day: where the observation falls among the draws.

    (a + v (b + 1)) / (m + 1), with a of m draws below the observation, b equal to it, and v uniform
    between 0 and 1. An observation that is one more draw of `total` has exactly a uniform PIT, also
    where zero flows tie.

    Parameters
    ----------
    total : array_like, shape (draws, T)
    obs : array_like, shape (T,)
    rng : numpy.random.Generator

    Returns
    -------
    array, shape (T,)
        NaN on days without an observation.

    Raises
    ------
    InputError
        If shapes do not agree or an observation is infinite.
    """
    ensemble, observed = _checked(total, obs, "total")
    uniform = rng.random(observed.size)
    rows = _per_day(ensemble, observed, lambda x, y, days: _pit(x, y, uniform[days])[None])
    return np.asarray(rows[0])


def reliability(pit: ArrayLike) -> float:
    """Index alpha of Renard et al. (2010): 1 - 2 mean |p_(i) - i / (n + 1)| of n sorted PITs.

    Parameters
    ----------
    pit : array_like, shape (T,)
        NaN days are left out.

    Returns
    -------
    float
        1 for uniform PITs; about 0 if every observation lies outside the draws on one side. NaN
        without any PIT.
    """
    values = np.asarray(pit, dtype=np.float64)
    ordered = np.sort(values[~np.isnan(values)])
    uniform = np.arange(1, ordered.size + 1) / (ordered.size + 1)
    return 1 - 2 * _mean(np.abs(ordered - uniform))


def coverage(total: ArrayLike, obs: ArrayLike, level: float) -> float:
    """Share of observed days inside the central band.

    The band reaches between the quantiles (1 - level) / 2 and (1 + level) / 2 of the draws, bounds
    included. Where many draws are zero the lower bound is zero, and an observed zero lies inside:
    on such days a right forecast is covered more often than `level` says, and the randomised `pit`
    is the fairer test.

    Parameters
    ----------
    total : array_like, shape (draws, T)
    obs : array_like, shape (T,)
    level : float
        Between 0 and 1.

    Raises
    ------
    InputError
        If shapes do not agree, an observation is infinite, or the level is not between 0 and 1.
    """
    low, high, observed = _band(total, obs, level)
    return _covered(low, high, observed)


def sharpness(total: ArrayLike, obs: ArrayLike, level: float = SHARPNESS_LEVEL) -> float:
    """Mean width of the central band on observed days [mm/d].

    Parameters and errors are those of `coverage`.
    """
    low, high, _ = _band(total, obs, level)
    return _mean(high - low)


def _checked(draws: ArrayLike, obs: ArrayLike, name: str) -> tuple[Array, Array]:
    values, observed = np.asarray(draws, dtype=np.float64), np.asarray(obs, dtype=np.float64)
    if observed.ndim != 1:
        raise InputError(f"obs must be a series of days, got shape {observed.shape}")
    if values.ndim != 2 or not len(values) or values.shape[1] != observed.size:
        raise InputError(
            f"{name} must have shape (draws, {observed.size}) as obs has {observed.size} days, "
            f"got {values.shape}"
        )
    if np.isinf(observed).any():
        raise InputError("obs has an infinite value")
    return values, observed


def _flow_scores(flow: Array, obs: Array) -> dict[str, Array]:
    """The metrics of each draw, NaN where one cannot be computed."""
    there = ~np.isnan(obs)
    observed = obs[there]
    scores = {name: np.full(len(flow), np.nan) for name in _METRICS}
    block = max(1, _BLOCK // max(1, obs.size))
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
    daily = _per_day(
        total,
        obs,
        lambda x, y, days: np.vstack([_crps(x, y), _pit(x, y, uniform[days]), _bands(x, levels)]),
    )
    there = ~np.isnan(obs)
    low, high = daily[2:, there].reshape(2, len(levels), -1)
    mean_flow = _mean(obs[there])
    width = _mean(high[-1] - low[-1])
    scores = {
        "crps": _mean(daily[0, there]),
        "reliability": reliability(daily[1, there]),
        "sharpness": width,
        "sharpness_relative": width / mean_flow if mean_flow else np.nan,
    }
    for i, name in enumerate(_COVERAGES):
        scores[name] = _covered(low[i], high[i], obs[there])
    if reference is not None:
        scores |= _against(reference, daily[0], obs)
    return scores


def _against(reference: Climatology, crps_: Array, obs: Array) -> dict[str, float]:
    """Scores relative to the reference, on the observed days that it knows."""
    usual, _ = _checked(reference.mean[None], obs, "the mean of the reference")
    known = np.where(np.isnan(usual[0]), np.nan, obs)
    there = ~np.isnan(known)
    least = _mean(crps(reference.members, known)[there])
    skill = 1 - _mean(crps_[there]) / least if least else np.nan
    nse_reference = float(_flow_scores(usual, known)["nse"][0])
    return {"crps_skill": skill, "nse_climatology": nse_reference}


def _per_day(
    total: Array, obs: Array, measure: Callable[[Array, Array, NDArray[np.intp]], Array]
) -> Array:
    """Measures of the sorted draws of each observed day, NaN on the others.

    `measure` gets the sorted draws, shape (days, draws), NaN on days with a draw that is not
    finite, the observations and the numbers of these days, and returns shape (measures, days).

    Returns
    -------
    array, shape (measures, T)
    """
    observed = np.flatnonzero(~np.isnan(obs))
    block = max(1, _BLOCK // len(total))
    # without any observed day, one block of none tells how many measures there are
    starts = range(0, max(1, observed.size), block)
    parts = [observed[start : start + block] for start in starts]
    rows = [measure(_sorted(total, days), obs[days], days) for days in parts]
    result = np.full((len(rows[0]), obs.size), np.nan)
    result[:, observed] = np.concatenate(rows, axis=1)
    return result


def _sorted(total: Array, days: NDArray[np.intp]) -> Array:
    ordered = np.ascontiguousarray(total[:, days].T)
    ordered.sort(axis=1)
    # infinite and NaN draws come first or last
    ordered[~np.isfinite(ordered[:, [0, -1]]).all(axis=1)] = np.nan
    return ordered


def _crps(x: Array, y: Array) -> Array:
    """CRPS of sorted draws: sum |x_i - x_j| is 2 sum (2 i - m - 1) x_(i)."""
    m = x.shape[1]
    errors = x - y[:, None]
    spread = errors @ (np.arange(1 - m, m, 2) / m**2)
    return np.asarray(np.abs(errors, out=errors).mean(axis=1) - spread)


def _pit(x: Array, y: Array, v: Array) -> Array:
    below = (x < y[:, None]).sum(axis=1)
    equal = (x == y[:, None]).sum(axis=1)
    rank = below + v * (equal + 1)
    return np.where(np.isnan(x[:, 0]), np.nan, rank / (x.shape[1] + 1))


def _bands(x: Array, levels: tuple[float, ...]) -> Array:
    """Lower bounds of all levels, then the upper ones: linear between sorted draws."""
    tails = (1 - np.array(levels)) / 2
    position = np.concatenate([tails, 1 - tails]) * (x.shape[1] - 1)
    below = position.astype(int)
    above = np.minimum(below + 1, x.shape[1] - 1)
    return np.asarray((x[:, below] + (position - below) * (x[:, above] - x[:, below])).T)


def _band(total: ArrayLike, obs: ArrayLike, level: float) -> tuple[Array, Array, Array]:
    """Bounds and observations on the observed days."""
    if not 0 < level < 1:
        raise InputError(f"the level of a band must be between 0 and 1, got {level}")
    ensemble, observed = _checked(total, obs, "total")
    low, high = _per_day(ensemble, observed, lambda x, _y, _days: _bands(x, (level,)))
    there = ~np.isnan(observed)
    return low[there], high[there], observed[there]


def _covered(low: Array, high: Array, obs: Array) -> float:
    inside = ((low <= obs) & (obs <= high)).astype(float)
    return _mean(np.where(np.isnan(low), np.nan, inside))


def _mean(values: Array) -> float:
    return float(values.mean()) if values.size else np.nan
