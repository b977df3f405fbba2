"""The four figures of the post's experiment."""

import numpy as np
from matplotlib.figure import Figure

from gr4jstan.drawing import COLOURS, OBSERVED, bins, panels
from gr4jstan.experiment.comparison import Comparison, cumulative_seconds
from gr4jstan.fitting.inference_data import dataset


def plot_comparison(comparison: Comparison) -> dict[str, Figure]:
    """The post's four figures.

    Returns
    -------
    dict of str to Figure
        execution_time, posterior_x1, energy and tree_depth.
    """
    return {
        "execution_time": plot_execution_time(comparison),
        "posterior_x1": plot_posterior_x1(comparison),
        "energy": plot_energy(comparison),
        "tree_depth": plot_tree_depth(comparison),
    }


def plot_execution_time(comparison: Comparison) -> Figure:
    """Cumulative execution time of each variant's iterations, mean over its chains."""
    figure, (axes,) = panels(1, width=7.5, height=4.5)
    for colour, variant in zip(COLOURS, comparison.variants, strict=False):
        seconds = cumulative_seconds(comparison.fits[variant.name]).mean(axis=0)
        axes.plot(
            np.arange(1, len(seconds) + 1),
            np.maximum(seconds, 1e-5),
            color=colour,
            label=variant.label,
        )
        warmup = min(variant.settings.iter_warmup or 0, len(seconds))
        if warmup:
            axes.plot(warmup, seconds[warmup - 1], "o", color=colour, markersize=5)
    axes.plot([], [], "o", color="grey", label="end of warm-up")
    axes.set(
        xlabel="iteration of a chain",
        ylabel="cumulative execution time [s]",
        title="Execution time",
        yscale="log",
    )
    # the first iterations, before the step size has settled, would take up most of the scale
    top = axes.get_ylim()[1]
    axes.set_ylim(bottom=max(axes.get_ylim()[0], top * 1e-5))
    axes.legend(frameon=False)
    return figure


def plot_posterior_x1(comparison: Comparison) -> Figure:
    """Posterior of x1 by variant and chain, with the true value where it is known."""
    figure, axes_row = panels(len(comparison.variants), width=3.4, height=3.6, sharex=True)
    for axes, colour, variant in zip(axes_row, COLOURS, comparison.variants, strict=False):
        draws = dataset(comparison.fits[variant.name].idata, "posterior")["x1"].to_numpy()
        for chain in draws:
            axes.hist(
                chain,
                bins=bins(draws, 40),
                density=True,
                histtype="step",
                color=colour,
                linewidth=1.2,
            )
        if comparison.true_x1 is not None:
            axes.axvline(comparison.true_x1, color=OBSERVED, linestyle="--", linewidth=1)
        axes.set(xlabel="x1 [mm]", title=_title(comparison, variant.name, variant.label))
    # chains that stand still have densities many times those of chains that move
    axes_row[0].set_ylabel("posterior density, a line a chain\n(each panel has its own scale)")
    if comparison.true_x1 is not None:
        axes_row[0].plot([], [], "--", color=OBSERVED, label=f"true: {comparison.true_x1:g} mm")
        axes_row[0].legend(frameon=False, fontsize=8, loc="upper right")
    return figure


def plot_energy(comparison: Comparison) -> Figure:
    """Marginal energy and its changes from draw to draw (Betancourt 2016), by variant."""
    figure, axes_row = panels(len(comparison.variants), width=3.4, height=3.6)
    for axes, colour, variant in zip(axes_row, COLOURS, comparison.variants, strict=False):
        fit = comparison.fits[variant.name]
        energy = dataset(fit.idata, "sample_stats")["energy"].to_numpy()
        marginal = (energy - energy.mean(axis=1, keepdims=True)).ravel()
        transition = np.diff(energy, axis=1).ravel()
        edges = bins(np.append(marginal, transition), 50)
        axes.hist(marginal, bins=edges, density=True, color=colour, alpha=0.45, label="energy")
        axes.hist(
            transition,
            bins=edges,
            density=True,
            histtype="step",
            color=OBSERVED,
            label="change a draw",
        )
        found = [value for value in fit.diagnostics["ebfmi"] if value is not None]
        text = f"E-BFMI {min(found):.2f} to {max(found):.2f}" if found else ""
        axes.set(
            xlabel="energy about the chain's mean",
            title=f"{_title(comparison, variant.name, variant.label)}\n{text}",
        )
    axes_row[0].set_ylabel("density")
    axes_row[0].legend(frameon=False, fontsize=8)
    return figure


def plot_tree_depth(comparison: Comparison) -> Figure:
    """Histogram of the tree depth, by variant."""
    figure, axes_row = panels(
        len(comparison.variants), width=3.4, height=3.6, sharex=True, sharey=True
    )
    deepest = max(variant.settings.max_treedepth for variant in comparison.variants)
    for axes, colour, variant in zip(axes_row, COLOURS, comparison.variants, strict=False):
        depth = dataset(comparison.fits[variant.name].idata, "sample_stats")["tree_depth"]
        share = np.bincount(depth.to_numpy().ravel(), minlength=deepest + 1) / depth.size
        axes.bar(np.arange(len(share)), share, color=colour)
        axes.axvline(variant.settings.max_treedepth, color=OBSERVED, linestyle=":", linewidth=1)
        axes.set(xlabel="tree depth", title=_title(comparison, variant.name, variant.label))
    axes_row[0].set_ylabel("share of the draws")
    axes_row[0].annotate(
        "maximum",
        (deepest, 0.97),
        xytext=(-4, 0),
        textcoords="offset points",
        xycoords=("data", "axes fraction"),
        ha="right",
        va="top",
        fontsize=8,
    )
    return figure


def _title(comparison: Comparison, name: str, label: str) -> str:
    converged = comparison.fits[name].diagnostics["converged"]
    return label if converged else f"{label}\n(not converged)"
