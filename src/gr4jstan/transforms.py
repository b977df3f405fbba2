"""Stan's unconstrained scale of a model's parameters."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gr4jstan.model import Model
from gr4jstan.programs import initial_states_block

Array = NDArray[np.float64]


def supports(model: Model) -> dict[str, tuple[float, float]]:
    """Lower and upper bound of each parameter, in the order of the Stan program."""
    block = initial_states_block(model.structure)
    names = ["x1", "x2", "x3", "x4", *(("S0", "R0") if block == "stores" else ())]
    bounds = {
        name: (model.numbers[f"{name}_lower"], model.numbers[f"{name}_upper"]) for name in names
    }
    if block == "fractions":
        bounds |= {"S0_fraction": (0.0, 1.0), "R0_fraction": (0.0, 1.0)}
    if model.sigma is None:
        bounds["sigma"] = (0.0, np.inf)
    return bounds


def unconstrain(model: Model, values: Mapping[str, Array]) -> Array:
    """Unconstrained coordinates: the logit between two bounds, the log above one.

    Parameters
    ----------
    model : Model
    values : mapping of str to array, shape (n,)

    Returns
    -------
    array, shape (n, D)
    """
    columns = []
    for name, (lower, upper) in supports(model).items():
        above = np.asarray(values[name], dtype=float) - lower
        columns.append(np.log(above) - (0 if np.isinf(upper) else np.log(upper - values[name])))
    return np.stack(columns, axis=-1)


def constrain(model: Model, points: Array) -> dict[str, Array]:
    """Parameters at unconstrained coordinates; the inverse of `unconstrain`.

    Parameters
    ----------
    model : Model
    points : array, shape (n, D)

    Returns
    -------
    dict of str to array, shape (n,)
    """
    values = {}
    for (name, (lower, upper)), column in zip(supports(model).items(), points.T, strict=True):
        if np.isinf(upper):
            values[name] = lower + np.exp(column)
        else:
            values[name] = lower + (upper - lower) / (1 + np.exp(-column))
    return values
