"""From data to a posterior: one call, one result."""

import hashlib
import json
import platform
import time
import warnings
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from gr4jstan.cmdstan.compiler import compile_program
from gr4jstan.cmdstan.toolchain import cmdstan_version, require_cmdstan
from gr4jstan.errors import FitWarning
from gr4jstan.findings import gravest
from gr4jstan.fitting.diagnostics import diagnose
from gr4jstan.fitting.folder import FORMAT
from gr4jstan.fitting.inference_data import (
    arviz_version,
    import_ahead,
    robust_group,
    to_inference_data,
)
from gr4jstan.fitting.options import FitOptions, Intervals, PeriodOptions, validation_period
from gr4jstan.fitting.records import Diagnostics, Run, as_record
from gr4jstan.fitting.results import Fit
from gr4jstan.fitting.robust import robust_draws
from gr4jstan.model.definition import define_model
from gr4jstan.model.options import ModelOptions
from gr4jstan.model.programs import render_program
from gr4jstan.model.task import Task, Validation, define_task
from gr4jstan.options import picked, takes
from gr4jstan.progress import say, signs_of_life
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.dates import Day
from gr4jstan.reading.options import ReadingOptions
from gr4jstan.reading.sources import as_catchment
from gr4jstan.sampling.density import exact_density
from gr4jstan.sampling.nuts import sample
from gr4jstan.sampling.settings import SamplerOptions, SamplerSettings, settings_of
from gr4jstan.sampling.starts import Start, find_start

if TYPE_CHECKING:
    import pandas as pd

# Warm-up iterations with the metric known beforehand, and without.
SHORT_WARMUP = 150
LONG_WARMUP = 1000


@takes(FitOptions)
def fit(
    data: "Catchment | pd.DataFrame | str | Path",
    *,
    validation: tuple[Day | None, Day | None] | None = None,
    show_progress: bool = True,
    **options: Unpack[FitOptions],
) -> Fit:
    """Sample the posterior of GR4J.

    Parameters
    ----------
    data : Catchment, DataFrame, str or path
        Daily P, E and Q [mm/d]: what `gr4jstan.read_csv` gives, a DataFrame, the name of a built-in
        data set, or the path of a CSV file.
    validation : (start, end), optional
        First and last day of a period that the calibration does not see and whose scores are
        computed as well. None stands for the end of the data, or for the day beside the
        calibration. After the calibration the simulation goes on; before it, the model spins up
        from the first day of the data, and the first year does not count.
    show_progress : bool
    **options
        Of the data:

        date_column, precip_column, ..., area, flow_unit
            How a DataFrame or a file is read, see `gr4jstan.read_csv`.

        Of the periods:

        start, end : date, str or int, optional
            First and last day that is simulated; day numbers from 0 when the data have no dates.
        warmup : int or str, optional
            First days of the period that are simulated but do not count: days, or years ("1Y").
            Default: none for estimated initial states, one year for fixed ones.
        validation_start, validation_end : date, str or int, optional
            The two days of ``validation``, one by one.

        Of the model:

        structure : {"gr4j"}
        gradient : {"adjoint", "autodiff", "truncated"}
        truncate_mode : {"last", "chunk"}, truncate_steps : int
        subsample : int
            Only every ``subsample``-th day's observation counts.
        error_model : {"boxcox", "gaussian", "linear", "student_t", "boxcox_lambda"}
            Default: boxcox; gaussian where sigma is known, and for priors "airgr-sls".
        sigma : float, optional
            Known standard deviation of Gaussian errors [mm/d]; estimated by default.
        priors : {"default", "uniform", "airgr-sls"}
        initial_states : {"estimated", "fixed"}
            Default: estimated; fixed for priors "airgr-sls".
        prior_settings : dict, optional
            Bounds and scales of the priors in place of the defaults.

        Of what is reported:

        intervals : {"robust", "model"}
            Spread of the draws that summary, bands and predictions are made of: allowing for errors
            that remember each other from day to day, or as if those of different days were
            independent, as the likelihood takes them.

        Of the sampler, as in cmdstanpy:

        chains : int
            Number of chains.
        parallel_chains : int, optional
            Chains run at once. Default: the number of cores.
        iter_warmup : int, optional
            Warm-up iterations of a chain. Default: 150 when the metric is known from the curvature
            at the mode, else 1000.
        iter_sampling : int
            Draws of a chain.
        adapt_delta : float
            Target acceptance rate.
        max_treedepth : int
        seed : int, optional
            Default: drawn, and kept in ``run``.

    Returns
    -------
    Fit

    Raises
    ------
    InputError
        If data or settings are not usable, or an option is unknown.
    ToolchainError
        If there is no CmdStan, or compiling or sampling fails.

    Warns
    -----
    FitWarning
        If the chains did not converge, or the model does not fit: see `Fit.findings`.
    """
    settings = settings_of(picked(SamplerOptions, options))
    model = define_model(**picked(ModelOptions, options))
    period = picked(PeriodOptions, options)
    task = define_task(
        as_catchment(data, **picked(ReadingOptions, options)),
        model,
        start=period.get("start"),
        end=period.get("end"),
        warmup=period.get("warmup"),
        validation=validation_period(period, validation),
        exclude=period.get("exclude"),
        strict=period.get("strict", False),
    )
    result = run_task(
        task,
        settings,
        intervals=options.get("intervals", "robust"),
        show_progress=show_progress,
    )
    if not result.diagnostics["converged"] or gravest(result.findings) == "unfit":
        reasons = list(result.diagnostics["reasons"])
        reasons += [each.text for each in result.findings if each.severity == "unfit"]
        text = f"{task.catchment.name}: {result.verdict}: {'; '.join(reasons)}"
        warnings.warn(text, FitWarning, stacklevel=3)
    return result


