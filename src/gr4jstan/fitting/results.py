"""The result of a calibration: the posterior, and what follows from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from gr4jstan.files import output_folder
from gr4jstan.fitting.continuation import Start, days_to_skip, states_for
from gr4jstan.fitting.criticism import predictive_idata
from gr4jstan.fitting.end_state import EndState, simulate_calibration, simulate_forcing
from gr4jstan.fitting.fluxes import check_names, flux_dataset
from gr4jstan.fitting.folder import write_folder
from gr4jstan.fitting.inference_data import (
    InferenceData,
    calibration_days,
    choose_values,
    dataset,
    summary,
    validation_days,
)
from gr4jstan.fitting.period_scores import score_periods
from gr4jstan.fitting.prediction import (
    DRAWS,
    Prediction,
    predict_draws,
    simulate_draws,
    simulations,
    spread_draws,
    start_state,
)
from gr4jstan.model.definition import Model, define_model
from gr4jstan.model.stan_data import StanData
from gr4jstan.options import takes
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.options import ReadingOptions
from gr4jstan.reading.sources import as_catchment
from gr4jstan.sampling.streams import stream
from gr4jstan.structures.simulation import Simulation

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Values = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, repr=False)
class Fit:
    """A posterior of GR4J.

    Parameters
    ----------
    idata : InferenceData
        ArviZ groups posterior, sample_stats, observed_data and constant_data; with a validation
        period also predictions_constant_data.
    diagnostics : dict
        Whether to trust it, see `gr4jstan.fitting.diagnostics`, and where the ``seconds`` went.
    run : dict
        Settings, versions and hash of the data.
    code : str
        The Stan program.
    header : str or None
        Its C++ header; the program compiles under the name ``gr4j.stan``.
    data : dict
        Its data.
    saved_end : EndState, optional
        The end of the calibration, where it was saved.
    """

    idata: InferenceData
    diagnostics: dict[str, Any]
    run: dict[str, Any]
    code: str
    header: str | None
    data: StanData
    saved_end: EndState | None = None

    def __repr__(self) -> str:
        sizes = dataset(self.idata, "posterior").sizes
        first, last = self.run["period"]
        verdict = "converged" if self.diagnostics["converged"] else "NOT converged"
        return (
            f"Fit of {self.run['catchment']}, {first} to {last}: {sizes['chain']} chains of "
            f"{sizes['draw']} draws of {', '.join(self.parameters)}; {verdict}"
        )

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(self.run["parameters"])

    @cached_property
    def model(self) -> Model:
        """The model that was sampled."""
        return define_model(**self.run["model"])

    def summary(self) -> "pd.DataFrame":
        """Posterior summary, see `gr4jstan.fitting.inference_data.summary`."""
        return self._summary

    @cached_property
    def _summary(self) -> "pd.DataFrame":
        return summary(self.idata, self.parameters)

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
        values = self._values(*self._choose(draws))
        P, E = (self._days[name].to_numpy() for name in ("P", "E"))
        start = start_state(self.model.structure, values)
        return simulate_draws(self.model.structure, values, P, E, start)[0]

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
        values = self._values(*self._choose(draws or self.diagnostics["draws"]))
        P, E = (self._days[name].to_numpy() for name in ("P", "E"))
        start = start_state(self.model.structure, values)
        yield from simulations(self.model.structure, values, P, E, start, block)

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

    @cached_property
    def calibration(self) -> Prediction:
        """Streamflow of the simulated period, of the draws that predictions are made of."""
        flow, _ = self._calibrated
        return self._with_errors(flow, self._days.index, continued=False, purpose="calibration")

    @cached_property
    def validation(self) -> Prediction | None:
        """Streamflow up to the end of the validation period; None if there is none."""
        days = validation_days(self.idata)
        if days is None:
            return None
        continued = self.run["validation"]["continued"]
        return self._predict_on(days, continued=continued, purpose="validation")

    @cached_property
    def end(self) -> EndState:
        """State of GR4J and memory of the errors after the last day of the calibration."""
        return self.saved_end or self._calibrated[1]

    @takes(ReadingOptions)
    def predict(
        self,
        forcing: "Catchment | pd.DataFrame | str | Path",
        *,
        states: Start | None = None,
        warmup: str | int = "1Y",
        **columns: Unpack[ReadingOptions],
    ) -> Prediction:
        """Predict streamflow for new forcing.

        Parameters
        ----------
        forcing : Catchment, DataFrame, str or path
            Daily P and E [mm/d].
        states : {"continued", "spin-up"}, optional
            Continue from the state of each draw after the last day of the calibration, or from
            airGR's initial stores (30 and 50 % full) with a warm-up. By default, forcing that
            starts on the day after the calibration continues, and any other spins up.
        warmup : int or str
            First days of a spin-up, which are not in the result: days, or years ("1Y").
        **columns
            Column names and the like, see `gr4jstan.read_csv`.

        Returns
        -------
        Prediction

        Raises
        ------
        InputError
            If the forcing cannot be read, is not longer than the warm-up, or starts on another day
            than the one after the calibration although it should continue.
        """
        days = as_catchment(forcing, forcing_only=True, **columns)
        states = states or self.states_for(days)
        skipped = days_to_skip(states, days, self._days.index, self.model, warmup)
        return self._predict_on(
            days.to_frame(), continued=states == "continued", purpose="prediction", skipped=skipped
        )

    def states_for(self, forcing: Catchment) -> Start:
        """Whether forcing can be predicted for from the end of the calibration on.

        That is so if it starts on the day after, which is not known without dates.
        """
        return states_for(forcing, self._days.index)

    def scores(self) -> "pd.DataFrame":
        """Scores of the calibration and, where there is one, of the validation period.

        Returns
        -------
        DataFrame
            Index (period, score), columns value, q5 and q95; see `gr4jstan.scoring.scores`.
        """
        return self._scores

    @cached_property
    def _scores(self) -> "pd.DataFrame":
        calibrated, validated = self._days["Q"], validation_days(self.idata)
        periods = {"calibration": (self.calibration, calibrated)}
        if validated is not None and self.validation is not None:
            periods["validation"] = (self.validation, validated["Q"])
        return score_periods(periods, calibrated, self._seed)

    def predictive_idata(self, draws: int = DRAWS, *, prior: bool = False) -> InferenceData:
        """The posterior with the groups that model criticism needs.

        Parameters
        ----------
        draws : int
            How many draws at most, evenly spread over the chains; the posterior is thinned to them.
        prior : bool
            Draw from the prior as well.

        Returns
        -------
        InferenceData
            With log_likelihood and posterior_predictive of ``Q`` on the observed days and, with
            ``prior``, prior and prior_predictive, so that ``arviz.loo`` and the predictive plots of
            the installed ArviZ work.

        Raises
        ------
        InputError
            If the prior is improper.
        """
        chosen, rng = self._choose(draws), stream(self._seed, "criticism")
        return predictive_idata(self.idata, self.model, self.data, *chosen, rng=rng, prior=prior)

    def save(self, folder: str | Path, *, force: bool = False) -> None:
        """Write posterior.nc, states.nc, the tables, the program and its data.

        The files: posterior.nc (ArviZ), states.nc (the end of the calibration), summary.csv,
        scores.csv, diagnostics.json, run.json, data.json, model.stan and, where the program has
        one, its C++ header gr4j_external.hpp.

        Raises
        ------
        InputError
            If the folder is not empty (without ``force``) or cannot be written.
        """
        with output_folder(folder, force=force) as work:
            self.write(work)

    def write(self, folder: Path) -> None:
        """Write the files of `save` into a folder that is there."""
        write_folder(
            folder,
            idata=self.idata,
            end=self.end,
            tables={"summary": self.summary(), "scores": self.scores()},
            records={"diagnostics": self.diagnostics, "run": self.run, "data": self.data},
            code=self.code,
            header=self.header,
        )

    @cached_property
    def _days(self) -> "pd.DataFrame":
        return calibration_days(self.idata)

    @cached_property
    def _calibrated(self) -> tuple[NDArray[np.float64], EndState]:
        chain, draw = self._choose(DRAWS)
        return simulate_calibration(self.model, self._values(chain, draw), self._days, chain, draw)

    def _predict_on(
        self, forcing: "pd.DataFrame", *, continued: bool, purpose: str, skipped: int = 0
    ) -> Prediction:
        values = self._values(self.end.chain, self.end.draw)
        flow = simulate_forcing(self.model, values, forcing, self.end, continued=continued)
        dates = forcing.index[skipped:]
        return self._with_errors(flow[:, skipped:], dates, continued=continued, purpose=purpose)

    def _with_errors(
        self, flow: NDArray[np.float64], dates: "pd.Index", *, continued: bool, purpose: str
    ) -> Prediction:
        return predict_draws(
            self.model,
            self._values(self.end.chain, self.end.draw),
            flow,
            self.end.memory,
            dates,
            continued=continued,
            rng=stream(self._seed, purpose),
        )

    def _choose(self, draws: int) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
        sizes = dataset(self.idata, "posterior").sizes
        return spread_draws(sizes["chain"], sizes["draw"], draws)

    def _values(self, chain: NDArray[np.int_], draw: NDArray[np.int_]) -> Values:
        return choose_values(self.idata, chain, draw)

    @property
    def _seed(self) -> int:
        return int(self.run["sampler"]["seed"])
