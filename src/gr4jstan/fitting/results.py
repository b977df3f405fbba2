"""The result of a calibration: the posterior, and what follows from it."""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from gr4jstan.files import output_folder
from gr4jstan.findings import Finding, by_severity
from gr4jstan.fitting.continuation import Start, plan_prediction
from gr4jstan.fitting.criticism import predictive_idata
from gr4jstan.fitting.end_state import EndState, simulate_calibration, simulate_forcing
from gr4jstan.fitting.folder import write_folder
from gr4jstan.fitting.forcing import judge_forcing, judge_spin_up
from gr4jstan.fitting.inference_data import (
    InferenceData,
    dataset,
    validation_days,
)
from gr4jstan.fitting.judging_errors import judge_errors
from gr4jstan.fitting.period_scores import score_periods
from gr4jstan.fitting.posterior import Posterior
from gr4jstan.fitting.prediction import (
    DRAWS,
    Prediction,
    predict_draws,
)
from gr4jstan.fitting.records import findings_of
from gr4jstan.fitting.verdict import judge, sentence
from gr4jstan.fitting.verification import pit_of_period, verify_periods
from gr4jstan.fitting.water_balance import DRAWS as BALANCE_DRAWS
from gr4jstan.fitting.water_balance import water_balance
from gr4jstan.model.stan_data import StanData
from gr4jstan.options import takes
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.options import ReadingOptions
from gr4jstan.reading.sources import as_catchment
from gr4jstan.sampling.streams import stream

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Values = dict[str, Array]


