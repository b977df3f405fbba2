"""From data to a posterior: one call, one result."""

import hashlib
import json
import platform
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gr4jstan.catchment import Catchment, Day
from gr4jstan.compiler import compile_program
from gr4jstan.diagnostics import diagnose
from gr4jstan.errors import InputError
from gr4jstan.files import output_folder, write_json
from gr4jstan.geometry import exact_density, find_start
from gr4jstan.inference_data import (
    InferenceData,
    arviz_version,
    dataset,
    import_ahead,
    read_netcdf,
    summary,
    to_inference_data,
    write_netcdf,
)
from gr4jstan.model import StanData, define_model
from gr4jstan.programs import HEADER_NAME, render_program
from gr4jstan.sampling import sample
from gr4jstan.settings import SamplerSettings
from gr4jstan.simulator import simulate_flow
from gr4jstan.task import Task, define_task
from gr4jstan.toolchain import cmdstan_version, require_cmdstan, say

if TYPE_CHECKING:
    import pandas as pd

_FORMAT = 1

# Warm-up iterations with the metric known beforehand, and without.
SHORT_WARMUP = 150
LONG_WARMUP = 1000


@dataclass(frozen=True)
class Fit:
    """A posterior of GR4J.

    Parameters
    ----------
    idata : InferenceData
        ArviZ groups posterior, sample_stats, observed_data and constant_data.
    diagnostics : dict
        Whether to trust it, see `gr4jstan.diagnostics.diagnose`, and where the ``seconds`` went.
    run : dict
        Settings, versions and hash of the data.
    code : str
        The Stan program.
    header : str or None
        Its C++ header; the program compiles under the name ``gr4j.stan``.
    data : dict
        Its data.
    """

    idata: InferenceData
    diagnostics: dict[str, Any]
    run: dict[str, Any]
    code: str
    header: str | None
    data: StanData

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(self.run["parameters"])

    def summary(self) -> "pd.DataFrame":
        """Posterior summary, see `gr4jstan.inference_data.summary`."""
        return self._summary

    @cached_property
    def _summary(self) -> "pd.DataFrame":
        return summary(self.idata, self.parameters)

    def flows(self, draws: int = 200) -> NDArray[np.float64]:
        """Simulated streamflow of some posterior draws, evenly spread over the chains.

        Parameters
        ----------
        draws : int
            How many draws at most.

        Returns
        -------
        array, shape (draws, T)
            Streamflow of the simulated period [mm/d].
        """
        posterior = dataset(self.idata, "posterior")
        values = {str(name): array.to_numpy().ravel() for name, array in posterior.items()}
        total = values["x1"].size
        chosen = np.unique(np.linspace(0, total - 1, min(draws, total)).round().astype(int))
        values = {name: array[chosen] for name, array in values.items()}
        forcing = dataset(self.idata, "constant_data")
        return simulate_flow(
            forcing["P"].to_numpy(),
            forcing["E"].to_numpy(),
            *(values[name] for name in ("x1", "x2", "x3", "x4")),
            s0=values["S0"],
            r0=values["R0"],
        )

    def save(self, folder: str | Path, *, force: bool = False) -> None:
        """Write posterior.nc, summary.csv, diagnostics.json, run.json, data.json and model.stan.

        Where the program has a C++ header, it is written too, as gr4j_external.hpp.

        Raises
        ------
        InputError
            If the folder is not empty (without ``force``) or cannot be written.
        """
        with output_folder(folder, force=force) as work:
            self.write(work)

    def write(self, folder: Path) -> None:
        """Write the files of `save` into a folder that is there."""
        write_netcdf(self.idata, folder / "posterior.nc")
        self.summary().to_csv(folder / "summary.csv")
        write_json(folder / "diagnostics.json", self.diagnostics)
        write_json(folder / "run.json", self.run)
        write_json(folder / "data.json", self.data)
        (folder / "model.stan").write_text(self.code, encoding="utf-8")
        if self.header is not None:
            (folder / HEADER_NAME).write_text(self.header, encoding="utf-8")


def fit(
    data: "Catchment | pd.DataFrame | str | Path",
    *,
    start: Day | None = None,
    end: Day | None = None,
    warmup: str | int | None = None,
    chains: int = 4,
    parallel_chains: int | None = None,
    iter_warmup: int | None = None,
    iter_sampling: int = 1000,
    adapt_delta: float = 0.8,
    max_treedepth: int = 10,
    seed: int | None = None,
    show_progress: bool = True,
    **model_options: Any,
) -> Fit:
    """Sample the posterior of GR4J.

    Parameters
    ----------
    data : Catchment, DataFrame, str or path
        Daily P, E and Q [mm/d]: what `gr4jstan.read_csv` gives, a DataFrame, the name of a built-in
        data set, or the path of a CSV file.
    start, end : date, str or int, optional
        First and last day that is simulated; day numbers from 0 when the data have no dates.
    warmup : int or str, optional
        First days of the period that are simulated but do not count: days, or years ("1Y").
        Default: none for estimated initial states, one year for fixed ones.
    chains, parallel_chains, iter_warmup, iter_sampling, adapt_delta, max_treedepth, \
seed, show_progress
        As in cmdstanpy. Default ``parallel_chains``: the number of cores. Default ``seed``: drawn,
        and kept in ``run``. Default ``iter_warmup``: 150 when the metric is known from the
        curvature at the mode, else 1000.
    **model_options
        gradient : {"adjoint", "autodiff", "truncated"}
        truncate_mode : {"last", "chunk"}, truncate_steps : int
        subsample : int
            Only every ``subsample``-th day's observation counts.
        error_model : {"gaussian"}
        sigma : float, optional
            Known standard deviation of the errors [mm/d]; estimated by default.
        priors : {"default", "uniform"}
        initial_states : {"estimated", "fixed"}
        prior_settings : dict, optional
            Bounds and scales of the priors in place of the defaults.

    Returns
    -------
    Fit

    Raises
    ------
    InputError
        If data or settings are not usable.
    ToolchainError
        If there is no CmdStan, or compiling or sampling fails.
    """
    settings = SamplerSettings(
        chains=chains,
        parallel_chains=parallel_chains,
        iter_warmup=iter_warmup,
        iter_sampling=iter_sampling,
        adapt_delta=adapt_delta,
        max_treedepth=max_treedepth,
        seed=secrets.randbelow(2**31) if seed is None else seed,
    )
    model = define_model(**model_options)
    task = define_task(data, model, start=start, end=end, warmup=warmup)
    return run_task(task, settings, show_progress=show_progress)


