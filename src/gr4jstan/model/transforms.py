"""Stan's unconstrained scale of a model's parameters."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gr4jstan.model.definition import Model
from gr4jstan.model.programs import initial_states_block

Array = NDArray[np.float64]


# airGR's scales, on which priors "airgr-sls" are uniform, by the name in the table of structures;
# a linear one is none.
_SCALES: dict[str, Callable[[ArrayLike], Array]] = {"log": np.log, "asinh": np.arcsinh}
_INVERSES: dict[str, Callable[[ArrayLike], Array]] = {"log": np.exp, "asinh": np.sinh}


def supports(model: Model) -> dict[str, tuple[float, float]]:
    """Lower and upper bound of each parameter of the Stan program, in its order."""
    block = initial_states_block(model.spec)
    names = [*model.structure.names, *(model.structure.initial if block == "stores" else ())]
    lower = _to_stan(model, {name: model.numbers[f"{name}_lower"] for name in names})
    upper = _to_stan(model, {name: model.numbers[f"{name}_upper"] for name in names})
    bounds = {name: (float(lower[name]), float(upper[name])) for name in lower}
    if block == "fractions":
        bounds |= {f"{name}_fraction": (0.0, 1.0) for name in model.structure.initial}
    return bounds | {each.name: each.support for each in model.estimated_errors}


def stan_parameters(model: Model, values: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """The parameters of the Stan program, some of which priors ``airgr-sls`` transform.

    Parameters
    ----------
    model : Model
    values : mapping of str to array, shape (n,)
        The parameters of the structure and what else is estimated; others are left out.

    Returns
    -------
    dict of str to array, shape (n,)
        Under the names of the program's parameters, in its order.
    """
    known = _to_stan(model, values)
    return {name: known[name] for name in supports(model)}


def _to_stan(model: Model, values: Mapping[str, ArrayLike]) -> dict[str, Array]:
    scales = {}
    if model.spec.priors == "airgr-sls":
        scales = {
            each.name: each.scale for each in model.structure.parameters if each.scale in _SCALES
        }
    found = {}
    for name, value in values.items():
        if name in scales:
            found[f"{scales[name]}_{name}"] = _SCALES[scales[name]](value)
        else:
            found[name] = np.asarray(value, dtype=float)
    return found


def coordinate(model: Model, name: str, values: ArrayLike) -> tuple[int, Array]:
    """Which unconstrained coordinate a parameter of the structure is, and where its values are.

    Parameters
    ----------
    model : Model
    name : str
    values : array_like, shape (n,)
        Between its bounds.

    Returns
    -------
    axis : int
    coordinates : array, shape (n,)
    """
    ((stan_name, column),) = _to_stan(model, {name: values}).items()
    bounds = supports(model)
    return list(bounds).index(stan_name), _to_line(column, *bounds[stan_name])


def unconstrain(model: Model, values: Mapping[str, Array]) -> Array:
    """Unconstrained coordinates: the logit between two bounds, the log above one.

    Parameters
    ----------
    model : Model
    values : mapping of str to array, shape (n,)
        Under the names of the Stan program's parameters, see `stan_parameters`.

    Returns
    -------
    array, shape (n, D)
    """
    columns = [
        _to_line(np.asarray(values[name], dtype=float), *bounds)
        for name, bounds in supports(model).items()
    ]
    return np.stack(columns, axis=-1)


def _to_line(values: Array, lower: float, upper: float) -> Array:
    logs: Array = np.log(values - lower)
    return logs if np.isinf(upper) else logs - np.log(upper - values)


def constrain(model: Model, points: Array) -> dict[str, Array]:
    """Parameters at unconstrained coordinates; the inverse of `unconstrain`.

    Parameters
    ----------
    model : Model
    points : array, shape (n, D)

    Returns
    -------
    dict of str to array, shape (n,)
        Under the names of the Stan program's parameters.
    """
    values = {}
    for (name, (lower, upper)), column in zip(supports(model).items(), points.T, strict=True):
        if np.isinf(upper):
            values[name] = lower + np.exp(column)
        else:
            values[name] = lower + (upper - lower) / (1 + np.exp(-column))
    return values


def reported(model: Model, values: Mapping[str, Array]) -> dict[str, Array]:
    """What a simulation and the error model need, from the parameters of the Stan program.

    Parameters
    ----------
    model : Model
    values : mapping of str to array, shape (n,)
        Under the names of the Stan program's parameters, see `constrain`.

    Returns
    -------
    dict of str to array, shape (n,)
        The parameters of the structure, its initial stores [mm], and the estimated parameters of
        the error model, in this order.
    """
    found = dict(values)
    for scale, inverse in _INVERSES.items():
        for name in model.structure.names:
            if f"{scale}_{name}" in found:
                found[name] = inverse(found[f"{scale}_{name}"])
    found |= initial_stores(model, found)
    names = (*model.structure.names, *model.structure.initial, *model.error_parameters)
    return {name: found[name] for name in names}


def initial_stores(model: Model, draws: Mapping[str, Array]) -> dict[str, Array]:
    """Stores before the first day [mm] that belong to prior or posterior draws, by name."""
    if model.structure.initial[0] in draws:
        return {name: draws[name] for name in model.structure.initial}
    fractions = draws if f"{model.structure.initial[0]}_fraction" in draws else model.numbers
    return {
        store.initial: fractions[f"{store.initial}_fraction"] * draws[store.capacity]
        for store in model.structure.stores
    }


def reported_slopes(model: Model, point: Array) -> Array:
    """Derivatives of `reported` with respect to the unconstrained coordinates.

    Parameters
    ----------
    model : Model
    point : array, shape (D,)
        On the unconstrained scale.

    Returns
    -------
    array, shape (reported quantities, D)
        By a complex step, which has no error of differences.
    """
    step = 1e-30
    steps = point + 1j * step * np.eye(len(point))
    values = reported(model, constrain(model, steps))
    return np.array([column.imag for column in values.values()]) / step