@dataclass(frozen=True, repr=False)
class Fit(Posterior):
    """A posterior of GR4J.

    Parameters
    ----------
    idata, run
        See `Posterior`.
    diagnostics : dict
        Whether to trust it, see `gr4jstan.fitting.diagnostics`, and where the ``seconds`` went.
    code : str
        The Stan program.
    header : str or None
        Its C++ header; the program compiles under the name ``gr4j.stan``.
    data : dict
        Its data.
    saved_end : EndState, optional
        The end of the calibration, where it was saved.
    """

    diagnostics: dict[str, Any]
    code: str
    header: str | None
    data: StanData
    saved_end: EndState | None = None

    def __repr__(self) -> str:
        sizes = dataset(self.idata, "posterior").sizes
        first, last = self.run["period"]
        return (
            f"Fit of {self.run['catchment']}, {first} to {last}: {sizes['chain']} chains of "
            f"{sizes['draw']} draws of {', '.join(self.parameters)}. {self.verdict}"
            + "".join(f"\n{each.severity}: {each.text}" for each in self.findings)
        )

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What was noticed in the data, and what speaks against the model; the gravest first."""
        judged = judge(
            scores=self.scores()["value"],
            verification=self.verification(),
            balance=self.water_balance(),
            summary=self.summary(),
            model=self.model,
            modes=self.run["start"]["modes"],
            memory=self.error_correlation,
            days=int(self._days["Q"].count()),
            intervals=self.intervals,
        )
        # some tens of draws have the middle of all
        middle = np.median(self.calibration.flow[::10], axis=0)
        judged += judge_errors(self.model, self.summary(), self._days["Q"].to_numpy(), middle)
        return by_severity((*judged, *findings_of(self.run)))

    @property
    def verdict(self) -> str:
        """Draws and model in a sentence, see `gr4jstan.fitting.verdict.sentence`."""
        return sentence(self.diagnostics["converged"], self.findings)

    @cached_property
    def calibration(self) -> Prediction:
        """Streamflow of the simulated period, of the draws that predictions are made of."""
        return self._with_errors(self._calibrated[0], self._days.index, "calibration")

    @cached_property
    def validation(self) -> Prediction | None:
        """Streamflow up to the end of the validation period; None if there is none."""
        days = validation_days(self.idata)
        if days is None:
            return None
        continued = self.run["validation"]["continued"]
        return self._predict_on(days, "validation", continued=continued)

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
            starts on the day after the calibration or its validation period, or within that,
            continues, and any other spins up.
        warmup : int or str
            First days of a spin-up, which are not in the result: days, or years ("1Y").
        **columns
            Column names and the like, see `gr4jstan.read_csv`.

        Returns
        -------
        Prediction
            With ``findings``: how it begins, and what is odd about the forcing.

        Raises
        ------
        InputError
            If the forcing cannot be read, is not that of the catchment by its sums, is not longer
            than the warm-up, or starts on a day that cannot be continued to although it should.
        """
        days = as_catchment(forcing, forcing_only=True, **columns)
        judged = judge_forcing(days, self._days)
        known = validation_days(self.idata)
        following = known if known is not None and self.run["validation"]["continued"] else None
        plan = plan_prediction(days, self._days, following, states=states, warmup=warmup)
        continued = plan.states == "continued"
        if not continued:
            values = self._values(self.end.chain, self.end.draw)
            judged += judge_spin_up(self.model.structure, values, days, plan.skipped)
        prediction = self._predict_on(
            plan.forcing, "prediction", continued=continued, skipped=plan.skipped
        )
        return replace(prediction, findings=(plan.beginning, *judged))

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
        return score_periods(self._periods, self._days["Q"], self._seed)

    @cached_property
    def _periods(self) -> "dict[str, tuple[Prediction, pd.Series]]":
        """Prediction and observations of each period."""
        periods = {"calibration": (self.calibration, self._days["Q"])}
        validated = validation_days(self.idata)
        if validated is not None and self.validation is not None:
            periods["validation"] = (self.validation, validated["Q"])
        return periods

    def verification(self) -> "pd.DataFrame":
        """Volume, PIT and coverage by class of flow, season, month, and of the extremes of years.

        Returns
        -------
        DataFrame
            Index (period, group), columns as in `gr4jstan.scoring.verification.group_table`: the
            scores, and the bounds that a right model keeps.
        """
        return self._verification

    @cached_property
    def _verification(self) -> "pd.DataFrame":
        return verify_periods(self._periods, self.pit, self.error_correlation, self._seed)

    @cached_property
    def pit(self) -> Values:
        """PIT of the observed days of each period: those behind the score ``reliability``."""
        return {
            name: pit_of_period(name, *each, self._seed) for name, each in self._periods.items()
        }

    @property
    def error_correlation(self) -> float:
        """Correlation of the errors of neighbouring days, the median over the draws; at least 0."""
        return max(0.0, float(np.median(self.end.memory.phi)))

    def water_balance(self) -> "pd.DataFrame":
        """Where the water goes: mean fluxes of the days that count.

        Returns
        -------
        DataFrame
            Index flux: P, Q, ae and, where the structure has it, aexch (positive for a gain);
            columns median, q5 and q95 [mm/d], and the same as shares of P (share, share_q5,
            share_q95). What is left is stored.
        """
        return self._water_balance

    @cached_property
    def _water_balance(self) -> "pd.DataFrame":
        skipped = self.run["warmup"]
        return water_balance(self.simulations(BALANCE_DRAWS), self._days["P"], skipped)

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
        scores.csv, verification.csv, diagnostics.json, run.json, data.json, model.stan and, where
        the program has one, its C++ header gr4j_external.hpp.

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
            tables={
                "summary": self.summary(),
                "scores": self.scores(),
                "verification": self.verification(),
            },
            records={
                "diagnostics": self.diagnostics
                | {"verdict": self.verdict, "findings": [asdict(each) for each in self.findings]},
                "run": self.run,
                "data": self.data,
            },
            code=self.code,
            header=self.header,
        )

    @cached_property
    def _calibrated(self) -> tuple[NDArray[np.float64], EndState]:
        chain, draw = self._choose(DRAWS)
        return simulate_calibration(self.model, self._values(chain, draw), self._days, chain, draw)

    def _predict_on(
        self, forcing: "pd.DataFrame", purpose: str, *, continued: bool, skipped: int = 0
    ) -> Prediction:
        values = self._values(self.end.chain, self.end.draw)
        flow = simulate_forcing(self.model, values, forcing, self.end, continued=continued)
        lead = skipped if continued else None
        return self._with_errors(flow[:, skipped:], forcing.index[skipped:], purpose, lead)

    def _with_errors(
        self, flow: NDArray[np.float64], dates: "pd.Index", purpose: str, lead: int | None = None
    ) -> Prediction:
        """Add errors; they remember the end of the calibration, ``lead`` days before the first."""
        values, memory = self._values(self.end.chain, self.end.draw), self.end.memory
        memory = replace(memory, age=memory.age + (lead or 0))
        rng, continued = stream(self._seed, purpose), lead is not None
        return predict_draws(self.model, values, flow, memory, dates, continued=continued, rng=rng)

    @property
    def _seed(self) -> int:
        return int(self.run["sampler"]["seed"])
