"""Simulation-based calibration: where does the truth rank among the draws of its posterior?

Parameters are drawn from the prior, observations from the model with these parameters, and the
model is calibrated on them. If program, sampler and data handling are right, the rank of a true
value among independent posterior draws is uniform, whatever the prior and however little the data
say (Talts et al. 2018). The ranks of the parameters alone would not notice a likelihood that is
ignored or used twice; that of the log-likelihood, which depends on parameters and data, does
(Modrak et al. 2023).

References
----------
Talts, Betancourt, Simpson, Vehtari and Gelman (2018), arXiv:1804.06788.
Modrak, Moon, Kim, Buerkner, Huurre, Faltejskova, Gelman and Vehtari (2023), Bayesian Analysis,
doi:10.1214/23-BA1404.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gr4jstan import InputError, ToolchainError
from gr4jstan.fitting.calibration import run_task
from gr4jstan.fitting.inference_data import dataset
from gr4jstan.model.definition import Model, define_model
from gr4jstan.model.observations import log_likelihood, respond
from gr4jstan.model.programs import CHOICES, ErrorModelName
from gr4jstan.model.task import Task, define_task
from gr4jstan.sampling.inits import prior_draws
from gr4jstan.sampling.settings import SamplerSettings
from gr4jstan.structures.simulation import simulate_flow

Array = NDArray[np.float64]

ERROR_MODELS: tuple[ErrorModelName, ...] = CHOICES["error_model"]  # type: ignore[assignment]

# A year of forcing that begins with a wet autumn.
PERIOD = {"start": "2013-10-01", "end": "2014-09-30"}

# Draws that a true value is ranked among: every tenth of the 4000, which are roughly independent.
# The ranks, 0 to 399, are a round number.
DRAWS = 399


def define_template(error_model: ErrorModelName, **period: Any) -> Task:
    """The task whose observations are to be replaced.

    Parameters
    ----------
    error_model : {"gaussian", "boxcox", "linear", "student_t"}
    **period
        ``start`` and ``end`` of a part of ``example``; by default `PERIOD`.

    Returns
    -------
    Task
        With default priors. The scale of sigma's prior is what the real observations of the period
        make it, and stays that: a prior must not follow simulated observations.
    """
    days = period or PERIOD
    scale = define_task("example", define_model(error_model=error_model), **days).data
    settings = {"sigma_scale": scale["sigma_scale"]}
    return define_task(
        "example", define_model(error_model=error_model, prior_settings=settings), **days
    )


def simulate_task(template: Task, rng: np.random.Generator) -> tuple[dict[str, Array], Task]:
    """Draw parameters from the prior and observations from the model.

    Returns
    -------
    truth : dict of str to array, shape (1,)
        Under the names of `Model.parameters`.
    task : Task
        The template with the observations in its data. They may be negative, as the error models
        but ``boxcox`` allow; the catchment, from which only the search for starting points
        reads, has zero for them.

    Raises
    ------
    InputError
        If all observations are the same: no flow on any day.
    """
    truth = prior_draws(template.model, template.data, 1, rng)
    flow = simulated_flow(template, truth)
    observed = respond(
        template.model, flow, rng.standard_normal(flow.shape), truth, censor=False
    ).ravel()
    if np.ptp(observed) == 0:
        raise InputError(f"all observations are {observed[0]:g} mm/d")
    return truth, with_observations(template, observed)


def with_observations(template: Task, observed: Array) -> Task:
    """The same task with other observations, shape (N,) [mm/d]."""
    Q = np.full(len(template.catchment), np.nan)
    Q[template.days] = np.maximum(observed, 0)
    return replace(
        template,
        catchment=replace(template.catchment, Q=Q),
        data=template.data | {"Q_obs": observed.tolist()},
    )


def simulated_flow(task: Task, values: Mapping[str, Array]) -> Array:
    """Streamflow of parameter sets on the days that count, shape (draws, N) [mm/d]."""
    flow = simulate_flow(
        task.catchment.P,
        task.catchment.E,
        *(values[name] for name in ("x1", "x2", "x3", "x4")),
        s0=values["S0"],
        r0=values["R0"],
    )
    return flow[:, task.days]


def true_nse(task: Task, truth: Mapping[str, Array]) -> float:
    """Nash-Sutcliffe efficiency of the true flow: how much the observations tell."""
    observed, flow = np.asarray(task.data["Q_obs"]), simulated_flow(task, truth)[0]
    return float(1 - np.mean((observed - flow) ** 2) / np.var(observed))


def quantity_names(model: Model) -> tuple[str, ...]:
    """Names of what is ranked."""
    parameters = ("x1", "x2", "x3", "x4", "S0/x1", "R0/x3", *model.error_parameters)
    return (*parameters, "log-likelihood")


def quantities(task: Task, values: Mapping[str, Array]) -> dict[str, Array]:
    """What is ranked: parameters, initial fillings and log-likelihood, each of shape (draws,)."""
    terms = log_likelihood(task.model, task.data["Q_obs"], simulated_flow(task, values), values)
    found = dict(values)
    found |= {"S0/x1": values["S0"] / values["x1"], "R0/x3": values["R0"] / values["x3"]}
    found["log-likelihood"] = terms.sum(axis=1)
    return {name: found[name] for name in quantity_names(task.model)}


def rank_truth(
    task: Task, truth: Mapping[str, Array], draws: Mapping[str, Array], kept: int = DRAWS
) -> dict[str, int]:
    """Rank of each true quantity among posterior draws.

    Parameters
    ----------
    task : Task
    truth : mapping of str to array, shape (1,)
    draws : mapping of str to array, shape (chains, draws)
        Under the names of `Model.parameters`.
    kept : int
        Draws that count, evenly spread over the chains.

    Returns
    -------
    dict of str to int
        How many of the draws are below the truth: 0 to `kept`.
    """
    size = next(iter(draws.values())).size
    at = np.linspace(0, size - 1, kept).round().astype(int)
    thinned = {name: draws[name].ravel()[at] for name in task.model.parameters}
    true, drawn = quantities(task, truth), quantities(task, thinned)
    return {name: int((drawn[name] < true[name]).sum()) for name in true}


def run_replicate(error_model: ErrorModelName, number: int, seed: int) -> dict[str, Any]:
    """Simulate a data set, calibrate on it as `gr4jstan.fit` does by default, and rank the truth.

    Parameters
    ----------
    error_model : {"gaussian", "boxcox", "linear", "student_t"}
    number : int
        Number of the replicate: with the seed, it determines everything.
    seed : int

    Returns
    -------
    dict
        For JSON: truth, its NSE, diagnostics and ranks; or ``failure``: why it could not be run.
    """
    rng = np.random.default_rng([seed, ERROR_MODELS.index(error_model), number])
    record: dict[str, Any] = {"error_model": error_model, "replicate": number, "seed": seed}
    begin = time.perf_counter()
    try:
        truth, task = simulate_task(define_template(error_model), rng)
        record["truth"] = {name: float(value[0]) for name, value in truth.items()}
        record["nse"] = true_nse(task, truth)
        settings = SamplerSettings(parallel_chains=1, seed=int(rng.integers(2**31 - 1)))
        fit = run_task(task, settings, show_progress=False)
    except (InputError, ToolchainError) as error:
        return record | {"failure": str(error)}
    posterior = dataset(fit.idata, "posterior")
    draws = {name: posterior[name].to_numpy() for name in task.model.parameters}
    shown = ("converged", "reasons", "max_rhat", "min_ess_bulk", "min_ess_tail", "divergences")
    shown += ("max_treedepth_hits", "n_leapfrog", "modes_found")
    return (
        record
        | {name: fit.diagnostics[name] for name in shown}
        | {"metric": fit.run["start"]["metric"], "ranks": rank_truth(task, truth, draws)}
        | {"seconds": time.perf_counter() - begin}
    )
