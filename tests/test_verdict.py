"""The verdict: what is said of fits that deserve it, and of no others."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gr4jstan
from gr4jstan.findings import gravest
from gr4jstan.fitting.end_state import EndState
from gr4jstan.fitting.results import Fit
from gr4jstan.reading.datasets import load_dataset
from gr4jstan.scoring.verification import ALL
from seeds import shifted

UNFIT = "The model does not fit this catchment"


@dataclass(frozen=True)
class Altered(Fit):
    """A fit with other scores or another summary."""

    score_values: pd.DataFrame | None = None
    table: pd.DataFrame | None = None
    groups: pd.DataFrame | None = None
    water: pd.DataFrame | None = None

    def verification(self) -> pd.DataFrame:
        return super().verification() if self.groups is None else self.groups

    def water_balance(self) -> pd.DataFrame:
        return super().water_balance() if self.water is None else self.water

    def scores(self) -> pd.DataFrame:
        return super().scores() if self.score_values is None else self.score_values

    def summary(self) -> pd.DataFrame:
        return super().summary() if self.table is None else self.table


def altered(fit: Fit, **changes: Any) -> Altered:
    return Altered(**({field.name: getattr(fit, field.name) for field in fields(fit)} | changes))


def scored(fit: Fit, period: str = "calibration", **values: float) -> Fit:
    table = fit.scores().copy()
    for name, value in values.items():
        table.loc[(period, name), "value"] = value
    return altered(fit, score_values=table)


def verified(fit: Fit, period: str, group: str = ALL, **values: float) -> Fit:
    """A fit with other scores of a group of days, all others as right bands have them."""
    table = fit.verification().copy()
    table.loc[(period, group), list(values)] = list(values.values())
    return altered(fit, groups=table)


def placed(fit: Fit, name: str, *, median: float, q5: float, q95: float) -> Fit:
    table = fit.summary().copy()
    table.loc[name, ["median", "q5", "q95"]] = [median, q5, q95]
    return altered(fit, table=table)


def texts(fit: Fit, severity: str) -> list[str]:
    return [finding.text for finding in fit.findings if finding.severity == severity]


@pytest.fixture
def calm(split_fit: Fit) -> Fit:
    """A fit with a validation that gives no cause for a finding, whatever its draws."""
    fit = replace(split_fit, diagnostics=split_fit.diagnostics | {"converged": True})
    for period in ("calibration", "validation"):
        fit = scored(fit, period, nse=0.8, nse_climatology=0.3, crps_skill=0.5, kge=0.8)
    table = fit.verification().copy()
    table[["bias", "pit_mean", "coverage_95", "pit_excess"]] = [0.0, 0.5, 0.95, 0.0]
    bounds = {"bias": 0.05, "pit_mean": 0.1, "coverage_95": 0.03}
    for name, width in bounds.items():
        table[f"{name}_lower"], table[f"{name}_upper"] = table[name] - width, table[name] + width
    table["pit_excess_upper"] = 0.08
    return altered(fit, groups=table)


def test_good_fits_pass(synthetic_fit: Fit, split_fit: Fit) -> None:
    assert not texts(synthetic_fit, "unfit") + texts(synthetic_fit, "warning")
    assert synthetic_fit.verdict == "Converged, and the model fits"
    assert not texts(split_fit, "unfit")


def test_a_catchment_fed_by_melt_does_not_fit() -> None:
    """Flow that follows the calendar and not the rain."""
    frame = load_dataset("example").to_frame()
    day = frame.index.day_of_year.to_numpy()
    noise = np.random.default_rng(shifted(1)).lognormal(sigma=0.1, size=len(frame))
    frame["Q"] = (0.3 + 3 * np.exp(-(((day - 150) / 30) ** 2))) * noise
    fit = gr4jstan.fit(frame, chains=2, iter_sampling=100, seed=shifted(1), show_progress=False)
    (text,) = texts(fit, "unfit")
    values = fit.scores().loc["calibration", "value"]
    assert values["nse_climatology"] > 0.9
    assert text.startswith(f"{UNFIT}: over the calibration period its NSE is {values['nse']:.2f}")
    assert f"reaches {values['nse_climatology']:.2f}" in text
    assert "does not fit this catchment" in fit.verdict
    assert fit.findings[0].text == text


@pytest.mark.parametrize(
    ("values", "unfit"),
    [
        ({"nse": 0.6, "nse_climatology": 0.5, "crps_skill": 0.2}, False),
        ({"nse": 0.4, "nse_climatology": 0.5, "crps_skill": 0.2}, True),
        ({"nse": 0.6, "nse_climatology": 0.5, "crps_skill": -0.1}, True),
        ({"nse": 0.6, "nse_climatology": np.nan, "crps_skill": np.nan}, False),
        ({"nse": -0.1, "nse_climatology": np.nan, "crps_skill": np.nan}, True),
        # worse than the mean, and the climatology even more so
        ({"nse": -0.1, "nse_climatology": -0.3, "crps_skill": 0.1}, True),
    ],
)
@pytest.mark.parametrize("period", ["calibration", "validation"])
def test_the_yardstick_is_the_calendar_in_either_period(
    calm: Fit, period: str, values: dict[str, float], unfit: bool
) -> None:
    fit = scored(calm, period, **values)
    found = texts(fit, "unfit")
    assert bool(found) == unfit
    assert all(text.startswith(UNFIT) and period in text for text in found)


def test_a_model_that_does_not_fit_is_named_in_the_verdict(calm: Fit) -> None:
    assert calm.verdict == "Converged, and the model fits"
    assert gravest(calm.findings) in ("note", None)
    assert gravest(scored(calm, nse=-1.0).findings) == "unfit"
    unfit = scored(calm, nse=-1.0).verdict
    assert unfit == "Converged, but the model does not fit this catchment"


def test_flow_that_does_not_vary_cannot_be_judged(calm: Fit) -> None:
    found = texts(scored(calm, "validation", nse=np.nan), "warning")
    assert any("in the validation period cannot be told" in text for text in found)


def test_a_band_too_narrow_in_the_validation_alone_points_to_a_change(calm: Fit) -> None:
    found = texts(verified(calm, "validation", coverage_95=0.7), "warning")
    assert any("the catchment or its data have changed" in text for text in found)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"bias": 0.25}, "25 % too much water"),
        ({"bias": -0.25}, "25 % too little water"),
        ({"coverage_95": 0.8}, "too narrow. Try --error-model linear or student_t"),
        ({"coverage_95": 0.995}, "too wide. Try --error-model"),
    ],
)
def test_scores_that_are_off_are_warned_of(calm: Fit, values: dict[str, float], words: str) -> None:
    assert not texts(calm, "warning")
    fit = verified(calm, "calibration", **values)
    assert len(texts(fit, "warning")) == 1
    assert any(words in text for text in texts(fit, "warning"))
    assert fit.verdict == "Converged, but the model fits only in part, with 1 warning"


@pytest.mark.parametrize(
    "values",
    [
        # it matters, but may be chance
        {"bias": 0.15, "bias_upper": 0.16},
        {"coverage_95": 0.85, "coverage_95_lower": 0.84},
        {"pit_excess": -0.3, "pit_excess_upper": 0.31},
        # it is more than chance, but does not matter
        {"bias": 0.09},
        {"coverage_95": 0.91},
        {"pit_excess": -0.09},
    ],
)
def test_what_may_be_chance_or_does_not_matter_is_not_warned_of(
    calm: Fit, values: dict[str, float]
) -> None:
    assert not texts(verified(calm, "calibration", **values), "warning")


@pytest.mark.parametrize(
    ("group", "values", "code"),
    [
        (ALL, {"bias": -0.16}, "bias"),
        (ALL, {"pit_excess": -0.3}, "reliability"),
        ("December to February", {"bias": -0.25}, "season_bias"),
        ("December to February", {"pit_mean": 0.8}, "reliability_where"),
        ("highest 5 % of flows", {"coverage_95": 0.7}, "coverage_where"),
    ],
)
def test_parts_of_the_days_are_judged_where_the_model_is_on_its_own(
    calm: Fit, group: str, values: dict[str, float], code: str
) -> None:
    fit = verified(calm, "validation", group, **values)
    assert [each.code for each in fit.findings if each.severity == "warning"] == [code]
    seen = verified(calm, "calibration", group, **values)
    assert bool(texts(seen, "warning")) == (group == ALL)


def test_a_large_exchange_is_warned_of_by_its_flux_not_by_x2(calm: Fit) -> None:
    water = calm.water_balance().copy()
    water.loc["aexch"] = [-0.75, -0.8, -0.7, -0.27, -0.28, -0.26]
    (text,) = texts(altered(calm, water=water), "warning")
    assert text.startswith("The model loses 0.75 mm/d of water to the ground, 27 % of P.")
    water.loc["aexch"] = [-0.75, -0.9, -0.5, -0.27, -0.31, -0.19]
    assert not texts(altered(calm, water=water), "warning")


def test_a_known_sigma_is_named_where_the_band_is_off(calm: Fit) -> None:
    known = replace(calm, run=calm.run | {"model": {"sigma": 0.1, "error_model": "gaussian"}})
    found = texts(verified(known, "calibration", coverage_95=0.7), "warning")
    (text,) = (text for text in found if "calibration period the 95 % band" in text)
    assert "0.1 mm/d; give a larger one" in text


def test_few_days_cannot_tell_whether_a_band_is_right(synthetic_fit: Fit) -> None:
    assert synthetic_fit.scores().loc[("calibration", "coverage_95"), "value"] == 1
    assert not texts(synthetic_fit, "warning")


def test_a_fall_in_the_validation_is_warned_of(calm: Fit) -> None:
    fit = scored(calm, "validation", nse=0.3, nse_climatology=0.0)
    assert any("NSE falls from" in text and "to 0.30" in text for text in texts(fit, "warning"))
    (text,) = texts(scored(calm, "validation", kge=0.6), "warning")
    assert text.startswith("The KGE falls from 0.80 in the calibration to 0.60")


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("x3", {"median": 1.0, "q5": 0.8, "q95": 1.3}, "spurious modes"),
        ("x4", {"median": 9.0, "q5": 8.5, "q95": 9.5}, "spurious modes"),
        ("x4", {"median": 0.53, "q5": 0.501, "q95": 0.6}, "lower bound of its prior, 0.5 d"),
        ("x4", {"median": 19.0, "q5": 17, "q95": 19.99}, "upper bound of its prior, 20 d"),
        ("x3", {"median": 3000.0, "q5": 2800, "q95": 3200}, "3.5 standard deviations above"),
        ("x2", {"median": -12.0, "q5": -13, "q95": -11}, "3.5 standard deviations below"),
    ],
)
def test_parameters_out_of_place_are_warned_of(
    split_fit: Fit, name: str, values: dict[str, float], words: str
) -> None:
    assert not any(words in text for text in texts(split_fit, "warning"))
    assert any(words in text for text in texts(placed(split_fit, name, **values), "warning"))


def test_a_flat_posterior_is_not_at_its_bounds(synthetic_fit: Fit) -> None:
    width = 1950
    flat = {"median": 50 + width / 2, "q5": 50 + 0.05 * width, "q95": 50 + 0.95 * width}
    assert not texts(placed(synthetic_fit, "x1", **flat), "warning")
    assert texts(placed(synthetic_fit, "x1", **flat | {"q5": 51.0}), "warning")


def test_other_modes_are_told_with_their_log_density(synthetic_fit: Fit) -> None:
    place = {"log_x1": np.log(179.26), "asinh_x2": np.arcsinh(-0.926), "x3": 1234.5, "x4": 1.57}
    modes = [
        {"log_density": 10.0, "log_mass": 4.0, "parameters": place},
        {"log_density": 7.5, "log_mass": 1.0, "parameters": place},
    ]
    start = synthetic_fit.run["start"] | {"modes": modes}
    fit = replace(synthetic_fit, run=synthetic_fit.run | {"start": start})
    (text,) = texts(fit, "note")
    assert "x1 = 179, x2 = -0.926, x3 = 1230, x4 = 1.57" in text
    assert "2.5 below" in text
    assert f"about {100 * np.exp(-3):.1f} %" in text
    assert fit.verdict == "Converged, and the model fits"


def test_of_many_modes_the_first_are_told_and_the_others_counted(synthetic_fit: Fit) -> None:
    mode = {"log_density": 1.0, "log_mass": 1.0, "parameters": {"x4": 1.5}}
    start = synthetic_fit.run["start"] | {"modes": [mode] * 9}
    told = texts(replace(synthetic_fit, run=synthetic_fit.run | {"start": start}), "note")
    assert "another mode, at x4 = 1.5" in told[0]
    assert told[-1] == f"The search met {9 - len(told)} further modes (see run.json)."


def test_modes_without_mass_are_not_mentioned(synthetic_fit: Fit) -> None:
    mode = {"log_density": 1.0, "log_mass": 1.0, "parameters": {"x4": 1.5}}
    start = synthetic_fit.run["start"] | {"modes": [mode, mode | {"log_mass": 1 - np.log(1001)}]}
    fit = replace(synthetic_fit, run=synthetic_fit.run | {"start": start})
    assert not any("mode" in text for text in texts(fit, "note"))


def test_a_long_memory_of_the_errors_is_told(synthetic_fit: Fit) -> None:
    end = synthetic_fit.end
    memory = replace(end.memory, phi=np.full_like(end.memory.phi, 0.95))
    fit = replace(synthetic_fit, saved_end=EndState(end.chain, end.draw, end.state, memory))
    text = texts(fit, "note")[-1]
    assert "(0.95)" in text and "20 days" in text


def test_draws_that_did_not_converge_come_first_in_the_verdict(split_fit: Fit) -> None:
    lost = replace(split_fit, diagnostics=split_fit.diagnostics | {"converged": False})
    assert lost.verdict == "Not converged"
    both = scored(lost, nse=-1.0)
    assert both.verdict == "Not converged, and the model does not fit this catchment"


def test_intervals_that_could_not_be_widened_are_told_with_the_reason(synthetic_fit: Fit) -> None:
    told = {"asked": "robust", "given": "model", "window": None, "reason": "sigma was given"}
    fit = replace(synthetic_fit, run=synthetic_fit.run | {"intervals": told})
    (finding,) = (each for each in fit.findings if each.code == "model_intervals")
    assert finding.severity == "note"
    assert "day to day: sigma was given." in finding.text
    assert not any(each.code == "model_intervals" for each in synthetic_fit.findings)
