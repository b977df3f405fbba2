"""Bayesian calibration of the GR4J rainfall-runoff model with Stan.

Names are imported when they are first used, so that ``import gr4jstan`` is quick.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gr4jstan.errors import FitWarning, InputError, ToolchainError
    from gr4jstan.findings import Finding
    from gr4jstan.fitting.calibration import fit
    from gr4jstan.fitting.loading import load_fit
    from gr4jstan.fitting.results import Fit
    from gr4jstan.many.run import Many, fit_many
    from gr4jstan.reading.catchment import Catchment
    from gr4jstan.reading.csvfile import read_csv
    from gr4jstan.reading.datasets import load_dataset
    from gr4jstan.structures.simulation import Simulation, simulate

_HOMES = {
    "Catchment": "reading.catchment",
    "Finding": "findings",
    "Fit": "fitting.results",
    "FitWarning": "errors",
    "InputError": "errors",
    "Many": "many.run",
    "Simulation": "structures.simulation",
    "ToolchainError": "errors",
    "fit": "fitting.calibration",
    "fit_many": "many.run",
    "load_dataset": "reading.datasets",
    "load_fit": "fitting.loading",
    "read_csv": "reading.csvfile",
    "simulate": "structures.simulation",
}

# Modules whose functions are called by these names: `gr4jstan.plots.plot_fit`.
_MODULES = {
    "metrics": "scoring.metrics",
    "pet": "reading.pet",
    "plots": "report.plots",
    "posterior_plots": "report.posterior_plots",
    "priors": "model.priors",
    "programs": "model.programs",
    "scores": "scoring.scores",
}

__all__ = [
    "Catchment",
    "Finding",
    "Fit",
    "FitWarning",
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
        return importlib.import_module(f"gr4jstan.{_MODULES[name]}")
    raise AttributeError(f"module 'gr4jstan' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
