"""Bayesian calibration of the GR4J rainfall-runoff model with Stan.

Names are imported when they are first used, so that ``import gr4jstan`` is quick.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gr4jstan.calibration import fit
    from gr4jstan.catchment import Catchment
    from gr4jstan.csvfile import read_csv
    from gr4jstan.datasets import load_dataset
    from gr4jstan.errors import InputError, ToolchainError
    from gr4jstan.many import Many, fit_many
    from gr4jstan.results import Fit, load_fit
    from gr4jstan.simulator import Simulation, simulate

_HOMES = {
    "Catchment": "catchment",
    "Fit": "results",
    "InputError": "errors",
    "Many": "many",
    "Simulation": "simulator",
    "ToolchainError": "errors",
    "fit": "calibration",
    "fit_many": "many",
    "load_dataset": "datasets",
    "load_fit": "results",
    "read_csv": "csvfile",
    "simulate": "simulator",
}

# Modules of which the documentation names functions, as `gr4jstan.plots.plot_fit`.
_MODULES = (
    "calibration",
    "catchment",
    "csvfile",
    "datasets",
    "errors",
    "many",
    "metrics",
    "model",
    "pet",
    "plots",
    "posterior_plots",
    "prediction",
    "priors",
    "programs",
    "report",
    "results",
    "scores",
    "simulator",
    "verdict",
)

__all__ = [
    "Catchment",
    "Fit",
    "InputError",
    "Many",
    "Simulation",
    "ToolchainError",
    "__version__",
    "fit",
    "fit_many",
    "load_dataset",
    "load_fit",
    "read_csv",
    "simulate",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("gr4jstan")
    if name in _HOMES:
        return getattr(importlib.import_module(f"gr4jstan.{_HOMES[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"gr4jstan.{name}")
    raise AttributeError(f"module 'gr4jstan' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
