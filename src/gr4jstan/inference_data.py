"""ArviZ in and out: the only module that knows which ArviZ line is installed.

Up to 0.23 ArviZ keeps its groups in an ``InferenceData``, from 1.0 on in xarray's ``DataTree``.
"""

import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from gr4jstan.catchment import Catchment
from gr4jstan.errors import InputError
from gr4jstan.sampling import Draws

InferenceData = Any
"""``arviz.InferenceData`` or ``xarray.DataTree``, by the installed ArviZ line."""

_ENGINE = "h5netcdf"

# CmdStan's columns under ArviZ's names
_STATS = {
    "lp": "lp",
    "accept_stat": "acceptance_rate",
    "stepsize": "step_size",
    "treedepth": "tree_depth",
    "n_leapfrog": "n_steps",
    "divergent": "diverging",
    "energy": "energy",
}


def to_inference_data(
    draws: Draws,
    catchment: Catchment,
    days: NDArray[np.int_],
    max_treedepth: int,
    attributes: Mapping[str, Any],
) -> InferenceData:
    """Gather draws and data in ArviZ's groups.

    Parameters
    ----------
    draws : Draws
        What NUTS drew.
    catchment : Catchment
        Forcing and observations of T days.
    days : array of int, shape (N,)
        Days whose observation counts, from 0.
    max_treedepth : int
        Marks the draws that reached it.
    attributes : mapping
        Settings and versions, as strings and numbers.

    Returns
    -------
    InferenceData
        Groups ``posterior``, ``sample_stats`` and ``warmup_sample_stats`` (chain, draw),
        ``observed_data`` (``Q`` on ``obs_date``) and ``constant_data`` (``P``, ``E`` on ``date``),
        all in mm and days. A catchment without dates has ``obs_day`` and ``day``, from 0.
    """
    stats: dict[str, NDArray[Any]] = {
        _STATS[name]: values for name, values in draws.stats.items() if name in _STATS
    }
    stats["reached_max_treedepth"] = stats["tree_depth"] >= max_treedepth
    stats["diverging"] = stats["diverging"] > 0
    for name in ("tree_depth", "n_steps"):
        stats[name] = stats[name].astype(int)
    dim = "day" if catchment.dates is None else "date"
    index = np.arange(len(catchment)) if catchment.dates is None else catchment.dates.to_numpy()
    assert catchment.Q is not None
    groups = {
        "posterior": _draws_dataset(draws.parameters),
        "sample_stats": _draws_dataset(stats),
        "warmup_sample_stats": _draws_dataset({"n_steps": draws.warmup_leapfrogs.astype(int)}),
        "observed_data": xr.Dataset(
            {"Q": (f"obs_{dim}", catchment.Q[days])}, coords={f"obs_{dim}": index[days]}
        ),
        "constant_data": xr.Dataset(
            {"P": (dim, catchment.P), "E": (dim, catchment.E)}, coords={dim: index}
        ),
    }
    for dataset in groups.values():
        for label, variable in dataset.data_vars.items():
            if unit := UNITS.get(str(label)):
                variable.attrs["units"] = unit
    idata = _arviz().InferenceData(**groups) if _is_legacy() else xr.DataTree.from_dict(groups)
    idata.attrs.update(attributes)
    return idata


UNITS = {
    "x1": "mm",
    "x2": "mm/d",
    "x3": "mm",
    "x4": "d",
    "S0": "mm",
    "R0": "mm",
    "sigma": "mm/d",
    "P": "mm/d",
    "E": "mm/d",
    "Q": "mm/d",
}


def summary(idata: InferenceData, names: Sequence[str]) -> pd.DataFrame:
    """Posterior summary, unrounded and the same on both ArviZ lines.

    Parameters
    ----------
    idata : InferenceData
        With a ``posterior`` group.
    names : sequence of str
        Parameters, in the order of the rows.

    Returns
    -------
    DataFrame
        Index ``parameter``; columns mean, sd, median, q5, q95 (quantiles of 5 and 95 %),
        mcse_mean, ess_bulk, ess_tail (of these quantiles), r_hat (rank-normalised, split).
    """
    az = _arviz()
    posterior = dataset(idata, "posterior")[list(names)]
    along = ("chain", "draw")
    # draws that never change divide by zero; their diagnostics are NaN
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = {
            "mean": posterior.mean(along),
            "sd": posterior.std(along, ddof=1),
            "median": posterior.median(along),
            "q5": posterior.quantile(0.05, along),
            "q95": posterior.quantile(0.95, along),
            "mcse_mean": az.mcse(posterior, method="mean"),
            "ess_bulk": az.ess(posterior, method="bulk"),
            "ess_tail": az.ess(posterior, method="tail", prob=(0.05, 0.95)),
            "r_hat": az.rhat(posterior),
        }
    table = {key: [float(values[name]) for name in names] for key, values in columns.items()}
    return pd.DataFrame(table, index=pd.Index(names, name="parameter"))


def ebfmi(idata: InferenceData) -> list[float]:
    """Energy Bayesian fraction of missing information of each chain (Betancourt 2016)."""
    energy = dataset(idata, "sample_stats")["energy"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        return [float(np.mean(np.diff(chain) ** 2) / np.var(chain)) for chain in energy]


def dataset(idata: InferenceData, group: str) -> xr.Dataset:
    """A group as a Dataset."""
    found = idata[group]
    return found if isinstance(found, xr.Dataset) else found.to_dataset()


def write_netcdf(idata: InferenceData, path: Path) -> None:
    """Write all groups to a NetCDF file."""
    idata.to_netcdf(str(path), engine=_ENGINE)


def read_netcdf(path: Path) -> InferenceData:
    """Read all groups of a NetCDF file into memory.

    Raises
    ------
    InputError
        If the file is missing, cut off or not a fit.
    """
    try:
        if _is_legacy():
            idata = _arviz().from_netcdf(str(path), engine=_ENGINE)
            dataset(idata, "posterior")
        else:
            with xr.open_datatree(path, engine=_ENGINE) as tree:
                idata = tree.load()
            dataset(idata, "posterior")
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: not a posterior that can be read ({error}).") from error
    return idata


def import_ahead() -> None:
    """Import ArviZ, which takes two seconds, beside what the caller waits for."""
    if "arviz" not in sys.modules:
        threading.Thread(target=_arviz, daemon=True).start()


def arviz_version() -> str:
    """Version of the installed ArviZ."""
    return str(_arviz().__version__)


def _draws_dataset(values: Mapping[str, NDArray[Any]]) -> xr.Dataset:
    chains, draws = next(iter(values.values())).shape
    return xr.Dataset(
        {name: (("chain", "draw"), array) for name, array in values.items()},
        coords={"chain": np.arange(chains), "draw": np.arange(draws)},
    )


def _is_legacy() -> bool:
    return arviz_version().startswith("0.")


def _arviz() -> Any:
    with warnings.catch_warnings():
        # 0.23 announces on import that 1.0 will be different
        warnings.simplefilter("ignore", FutureWarning)
        import arviz

    return arviz
