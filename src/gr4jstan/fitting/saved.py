"""What the files of a saved fit must hold to be used: they are data, whoever wrote them."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from gr4jstan.fitting.end_state import EndState
from gr4jstan.fitting.inference_data import (
    InferenceData,
    dataset,
    group_names,
    reported_group,
)
from gr4jstan.fitting.records import (
    Diagnostics,
    PriorSettings,
    ProgramData,
    Run,
    Seed,
    check_record,
    damaged,
)
from gr4jstan.model.definition import Model, define_model
from gr4jstan.sampling.settings import SamplerSettings


def check_texts(
    place: Path, run: dict[str, Any], diagnostics: dict[str, Any], data: dict[str, Any]
) -> Model:
    """Check the tables of a fit in the folder `place`, and give its model.

    Raises
    ------
    InputError
        Naming the file and the first entry that is missing or of another kind.
    """
    path = place / "run.json"
    check_record(path, run, Run)
    check_record(path, run["model"], PriorSettings, "model")
    check_record(path, run["sampler"], Seed, "sampler")
    for period in (run["period"], (run["validation"] or run)["period"]):
        if len(period) != 2:
            raise damaged(path, "a period needs two days")
    try:
        model = define_model(**run["model"])
        SamplerSettings(**run["sampler"])
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise damaged(path, error) from None
    if list(model.parameters) != run["parameters"]:
        raise damaged(path, "the parameters are not those of the model")
    check_record(place / "diagnostics.json", diagnostics, Diagnostics)
    check_record(place / "data.json", data, ProgramData)
    return model


def check_posterior(path: Path, idata: InferenceData, model: Model, validated: bool) -> None:
    """Check that the groups of a posterior hold what a fit's do.

    Raises
    ------
    InputError
        Naming the group and the variable.
    """
    reported = {*model.parameters, *model.structure.names, *model.structure.initial}
    needed = {
        **dict.fromkeys(("posterior", reported_group(idata)), reported),
        "sample_stats": {"diverging", "energy"},
        "observed_data": {"Q"},
        "constant_data": {"P", "E"},
    } | ({"predictions_constant_data": {"P", "E", "Q"}} if validated else {})
    for group, names in needed.items():
        if group not in group_names(idata):
            raise damaged(path, f"no group {group}")
        found = dataset(idata, group)
        for name in sorted(names):
            if name not in found.data_vars:
                raise damaged(path, f"no {name} in {group}")
            if found[name].dtype.kind not in "fiub":
                raise damaged(path, f"{name} in {group} is not numeric")
            if name != "Q" and not np.isfinite(found[name]).all():
                raise damaged(path, f"{name} in {group} is not finite")
    posterior, stats = dataset(idata, "posterior"), dataset(idata, "sample_stats")
    first = posterior[model.structure.names[0]]
    for draws in (posterior, dataset(idata, reported_group(idata)), stats):
        for label, array in draws.data_vars.items():
            if array.dims != ("chain", "draw") or array.shape != first.shape:
                raise damaged(path, f"{label} is not of the shape (chain, draw)")
    if not first.size:
        raise damaged(path, "no draws")
    days = _check_days(path, dataset(idata, "constant_data"), "")
    observed = _check_days(path, dataset(idata, "observed_data"), "obs_")
    if not np.isin(observed, days).all():
        raise damaged(path, "an observation is on a day that was not simulated")
    if validated:
        _check_days(path, dataset(idata, "predictions_constant_data"), "")


def check_end(path: Path, end: EndState, idata: InferenceData, model: Model) -> None:
    """Check that an end of the calibration belongs to the posterior.

    Raises
    ------
    InputError
    """
    sizes = dataset(idata, "posterior").sizes
    rows = end.chain.size * end.draw.size
    for name, index in (("chain", end.chain), ("draw", end.draw)):
        if index.ndim != 1 or index.dtype.kind not in "iu" or not index.size:
            raise damaged(path, f"{name} is not a list of numbers")
        if index.min() < 0 or index.max() >= sizes[name]:
            raise damaged(path, f"a {name} is not in the posterior")
    state, memory = end.state, end.memory
    remembered = {store.name for store in model.structure.stores}
    remembered |= {hydrograph.name for hydrograph in model.structure.hydrographs}
    if set(state) != remembered:
        raise damaged(path, f"it holds {', '.join(state)}, not {', '.join(sorted(remembered))}")
    for array in (*state.values(), memory.phi, memory.eta):
        if array.dtype.kind != "f" or len(array) != rows:
            raise damaged(path, "the states are not numbers for each draw")
    if not all(np.isfinite(array).all() for array in state.values()):
        raise damaged(path, "a state is not finite")
    if memory.age < 0:
        raise damaged(path, f"days_since_observation is {memory.age}")


def _check_days(path: Path, group: xr.Dataset, prefix: str) -> "np.ndarray[Any, Any]":
    """The days of the series of a group, all of them on the same ones."""
    names = [(f"{prefix}{name}",) for name in ("date", "day")]
    dims = {array.dims for array in group.data_vars.values()}
    if len(dims) != 1 or not dims <= set(names) or next(iter(dims))[0] not in group.coords:
        raise damaged(path, "a series is not on days")
    days = group[next(iter(dims))[0]].to_numpy()
    if days.dtype.kind not in "Miu" or not days.size or not (days[1:] > days[:-1]).all():
        raise damaged(path, "the days are not in order")
    return days
