"""What the files of a saved fit must hold to be used: they are data, whoever wrote them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from gr4jstan.errors import InputError
from gr4jstan.fitting.end_state import EndState
from gr4jstan.fitting.inference_data import InferenceData, dataset, group_names
from gr4jstan.model.definition import Model, define_model
from gr4jstan.sampling.settings import SamplerSettings

_NUMBER = (int, float)
_MAYBE = (int, float, type(None))
# Labels stand in commands that a report shows for copying.
_DAY = re.compile(r"\d{4}-\d\d-\d\d|day \d{1,9}")

# The entries that are used. A dict has these keys, a list these items, anything else is a type or a
# pattern.
_DIAGNOSTICS: dict[str, Any] = {
    "converged": bool,
    "reasons": [str],
    "draws": int,
    "max_rhat": _MAYBE,
    "min_ess_bulk": _MAYBE,
    "min_ess_tail": _MAYBE,
    "divergences": int,
    "max_treedepth_hits": int,
    "ebfmi": [_MAYBE],
    "modes_found": int,
    "seconds": {"wall": _NUMBER},
}
_MODE = {"log_density": _NUMBER, "log_mass": _NUMBER, "parameters": dict}
_RUN: dict[str, Any] = {
    "catchment": str,
    "period": [_DAY],
    "days": int,
    "warmup": int,
    "observed_days": int,
    "parameters": [str],
    "model": {"prior_settings": dict},
    "sampler": {"seed": int},
    "versions": dict,
    "sha256": dict,
    "notes": [str],
    "start": {"modes": [_MODE]},
}
_VALIDATION = {"period": [_DAY], "observed_days": int, "continued": bool}
_DATA: dict[str, Any] = {"T": int, "P": [_NUMBER], "E": [_NUMBER], "obs_day": [int]}


def read_json(path: Path) -> dict[str, Any]:
    """Read a file that holds a JSON object.

    Raises
    ------
    InputError
        If it is missing or holds anything else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}; is {path.parent} the folder of a fit?"
        ) from None
    # lists in lists in lists come to an end at Python's stack
    except (ValueError, RecursionError) as error:
        raise _damaged(path, error) from None
    if not isinstance(content, dict):
        raise _damaged(path, "not a JSON object")
    return content


def check_texts(
    place: Path, run: Mapping[str, Any], diagnostics: Mapping[str, Any], data: Mapping[str, Any]
) -> Model:
    """Check the tables of a fit in the folder `place`, and give its model.

    Raises
    ------
    InputError
        Naming the file and the first entry that is missing or of another kind.
    """
    path = place / "run.json"
    _check(path, run, _RUN)
    if "validation" not in run:
        raise _damaged(path, "no entry validation")
    if run["validation"] is not None:
        _check(path, run["validation"], _VALIDATION, "validation")
    for period in (run["period"], (run["validation"] or run)["period"]):
        if len(period) != 2:
            raise _damaged(path, "a period needs two days")
    try:
        model = define_model(**run["model"])
        SamplerSettings(**run["sampler"])
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise _damaged(path, error) from None
    if list(model.parameters) != run["parameters"]:
        raise _damaged(path, "the parameters are not those of the model")
    _check(place / "diagnostics.json", diagnostics, _DIAGNOSTICS)
    _check(place / "data.json", data, _DATA)
    return model


def check_posterior(path: Path, idata: InferenceData, model: Model, validated: bool) -> None:
    """Check that the groups of a posterior hold what a fit's do.

    Raises
    ------
    InputError
        Naming the group and the variable.
    """
    needed = {
        "posterior": {*model.parameters, *model.structure.names, *model.structure.initial},
        "sample_stats": {"diverging", "energy"},
        "observed_data": {"Q"},
        "constant_data": {"P", "E"},
    } | ({"predictions_constant_data": {"P", "E", "Q"}} if validated else {})
    for group, names in needed.items():
        if group not in group_names(idata):
            raise _damaged(path, f"no group {group}")
        found = dataset(idata, group)
        for name in sorted(names):
            if name not in found.data_vars:
                raise _damaged(path, f"no {name} in {group}")
            if found[name].dtype.kind not in "fiub":
                raise _damaged(path, f"{name} in {group} is not numeric")
            if name != "Q" and not np.isfinite(found[name]).all():
                raise _damaged(path, f"{name} in {group} is not finite")
    posterior, stats = dataset(idata, "posterior"), dataset(idata, "sample_stats")
    first = posterior[model.structure.names[0]]
    for draws in (posterior, stats):
        for label, array in draws.data_vars.items():
            if array.dims != ("chain", "draw") or array.shape != first.shape:
                raise _damaged(path, f"{label} is not of the shape (chain, draw)")
    if not first.size:
        raise _damaged(path, "no draws")
    days = _check_days(path, dataset(idata, "constant_data"), "")
    observed = _check_days(path, dataset(idata, "observed_data"), "obs_")
    if not np.isin(observed, days).all():
        raise _damaged(path, "an observation is on a day that was not simulated")
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
            raise _damaged(path, f"{name} is not a list of numbers")
        if index.min() < 0 or index.max() >= sizes[name]:
            raise _damaged(path, f"a {name} is not in the posterior")
    state, memory = end.state, end.memory
    remembered = {store.name for store in model.structure.stores}
    remembered |= {hydrograph.name for hydrograph in model.structure.hydrographs}
    if set(state) != remembered:
        raise _damaged(path, f"it holds {', '.join(state)}, not {', '.join(sorted(remembered))}")
    for array in (*state.values(), memory.phi, memory.eta):
        if array.dtype.kind != "f" or len(array) != rows:
            raise _damaged(path, "the states are not numbers for each draw")
    if not all(np.isfinite(array).all() for array in state.values()):
        raise _damaged(path, "a state is not finite")
    if memory.age < 0:
        raise _damaged(path, f"days_since_observation is {memory.age}")


def _check_days(path: Path, group: xr.Dataset, prefix: str) -> "np.ndarray[Any, Any]":
    """The days of the series of a group, all of them on the same ones."""
    names = [(f"{prefix}{name}",) for name in ("date", "day")]
    dims = {array.dims for array in group.data_vars.values()}
    if len(dims) != 1 or not dims <= set(names) or next(iter(dims))[0] not in group.coords:
        raise _damaged(path, "a series is not on days")
    days = group[next(iter(dims))[0]].to_numpy()
    if days.dtype.kind not in "Miu" or not days.size or not (days[1:] > days[:-1]).all():
        raise _damaged(path, "the days are not in order")
    return days


def _check(path: Path, value: Any, shape: Any, where: str = "") -> None:
    if isinstance(shape, dict):
        fits = isinstance(value, dict)
        for name, inner in shape.items() if fits else ():
            inside = f"{where}.{name}".strip(".")
            if name not in value:
                raise _damaged(path, f"no entry {inside}")
            _check(path, value[name], inner, inside)
    elif isinstance(shape, list):
        fits = isinstance(value, list)
        for item in value if fits else ():
            _check(path, item, shape[0], where)
    elif isinstance(shape, re.Pattern):
        fits = isinstance(value, str) and shape.fullmatch(value) is not None
    else:
        fits = isinstance(value, shape)
    if not fits:
        raise _damaged(path, f"{where or 'the file'} is {str(value)[:60]!r}")


def _damaged(path: Path, why: object) -> InputError:
    return InputError(f"{path}: damaged ({why}); run the fit again.")
