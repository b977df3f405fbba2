"""The experiment of the blog post: ways of making NUTS on GR4J faster, side by side.

"It's Hard to Optimize Recurrent Models in PyMC3" (2018) sampled GR4J with the full gradient, with
a gradient truncated to 5 steps, and with every 5th observation only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gr4jstan.experiment.variants import (
    Variant,
    compile_variants,
    expected_seconds,
    iterations_of_a_chain,
)
from gr4jstan.fitting.calibration import run_task
from gr4jstan.fitting.inference_data import dataset
from gr4jstan.fitting.results import Fit

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Comparison:
    """Fits of all variants, by the variant's name, in the order of the table."""

    variants: tuple[Variant, ...]
    fits: dict[str, Fit]
    true_x1: float | None

    @property
    def table(self) -> "pd.DataFrame":
        """One row a variant, see `compare`."""
        import pandas as pd

        rows = {variant.label: measure(self.fits[variant.name]) for variant in self.variants}
        table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("variant")
        # a diagnostic that could not be computed is NaN
        gaps = ["min_ess_bulk", "min_ess_tail", "ess_per_second", "max_rhat", "min_ebfmi"]
        return table.astype(dict.fromkeys(gaps, float))


def compare(
    variants: tuple[Variant, ...],
    *,
    true_x1: float | None = None,
    show_progress: bool = True,
    announce: Callable[[str], None] = lambda text: None,
) -> Comparison:
    """Sample all variants, one after the other.

    Parameters
    ----------
    variants : tuple of Variant
        From `define_variants`.
    true_x1 : float, optional
        Value that the data were simulated with [mm], drawn into the figure.
    show_progress : bool
        Show progress bars.
    announce : callable
        Told what happens next, and how long it is expected to take.

    Returns
    -------
    Comparison
        Its ``table`` has the columns draws, wall_seconds (search for the mode, warm-up and sampling
        of all chains), n_leapfrog (of the draws), min_ess_bulk, min_ess_tail, ess_per_second (the
        smaller of the two over the wall time), max_rhat, divergences, max_treedepth_share,
        min_ebfmi, x1_mean, x1_sd, x1_q5, x1_q95 [mm] and converged.

    Raises
    ------
    ToolchainError
        If there is no CmdStan, or compiling or sampling fails.
    """
    announce("Compiling the programs that are not in the cache (about 15 s each) ...")
    compile_variants(variants)
    plans = [expected_seconds(variant) for variant in variants]
    for variant, (seconds, leapfrogs) in zip(variants, plans, strict=True):
        announce(
            f"  {variant.label}: {variant.settings.chains} x {iterations_of_a_chain(variant)} "
            "iterations, about "
            f"{seconds:.0f} s if each takes {leapfrogs} leapfrog steps"
        )
    announce(f"Expected time: about {sum(seconds for seconds, _ in plans):.0f} s in all.")
    fits = {}
    for variant in variants:
        announce(f"Sampling: {variant.label}")
        fits[variant.name] = run_task(
            variant.task,
            variant.settings,
            known_metric=variant.known_metric,
            show_progress=show_progress,
        )
    return Comparison(variants, fits, true_x1)


def measure(fit: Fit) -> dict[str, Any]:
    """The numbers of a fit that the experiment compares."""
    found = fit.diagnostics
    x1 = fit.summary().loc["x1"]
    wall = found["seconds"]["setup"] + found["seconds"]["nuts_wall"]
    ess = [found["min_ess_bulk"], found["min_ess_tail"]]
    return {
        "draws": found["draws"],
        "wall_seconds": wall,
        "n_leapfrog": found["n_leapfrog"],
        "min_ess_bulk": ess[0],
        "min_ess_tail": ess[1],
        "ess_per_second": None if None in ess else min(ess) / wall,
        "max_rhat": found["max_rhat"],
        "divergences": found["divergences"],
        "max_treedepth_share": found["max_treedepth_hits"] / found["draws"],
        "min_ebfmi": None if None in found["ebfmi"] else min(found["ebfmi"]),
        "x1_mean": x1["mean"],
        "x1_sd": x1["sd"],
        "x1_q5": x1["q5"],
        "x1_q95": x1["q95"],
        "converged": found["converged"],
    }


def cumulative_seconds(fit: Fit) -> NDArray[np.float64]:
    """Execution time up to each iteration of a chain, warm-up included.

    CmdStan reports the seconds of a chain's warm-up and sampling; within each, they are spread by
    leapfrog steps, all of which cost the same.

    Returns
    -------
    array, shape (chains, iter_warmup + iter_sampling)
    """
    rows = []
    warmup = dataset(fit.idata, "warmup_sample_stats")["n_steps"].to_numpy()
    kept = dataset(fit.idata, "sample_stats")["n_steps"].to_numpy()
    for chain, seconds in enumerate(fit.diagnostics["seconds"]["chains"]):
        parts = [
            steps / max(steps.sum(), 1) * seconds[phase]
            for steps, phase in ((warmup[chain], "warmup"), (kept[chain], "sampling"))
        ]
        rows.append(np.cumsum(np.concatenate(parts)))
    return np.array(rows)
