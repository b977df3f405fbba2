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

from gr4jstan.errors import InputError
from gr4jstan.files import hdf5_errors
from gr4jstan.model.task import Task
from gr4jstan.reading.catchment import Catchment
from gr4jstan.sampling.nuts import Draws

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
    task: Task,
    max_treedepth: int,
) -> InferenceData:
    """Gather draws and data in ArviZ's groups.

    Parameters
    ----------
    draws : Draws
        What NUTS drew.
    task : Task
        Forcing, observations and the periods.
    max_treedepth : int
        Marks the draws that reached it.

    Returns
    -------
    InferenceData
        Groups ``posterior``, ``sample_stats`` and ``warmup_sample_stats`` (chain, draw),
        ``observed_data`` (``Q`` on ``obs_date``) and ``constant_data`` (``P``, ``E`` on ``date``),
        all in mm and days. With a validation period, ``predictions_constant_data`` has ``P``, ``E``
        and ``Q`` on the days up to its end, with NaN where ``Q`` does not count. A catchment
        without dates has ``obs_day`` and ``day``, from 0.
    """
    catchment, days = task.catchment, task.days
    stats: dict[str, NDArray[Any]] = {
        _STATS[name]: values for name, values in draws.stats.items() if name in _STATS
    }
    stats["reached_max_treedepth"] = stats["tree_depth"] >= max_treedepth
    stats["diverging"] = stats["diverging"] > 0
    for name in ("tree_depth", "n_steps"):
        stats[name] = stats[name].astype(int)
    dim, index = _time(catchment)
    assert catchment.Q is not None
    groups = {
        "posterior": _draws_dataset(draws.parameters),
        "sample_stats": _draws_dataset(stats),
        "warmup_sample_stats": _draws_dataset({"n_steps": draws.warmup_leapfrogs.astype(int)}),
        "observed_data": xr.Dataset(
            {"Q": (f"obs_{dim}", catchment.Q[days])}, coords={f"obs_{dim}": index[days]}
        ),
        "constant_data": _series(catchment, "P", "E"),
    }
    if task.validation is not None:
        groups["predictions_constant_data"] = _series(task.validation.catchment, "P", "E", "Q")
    units = UNITS | task.model.units
    for dataset in groups.values():
        for label, variable in dataset.data_vars.items():
            if unit := units.get(str(label)):
                variable.attrs["units"] = unit
    return _container(groups, {})


UNITS = {"P": "mm/d", "E": "mm/d", "Q": "mm/d"}


def with_groups(
    idata: InferenceData,
    groups: Mapping[str, xr.Dataset],
    chain: NDArray[np.int_],
    draw: NDArray[np.int_],
) -> InferenceData:
    """The same posterior, thinned to these chains and draws, and further groups."""
    names = ("posterior", "sample_stats")
    thinned = {name: dataset(idata, name).isel(chain=chain, draw=draw) for name in names}
    kept = {name: dataset(idata, name) for name in ("observed_data", "constant_data")}
    return _container({**thinned, **groups, **kept}, idata.attrs)


def with_group(idata: InferenceData, name: str, group: xr.Dataset) -> InferenceData:
    """The same groups, and one more."""
    groups = {each: dataset(idata, each) for each in group_names(idata)}
    return _container(groups | {name: group}, idata.attrs)


def robust_group(
    idata: InferenceData, values: Mapping[str, NDArray[np.float64]], units: Mapping[str, str]
) -> InferenceData:
    """The same posterior with the group ``posterior_robust``, see `gr4jstan.fitting.robust`.

    Parameters
    ----------
    idata : InferenceData
    values : mapping of str to array, shape (chains, draws)
    units : mapping of str to str
    """
    group = _draws_dataset(values)
    for label, variable in group.data_vars.items():
        variable.attrs["units"] = units.get(str(label), "mm")
    return with_group(idata, "posterior_robust", group)


def reported_group(idata: InferenceData) -> str:
    """The group of the draws that are reported: the robust ones, where there are."""
    return "posterior_robust" if "posterior_robust" in group_names(idata) else "posterior"


def choose_values(
    idata: InferenceData,
    chain: NDArray[np.int_],
    draw: NDArray[np.int_],
    group: str = "posterior",
) -> dict[str, NDArray[np.float64]]:
    """All parameters of some draws of a group, shape (n,): chain after chain."""
    posterior = dataset(idata, group).isel(chain=chain, draw=draw)
    return {str(name): array.to_numpy().ravel() for name, array in posterior.items()}


def calibration_days(idata: InferenceData) -> pd.DataFrame:
    """P, E and Q of the simulated period [mm/d], Q being NaN where it does not count.

    The index is named date, or day where there are no dates.
    """
    forcing = dataset(idata, "constant_data").to_dataframe()
    observed = dataset(idata, "observed_data")["Q"].to_series()
    return forcing.assign(Q=observed.reindex(forcing.index))[["P", "E", "Q"]]


def validation_days(idata: InferenceData) -> pd.DataFrame | None:
    """The same of the days up to the end of the validation period; None if there is none."""
    if "predictions_constant_data" not in group_names(idata):
        return None
    return dataset(idata, "predictions_constant_data").to_dataframe()[["P", "E", "Q"]]


def group_names(idata: InferenceData) -> tuple[str, ...]:
    """Names of the groups that are there."""
    return tuple(idata.groups() if _is_legacy() else idata.children)


def summary(idata: InferenceData, names: Sequence[str], group: str = "posterior") -> pd.DataFrame:
    """Posterior summary, unrounded and the same on both ArviZ lines.

    Parameters
    ----------
    idata : InferenceData
        With a ``posterior`` group.
    names : sequence of str
        Parameters, in the order of the rows.
    group : str
        The draws that are summarised.

    Returns
    -------
    DataFrame
        Index ``parameter``; columns mean, sd, median, q5, q95 (quantiles of 5 and 95 %),
        mcse_mean, ess_bulk, ess_tail (of these quantiles), r_hat (rank-normalised, split), and
        widening, the sd over that of what NUTS drew.
    """
    az = _arviz()
    posterior, drawn = (dataset(idata, each)[list(names)] for each in (group, "posterior"))
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
            "widening": posterior.std(along) / drawn.std(along),
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
    with hdf5_errors(path):
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
    # HDF5 and xarray stumble over a foreign file in many ways
    except Exception as error:
        raise InputError(f"{path}: not a posterior that can be read ({error}).") from error
    return idata


def import_ahead() -> None:
    """Import ArviZ, which takes two seconds, beside what the caller waits for."""
    if "arviz" not in sys.modules:
        threading.Thread(target=_arviz, daemon=True).start()


def arviz_version() -> str:
    """Version of the installed ArviZ."""
    return str(_arviz().__version__)


def _container(groups: Mapping[str, xr.Dataset], attributes: Mapping[str, Any]) -> InferenceData:
    idata = _arviz().InferenceData(**groups) if _is_legacy() else xr.DataTree.from_dict(groups)
    idata.attrs.update(attributes)
    return idata


def _time(catchment: Catchment) -> tuple[str, NDArray[Any]]:
    """Name of the time dimension, and its coordinate."""
    if catchment.dates is None:
        return "day", np.arange(len(catchment))
    return "date", catchment.dates.to_numpy()


def _series(catchment: Catchment, *names: str) -> xr.Dataset:
    dim, index = _time(catchment)
    return xr.Dataset({name: (dim, getattr(catchment, name)) for name in names}, {dim: index})


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