def run_task(
    task: Task,
    settings: SamplerSettings,
    *,
    intervals: Intervals = "model",
    known_metric: bool = True,
    show_progress: bool = True,
) -> Fit:
    """Compile, look for the mode, sample, and diagnose.

    Parameters
    ----------
    task : Task
    settings : SamplerSettings
    intervals : {"robust", "model"}
        Spread of the draws that are reported, see `gr4jstan.fitting.robust`.
    known_metric : bool
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
    program = render_program(task.model.spec)
    executable = compile_program(program.code, program.header, progress=show_progress)
    density = exact_density(task, progress=show_progress)
    compiled = time.perf_counter()
    with signs_of_life(show_progress, "looking for the mode"):
        start = find_start(task, density, settings, known_metric=known_metric)
    settings = _settings_for(start, task, settings, show_progress=show_progress)
    ready = time.perf_counter()
    import_ahead()
    with signs_of_life(show_progress, "sampling"):
        draws = sample(
            executable.path,
            task.data,
            start.inits,
            settings,
            inv_metric=start.inv_metric,
            adapt_metric=start.adapted,
            thin=start.thin,
            show_progress=show_progress,
        )
    sampled = time.perf_counter()
    idata = to_inference_data(draws, task, settings.max_treedepth)
    found = diagnose(idata, task.model.parameters, start.rivals)
    robust = robust_draws(task, density, draws.parameters, intervals, found["modes_found"])
    if robust.parameters is not None:
        idata = robust_group(idata, robust.parameters, task.model.units)
    described = describe_run(task, settings, cmdstan, program.code)
    described |= {"start": start.description, "intervals": robust.record}
    run = as_record(described, Run)
    idata.attrs.update(
        {key: value if isinstance(value, str) else json.dumps(value) for key, value in run.items()}
    )
    found["seconds"] = {
        "compile": compiled - begin,
        "setup": ready - compiled,
        "warmup": sum(chain["warmup"] for chain in draws.chain_seconds),
        "sampling": sum(chain["sampling"] for chain in draws.chain_seconds),
        "chains": draws.chain_seconds,
        "nuts_wall": draws.wall_seconds,
        "reading": sampled - ready - draws.wall_seconds,
        "diagnosing": time.perf_counter() - sampled - robust.seconds,
        "intervals": robust.seconds,
        "wall": time.perf_counter() - begin,
    }
    return Fit(
        idata=idata,
        run=run,
        diagnostics=as_record(found, Diagnostics),
        code=program.code,
        header=program.header,
        data=task.data,
    )


def _settings_for(
    start: Start, task: Task, settings: SamplerSettings, *, show_progress: bool
) -> SamplerSettings:
    """Settings with the warm-up and the trees that a start asks for; what is unusual is said."""
    settings = settings.with_warmup(LONG_WARMUP if start.adapted else SHORT_WARMUP)
    if start.trouble is not None:
        settings = settings.with_bounded_trees(len(task.catchment))
    if start.trouble is not None and show_progress:
        say(
            f"{start.trouble}; the metric is found in a long warm-up, with at most "
            f"{2**settings.max_treedepth - 1} steps a draw (--max-treedepth)"
        )
    elif start.rivals and show_progress:
        say(
            f"there are {1 + len(start.rivals)} modes, between which chains take time to move; "
            f"{start.thin} iterations are run for each draw"
        )
    return settings


def describe_run(task: Task, settings: SamplerSettings, cmdstan: Path, code: str) -> dict[str, Any]:
    """Settings, versions and hashes that reproduce a run."""
    catchment, model = task.catchment, task.model
    data = json.dumps(task.data, sort_keys=True).encode()
    return {
        "format": FORMAT,
        "catchment": catchment.name,
        "period": [catchment.label(0), catchment.label(len(catchment) - 1)],
        "days": len(catchment),
        "warmup": task.warmup,
        "observed_days": len(task.days),
        "validation": None if task.validation is None else _describe_validation(task.validation),
        "exclude": list(task.exclude),
        "parameters": list(model.parameters),
        "model": {
            "structure": model.spec.structure,
            "gradient": model.spec.gradient,
            "truncate_mode": model.spec.truncate_mode,
            "truncate_steps": model.truncate_steps,
            "subsample": model.subsample,
            "error_model": model.spec.error_model,
            "sigma": model.sigma,
            "priors": model.spec.priors,
            "initial_states": model.spec.initial_states,
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
        "findings": [asdict(finding) for finding in catchment.findings],
    }


def _describe_validation(validation: Validation) -> dict[str, Any]:
    catchment = validation.catchment
    assert catchment.Q is not None
    return {
        "period": [catchment.label(validation.first), catchment.label(len(catchment) - 1)],
        "observed_days": int((~np.isnan(catchment.Q)).sum()),
        "continued": validation.continued,
    }
