"""The result of a calibration: the posterior, and what follows from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gr4jstan.errors import InputError
from gr4jstan.files import output_folder, write_json
from gr4jstan.fitting.criticism import predictive_idata
from gr4jstan.fitting.end_state import EndState, read_end_state, write_end_state
from gr4jstan.fitting.inference_data import (
    InferenceData,
    calibration_days,
    choose_values,
    dataset,
    read_netcdf,
    summary,
    validation_days,
    write_netcdf,
)
from gr4jstan.fitting.prediction import (
    DRAWS,
    Prediction,
    learn_memory,
    predict_draws,
    simulate_draws,
    simulations,
    spin_up_state,
    spread_draws,
    start_state,
)
from gr4jstan.fitting.saved import check_end, check_posterior, check_texts, read_json
from gr4jstan.model.definition import Model, StanData, define_model, warmup_days
from gr4jstan.model.programs import HEADER_NAME
from gr4jstan.progress import can_show_bars
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.sources import as_catchment
from gr4jstan.scoring.climatology import climatology
from gr4jstan.scoring.scores import score_table
from gr4jstan.structures.simulation import Simulation
from gr4jstan.structures.state import State

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

FORMAT = 2

Start = Literal["continued", "spin-up"]
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
        Whether to trust it, see `gr4jstan.diagnostics.diagnose`, and where the ``seconds`` went.
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
        """Posterior summary, see `gr4jstan.inference_data.summary`."""
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
        return simulate_draws(self.model.structure, values, P, E, self._start(values))[0]

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
        yield from simulations(self.model.structure, values, P, E, self._start(values), block)

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
        import xarray as xr

        known = [flux.name for flux in self.model.structure.fluxes]
        for name in names:
            if name not in known:
                raise InputError(f"There is no flux {name!r}; choose among {', '.join(known)}.")
        chain, draw = self._choose(draws)
        dates = self._days.index
        shape = (len(chain), len(draw), len(dates))
        arrays = {name: np.empty((shape[0] * shape[1], shape[2])) for name in names}
        done = 0
        for simulation in self.simulations(draws):
            size = len(simulation.Q)
            for name in names:
                arrays[name][done : done + size] = getattr(simulation, name)
            done += size
        dims = ("chain", "draw", dates.name)
        return xr.Dataset(
            {name: (dims, array.reshape(shape)) for name, array in arrays.items()},
            coords={"chain": chain, "draw": draw, dates.name: dates},
        )

    @cached_property
    def calibration(self) -> Prediction:
        """Streamflow of the simulated period, of the draws that predictions are made of."""
        flow, _ = self._calibrated
        return self._with_errors(flow, self._days.index, continued=False, stream=1)

    @cached_property
    def validation(self) -> Prediction | None:
        """Streamflow up to the end of the validation period; None if there is none."""
        days = validation_days(self.idata)
        if days is None:
            return None
        return self._predict_on(days, continued=self.run["validation"]["continued"], stream=2)

    @cached_property
    def end(self) -> EndState:
        """State of GR4J and memory of the errors after the last day of the calibration."""
        return self.saved_end or self._calibrated[1]

    def predict(
        self,
        forcing: "Catchment | pd.DataFrame | str | Path",
        *,
        states: Start | None = None,
        warmup: str | int = "1Y",
        **columns: Any,
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
        catchment = as_catchment(forcing, forcing_only=True, **columns)
        states = states or self.states_for(catchment)
        if states not in get_args(Start):
            raise InputError(f"states is {states!r}; choose {' or '.join(get_args(Start))}.")
        skipped = 0
        if states == "spin-up":
            skipped = warmup_days(self.model, catchment, warmup)
        elif self._gap(catchment) not in (0, None):
            raise InputError(
                f"{catchment.source}: the forcing starts on {catchment.label(0)}, but the "
                f"calibration ended on {self.run['period'][1]}; it can be continued only on the "
                "next day. Choose spin-up, or give the days between."
            )
        return self._predict_on(
            catchment.to_frame(), continued=states == "continued", stream=3, skipped=skipped
        )

    def states_for(self, forcing: Catchment) -> Start:
        """Whether forcing can be predicted for from the end of the calibration on.

        That is so if it starts on the day after, which is not known without dates.
        """
        return "continued" if self._gap(forcing) == 0 else "spin-up"

    def scores(self) -> "pd.DataFrame":
        """Scores of the calibration and, where there is one, of the validation period.

        Returns
        -------
        DataFrame
            Index (period, score), columns value, q5 and q95; see `gr4jstan.scores.score_table`.
        """
        return self._scores

    @cached_property
    def _scores(self) -> "pd.DataFrame":
        import pandas as pd

        calibrated, validated = self._days["Q"], validation_days(self.idata)
        dated = self._days.index.name == "date"
        periods = [("calibration", self.calibration, calibrated)]
        if validated is not None and self.validation is not None:
            periods.append(("validation", self.validation, validated["Q"]))
        tables = {}
        for number, (name, prediction, observed) in enumerate(periods):
            days = np.flatnonzero(observed.notna())
            usual = climatology(
                calibrated.index if dated else None,
                calibrated,
                observed.index[days] if dated else len(days),
            )
            tables[name] = score_table(
                prediction.flow[:, days],
                prediction.total[:, days],
                observed.to_numpy()[days],
                reference=usual,
                rng=np.random.default_rng([self._seed, 10 + number]),
            )
        return pd.concat(tables, names=["period", "score"])

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
        chain, draw = self._choose(draws)
        rng = np.random.default_rng([self._seed, 4])
        return predictive_idata(
            self.idata, self.model, self.data, chain, draw, rng=rng, prior=prior
        )

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
        write_netcdf(self.idata, folder / "posterior.nc")
        write_end_state(self.end, folder / "states.nc")
        self.summary().to_csv(folder / "summary.csv")
        self.scores().to_csv(folder / "scores.csv")
        write_json(folder / "diagnostics.json", self.diagnostics)
        write_json(folder / "run.json", self.run)
        write_json(folder / "data.json", self.data)
        (folder / "model.stan").write_text(self.code, encoding="utf-8")
        if self.header is not None:
            (folder / HEADER_NAME).write_text(self.header, encoding="utf-8")

    @cached_property
    def _days(self) -> "pd.DataFrame":
        return calibration_days(self.idata)

    @cached_property
    def _calibrated(self) -> tuple[NDArray[np.float64], EndState]:
        chain, draw = self._choose(DRAWS)
        values = self._values(chain, draw)
        P, E, Q = (self._days[name].to_numpy() for name in ("P", "E", "Q"))
        flow, state = simulate_draws(
            self.model.structure, values, P, E, self._start(values), progress=can_show_bars()
        )
        days = np.flatnonzero(~np.isnan(Q))
        memory = learn_memory(self.model, values, Q[days], days, flow)
        return flow, EndState(chain, draw, state, memory)

    def _predict_on(
        self, forcing: "pd.DataFrame", *, continued: bool, stream: int, skipped: int = 0
    ) -> Prediction:
        values = self._values(self.end.chain, self.end.draw)
        state = self.end.state if continued else spin_up_state(self.model.structure, values)
        P, E = (forcing[name].to_numpy() for name in ("P", "E"))
        flow, _ = simulate_draws(
            self.model.structure, values, P, E, state, progress=can_show_bars()
        )
        dates = forcing.index[skipped:]
        return self._with_errors(flow[:, skipped:], dates, continued=continued, stream=stream)

    def _with_errors(
        self, flow: NDArray[np.float64], dates: "pd.Index", *, continued: bool, stream: int
    ) -> Prediction:
        return predict_draws(
            self.model,
            self._values(self.end.chain, self.end.draw),
            flow,
            self.end.memory,
            dates,
            continued=continued,
            rng=np.random.default_rng([self._seed, stream]),
        )

    def _start(self, values: dict[str, NDArray[np.float64]]) -> State:
        return start_state(self.model.structure, values)

    def _choose(self, draws: int) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
        sizes = dataset(self.idata, "posterior").sizes
        return spread_draws(sizes["chain"], sizes["draw"], draws)

    def _values(self, chain: NDArray[np.int_], draw: NDArray[np.int_]) -> Values:
        return choose_values(self.idata, chain, draw)

    @property
    def _seed(self) -> int:
        return int(self.run["sampler"]["seed"])

    def _gap(self, forcing: Catchment) -> int | None:
        """Days between the calibration and the first day of forcing; None without dates."""
        if forcing.dates is None or self._days.index.name == "day":
            return None
        return int((forcing.dates[0] - self._days.index[-1]).days) - 1


def load_fit(folder: str | Path) -> Fit:
    """Read what `Fit.save` wrote.

    Raises
    ------
    InputError
        If a file is missing or damaged, or was written by another version, naming it.
    """
    place = Path(folder)
    diagnostics, run, data = (
        read_json(place / f"{name}.json") for name in ("diagnostics", "run", "data")
    )
    if run.get("format") != FORMAT:
        raise InputError(f"{place / 'run.json'}: written by another version of gr4jstan.")
    model = check_texts(place, run, diagnostics, data)
    code = _read_text(place / "model.stan")
    idata = read_netcdf(place / "posterior.nc")
    check_posterior(place / "posterior.nc", idata, model, run["validation"] is not None)
    end = read_end_state(place / "states.nc")
    check_end(place / "states.nc", end, idata, model)
    return Fit(
        idata=idata,
        diagnostics=diagnostics,
        run=run,
        code=code,
        # a folder that was written anew may hold the header of an earlier program
        header=_read_text(place / HEADER_NAME) if HEADER_NAME in code else None,
        data=data,
        saved_end=end,
    )


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: damaged ({error}); run the fit again.") from None
