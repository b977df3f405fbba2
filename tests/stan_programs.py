"""The programs that the tests of densities and gradients share, and points to look at them."""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from gr4jstan.model.definition import Model, define_model
from gr4jstan.model.programs import ProgramSpec, render_program
from gr4jstan.model.stan_data import stan_data
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.datasets import load_dataset
from gr4jstan.sampling.density import LogDensity, compile_log_density
from seeds import shifted

# Options of define_model: between them, all priors, error models and initial states, and sigma
# known and estimated.
KINDS: dict[str, dict[str, Any]] = {
    "post": {"priors": "uniform", "sigma": 0.1},
    "default": {},
    "fixed": {"priors": "uniform", "initial_states": "fixed", "error_model": "gaussian"},
    "linear": {"initial_states": "fixed", "error_model": "linear"},
    "student_t": {"error_model": "student_t"},
    "lambda": {"error_model": "boxcox_lambda"},
    "airgr": {"priors": "airgr-sls"},
}

# Programs that must have the exact gradient, and those whose gradient is truncated.
EXACT = ("autodiff", "adjoint")
TRUNCATED = ("last", "chunk")

# Kinds and gradients that are tested together; fixed initial states are not for the experiment
# that truncation is, and one kind in mode chunk is enough to know it.
TRUNCATING = (("post", "last"), ("post", "chunk"), ("default", "last"))
VARIANTS = (*((kind, gradient) for kind in KINDS for gradient in EXACT[1:]), *TRUNCATING)

# Where points are drawn from, by the name of the parameter: inside the bounds of every kind.
RANGES: dict[str, tuple[float, float]] = {
    "x1": (120, 1500),
    "x2": (0.2, 6),
    "x3": (8, 95),
    "x4": (0.6, 4.8),
    "S0": (105, 600),
    "R0": (6, 60),
    "S0_fraction": (0.1, 0.9),
    "R0_fraction": (0.1, 0.9),
    "sigma": (0.05, 2),
    "sigma_slope": (0.02, 1),
    "nu": (1.5, 30),
    "boxcox_lambda": (0.05, 1.2),
}

# What the program samples in place of a parameter, and how the two follow from each other.
SAMPLED_AS = {"log_x1": ("x1", np.log), "asinh_x2": ("x2", np.arcsinh), "log_x3": ("x3", np.log)}
SAMPLED_FROM = {"log_x1": ("x1", np.exp), "asinh_x2": ("x2", np.sinh), "log_x3": ("x3", np.exp)}
RANGES |= {
    label: (scale(RANGES[name][0]), scale(RANGES[name][1]))
    for label, (name, scale) in SAMPLED_AS.items()
}


def model_of(kind: str, gradient: str = "autodiff", **options: Any) -> Model:
    """The model of a kind with one of EXACT or TRUNCATED."""
    if gradient in TRUNCATED:
        options |= {"gradient": "truncated", "truncate_mode": gradient}
    else:
        options |= {"gradient": gradient}
    return define_model(**(KINDS[kind] | options))


@functools.cache
def _compiled(spec: ProgramSpec) -> LogDensity:
    return compile_log_density(render_program(spec), {})


@dataclass(frozen=True)
class Case:
    """A compiled program with its data."""

    spec: ProgramSpec
    data: dict[str, Any]

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """Bounds of the parameters, in the order of the program."""
        data = self.data
        names = ["x1", "x2", "x3", "x4", "S0", "R0"]
        bounds = {
            name: (data[f"{name}_lower"], data[f"{name}_upper"])
            for name in names
            if f"{name}_lower" in data
        }
        if self.spec.priors == "airgr-sls":
            scales = {name: (label, scale) for label, (name, scale) in SAMPLED_AS.items()}
            for name in ("x1", "x2", "x3", "x4"):
                lower, upper = bounds.pop(name)
                label, scale = scales.get(name, (name, float))
                bounds[label] = (scale(lower), scale(upper))
        bounds |= {
            name: (0.0, 1.0) for name in ("S0_fraction", "R0_fraction") if f"{name}_alpha" in data
        }
        bounds |= {} if self.spec.known_sigma else {"sigma": (0.0, np.inf)}
        bounds |= {"sigma_slope": (0.0, np.inf)} if "sigma_slope_scale" in data else {}
        bounds |= {"boxcox_lambda": (0.0, np.inf)} if "boxcox_lambda_log_sd" in data else {}
        return bounds | ({"nu": (1.0, np.inf)} if "nu_alpha" in data else {})

    def with_data(self, **changes: Any) -> "Case":
        return Case(self.spec, self.data | changes)

    @property
    def density(self) -> LogDensity:
        return LogDensity(_compiled(self.spec).executable, self.data)

    def evaluate(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.density.evaluate(points)

    def unconstrain(self, values: dict[str, Any]) -> np.ndarray:
        """Unconstrained points by Stan's transforms: the logit between bounds, else the log."""
        columns = []
        for name, (lower, upper) in self.bounds.items():
            if name not in values and name in SAMPLED_AS:
                label, scale = SAMPLED_AS[name]
                values = values | {name: scale(values[label])}
            above = np.asarray(values[name], dtype=float) - lower
            columns.append(np.log(above if upper == np.inf else above / (upper - lower - above)))
        return np.stack(columns, axis=-1)

    def draw(self, n: int, seed: int = 1, **ranges: tuple[float, float]) -> np.ndarray:
        """Unconstrained points, shape (n, D), drawn between RANGES or those given."""
        rng = np.random.default_rng(shifted(seed))
        chosen = RANGES | ranges
        names = [SAMPLED_AS.get(name, (name,))[0] for name in self.bounds]
        return self.unconstrain({name: rng.uniform(*chosen[name], n) for name in names})


def case_of(
    kind: str, gradient: str = "autodiff", catchment: str | Catchment = "synthetic", **options: Any
) -> Case:
    """A model of a kind and a gradient on a data set or catchment."""
    model = model_of(kind, gradient, **options)
    days = load_dataset(catchment) if isinstance(catchment, str) else catchment
    return Case(model.spec, stan_data(model, days))
