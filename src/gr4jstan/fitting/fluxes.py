"""Stores and fluxes of posterior draws as one dataset."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from gr4jstan.errors import InputError
from gr4jstan.structures.simulation import Simulation
from gr4jstan.structures.structure import Structure


def check_names(names: Sequence[str], structure: Structure) -> None:
    """Raise InputError unless all are series of the structure."""
    known = [flux.name for flux in structure.fluxes]
    for name in names:
        if name not in known:
            raise InputError(f"There is no flux {name!r}; choose among {', '.join(known)}.")


def flux_dataset(
    simulations: Iterable[Simulation],
    names: Sequence[str],
    chain: NDArray[np.int_],
    draw: NDArray[np.int_],
    dates: pd.Index,
) -> xr.Dataset:
    """Put the series of simulations, some draws at a time, side by side.

    Parameters
    ----------
    simulations : iterable of Simulation
        In all, the draws of all chains, arrays of shape (some draws, T).
    names : sequence of str
        Series to keep.
    chain, draw : array of int
        Chains, and the draws of each.
    dates : Index of length T

    Returns
    -------
    xarray.Dataset
        Dimensions chain, draw and the index's name.
    """
    shape = (len(chain), len(draw), len(dates))
    arrays = {name: np.empty((shape[0] * shape[1], shape[2])) for name in names}
    done = 0
    for simulation in simulations:
        size = len(simulation.Q)
        for name in names:
            arrays[name][done : done + size] = getattr(simulation, name)
        done += size
    dims = ("chain", "draw", dates.name)
    return xr.Dataset(
        {name: (dims, array.reshape(shape)) for name, array in arrays.items()},
        coords={"chain": chain, "draw": draw, dates.name: dates},
    )
