"""Can the draws be trusted? Numbers and reasons."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from gr4jstan.fitting.inference_data import InferenceData, dataset, ebfmi, summary

MAX_RHAT = 1.01
MIN_ESS = 400
MAX_SHARE = 0.01

# A mode is missed where so many effective draws should be in it and none is: a chance of exp(-5).
_EXPECTED = 5


def diagnose(
    idata: InferenceData,
    parameters: tuple[str, ...],
    rivals: Sequence[tuple[Mapping[str, float], float]] = (),
) -> dict[str, Any]:
    """Diagnostics of a posterior.

    Converged means: every R-hat below 1.01, bulk and tail ESS of at least 400, at most 1 % of the
    draws at the maximum tree depth, at most 1 % divergent, and one mode: chains that move between
    modes have drawn from one posterior.

    Parameters
    ----------
    idata : InferenceData
        With ``posterior`` and ``sample_stats``.
    parameters : tuple of str
        Parameters that are judged.
    rivals : sequence of (mapping, float)
        Places of other modes, not negligible in mass, that a search met, and their share of the
        mass. A mode counts as missed if no draw is there, though by the effective number of draws
        five should be.

    Returns
    -------
    dict
        converged (bool), reasons (list of str), draws, max_rhat, min_ess_bulk, min_ess_tail,
        divergences, max_treedepth_hits, mean_treedepth, n_leapfrog, ebfmi (list), modes_found.
        A diagnostic that cannot be computed, such as R-hat of constant draws, is None.
    """
    table = summary(idata, parameters)
    stats = dataset(idata, "sample_stats")
    posterior = dataset(idata, "posterior")
    draws = int(stats["lp"].size)
    numbers: dict[str, Any] = {
        "draws": draws,
        "max_rhat": _finite_or_none(table["r_hat"].max(skipna=False)),
        "min_ess_bulk": _finite_or_none(table["ess_bulk"].min(skipna=False)),
        "min_ess_tail": _finite_or_none(table["ess_tail"].min(skipna=False)),
        "divergences": int(stats["diverging"].sum()),
        "max_treedepth_hits": int(stats["reached_max_treedepth"].sum()),
        "mean_treedepth": float(stats["tree_depth"].mean()),
        "n_leapfrog": int(stats["n_steps"].sum()),
        "ebfmi": [_finite_or_none(value) for value in ebfmi(idata)],
    }
    places = count_separate(posterior[list(parameters)].to_array())
    effective = numbers["min_ess_bulk"] or draws
    unvisited = sum(
        share * effective >= _EXPECTED and not _visited(posterior, place) for place, share in rivals
    )
    numbers["modes_found"] = places + unvisited
    reasons = find_faults(numbers, table)
    if places > 1:
        reasons.append(f"the chains are in {places} separate places")
    if unvisited:
        what = "mode was" if unvisited == 1 else "modes were"
        reasons.append(f"{unvisited} other {what} met that may hold mass, and not sampled")
    return {"converged": not reasons, "reasons": reasons, **numbers}


def find_faults(numbers: dict[str, Any], table: pd.DataFrame) -> list[str]:
    """What speaks against the draws, in words."""
    reasons = []
    draws = numbers["draws"]
    if numbers["max_rhat"] is None:
        reasons.append("R-hat cannot be computed; run at least 2 chains that move")
    elif numbers["max_rhat"] >= MAX_RHAT:
        worst = table["r_hat"].idxmax()
        reasons.append(f"R-hat of {worst} is {numbers['max_rhat']:.3f}, not below {MAX_RHAT}")
    for kind in ("bulk", "tail"):
        ess = numbers[f"min_ess_{kind}"]
        if ess is None:
            reasons.append(f"{kind} ESS cannot be computed")
        elif ess < MIN_ESS:
            worst = table[f"ess_{kind}"].idxmin()
            reasons.append(f"{kind} ESS of {worst} is {ess:.0f}, below {MIN_ESS}")
    for key, what in (
        ("max_treedepth_hits", "reached the maximum tree depth"),
        ("divergences", "diverged"),
    ):
        if numbers[key] > MAX_SHARE * draws:
            share = 100 * numbers[key] / draws
            reasons.append(f"{numbers[key]} of {draws} draws ({share:.1f} %) {what}")
    return reasons


def count_separate(draws: Any) -> int:
    """Number of groups of chains that do not overlap.

    Two chains overlap when the ranges of their central 99 % do, in every parameter.

    Parameters
    ----------
    draws : array_like, shape (parameters, chains, draws)
    """
    values: NDArray[np.float64] = np.asarray(draws)
    low, high = np.quantile(values, [0.005, 0.995], axis=2)
    overlap = (low[:, :, None] <= high[:, None, :]).all(axis=0)
    overlap &= overlap.T
    reached = np.linalg.matrix_power(overlap.astype(float), len(overlap)) > 0
    return len(np.unique(reached, axis=0))


def _visited(posterior: xr.Dataset, place: Mapping[str, float]) -> bool:
    """Whether the draws range over a place in every parameter."""
    return all(
        float(posterior[name].min()) <= value <= float(posterior[name].max())
        for name, value in place.items()
    )


def _finite_or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
