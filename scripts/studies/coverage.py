"""Do the intervals of the parameters hold what they promise, where errors remember each other?

With a known truth: streamflow is simulated, its errors are an AR(1) process, and the intervals of
replicates are asked whether the truth is inside. Without one: a record is calibrated on its two
halves, whose posteriors should differ by no more than they say.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from gr4jstan import load_dataset
from gr4jstan.fitting.calibration import run_task
from gr4jstan.fitting.error_memory import simulate_ar1
from gr4jstan.fitting.inference_data import dataset
from gr4jstan.model.definition import define_model
from gr4jstan.model.observations import respond
from gr4jstan.model.task import Task, define_task
from gr4jstan.reading.catchment import Catchment
from gr4jstan.sampling.settings import SamplerSettings
from gr4jstan.structures.simulation import simulate

# Perrin et al. (2003): the medians of their catchments; x2 a little below 0.
TRUTH = {"x1": 350.0, "x2": -0.5, "x3": 90.0, "x4": 1.7, "S0": 210.0, "R0": 45.0, "sigma": 0.3}
MEMORIES = (0.0, 0.75, 0.9)

GROUPS = {"model": "posterior", "robust": "posterior_robust"}
PARAMETERS = ("x1", "x2", "x3", "x4")

# A year of warm-up of its own for each half.
HALVES = (("1999-01-01", "2008-12-31"), ("2008-01-01", "2018-12-31"))


def forcing(years: int) -> Catchment:
    """P and E of `example`, five years, as often as it takes."""
    example = load_dataset("example")
    days = np.arange(round(years * 365.25)) % len(example)
    return Catchment("example, repeated", example.P[days], example.E[days])


def simulated_task(years: int, phi: float, seed: int) -> Task:
    """Observations around the true flow whose errors have the memory phi."""
    days, model = forcing(years), define_model()
    x1, x2, x3, x4, s0, r0, sigma = TRUTH.values()
    Q = simulate(days.P, days.E, x1, x2, x3, x4, s0=s0, r0=r0).Q
    rng = np.random.default_rng([seed, round(100 * phi), years])
    eta = simulate_ar1(np.array([phi]), len(days), rng)
    observed = respond(model, Q[None], eta, {"sigma": np.array([sigma])})[0]
    return define_task(replace(days, Q=observed), model)


def run_replicate(years: int, phi: float, seed: int) -> list[dict[str, Any]]:
    """Where the truth is in the intervals of one replicate: a row for each parameter.

    One chain at a time: replicates run side by side.
    """
    task = simulated_task(years, phi, seed)
    settings = SamplerSettings(seed=seed, parallel_chains=1)
    fit = run_task(task, settings, intervals="robust", show_progress=False)
    seconds = fit.diagnostics["seconds"]
    shared = {
        "years": years,
        "phi": phi,
        "seed": seed,
        "converged": fit.diagnostics["converged"],
        "share_of_time": seconds["intervals"] / seconds["wall"],
    }
    return [
        shared | {"intervals": kind, "parameter": name} | _held(dataset(fit.idata, group)[name])
        for kind, group in GROUPS.items()
        for name in TRUTH
    ]


def _held(draws: xr.DataArray) -> dict[str, Any]:
    truth = TRUTH[str(draws.name)]
    low, high = np.quantile(draws, [0.05, 0.95])
    sd = float(draws.std())
    return {"held": bool(low <= truth <= high), "z": (float(draws.mean()) - truth) / sd, "sd": sd}


def coverage_table(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Coverage of 90 % intervals, rms of z and sd over the model's, by record, phi and parameter.

    Returns
    -------
    DataFrame
        Columns years, phi, parameter, intervals, replicates, coverage, rms_z, widening (the median
        of the replicates' sd over the model's).
    """
    table = pd.DataFrame(rows)
    keys = ["years", "phi", "seed", "parameter"]
    model = table[table["intervals"] == "model"].rename(columns={"sd": "model_sd"})
    table = table.merge(model[[*keys, "model_sd"]], on=keys)
    table["widening"] = table["sd"] / table["model_sd"]
    order = {name: i for i, name in enumerate(TRUTH)}
    grouped = table.groupby(["years", "phi", "parameter", "intervals"])
    found = pd.DataFrame(
        {
            "replicates": grouped.size(),
            "coverage": grouped["held"].mean(),
            "rms_z": grouped["z"].agg(lambda z: float(np.sqrt(np.mean(z**2)))),
            "widening": grouped["widening"].median(),
        }
    ).reset_index()
    found["order"] = found["parameter"].map(order)
    return found.sort_values(["years", "phi", "order", "intervals"]).drop(columns="order")


def compare_halves(path: Path, seed: int = 1) -> list[dict[str, Any]]:
    """Standardised differences of the posteriors of two halves of a record, a row for each.

    z = (mean_a - mean_b) / sqrt(sd_a^2 + sd_b^2); if the intervals are honest and the catchment
    stays what it is, a standard normal number.
    """
    fits = [
        run_task(
            define_task(path, define_model(), start=start, end=end, warmup="1Y"),
            SamplerSettings(seed=seed),
            intervals="robust",
            show_progress=False,
        )
        for start, end in HALVES
    ]
    rows = []
    for kind, group in GROUPS.items():
        for name in PARAMETERS:
            a, b = (dataset(fit.idata, group)[name] for fit in fits)
            z = float((a.mean() - b.mean()) / np.hypot(a.std(), b.std()))
            places = {f"median_{i}": float(each.median()) for i, each in enumerate((a, b), start=1)}
            rows.append(
                {"catchment": path.stem, "parameter": name, "intervals": kind, "z": z} | places
            )
    return rows


def halves_table(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Medians of abs(z) by parameter, and the share of all that is below 1.645 (0.9 if honest)."""
    table = pd.DataFrame(rows)
    table["size"] = table["z"].abs()
    medians = table.pivot_table("size", "intervals", "parameter", aggfunc="median")
    medians["all"] = table.groupby("intervals")["size"].median()
    medians["below_1.645"] = table.groupby("intervals")["size"].agg(lambda z: (z < 1.645).mean())
    return medians.reset_index()
