"""What a model structure is: its parameters, stores, hydrographs and fluxes, each stated once."""

import importlib
import math
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

Bounds = tuple[float, float]
NOWHERE: Bounds = (-math.inf, math.inf)


@dataclass(frozen=True)
class Parameter:
    """A parameter of a structure, for simulator, programs, priors, command line and report.

    Parameters
    ----------
    name, unit : str
        airGR's name; "-" for no unit.
    title : str
        What it is, as the programs and the command line say it.
    meaning : str
        What it is, for the report.
    domain : str
        What the command line says of the values allowed.
    central : (float, float)
        Central 80 % of the default prior.
    positive : bool
        Whether the default prior is log-normal; otherwise it is normal.
    wide : (float, float)
        Bounds of the default prior, so wide that `central` decides.
    uniform : (float, float)
        Bounds of the prior of that name.
    airgr : (float, float)
        airGR's box.
    scale : {"log", "asinh", "linear"}
        airGR's transformed scale, on which priors "airgr-sls" are flat.
    lowest, above, highest : float
        What the equations allow: at least, more than, at most.
    spurious : (float, float)
        Medians outside it are where a spurious mode is known.
    """

    name: str
    unit: str
    title: str
    meaning: str
    domain: str
    central: Bounds
    positive: bool
    wide: Bounds
    uniform: Bounds
    airgr: Bounds
    scale: Literal["log", "asinh", "linear"] = "linear"
    lowest: float = -math.inf
    above: float = -math.inf
    highest: float = math.inf
    spurious: Bounds = NOWHERE

    @property
    def least(self) -> float | None:
        """What no bound of it may be below; None for none."""
        least = max(self.lowest, self.above)
        return None if math.isinf(least) else least


@dataclass(frozen=True)
class Store:
    """A store, whose content before the first day is a parameter of the programs.

    Parameters
    ----------
    name : str
        Of its content at the end of a day [mm]; with a 0 behind it, before the first day.
    title : str
        What it is.
    capacity : str
        The parameter that it is filled in proportion to.
    filling : float
        airGR's share of the capacity before a warm-up.
    uniform : (float, float)
        Bounds of the initial content with priors "uniform" [mm].
    fraction : (float, float)
        Beta prior of the initial filling with the other priors.
    lowest : float
        The least content [mm]; -inf where it may be negative.
    """

    name: str
    title: str
    capacity: str
    filling: float
    uniform: Bounds
    fraction: Bounds = (2.0, 2.0)
    lowest: float = 0.0

    @property
    def initial(self) -> str:
        """Name of the content before the first day."""
        return f"{self.name}0"

    @property
    def option(self) -> str:
        """The same on the command line and in Python."""
        return f"{self.name.lower()}0"


@dataclass(frozen=True)
class Hydrograph:
    """A unit hydrograph, which remembers water from one day to the next.

    Parameters
    ----------
    name : str
    base : str
        The parameter that is its time base [d].
    times : int
        How many times the parameter it lasts.
    """

    name: str
    base: str
    times: int


@dataclass(frozen=True)
class Flux:
    """A series that a simulation gives: a store [mm] or a flux [mm/d].

    Parameters
    ----------
    name : str
        airGR's, in lower case.
    meaning : str
    unit : str
    """

    name: str
    meaning: str
    unit: str = "mm/d"


@dataclass(frozen=True)
class Structure:
    """A rainfall-runoff model.

    Parameters
    ----------
    name : str
        Of its files `stan/structures/NAME.stan` and `stan/cpp/routing/NAME.hpp`, too.
    title, source : str
        For people, and where the equations stand.
    parameters, stores, hydrographs : tuple
        In the order of the programs.
    fluxes : tuple of Flux
        In the order of tables.
    module : str
        Where its equations are in NumPy, which this table does without.
    folder : str, optional
        Folder that its Stan and C++ are in, below ``structures`` and ``cpp/routing``; by default
        that of the package.
    """

    name: str
    title: str
    source: str
    parameters: tuple[Parameter, ...]
    stores: tuple[Store, ...]
    hydrographs: tuple[Hydrograph, ...]
    fluxes: tuple[Flux, ...]
    module: str
    folder: str | None = None

    @property
    def equations(self) -> ModuleType:
        """The module whose `route` leads water from the production store to the outlet."""
        return importlib.import_module(self.module)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(parameter.name for parameter in self.parameters)

    @property
    def initial(self) -> tuple[str, ...]:
        """Names of the stores before the first day."""
        return tuple(store.initial for store in self.stores)
