"""Nanoseconds per day of GR4J's value, and of its value and gradient."""

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cases import TRUTH, Array
from benchmarks.peer_hydrogr import flow as flow_of_hydrogr
from benchmarks.rates import Target, seconds_of
from gr4jstan import load_dataset
from gr4jstan.model.definition import define_model
from gr4jstan.model.programs import Gradient, render_program, stan_folder
from gr4jstan.model.task import define_task
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.datasets import SYNTHETIC_TRUTH
from gr4jstan.sampling.density import LogDensity, compile_log_density
from gr4jstan.structures.simulation import simulate_flow

LENGTHS = (50, 1000, 4000, 20000)

# the lengths are timed in turns, so often; the shortest time counts
_ROUNDS = 7
# seconds of one timing
_TIMING = 0.05

BARE_VALUE, BARE_GRADIENT = "kernel: value", "kernel: value + gradient"
HYDROGR = "hydrogr: simulation"


def density_column(gradient: Gradient, what: str) -> str:
    """Column of a whole log density."""
    return f"log density, {gradient}: {what}"


def measure_kernel(quick: bool, announce: Callable[[str], None]) -> list[dict[str, Any]]:
    """Time everything at all lengths, on the built-in example's forcing, repeated.

    Returns
    -------
    list of dict
        One for each length: ``T``, and nanoseconds per day under the names of the columns.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        announce("kernel: compiling")
        program = _compile(Path(folder))
        series = {T: [np.resize(values, T) for values in _forcing()] for T in LENGTHS}
        densities = {
            T: {gradient: _density(*series[T], gradient) for gradient in _GRADIENTS}
            for T in LENGTHS
        }
        rounds = []
        for number in range(2 if quick else _ROUNDS):
            announce(f"kernel: round {number + 1}")
            rounds.append({T: _time(program, densities[T], *series[T]) for T in LENGTHS})
    rows = []
    for T in LENGTHS:
        shortest = {name: min(times[T][name] for times in rounds) for name in rounds[0][T]}
        rows.append({"T": T, **{name: 1e9 * time / T for name, time in shortest.items()}})
    return rows


def kernel_targets(rows: list[dict[str, Any]]) -> list[Target]:
    """Judge the times of `measure_kernel`."""
    of_length = {row["T"]: row for row in rows}
    long = [row for row in rows if row["T"] >= 1000]
    whole, tape = (density_column(gradient, "value + gradient") for gradient in _GRADIENTS)
    targets = []
    for column in (BARE_GRADIENT, whole):
        ratio = max(row[column] / row[HYDROGR] for row in long)
        targets.append(Target(f"{column} over {HYDROGR}, T >= 1000", ratio, 0.35, False))
    speed = min(row[tape] / row[whole] for row in rows)
    targets.append(Target("log density + gradient: autodiff over adjoint", speed, 8, True))
    for column in (BARE_GRADIENT, whole):
        times = [of_length[T][column] for T in (1000, 4000, 20000)]
        spread = max(times) / min(times)
        targets.append(
            Target(f"{column}: slowest over fastest, T = 1000 to 20000", spread, 1.15, False)
        )
    ratio = max(row[BARE_GRADIENT] / row[BARE_VALUE] for row in long)
    targets.append(Target(f"{BARE_GRADIENT} over value, T >= 1000", ratio, 1.5, False, "an aim"))
    return targets


_GRADIENTS: tuple[Gradient, Gradient] = ("adjoint", "autodiff")


def _forcing() -> tuple[Array, Array]:
    catchment = load_dataset("example")
    return catchment.P, catchment.E


def _density(P: Array, E: Array, gradient: Gradient) -> tuple[LogDensity, Array]:
    """The posterior of flows at the true parameters, and that point."""
    x1, x2, x3, x4, S0, R0 = TRUTH
    Q = simulate_flow(P, E, x1, x2, x3, x4, s0=S0, r0=R0)
    model = define_model(priors="uniform", sigma=0.1, gradient=gradient)
    task = define_task(Catchment(name="benchmark", P=P, E=E, Q=Q), model)
    density = compile_log_density(render_program(model.spec), task.data)
    return density, density.unconstrain(SYNTHETIC_TRUTH)


def _time(
    program: Path, densities: dict[Gradient, tuple[LogDensity, Array]], P: Array, E: Array
) -> dict[str, float]:
    """Seconds of everything, once."""
    T = len(P)
    bare = [str(program), str(_repeats(T, 50e-9))]
    numbers = " ".join(map(repr, [*TRUTH.tolist(), T, *P.tolist(), *E.tolist()]))
    done = subprocess.run(bare, input=numbers, capture_output=True, text=True, check=True)
    times = dict(zip((BARE_VALUE, BARE_GRADIENT), map(float, done.stdout.split()), strict=True))
    for gradient, (density, point) in densities.items():
        expected = 60e-9 if gradient == "adjoint" else 500e-9
        value, both = density.seconds(point, _repeats(T, expected))
        times[density_column(gradient, "value")] = value
        times[density_column(gradient, "value + gradient")] = both
    repeats = _repeats(T, 200e-9)

    def simulations() -> None:
        for _ in range(repeats):
            flow_of_hydrogr(P, E, TRUTH)

    times[HYDROGR] = seconds_of(simulations, 1) / repeats
    return times


def _repeats(T: int, seconds_per_day: float) -> int:
    return max(3, int(_TIMING / (T * seconds_per_day)))


def _compile(folder: Path) -> Path:
    program = folder / "kernel"
    source = Path(__file__).with_name("kernel.cpp")
    command = ["g++", "-std=c++14", "-O3", "-I", str(stan_folder() / "cpp")]
    subprocess.run([*command, str(source), "-o", str(program)], check=True)
    return program
