"""Where the calibration ended, draw by draw: what a prediction continues from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from gr4jstan.errors import InputError
from gr4jstan.files import hdf5_errors
from gr4jstan.fitting.prediction import (
    Array,
    Memory,
    Values,
    learn_memory,
    simulate_draws,
    spin_up_state,
    start_state,
)
from gr4jstan.model.definition import Model
from gr4jstan.progress import can_show_bars
from gr4jstan.structures.state import State

_ENGINE: Final = "h5netcdf"


@dataclass(frozen=True, eq=False)
class EndState:
    """State of the structure and memory of the errors after the last day of the calibration.

    Parameters
    ----------
    chain, draw : array of int
        The posterior draws: all of these chains, of each these draws. Arrays of the state and the
        memory go through the chains, and in each through its draws.
    state : State
    memory : Memory
    """

    chain: NDArray[np.int_]
    draw: NDArray[np.int_]
    state: State
    memory: Memory


def simulate_calibration(
    model: Model,
    values: Values,
    days: pd.DataFrame,
    chain: NDArray[np.int_],
    draw: NDArray[np.int_],
) -> tuple[Array, EndState]:
    """Streamflow of draws over the calibration, and where it ends.

    Parameters
    ----------
    model : Model
    values : mapping of str to array, shape (n,)
        Parameters and initial stores of the draws.
    days : DataFrame
        P, E and Q of T days [mm/d].
    chain, draw : array of int
        Which draws they are.

    Returns
    -------
    flow : array, shape (n, T)
        Streamflow [mm/d].
    end : EndState
    """
    P, E, Q = (days[name].to_numpy() for name in ("P", "E", "Q"))
    start = start_state(model.structure, values)
    flow, state = simulate_draws(model.structure, values, P, E, start, progress=can_show_bars())
    observed = np.flatnonzero(~np.isnan(Q))
    memory = learn_memory(model, values, Q[observed], observed, flow)
    return flow, EndState(chain, draw, state, memory)


def simulate_forcing(
    model: Model, values: Values, forcing: pd.DataFrame, end: EndState, *, continued: bool
) -> Array:
    """Streamflow of draws for other forcing, shape (n, T) [mm/d].

    Parameters
    ----------
    model : Model
    values : mapping of str to array, shape (n,)
        Parameters of the draws that `end` has the states of.
    forcing : DataFrame
        P and E of T days [mm/d].
    end : EndState
    continued : bool
        Whether to go on from there, or to begin with airGR's stores.
    """
    P, E = (forcing[name].to_numpy() for name in ("P", "E"))
    state = end.state if continued else spin_up_state(model.structure, values)
    return simulate_draws(model.structure, values, P, E, state, progress=can_show_bars())[0]


def write_end_state(end: EndState, path: Path) -> None:
    """Write it as NetCDF: stores [mm], phi, eta (chain, draw), and hydrographs [mm], days ahead."""
    shape = (len(end.chain), len(end.draw))
    arrays = {**end.state, "phi": end.memory.phi, "eta": end.memory.eta}
    variables: dict[str, Any] = {
        name: (
            ("chain", "draw", f"{name}_day")[: array.ndim + 1],
            array.reshape(*shape, *array.shape[1:]),
        )
        for name, array in arrays.items()
    }
    dataset = xr.Dataset(
        variables,
        coords={"chain": end.chain, "draw": end.draw},
        attrs={"days_since_observation": end.memory.age},
    )
    for name in end.state:
        dataset[name].attrs["units"] = "mm"
    with hdf5_errors(path):
        dataset.to_netcdf(str(path), engine=_ENGINE)


def read_end_state(path: Path) -> EndState:
    """Read what `write_end_state` wrote.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    try:
        with xr.open_dataset(path, engine=_ENGINE) as file:
            dataset = file.load()
        rows = dataset.sizes["chain"] * dataset.sizes["draw"]
        flat = {}
        for name, array in dataset.data_vars.items():
            if array.dims not in {("chain", "draw"), ("chain", "draw", f"{name}_day")}:
                raise ValueError("the states are not of the shape (chain, draw)")
            flat[str(name)] = array.to_numpy().reshape(rows, *array.shape[2:])
        memory = Memory(
            flat.pop("phi"), flat.pop("eta"), int(dataset.attrs["days_since_observation"])
        )
        return EndState(
            dataset["chain"].to_numpy(), dataset["draw"].to_numpy(), State(**flat), memory
        )
    # HDF5 and xarray stumble over a foreign file in many ways
    except Exception as error:
        raise InputError(f"{path}: damaged ({error}); run the fit again.") from error
