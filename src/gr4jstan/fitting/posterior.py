"""The posterior of a structure, and what follows from its draws alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gr4jstan.fitting.fluxes import check_names, flux_dataset
from gr4jstan.fitting.inference_data import (
    InferenceData,
    calibration_days,
    choose_values,
    dataset,
    reported_group,
    summary,
)
from gr4jstan.fitting.prediction import (
    DRAWS,
    simulate_draws,
    simulations,
    spread_draws,
    start_state,
)
from gr4jstan.fitting.records import intervals_of
from gr4jstan.model.definition import Model, define_model
from gr4jstan.structures.simulation import Simulation
from gr4jstan.structures.state import State
from gr4jstan.structures.structure import Structure

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Array = NDArray[np.float64]
Values = dict[str, Array]


@dataclass(frozen=True, repr=False)
class Posterior:
    """Draws of the parameters, and the days that they were learnt from.

    What is made of the draws is made of those in ``posterior_robust``, where there are any, see
    `gr4jstan.fitting.robust`; ``posterior`` has what NUTS drew.

    Parameters
    ----------
    idata : InferenceData
        ArviZ groups posterior, sample_stats, observed_data and constant_data; with a validation
        period also predictions_constant_data, with robust intervals also posterior_robust.
    run : dict
        Settings, versions and hash of the data.
    """

    idata: InferenceData
    run: dict[str, Any]

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(self.run["parameters"])

    @cached_property
    def model(self) -> Model:
        """The model that was sampled."""
        return define_model(**self.run["model"])

    @property
    def intervals(self) -> dict[str, Any]:
        """What the spread of the reported draws allows for, see `records.Intervals`."""
        return intervals_of(self.run)

    def summary(self) -> "pd.DataFrame":
        """Posterior summary, see `gr4jstan.fitting.inference_data.summary`."""
        return self._summary

    @cached_property
    def _summary(self) -> "pd.DataFrame":
        return summary(self.idata, self.parameters, reported_group(self.idata))

    def flows(self, draws: int = 200) -> NDArray[np.float64]:
        """Simulated streamflow of some posterior draws, evenly spread over the chains.

        Parameters
        ----------
        draws : int
            How many draws at most.

        Returns
        -------
        array, shape (draws, T)
            Streamflow of the simulated period [mm/d].
        """
        return simulate_draws(*self._simulated(draws))[0]

    def simulations(self, draws: int | None = None, block: int = 50) -> Iterator[Simulation]:
        """All stores and fluxes of the simulated period, some draws at a time.

        Parameters
        ----------
        draws : int, optional
            How many draws at most, evenly spread over the chains; by default all.
        block : int
            Draws at a time: memory is for so many.

        Yields
        ------
        Simulation
            Arrays of shape (up to block, T), in mm and mm/d.
        """
        yield from simulations(
            *self._simulated(draws or dataset(self.idata, "sample_stats")["lp"].size), block
        )

    def fluxes(self, names: Sequence[str], draws: int = DRAWS) -> "xr.Dataset":
        """Stores and fluxes of the simulated period, under airGR's names in lower case.

        Parameters
        ----------
        names : sequence of str
            Series of `gr4jstan.Simulation`, such as ``S`` or ``perc``.
        draws : int
            How many draws at most, evenly spread over the chains.

        Returns
        -------
        xarray.Dataset
            Dimensions chain, draw and date (or day); stores at the end of the day [mm], fluxes in
            mm/d. It takes 8 bytes for each name, draw and day.

        Raises
        ------
        InputError
            If there is no such store or flux.
        """
        check_names(names, self.model.structure)
        chain, draw = self._choose(draws)
        return flux_dataset(self.simulations(draws), names, chain, draw, self._days.index)

    def _simulated(self, draws: int) -> tuple[Structure, Values, Array, Array, State]:
        values = self._values(*self._choose(draws))
        P, E = (self._days[name].to_numpy() for name in ("P", "E"))
        return self.model.structure, values, P, E, start_state(self.model.structure, values)

    def _choose(self, draws: int) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
        sizes = dataset(self.idata, "posterior").sizes
        return spread_draws(sizes["chain"], sizes["draw"], draws)

    def _values(self, chain: NDArray[np.int_], draw: NDArray[np.int_]) -> Values:
        return choose_values(self.idata, chain, draw, reported_group(self.idata))

    @cached_property
    def _days(self) -> "pd.DataFrame":
        return calibration_days(self.idata)
