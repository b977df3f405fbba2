"""The post's experiment: what was run, what came out, and what is said about it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gr4jstan.errors import InputError
from gr4jstan.experiment.comparison import Comparison, cumulative_seconds, measure
from gr4jstan.experiment.text import describe, markdown_table, plain_table
from gr4jstan.experiment.variants import define_variants, expected_seconds
from gr4jstan.experiment.writing import save_comparison
from gr4jstan.fitting.inference_data import dataset, with_group
from gr4jstan.fitting.loading import load_fit
from gr4jstan.fitting.results import Fit
from gr4jstan.sampling.settings import SamplerSettings
from seeds import shifted

NAMES = ["full", "truncated_last", "truncated_chunk", "subsampled", "default"]
COLUMNS = [
    "draws",
    "wall_seconds",
    "n_leapfrog",
    "min_ess_bulk",
    "min_ess_tail",
    "ess_per_second",
    "max_rhat",
    "divergences",
    "max_treedepth_share",
    "min_ebfmi",
    "x1_mean",
    "x1_sd",
    "x1_q5",
    "x1_q95",
    "converged",
]


def test_variants_are_those_of_the_post() -> None:
    variants = define_variants("synthetic", SamplerSettings())
    assert [variant.name for variant in variants] == NAMES
    full, last, chunk, subsampled, default = variants
    for variant in variants:
        assert variant.task.model.spec.priors == "uniform"
        assert variant.task.model.parameters == ("x1", "x2", "x3", "x4", "S0", "R0")
        assert variant.task.data["sigma"] == 0.1
        assert len(variant.task.catchment) == 50
    assert full.task.model.spec.gradient == "autodiff"
    assert default.task.model.spec.gradient != "truncated"
    assert default.task.days.tolist() == list(range(50))
    for variant, mode in ((last, "last"), (chunk, "chunk")):
        assert variant.task.model.spec.gradient == "truncated"
        assert variant.task.model.spec.truncate_mode == mode
        assert variant.task.data["truncate_steps"] == 5
        assert variant.task.days.tolist() == list(range(50))
    assert subsampled.task.days.tolist() == list(range(0, 50, 5))
    assert subsampled.task.model.spec == full.task.model.spec


def test_fewer_draws_for_the_truncated_variants_only_and_never_more() -> None:
    def iterations(draws: int) -> list[tuple[int, int]]:
        settings = SamplerSettings(iter_warmup=300, iter_sampling=50)
        variants = define_variants("synthetic", settings, truncated_draws=draws)
        return [(v.settings.iter_warmup, v.settings.iter_sampling) for v in variants]

    assert iterations(100) == [(300, 50), (100, 50), (100, 50), (300, 50), (300, 50)]
    assert iterations(1000) == [(300, 50)] * 5


@pytest.mark.parametrize(("subsample", "label"), [(2, "2nd"), (3, "3rd"), (5, "5th"), (8, "8th")])
def test_the_subsampled_variant_is_named_after_its_step(subsample: int, label: str) -> None:
    variants = define_variants("synthetic", SamplerSettings(), subsample=subsample)
    assert variants[3].label == f"every {label} day"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"subsample": 0}, "subsample is 0"),
        ({"subsample": 51}, "subsample is 51"),
        ({"truncate_steps": 0}, "truncate_steps is 0"),
        ({"sigma": -0.1}, "sigma is -0.1"),
        ({"start": "1999-01-01"}, "1999-01-01"),
    ],
)
def test_settings_outside_their_range_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        define_variants("synthetic", SamplerSettings(), **options)


def test_full_and_subsampled_see_the_truth_and_subsampling_broadens_x1(
    comparison: Comparison,
) -> None:
    table = comparison.table
    full, subsampled = table.loc["full gradient"], table.loc["every 5th day"]
    assert full["converged"]
    assert full["x1_q5"] < 320.11 < full["x1_q95"]
    default = table.loc["gr4jstan's default"]
    assert default["converged"]
    assert default["x1_sd"] == pytest.approx(full["x1_sd"], rel=0.15)
    assert subsampled["x1_q5"] < 320.11 < subsampled["x1_q95"]
    assert 3 < subsampled["x1_sd"] / full["x1_sd"] < 7


def test_truncated_gradients_saturate_and_are_not_trusted(comparison: Comparison) -> None:
    for name in ("truncated_last", "truncated_chunk"):
        found = comparison.fits[name].diagnostics
        assert found["max_treedepth_hits"] > 0.5 * found["draws"]
        assert not found["converged"]
        assert any("maximum tree depth" in reason for reason in found["reasons"])
        # what remains in one place would have to overlap the other chains
        assert found["max_rhat"] > 1.1


def test_the_table_holds_the_fits_own_numbers(comparison: Comparison) -> None:
    table = comparison.table
    assert list(table.columns) == COLUMNS
    assert list(table.index) == [variant.label for variant in comparison.variants]
    for variant in comparison.variants:
        fit, row = comparison.fits[variant.name], table.loc[variant.label]
        x1 = dataset(fit.idata, "posterior")["x1"].to_numpy()
        np.testing.assert_allclose(row["x1_mean"], x1.mean())
        np.testing.assert_allclose([row["x1_q5"], row["x1_q95"]], np.quantile(x1, [0.05, 0.95]))
        stats = dataset(fit.idata, "sample_stats")
        assert row["draws"] == x1.size
        assert row["n_leapfrog"] == int(stats["n_steps"].sum())
        assert row["max_treedepth_share"] == float((stats["tree_depth"] >= 10).mean())
        assert row["divergences"] == int(stats["diverging"].sum())
        smaller = fit.summary()[["ess_bulk", "ess_tail"]].min().min()
        np.testing.assert_allclose(row["ess_per_second"], smaller / row["wall_seconds"])
        assert row["max_rhat"] == fit.summary()["r_hat"].max()


def test_execution_time_adds_up_to_what_cmdstan_reports(comparison: Comparison) -> None:
    for variant in comparison.variants:
        fit = comparison.fits[variant.name]
        seconds = cumulative_seconds(fit)
        iterations = variant.settings.iter_warmup + variant.settings.iter_sampling
        assert seconds.shape == (4, iterations)
        assert (np.diff(seconds, axis=1) > 0).all()
        chains = fit.diagnostics["seconds"]["chains"]
        total = [chain["warmup"] + chain["sampling"] for chain in chains]
        np.testing.assert_allclose(seconds[:, -1], total)
        warmup = [chain["warmup"] for chain in chains]
        np.testing.assert_allclose(seconds[:, variant.settings.iter_warmup - 1], warmup)


def test_expected_time_supposes_that_truncated_variants_saturate(comparison: Comparison) -> None:
    full, last, *_ = comparison.variants
    assert expected_seconds(last)[1] == 1023
    assert expected_seconds(full)[1] < 100
    assert expected_seconds(full)[0] > 0


def test_saved_comparison_can_be_read_back(comparison: Comparison, tmp_path: Path) -> None:
    save_comparison(comparison, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "comparison.csv", index_col="variant")
    pd.testing.assert_frame_equal(table, comparison.table, check_dtype=False, rtol=1e-14)
    for name in NAMES:
        assert load_fit(tmp_path / "out" / name).diagnostics == comparison.fits[name].diagnostics
    text = (tmp_path / "out" / "comparison.md").read_text(encoding="utf-8")
    for paragraph in describe(comparison):
        assert paragraph in text
    saved = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))
    assert saved == {"true_x1": 320.11, "text": describe(comparison)}
    with pytest.raises(InputError, match="--force"):
        save_comparison(comparison, tmp_path / "out")


def test_tables_for_people_have_a_cell_for_everything(comparison: Comparison) -> None:
    lines = markdown_table(comparison.table).splitlines()
    assert len(lines) == 2 + len(NAMES)
    assert len({line.count("|") for line in lines}) == 1
    plain = plain_table(comparison.table).splitlines()
    assert len({len(line) for line in plain}) == 1
    for variant in comparison.variants:
        assert variant.label in plain[0]
    gaps = comparison.table.assign(max_rhat=np.nan, ess_per_second=None)
    assert plain_table(gaps).count(" -") == 2 * len(NAMES)


# --- the text follows from the numbers -----------------------------------------------------------


def altered(fit: Fit, x1: np.ndarray | None = None, **diagnostics: Any) -> Fit:
    """A fit with other diagnostics, and other draws of x1."""
    posterior = dataset(fit.idata, "posterior").copy()
    if x1 is not None:
        posterior["x1"] = (("chain", "draw"), x1)
    idata = with_group(fit.idata, "posterior", posterior)
    return replace(fit, idata=idata, diagnostics=fit.diagnostics | diagnostics)


def text_of(comparison: Comparison, true_x1: float | None = 320.11, **fits: Fit) -> dict[str, str]:
    changed = replace(comparison, fits=comparison.fits | fits, true_x1=true_x1)
    return dict(zip(NAMES, describe(changed), strict=True))


def seconds(fit: Fit, wall: float) -> dict[str, Any]:
    """Of which a tenth was the search for the mode."""
    return fit.diagnostics["seconds"] | {"setup": 0.1 * wall, "nuts_wall": 0.9 * wall}


def test_convergence_is_said_as_diagnosed(comparison: Comparison) -> None:
    last = comparison.fits["truncated_last"]
    said = text_of(comparison)
    assert said["full"].startswith("full gradient: converged.")
    assert said["truncated_last"].startswith("truncated, last 5 steps: not converged (")
    for reason in last.diagnostics["reasons"]:
        assert reason in said["truncated_last"]
    # had it converged, the text would say so
    well = altered(last, converged=True, reasons=[], max_treedepth_hits=0)
    assert ": converged." in text_of(comparison, truncated_last=well)["truncated_last"]


def test_speed_is_said_as_measured(comparison: Comparison) -> None:
    full, last = comparison.fits["full"], comparison.fits["truncated_last"]
    usual = {"min_ess_bulk": 500.0, "min_ess_tail": 600.0, "n_leapfrog": 7 * 2000, "draws": 2000}
    reference = altered(full, **usual, seconds=seconds(full, 1.0))
    fast = altered(last, **usual | {"n_leapfrog": 14 * 2000}, seconds=seconds(last, 0.25))
    said = text_of(comparison, full=reference, truncated_last=fast)["truncated_last"]
    assert "14.0 leapfrog steps a draw, where the full gradient takes 7.0 (2.00 times)" in said
    assert "2e+03 effective draws a second, 4.00 times the full gradient" in said
    slow = altered(last, **usual, seconds=seconds(last, 100.0))
    said = text_of(comparison, full=reference, truncated_last=slow)["truncated_last"]
    assert "5 effective draws a second, 1/100 of the full gradient" in said


def test_a_good_ebfmi_beside_saturated_trees_is_pointed_out(comparison: Comparison) -> None:
    last = comparison.fits["truncated_last"]
    for ebfmi, hits, hidden in ((0.9, 80, True), (0.1, 80, False), (0.9, 0, False)):
        fit = altered(last, ebfmi=[ebfmi] * 4, max_treedepth_hits=hits)
        said = text_of(comparison, truncated_last=fit)["truncated_last"]
        assert ("E-BFMI (0.90) shows none of this" in said) is hidden


def test_spreads_of_unconverged_draws_have_a_caveat(
    comparison: Comparison,
) -> None:
    full, sub = comparison.fits["full"], comparison.fits["subsampled"]
    z = np.random.default_rng(shifted(1)).normal(size=(4, 2000))
    z = (z - z.mean()) / z.std(ddof=1)
    good: dict[str, Any] = {"converged": True, "reasons": []}
    reference = altered(full, 320 + 10 * z, **good)
    wide = altered(sub, 320 + 45 * z, **good)
    said = text_of(comparison, full=reference, subsampled=wide)["subsampled"]
    assert "standard deviation of x1 is 45.0 mm, 4.50 times the 10.0 mm" in said
    assert "for what such draws tell" not in said
    lost = altered(sub, 320 + 45 * z, converged=False, reasons=["it is lost"])
    said = text_of(comparison, full=reference, subsampled=lost)["subsampled"]
    assert "4.50 times the 10.0 mm of the full gradient, for what such draws tell" in said


def test_the_truth_is_inside_or_outside_or_unknown(comparison: Comparison) -> None:
    x1 = np.tile(np.linspace(0, 100, 2000), (4, 1))
    fit = altered(comparison.fits["full"], x1)
    assert measure(fit)["x1_q5"] == pytest.approx(5)
    for true_x1, where in ((50.0, "inside"), (5.1, "inside"), (4.9, "outside"), (96, "outside")):
        said = text_of(comparison, true_x1, full=fit)["full"]
        assert f"true x1 of {true_x1:g} mm is {where} its 90 % interval (5.0 to 95.0 mm)" in said
    assert "true" not in text_of(comparison, None, full=fit)["full"]


def test_diagnostics_that_cannot_be_computed_leave_gaps_not_errors(comparison: Comparison) -> None:
    last = comparison.fits["truncated_last"]
    gone = altered(last, max_rhat=None, min_ess_bulk=None, ebfmi=[None] * 4)
    said = text_of(comparison, truncated_last=gone)
    assert "effective draws" not in said["truncated_last"]
    # nor is there anything to compare with when it is the reference that lacks it
    said = text_of(comparison, full=altered(comparison.fits["full"], min_ess_tail=None))
    assert not any("nan" in text or "effective draws" in text for text in said.values())
