"""Where the bands of the periods of a fit hold: their scores by group of days."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from gr4jstan.fitting.error_memory import simulate_ar1
from gr4jstan.fitting.prediction import Prediction
from gr4jstan.sampling.streams import stream
from gr4jstan.scoring.predictive import pit
from gr4jstan.scoring.verification import day_groups, extremes_table, group_table

Array = NDArray[np.float64]

# Samples of what right bands would give: their 0.1 % quantiles are known to a few hundredths of
# the spread.
SAMPLES = 1000


def pit_of_period(name: str, prediction: Prediction, observed: pd.Series, seed: int) -> Array:
    """PITs of the observed days of a period, with the random numbers of its scores."""
    days = np.flatnonzero(observed.notna())
    rng = stream(seed, f"scores of the {name}")
    return pit(prediction.total[:, days], observed.to_numpy()[days], rng)


def right_pits(phi: float, days: NDArray[np.intp], rng: np.random.Generator) -> Array:
    """PITs of bands that are right, of errors with an AR(1) memory, shape (SAMPLES, N)."""
    length = int(days[-1]) + 1
    eta = simulate_ar1(np.full(SAMPLES, phi), length, rng)
    return np.asarray(ndtr(eta[:, days]))


def verify_periods(
    periods: dict[str, tuple[Prediction, pd.Series]], pits: dict[str, Array], phi: float, seed: int
) -> pd.DataFrame:
    """Scores of each period by group of its observed days.

    Parameters
    ----------
    periods : dict of str to (Prediction, Series)
        By name, calibration or validation: what is verified, and the observations [mm/d].
    pits : dict of str to array
        PITs of the observed days of each.
    phi : float
        Correlation of the errors of neighbouring days.
    seed : int

    Returns
    -------
    DataFrame
        Index (period, group); columns as in `gr4jstan.scoring.verification.group_table`. Days
        without dates have no seasons, months and years.
    """
    tables = {}
    for name, (prediction, observed) in periods.items():
        rng = stream(seed, f"verification of the {name}")
        days = np.flatnonzero(observed.notna())
        dates = observed.index[days]
        dated = dates if isinstance(dates, pd.DatetimeIndex) else None
        flow, total = prediction.flow[:, days], prediction.total[:, days]
        obs = observed.to_numpy()[days]
        found = [
            group_table(
                day_groups(np.median(flow, axis=0), dated),
                pit=pits[name],
                right=right_pits(phi, days, rng),
                flow=flow,
                total=total,
                obs=obs,
            )
        ]
        if dated is not None:
            found.append(extremes_table(total, obs, dated, rng=rng, count=SAMPLES))
        tables[name] = pd.concat([table for table in found if len(table)])
    return pd.concat(tables, names=["period", "group"])
