"""Where the water of the calibration goes, by the fluxes of its draws."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gr4jstan.structures.simulation import Simulation

# Means over years hardly differ between draws.
DRAWS = 100

FLUXES = ("Q", "ae", "aexch")


def water_balance(simulations: Iterable[Simulation], P: pd.Series, skipped: int) -> pd.DataFrame:
    """Mean fluxes from a day on.

    Parameters
    ----------
    simulations : iterable of Simulation
        Arrays of shape (some draws, T).
    P : Series of length T
        Precipitation [mm/d].
    skipped : int
        First days that do not count.

    Returns
    -------
    DataFrame
        Index flux: P and those of `FLUXES` that the structure has; columns median, q5, q95 [mm/d],
        share, share_q5, share_q95 (of P; NaN without any).
    """
    means: dict[str, list[NDArray[np.float64]]] = {}
    for simulation in simulations:
        known = [flux.name for flux in simulation.structure.fluxes]
        for name in FLUXES:
            if name in known:
                series = getattr(simulation, name)[:, skipped:]
                means.setdefault(name, []).append(series.mean(axis=1))
    rain = float(P.iloc[skipped:].mean())
    rows = {"P": [rain] * 3}
    for name, parts in means.items():
        rows[name] = list(np.quantile(np.concatenate(parts), [0.5, 0.05, 0.95]))
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["median", "q5", "q95"])
    table.index.name = "flux"
    shares = table / rain if rain > 0 else table * np.nan
    return table.join(shares.set_axis(["share", "share_q5", "share_q95"], axis=1))
