"""Scores of days: how the log density of each observation changes with the parameters."""

import ctypes
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gr4jstan.cmdstan.library import load_library
from gr4jstan.errors import InputError
from gr4jstan.model.definition import Model
from gr4jstan.model.programs import render_daily_scores
from gr4jstan.model.stan_data import StanData

Array = NDArray[np.float64]


def daily_scores(model: Model, data: StanData, values: Mapping[str, float]) -> Array:
    """Derivatives of the log density of each observation, by the structure's C++.

    They are exact: those of the flows come from one sweep forward, and those of the density are
    what the program's gradient is made of.

    Parameters
    ----------
    model : Model
    data : dict
        Data of its program.
    values : mapping of str to float
        The parameters of the structure, its initial stores [mm], and those of the error model.

    Returns
    -------
    array, shape (N, n)
        With respect to the parameters of the structure, its initial stores and the estimated
        parameters of the error model, in this order.

    Raises
    ------
    InputError
        If the density is not finite at these values.
    ToolchainError
        If the library cannot be built.
    """
    names = (*model.structure.names, *model.structure.initial)
    numbers = {**data, **values}
    theta, stores, errors = (
        np.array([numbers[name] for name in group], dtype=float)
        for group in (model.structure.names, model.structure.initial, model.errors.density_numbers)
    )
    P, E, Q_obs = (np.array(data[name], dtype=float) for name in ("P", "E", "Q_obs"))
    observed = np.ascontiguousarray(model.errors.observed(Q_obs, data), dtype=float)
    days = np.array(data["obs_day"], dtype=np.intc)
    scores = np.empty((len(days), len(names) + len(errors)))
    failed = load_library(render_daily_scores(model.spec)).gr4j_daily_scores(
        ctypes.c_int(len(P)),
        *map(_pointer, (P, E, theta, stores)),
        ctypes.c_int(len(errors)),
        _pointer(errors),
        ctypes.c_int(len(days)),
        *map(_pointer, (days, observed, scores)),
    )
    if failed:
        place = ", ".join(f"{name} {float(numbers[name]):.4g}" for name in names)
        raise InputError(f"The density has no derivatives on some day at {place}.")
    return scores[:, : len(names) + len(model.error_parameters)]


def _pointer(array: NDArray[np.generic]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
