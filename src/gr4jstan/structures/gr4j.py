"""GR4J from the unit hydrographs to the outlet, in NumPy.

The model is that of Perrin, Michel and Andreassian (2003), Improvement of a parsimonious model
for streamflow simulation, Journal of Hydrology 279, 275-289, doi:10.1016/S0022-1694(03)00225-7,
with the order of operations of the R package airGR (INRAE).
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gr4jstan.structures.hydrographs import release
from gr4jstan.structures.state import Routed

Array = NDArray[np.float64]
Arrays = Mapping[str, Array]

UH1_SHARE = 0.9


def route(
    pr: Array, parameters: Arrays, levels: Arrays, water: Arrays, ordinates: Arrays
) -> Routed:
    """Lead the water of B days to the outlet.

    Parameters
    ----------
    pr : array, shape (B, n)
        Water that leaves the production store [mm/d].
    parameters : mapping of str to array, shape (n,)
    levels : mapping of str to array, shape (n,)
        The stores before the first day, as shares of their capacities.
    water : mapping of str to array, shape (m, n)
        Water in the unit hydrographs before the first day [mm].
    ordinates : mapping of str to array, shape (m, n)
        Of the unit hydrographs.
    """
    x3 = parameters["x3"]
    q9, uh1 = release(UH1_SHARE * pr, ordinates["uh1"], water["uh1"])
    q1, uh2 = release((1 - UH1_SHARE) * pr, ordinates["uh2"], water["uh2"])
    r, r_mid, exch = _routing_store(levels["R"], q9, parameters["x2"], x3)
    Q = x3 * (r_mid - r[1:]) + np.maximum(q1 + exch, 0)

    def fluxes() -> Arrays:
        aexch1 = np.maximum(exch, -(x3 * r[:-1] + q9))
        aexch2 = np.maximum(exch, -q1)
        return {
            "R": x3 * r[1:],
            "q9": q9,
            "q1": q1,
            "exch": exch,
            "aexch1": aexch1,
            "aexch2": aexch2,
            "aexch": aexch1 + aexch2,
            "qr": x3 * (r_mid - r[1:]),
            "qd": np.maximum(q1 + exch, 0),
        }

    return Routed(Q, {"R": r[-1]}, {"uh1": uh1, "uh2": uh2}, fluxes)


def _routing_store(r: Array, q9: Array, x2: Array, x3: Array) -> tuple[Array, Array, Array]:
    """Level of the routing store after each day and before its outflow, and the exchange [mm]."""
    after = np.empty((len(q9) + 1, r.size))
    mid = np.empty_like(q9)
    after[0] = r
    inflow, x2_level = q9 / x3, x2 / x3
    exchange = np.empty_like(q9)
    for day, filling in enumerate(inflow):
        change = x2_level * (r * r * r * np.sqrt(r))
        exchange[day] = change
        r = np.maximum(r + filling + change, 0)
        mid[day] = r
        square = r * r
        r = r / np.sqrt(np.sqrt(square * square + 1))
        after[day + 1] = r
    return after, mid, x3 * exchange
