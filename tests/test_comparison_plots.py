"""The figures of the experiment show the draws."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from gr4jstan.experiment.comparison import Comparison
from gr4jstan.experiment.plots import (
    plot_comparison,
    plot_execution_time,
    plot_posterior_x1,
    plot_tree_depth,
)
from gr4jstan.fitting.inference_data import dataset


def drawn(figure: Figure) -> np.ndarray:
    """The figure as pixels, through PNG."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=50)
    buffer.seek(0)
    return imread(buffer)


def words(figure: Figure) -> str:
    texts = [axes.get_title() for axes in figure.axes] + [
        text.get_text()
        for axes in figure.axes
        for text in (axes.get_legend().get_texts() if axes.get_legend() else [])
    ]
    return "\n".join(texts)


def test_the_posts_four_figures_are_drawn(comparison: Comparison) -> None:
    figures = plot_comparison(comparison)
    assert list(figures) == ["execution_time", "posterior_x1", "energy", "tree_depth"]
    for figure in figures.values():
        pixels = drawn(figure)
        # not a blank page: many colours, and a fair share of it is not white
        assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 50
        assert (pixels[:, :, :3] < 0.95).any(axis=2).mean() > 0.01
        for variant in comparison.variants:
            assert variant.label in words(figure)
            for axes in figure.axes:
                assert axes.get_xlabel()


def test_panels_say_which_variant_did_not_converge(comparison: Comparison) -> None:
    for axes, variant in zip(plot_tree_depth(comparison).axes, comparison.variants, strict=True):
        converged = comparison.fits[variant.name].diagnostics["converged"]
        assert ("not converged" in axes.get_title()) is not converged


def test_bars_of_the_tree_depth_are_shares_of_the_draws(comparison: Comparison) -> None:
    for axes, variant in zip(plot_tree_depth(comparison).axes, comparison.variants, strict=True):
        depth = dataset(comparison.fits[variant.name].idata, "sample_stats")["tree_depth"]
        bars = {round(bar.get_x() + bar.get_width() / 2): bar.get_height() for bar in axes.patches}
        assert sum(bars.values()) == pytest.approx(1)
        for value in range(11):
            assert bars[value] == pytest.approx(float((depth == value).mean()))


def test_the_true_x1_is_drawn_where_it_is_known(comparison: Comparison) -> None:
    for axes in plot_posterior_x1(comparison).axes:
        (line,) = (line for line in axes.lines if len(line.get_xdata()))
        assert line.get_xdata()[0] == 320.11
        low, high = axes.get_xlim()
        assert low < 320.11 < high
    assert "320.11" in words(plot_posterior_x1(comparison))
    unknown = plot_posterior_x1(replace(comparison, true_x1=None))
    assert not any(axes.lines for axes in unknown.axes)


def test_posteriors_in_one_place_share_the_scale_and_can_be_seen(comparison: Comparison) -> None:
    limits = {
        variant.name: axes.get_xlim()
        for axes, variant in zip(
            plot_posterior_x1(comparison).axes, comparison.variants, strict=True
        )
    }
    assert limits["full"] == limits["subsampled"]
    x1 = dataset(comparison.fits["full"].idata, "posterior")["x1"].to_numpy()
    low, high = limits["full"]
    assert np.mean((low < x1) & (x1 < high)) > 0.99
    assert x1.std() > 0.01 * (high - low)


def test_execution_time_has_a_line_and_the_end_of_warmup_for_each_variant(
    comparison: Comparison,
) -> None:
    (axes,) = plot_execution_time(comparison).axes
    for variant in comparison.variants:
        (line,) = (line for line in axes.lines if line.get_label() == variant.label)
        assert (
            len(line.get_xdata()) == variant.settings.iter_warmup + variant.settings.iter_sampling
        )
    ends = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 1]
    assert ends == [variant.settings.iter_warmup for variant in comparison.variants]


def test_panels_whose_scales_differ_say_so(comparison: Comparison) -> None:
    axes_row = plot_posterior_x1(comparison).axes
    assert len({axes.get_ylim() for axes in axes_row}) > 1
    assert "own scale" in axes_row[0].get_ylabel()
