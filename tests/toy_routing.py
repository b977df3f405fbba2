"""GR4J's routing with another exchange, F = x2 (R / x3 - x5), for test_new_structure."""

import numpy as np

from gr4jstan.structures.gr4j import UH1_SHARE
from gr4jstan.structures.hydrographs import release
from gr4jstan.structures.state import Routed


def route(pr, parameters, levels, water, ordinates):
    """What `gr4jstan.structures.gr4j.route` does, day by day."""
    x2, x3, x5 = (parameters[name] for name in ("x2", "x3", "x5"))
    q9, uh1 = release(UH1_SHARE * pr, ordinates["uh1"], water["uh1"])
    q1, uh2 = release((1 - UH1_SHARE) * pr, ordinates["uh2"], water["uh2"])
    R = levels["R"] * x3
    rows = {name: np.empty_like(q9) for name in ("R", "exch", "aexch1", "aexch2", "qr", "qd")}
    for day in range(len(q9)):
        F = x2 * (R / x3 - x5)
        before = R + q9[day]
        R = np.maximum(before + F, 0)
        rows["exch"][day], rows["aexch1"][day] = F, R - before
        rows["qr"][day] = R * (1 - (1 + (R / x3) ** 4) ** -0.25)
        R = R - rows["qr"][day]
        rows["qd"][day] = np.maximum(q1[day] + F, 0)
        rows["aexch2"][day], rows["R"][day] = rows["qd"][day] - q1[day], R
    rows |= {"q9": q9, "q1": q1, "aexch": rows["aexch1"] + rows["aexch2"]}
    Q = rows["qr"] + rows["qd"]
    return Routed(Q, {"R": R / x3}, {"uh1": uh1, "uh2": uh2}, lambda: rows)
