"""The experiment of the blog post: ways of making NUTS on GR4J faster, side by side.

"It's Hard to Optimize Recurrent Models in PyMC3" (2018) sampled GR4J with the full gradient, with
a gradient truncated to 5 steps, and with every 5th observation only.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gr4jstan.calibration import LONG_WARMUP, SHORT_WARMUP, run_task
from gr4jstan.catchment import Catchment, Day
from gr4jstan.compiler import compile_program
from gr4jstan.files import output_folder, write_json
from gr4jstan.inference_data import dataset
from gr4jstan.inits import screened_inits
from gr4jstan.model import define_model
from gr4jstan.programs import render_program
from gr4jstan.results import Fit
from gr4jstan.sampling import gradient_seconds
from gr4jstan.settings import SamplerSettings
from gr4jstan.task import Task, define_task

if TYPE_CHECKING:
    import pandas as pd

# Leapfrog steps an untruncated draw is expected to need; only the announced time depends on it.
_USUAL_LEAPFROGS = 12


@dataclass(frozen=True)
class Variant:
    """One way of sampling the same catchment.

    Parameters
    ----------
    name : str
        Also the name of its folder.
    label : str
        What tables and figures call it.
    task : Task
        What is sampled.
    settings : SamplerSettings
        How it is sampled.
    warm : bool
        Whether NUTS gets the metric from the curvature at the mode.
    """

    name: str
    label: str
    task: Task
    settings: SamplerSettings
    warm: bool = False


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

    def save(self, folder: str | Path, *, force: bool = False) -> None:
        """Write comparison.csv, comparison.md, the four figures, and a folder a variant.

        Raises
        ------
        InputError
            If the folder is not empty (without ``force``) or cannot be written.
        """
        with output_folder(folder, force=force) as work:
            self.write(work)

    def write(self, folder: Path) -> None:
        """Write the files of `save` into a folder that is there."""
        from gr4jstan.comparison_plots import plot_comparison
        from gr4jstan.comparison_text import describe, markdown_table

        for name, fit in self.fits.items():
            (folder / name).mkdir()
            fit.write(folder / name)
        self.table.to_csv(folder / "comparison.csv")
        text = "\n\n".join([markdown_table(self.table), *describe(self)])
        (folder / "comparison.md").write_text(text + "\n", encoding="utf-8")
        write_json(folder / "comparison.json", {"true_x1": self.true_x1, "text": describe(self)})
        for name, figure in plot_comparison(self).items():
            figure.savefig(folder / f"{name}.png", dpi=150)


def define_variants(
    data: "Catchment | pd.DataFrame | str | Path",
    settings: SamplerSettings,
    *,
    sigma: float = 0.1,
    truncate_steps: int = 5,
    subsample: int = 5,
    truncated_draws: int | None = None,
    start: Day | None = None,
    end: Day | None = None,
) -> tuple[Variant, ...]:
    """The variants of the experiment: full gradient, truncated in both modes, subsampled.

    All have the post's uniform priors, initial stores as parameters, and a known sigma. They start
    around the mode and find their metric in warm-up. The last variant is what gr4jstan does by
    default: the full gradient from the hand-written adjoint, and the metric known beforehand.

    Parameters
    ----------
    data : Catchment, DataFrame, str or path
        See `gr4jstan.fit`.
    settings : SamplerSettings
        For every variant.
    sigma : float
        Known standard deviation of the errors [mm/d].
    truncate_steps : int
        Days that the truncated gradients reach back.
    subsample : int
        The subsampled variant uses every ``subsample``-th observation.
    truncated_draws : int, optional
        Warm-up and sampling iterations of the truncated variants, where ``settings`` asks for more.
    start, end : date, str or int, optional
        Period.

    Raises
    ------
    InputError
        If the data or a setting are not usable.
    """
    short = long = settings.with_warmup(LONG_WARMUP)
    if truncated_draws is not None:
        short = SamplerSettings(
            **long.as_dict()
            | {
                "iter_warmup": min(long.as_dict()["iter_warmup"], truncated_draws),
                "iter_sampling": min(long.iter_sampling, truncated_draws),
            }
        )

    def variant(
        name: str, label: str, sampler: SamplerSettings, *, warm: bool = False, **options: Any
    ) -> Variant:
        model = define_model(sigma=sigma, priors="uniform", **options)
        task = define_task(data, model, start=start, end=end)
        return Variant(name, label, task, sampler, warm)

    truncated: dict[str, Any] = {"gradient": "truncated", "truncate_steps": truncate_steps}
    return (
        variant("full", "full gradient", long, gradient="autodiff"),
        variant(
            "truncated_last",
            f"truncated, last {truncate_steps} steps",
            short,
            truncate_mode="last",
            **truncated,
        ),
        variant(
            "truncated_chunk",
            f"truncated, chunks of {truncate_steps}",
            short,
            truncate_mode="chunk",
            **truncated,
        ),
        variant(
            "subsampled",
            f"every {_ordinal(subsample)} day",
            long,
            gradient="autodiff",
            subsample=subsample,
        ),
        variant("default", "gr4jstan's default", settings.with_warmup(SHORT_WARMUP), warm=True),
    )


def expected_seconds(variant: Variant) -> tuple[float, int]:
    """Wall time that sampling a variant will take, from its measured time for one leapfrog step.

    Returns
    -------
    seconds : float
        For the leapfrog steps assumed.
    leapfrogs : int
        Assumed steps a draw: saturated trees for a truncated gradient, else a usual number.
    """
    task, settings = variant.task, variant.settings
    program = render_program(task.model.structure)
    executable = compile_program(program.code, program.header, progress=False)
    init = screened_inits(task, 1, settings.seed)[0]
    saturated = task.model.structure.gradient == "truncated"
    leapfrogs = 2**settings.max_treedepth - 1 if saturated else _USUAL_LEAPFROGS
    iterations = settings.chains * iterations_of_a_chain(variant)
    one = gradient_seconds(executable.path, task.data, init)
    return one * leapfrogs * iterations / settings.workers, leapfrogs


def iterations_of_a_chain(variant: Variant) -> int:
    """Warm-up and sampling iterations."""
    return (variant.settings.iter_warmup or 0) + variant.settings.iter_sampling


def compile_variants(variants: tuple[Variant, ...]) -> None:
    """Compile the programs of the variants, two at a time."""
    programs = {render_program(variant.task.model.structure) for variant in variants}
    with ThreadPoolExecutor(max_workers=2) as pool:
        for done in [
            pool.submit(compile_program, program.code, program.header, progress=False)
            for program in programs
        ]:
            done.result()


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
            variant.task, variant.settings, warm=variant.warm, show_progress=show_progress
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


def _ordinal(n: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{n}{'th' if n % 100 in (11, 12, 13) else endings.get(n % 10, 'th')}"
