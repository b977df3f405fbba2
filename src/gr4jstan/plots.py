"""Figures, drawn with matplotlib and without global state."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gr4jstan.calibration import Fit
from gr4jstan.comparison import Comparison, cumulative_seconds
from gr4jstan.inference_data import UNITS, dataset

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Okabe and Ito's palette: told apart by colour-blind readers too
_COLOURS = ("#0072B2", "#D55E00", "#CC79A7", "#009E73", "#E69F00", "#56B4E9")
_OBSERVED = "#222222"


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
    figure, (axes,) = _panels(1, width=7.5, height=4.5)
    for colour, variant in zip(_COLOURS, comparison.variants, strict=False):
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
    figure, axes_row = _panels(len(comparison.variants), width=3.4, height=3.6, sharex=True)
    for axes, colour, variant in zip(axes_row, _COLOURS, comparison.variants, strict=False):
        draws = dataset(comparison.fits[variant.name].idata, "posterior")["x1"].to_numpy()
        for chain in draws:
            axes.hist(
                chain,
                bins=_bins(draws, 40),
                density=True,
                histtype="step",
                color=colour,
                linewidth=1.2,
            )
        if comparison.true_x1 is not None:
            axes.axvline(comparison.true_x1, color=_OBSERVED, linestyle="--", linewidth=1)
        axes.set(xlabel="x1 [mm]", title=_title(comparison, variant.name, variant.label))
    axes_row[0].set_ylabel("posterior density, a line a chain")
    if comparison.true_x1 is not None:
        axes_row[0].plot([], [], "--", color=_OBSERVED, label=f"true: {comparison.true_x1:g} mm")
        axes_row[0].legend(frameon=False, fontsize=8, loc="upper right")
    return figure


def plot_energy(comparison: Comparison) -> Figure:
    """Marginal energy and its changes from draw to draw (Betancourt 2016), by variant."""
    figure, axes_row = _panels(len(comparison.variants), width=3.4, height=3.6)
    for axes, colour, variant in zip(axes_row, _COLOURS, comparison.variants, strict=False):
        fit = comparison.fits[variant.name]
        energy = dataset(fit.idata, "sample_stats")["energy"].to_numpy()
        marginal = (energy - energy.mean(axis=1, keepdims=True)).ravel()
        transition = np.diff(energy, axis=1).ravel()
        bins = _bins(np.append(marginal, transition), 50)
        axes.hist(marginal, bins=bins, density=True, color=colour, alpha=0.45, label="energy")
        axes.hist(
            transition,
            bins=bins,
            density=True,
            histtype="step",
            color=_OBSERVED,
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
    figure, axes_row = _panels(
        len(comparison.variants), width=3.4, height=3.6, sharex=True, sharey=True
    )
    deepest = max(variant.settings.max_treedepth for variant in comparison.variants)
    for axes, colour, variant in zip(axes_row, _COLOURS, comparison.variants, strict=False):
        depth = dataset(comparison.fits[variant.name].idata, "sample_stats")["tree_depth"]
        share = np.bincount(depth.to_numpy().ravel(), minlength=deepest + 1) / depth.size
        axes.bar(np.arange(len(share)), share, color=colour)
        axes.axvline(variant.settings.max_treedepth, color=_OBSERVED, linestyle=":", linewidth=1)
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


def plot_fit(fit: Fit) -> Figure:
    """Observed and simulated streamflow, and the posterior of each parameter.

    The band is the central 90 % of the simulated flow: the uncertainty of the parameters alone.
    """
    names = fit.parameters
    columns = len(names) if len(names) <= 4 else -(-len(names) // 2)
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(11, 3.4 + 2.1 * rows), layout="constrained")
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[1.5] + [1] * rows)
    _draw_flow(figure.add_subplot(grid[0, :]), fit)
    posterior = dataset(fit.idata, "posterior")
    for i, name in enumerate(names):
        axes = figure.add_subplot(grid[1 + i // columns, i % columns])
        values = posterior[name].to_numpy()
        bins = _bins(values, 40)
        for chain, colour in zip(values, _cycle(len(values)), strict=True):
            axes.hist(chain, bins=bins, density=True, histtype="step", color=colour)
        axes.set(xlabel=f"{name} [{UNITS[name]}]", yticks=[])
        axes.locator_params(axis="x", nbins=4)
        _tidy(axes)
    found = fit.diagnostics
    verdict = "converged" if found["converged"] else "NOT CONVERGED: " + "; ".join(found["reasons"])
    figure.suptitle(f"GR4J on {fit.run['catchment']}: {verdict}", fontsize=11, wrap=True)
    return figure


def _draw_flow(axes: Axes, fit: Fit) -> None:
    observed = dataset(fit.idata, "observed_data")["Q"]
    forcing = dataset(fit.idata, "constant_data")["P"]
    dates = forcing[forcing.dims[0]].to_numpy()
    days = slice(fit.run["warmup"], None)
    low, middle, high = np.quantile(fit.flows(), [0.05, 0.5, 0.95], axis=0)
    axes.fill_between(
        dates[days],
        low[days],
        high[days],
        color=_COLOURS[0],
        alpha=0.35,
        linewidth=0,
        label="simulated, 90 % from the parameters alone",
    )
    axes.plot(
        dates[days], middle[days], color=_COLOURS[0], linewidth=0.8, label="simulated, median"
    )
    axes.plot(
        observed[observed.dims[0]].to_numpy(),
        observed.to_numpy(),
        ".",
        color=_OBSERVED,
        markersize=2,
        label="observed",
    )
    axes.set(ylabel="streamflow [mm/d]", xlabel="" if fit.run["period"][0][:3] != "day" else "day")
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    axes.legend(frameon=False, fontsize=8, loc="lower right", bbox_to_anchor=(1, 1), ncols=3)
    _tidy(axes)


def _title(comparison: Comparison, name: str, label: str) -> str:
    converged = comparison.fits[name].diagnostics["converged"]
    return label if converged else f"{label}\n(not converged)"


def _panels(
    n: int, *, width: float, height: float, sharex: bool = False, sharey: bool = False
) -> tuple[Figure, "NDArray[Any]"]:
    figure = Figure(figsize=(width * n, height), layout="constrained")
    axes_row = figure.subplots(1, n, squeeze=False, sharex=sharex, sharey=sharey)[0]
    for axes in axes_row:
        _tidy(axes)
    return figure, axes_row


def _bins(values: "NDArray[np.float64]", n: int) -> list[float]:
    """Edges of `n` bins over all but the most extreme values."""
    low, high = np.quantile(values, [0.001, 0.999])
    return [float(edge) for edge in np.linspace(low, high if high > low else low + 1, n + 1)]


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.title.set_fontsize(10)


def _cycle(n: int) -> list[str]:
    return [_COLOURS[i % len(_COLOURS)] for i in range(n)]
