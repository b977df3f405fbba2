"""The post's posterior with its exact and its truncated gradients, in coordinates that round it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gr4jstan.cmdstan.compiler import compile_program
from gr4jstan.fitting.diagnostics import diagnose
from gr4jstan.fitting.inference_data import to_inference_data
from gr4jstan.model.definition import define_model
from gr4jstan.model.programs import render_program
from gr4jstan.model.task import Task, define_task
from gr4jstan.model.transforms import supports, unconstrain
from gr4jstan.sampling.density import LogDensity, compile_log_density, exact_density
from gr4jstan.sampling.nuts import Draws, sample
from gr4jstan.sampling.settings import SamplerSettings
from gr4jstan.sampling.starts import Start, find_start

Array = NDArray[np.float64]

# Log densities, shape (n,), and forces, shape (n, D), at points of shape (n, D).
Field = Callable[[Array], tuple[Array, Array]]

DAYS = 50
PARAMETERS = ("x1", "x2", "x3", "x4", "S0", "R0")
MODES = ("last", "chunk")

SEED = 2018


def post_task(**options: Any) -> Task:
    """The post's 50 days, priors and known error; options are those of the model."""
    return define_task("synthetic", define_model(priors="uniform", sigma=0.1, **options))


def real_task(**options: Any) -> Task:
    """The first three years of a real catchment that have streamflow, and gr4jstan's defaults."""
    return define_task("example", define_model(**options), start="2013-01-01", end="2015-12-31")


def truncated_task(mode: str, steps: int) -> Task:
    """The post's with the truncated gradient of a mode, or the exact one in mode "exact"."""
    return post_task(**_truncation(mode, steps))


def truncated_real_task(mode: str, steps: int) -> Task:
    """The same of the real catchment."""
    return real_task(**_truncation(mode, steps))


def _truncation(mode: str, steps: int) -> dict[str, Any]:
    if mode == "exact":
        return {}
    return {"gradient": "truncated", "truncate_mode": mode, "truncate_steps": steps}


def compile_programs() -> None:
    """Compile the programs of all tasks."""
    task_density(post_task(gradient="autodiff"))
    for mode in ("exact", *MODES):
        task_density(truncated_task(mode, DAYS))
        task_density(truncated_real_task(mode, DAYS))


def task_density(task: Task) -> LogDensity:
    """Log density of a task with the gradient that NUTS is given."""
    return compile_log_density(render_program(task.model.spec), task.data)


@dataclass(frozen=True)
class Whitening:
    """Coordinates z in which the posterior is about round: point = centre + factor z.

    NUTS with the metric ``factor factor'`` moves as NUTS with the unit metric does in z, so that
    its step sizes and trajectory lengths are in posterior standard deviations.
    """

    centre: Array
    factor: Array

    def point(self, z: Array) -> Array:
        """Unconstrained points, shape (n, D)."""
        return np.asarray(self.centre + z @ self.factor.T)

    def z(self, points: Array) -> Array:
        """Coordinates of unconstrained points, shape (n, D)."""
        return np.linalg.solve(self.factor, (points - self.centre).T).T

    @contextmanager
    def field(self, density: LogDensity) -> Iterator[Field]:
        """Log density and force, the gradient that a program states, in these coordinates."""
        with density.session() as evaluate:

            def field(z: Array) -> tuple[Array, Array]:
                found = [evaluate(point) for point in self.point(z)]
                gradients = np.array([gradient for _, gradient in found])
                return np.array([value for value, _ in found]), gradients @ self.factor

            yield field


@dataclass(frozen=True)
class Posterior:
    """The exact posterior, and what NUTS needs for it.

    Parameters
    ----------
    settings : SamplerSettings
        Seed and warm-up of every run.
    start : Start
        Starting points and metric that every run is given.
    whitening : Whitening
        That of the metric, around the mode.
    z : array, shape (n, D)
        Posterior draws.
    """

    settings: SamplerSettings
    start: Start
    whitening: Whitening
    z: Array

    def select(self, n: int) -> Array:
        """Evenly spread draws, shape (n, D)."""
        return self.z[np.linspace(0, len(self.z) - 1, n).round().astype(int)]


def exact_posterior(task: Task, settings: SamplerSettings) -> Posterior:
    """Sample a posterior as gr4jstan does by default."""
    start = find_start(task, exact_density(task), settings)
    if start.inv_metric is None:
        raise RuntimeError(f"no metric from the curvature: {start.trouble}")
    whitening = Whitening(start.modes[0].point, np.linalg.cholesky(start.inv_metric))
    draws, _ = run_nuts(task, start, settings)
    values = {name: draws.parameters[name].ravel() for name in supports(task.model)}
    return Posterior(settings, start, whitening, whitening.z(unconstrain(task.model, values)))


def run_nuts(task: Task, start: Start, settings: SamplerSettings) -> tuple[Draws, dict[str, Any]]:
    """Sample with a given metric; the draws, and gr4jstan's diagnostics of them."""
    program = render_program(task.model.spec)
    executable = compile_program(program.code, program.header, progress=False)
    draws = sample(
        executable.path,
        task.data,
        start.inits,
        settings,
        inv_metric=start.inv_metric,
        show_progress=False,
    )
    idata = to_inference_data(draws, task, settings.max_treedepth, {})
    return draws, diagnose(idata, task.model.parameters)


def gradient_microseconds(density: LogDensity, point: Array, repeats: int = 50) -> float:
    """Time of a value with its gradient: the least of several means, as others use the machine."""
    return 1e6 * min(density.seconds(point, repeats)[1] for _ in range(40))
