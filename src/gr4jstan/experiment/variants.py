"""The variants of the experiment: what is sampled, how, and how long it will take."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gr4jstan.cmdstan.compiler import compile_program
from gr4jstan.fitting.calibration import LONG_WARMUP, SHORT_WARMUP
from gr4jstan.model.definition import define_model
from gr4jstan.model.programs import render_program
from gr4jstan.model.task import Task, define_task
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.dates import Day
from gr4jstan.sampling.inits import screened_inits
from gr4jstan.sampling.nuts import gradient_seconds
from gr4jstan.sampling.settings import SamplerSettings

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
    known_metric : bool
        Whether NUTS gets the metric from the curvature at the mode.
    """

    name: str
    label: str
    task: Task
    settings: SamplerSettings
    known_metric: bool = False


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

    def variant(name: str, label: str, sampler: SamplerSettings, **options: Any) -> Variant:
        model = define_model(sigma=sigma, priors="uniform", **options)
        task = define_task(data, model, start=start, end=end)
        return Variant(name, label, task, sampler)

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
        replace(
            variant("default", "gr4jstan's default", settings.with_warmup(SHORT_WARMUP)),
            known_metric=True,
        ),
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
    program = render_program(task.model.spec)
    executable = compile_program(program.code, program.header, progress=False)
    init = screened_inits(task, 1, settings.seed)[0]
    saturated = task.model.spec.gradient == "truncated"
    leapfrogs = 2**settings.max_treedepth - 1 if saturated else _USUAL_LEAPFROGS
    iterations = settings.chains * iterations_of_a_chain(variant)
    one = gradient_seconds(executable.path, task.data, init)
    return one * leapfrogs * iterations / settings.workers, leapfrogs


def iterations_of_a_chain(variant: Variant) -> int:
    """Warm-up and sampling iterations."""
    return (variant.settings.iter_warmup or 0) + variant.settings.iter_sampling


def compile_variants(variants: tuple[Variant, ...]) -> None:
    """Compile the programs of the variants, two at a time."""
    programs = {render_program(variant.task.model.spec) for variant in variants}
    with ThreadPoolExecutor(max_workers=2) as pool:
        for done in [
            pool.submit(compile_program, program.code, program.header, progress=False)
            for program in programs
        ]:
            done.result()


def _ordinal(n: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{n}{'th' if n % 100 in (11, 12, 13) else endings.get(n % 10, 'th')}"
