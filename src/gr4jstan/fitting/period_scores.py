"""Scores of the periods of a fit."""

import numpy as np
import pandas as pd

from gr4jstan.fitting.prediction import Prediction
from gr4jstan.sampling.streams import stream
from gr4jstan.scoring.climatology import climatology
from gr4jstan.scoring.scores import score_table


def score_periods(
    periods: dict[str, tuple[Prediction, pd.Series]], calibrated: pd.Series, seed: int
) -> pd.DataFrame:
    """Score each period on its observed days, against the climatology of the calibration.

    Parameters
    ----------
    periods : dict of str to (Prediction, Series)
        By name, calibration or validation: what is scored, and the observations [mm/d].
    calibrated : Series
        Observations of the calibration.
    seed : int

    Returns
    -------
    DataFrame
        Index (period, score), columns value, q5 and q95; see
        `gr4jstan.scoring.scores.score_table`.
    """
    dated = calibrated.index.name == "date"
    tables = {}
    for name, (prediction, observed) in periods.items():
        days = np.flatnonzero(observed.notna())
        usual = climatology(
            calibrated.index if dated else None,
            calibrated,
            observed.index[days] if dated else len(days),
        )
        tables[name] = score_table(
            prediction.flow[:, days],
            prediction.total[:, days],
            observed.to_numpy()[days],
            reference=usual,
            rng=stream(seed, f"scores of the {name}"),
        )
    return pd.concat(tables, names=["period", "score"])
