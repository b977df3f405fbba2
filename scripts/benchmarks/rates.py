"""Runs, their rates, and whether a target is reached."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from benchmarks.cases import CHAINS, CORES, PARAMETERS
from gr4jstan.fitting.diagnostics import MAX_RHAT, MAX_SHARE
from gr4jstan.fitting.inference_data import summary

MOST_DRAWS = 1000
FEWEST_DRAWS = 50


@dataclass(frozen=True)
class Run:
    """What a sampler drew, and how long it took.

    Parameters
    ----------
    draws : array, shape (chains, draws, 6)
        In the order of `PARAMETERS`.
    seconds : float
        Wall time from the data to the draws in memory: search for starting points, start of
        processes, warm-up and sampling.
    compile_seconds : float
        Time of compilation, which is not in `seconds`.
    warmup : int
        Iterations of each chain before those kept.
    saturated, divergent : float
        Shares of the draws that reached the maximum tree depth, and that diverged.
    settings : str
        How the sampler was set up, for the table.
    """

    draws: NDArray[np.float64]
    seconds: float
    compile_seconds: float
    warmup: int
    settings: str
    saturated: float = 0.0
    divergent: float = 0.0

    def save(self, path: Path) -> None:
        """Write it for another process."""
        numbers = {name: value for name, value in asdict(self).items() if name != "draws"}
        np.savez(path, draws=self.draws, numbers=json.dumps(numbers))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(path) as content:
            return cls(content["draws"], **json.loads(str(content["numbers"])))


def rate_run(run: Run) -> dict[str, Any]:
    """Effective draws per second of a run, and whether they can be trusted.

    Returns
    -------
    dict
        min_ess (the smaller of bulk and tail ESS of the worst parameter), ess_per_second,
        max_rhat, converged (R-hat, saturation and divergences within gr4jstan's limits) and the
        numbers of the run.
    """
    posterior = xr.Dataset(
        {name: (("chain", "draw"), run.draws[:, :, i]) for i, name in enumerate(PARAMETERS)}
    )
    table = summary({"posterior": posterior}, PARAMETERS)
    # NaN where a chain never moved
    min_ess = float(np.nan_to_num(table[["ess_bulk", "ess_tail"]].to_numpy()).min())
    max_rhat = float(np.nan_to_num(table["r_hat"].to_numpy(), nan=np.inf).max())
    return {
        "min_ess": min_ess,
        "ess_per_second": min_ess / run.seconds,
        "max_rhat": max_rhat,
        "saturated": run.saturated,
        "divergent": run.divergent,
        "converged": max_rhat < MAX_RHAT
        and run.saturated <= MAX_SHARE
        and run.divergent <= MAX_SHARE,
        "seconds": run.seconds,
        "compile_seconds": run.compile_seconds,
        "chains": int(run.draws.shape[0]),
        "warmup": run.warmup,
        "draws": int(run.draws.shape[1]),
        "settings": run.settings,
    }


@dataclass(frozen=True)
class Target:
    """A number to reach.

    Parameters
    ----------
    name : str
    value : float
        What was measured; NaN if nothing was.
    goal : float
    at_least : bool
        Whether the value should be at least the goal, or at most.
    remark : str
    """

    name: str
    value: float
    goal: float
    at_least: bool
    remark: str = ""

    @property
    def reached(self) -> bool:
        """Whether the value is on the right side of the goal."""
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    @property
    def verdict(self) -> str:
        """Reached or missed, and by which factor."""
        if np.isnan(self.value):
            return "not measured"
        if self.value == 0 or self.goal == 0:
            return "reached" if self.reached else "missed"
        factor = self.value / self.goal if self.at_least else self.goal / self.value
        if self.reached:
            return f"reached ({factor:.3g} x better)"
        return f"missed (by a factor of {1 / factor:.3g})"


def affordable_draws(budget: float, gradient_seconds: float, leapfrogs: int) -> int:
    """Iterations of warm-up, and of sampling, that a budget in seconds has time for.

    Parameters
    ----------
    budget : float
        Seconds for all chains.
    gradient_seconds : float
        Time of one leapfrog step.
    leapfrogs : int
        Leapfrog steps of an iteration that are expected.
    """
    seconds = 2 * gradient_seconds * leapfrogs * CHAINS / CORES
    return int(np.clip(budget / seconds, FEWEST_DRAWS, MOST_DRAWS))


def seconds_of(work: Callable[[], object], repeats: int = 5) -> float:
    """Shortest time of a call, after one that is not timed."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)