def run_task(
    task: Task, settings: SamplerSettings, *, warm: bool = True, show_progress: bool = True
) -> Fit:
    """Compile, look for the mode, sample, and diagnose.

    Parameters
    ----------
    task : Task
    settings : SamplerSettings
    warm : bool
        Give NUTS the metric that the curvature at the mode suggests. The starting points are
        around the mode in any case.
    show_progress : bool

    Raises
    ------
    ToolchainError
        If there is no CmdStan, or compiling or sampling fails.
    """
    begin = time.perf_counter()
    cmdstan = require_cmdstan()
    program = render_program(task.model.structure)
    executable = compile_program(program.code, program.header, progress=show_progress)
    density = exact_density(task, progress=show_progress)
    compiled = time.perf_counter()
    start = find_start(task, density, settings, warm=warm)
    settings = settings.with_warmup(LONG_WARMUP if start.inv_metric is None else SHORT_WARMUP)
    if show_progress and start.trouble:
        say(f"{start.trouble}; the metric is found in a long warm-up instead")
    ready = time.perf_counter()
    import_ahead()
    draws = sample(
        executable.path,
        task.data,
        start.inits,
        settings,
        inv_metric=start.inv_metric,
        show_progress=show_progress,
    )
    sampled = time.perf_counter()
    run = describe_run(task, settings, cmdstan, program.code)
    run["start"] = start.description
    attributes = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in run.items()
    }
    idata = to_inference_data(draws, task.catchment, task.days, settings.max_treedepth, attributes)
    diagnostics = diagnose(idata, task.model.parameters, [mode.parameters for mode in start.rivals])
    diagnostics["seconds"] = {
        "compile": compiled - begin,
        "setup": ready - compiled,
        "warmup": sum(chain["warmup"] for chain in draws.chain_seconds),
        "sampling": sum(chain["sampling"] for chain in draws.chain_seconds),
        "chains": draws.chain_seconds,
        "nuts_wall": draws.wall_seconds,
        "reading": sampled - ready - draws.wall_seconds,
        "diagnosing": time.perf_counter() - sampled,
        "wall": time.perf_counter() - begin,
    }
    return Fit(idata, diagnostics, run, program.code, program.header, task.data)


def describe_run(task: Task, settings: SamplerSettings, cmdstan: Path, code: str) -> dict[str, Any]:
    """Settings, versions and hashes that reproduce a run."""
    catchment, model = task.catchment, task.model
    data = json.dumps(task.data, sort_keys=True).encode()
    return {
        "format": _FORMAT,
        "catchment": catchment.name,
        "period": [catchment.label(0), catchment.label(len(catchment) - 1)],
        "days": len(catchment),
        "warmup": task.warmup,
        "observed_days": len(task.days),
        "parameters": list(model.parameters),
        "model": {
            "gradient": model.structure.gradient,
            "truncate_mode": model.structure.truncate_mode,
            "truncate_steps": model.truncate_steps,
            "subsample": model.subsample,
            "error_model": model.structure.error_model,
            "sigma": model.sigma,
            "priors": model.structure.priors,
            "initial_states": model.structure.initial_states,
            "prior_settings": model.numbers,
        },
        "sampler": settings.as_dict(),
        "versions": {
            "gr4jstan": version("gr4jstan"),
            "cmdstan": ".".join(map(str, cmdstan_version(cmdstan))),
            "cmdstanpy": version("cmdstanpy"),
            "arviz": arviz_version(),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "sha256": {
            "data": hashlib.sha256(data).hexdigest(),
            "program": hashlib.sha256(code.encode()).hexdigest(),
        },
        "notes": list(catchment.notes),
    }


def load_fit(folder: str | Path) -> Fit:
    """Read what `Fit.save` wrote.

    Raises
    ------
    InputError
        If a file is missing or damaged, naming it.
    """
    place = Path(folder)
    texts: dict[str, Mapping[str, Any]] = {}
    for name in ("diagnostics", "run", "data"):
        path = place / f"{name}.json"
        try:
            texts[name] = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(
                f"{path}: {error.strerror}; is {folder} the folder of a fit?"
            ) from None
        except ValueError as error:
            raise InputError(f"{path}: damaged ({error}); run the fit again.") from None
    if texts["run"].get("format") != _FORMAT:
        raise InputError(f"{place / 'run.json'}: written by another version of gr4jstan.")
    try:
        code = (place / "model.stan").read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{place / 'model.stan'}: {error.strerror}.") from None
    header = place / HEADER_NAME
    return Fit(
        idata=read_netcdf(place / "posterior.nc"),
        diagnostics=dict(texts["diagnostics"]),
        run=dict(texts["run"]),
        code=code,
        header=header.read_text(encoding="utf-8") if header.is_file() else None,
        data=dict(texts["data"]),
    )
