"""Figures of the posterior of a fit: pairs of parameters, and chains."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from gr4jstan.drawing import COLOURS, OBSERVED, bins, cycle, entitle, quantity, stack, thin, tidy
from gr4jstan.fitting.inference_data import dataset, reported_group
from gr4jstan.fitting.results import Fit

Array = NDArray[np.float64]

_PAIRS = 1000


def plot_pairs(fit: Fit) -> Figure:
    """Posterior of all parameters, and of each pair of them; divergent draws are marked.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    Figure
    """
    posterior, names = dataset(fit.idata, reported_group(fit.idata)), fit.parameters
    values = np.stack([posterior[name].to_numpy().ravel() for name in names])
    diverging = dataset(fit.idata, "sample_stats")["diverging"].to_numpy().ravel()
    some = thin(values, _PAIRS)
    size = max(6.0, 1.35 * len(names))
    figure = Figure(figsize=(size, size))
    figure.subplots_adjust(0.09, 0.06, 0.99, 0.95, wspace=0.06, hspace=0.06)
    limits = [_limits(draws) for draws in values]
    for i, row in enumerate(names):
        for j, column in enumerate(names[: i + 1]):
            axes = figure.add_subplot(len(names), len(names), i * len(names) + j + 1)
            if i == j:
                axes.hist(
                    values[i], bins=bins(values[i], 30), color=COLOURS[0], histtype="stepfilled"
                )
                axes.spines[["top", "right", "left"]].set_visible(False)
            else:
                axes.plot(some[j], some[i], ".", color=COLOURS[0], markersize=1.5, alpha=0.4)
                axes.plot(
                    values[j, diverging],
                    values[i, diverging],
                    "x",
                    color=COLOURS[1],
                    markersize=4,
                )
                axes.set_ylim(limits[i])
            axes.set_xlim(limits[j])
            _edge_labels(axes, i, j, len(names))
            if i == len(names) - 1:
                axes.set_xlabel(quantity(column, fit.model.units), fontsize=8)
            if j == 0 and i > 0:
                axes.set_ylabel(quantity(row, fit.model.units), fontsize=8)
    count = int(diverging.sum())
    found = {0: "no divergent draws", 1: "1 divergent draw (cross)"}
    text = found.get(count, f"{count} divergent draws (crosses)")
    entitle(figure, fit.run["catchment"], f"posterior, {text}")
    return figure


def _limits(draws: Array) -> tuple[float, float]:
    low, high = float(draws.min()), float(draws.max())
    margin = 0.03 * (high - low) or 0.5
    return low - margin, high + margin


def _edge_labels(axes: Axes, i: int, j: int, n: int) -> None:
    """Ticks at the left and the lower edge of the triangle only: they take most of the time."""
    for axis, edge in ((axes.xaxis, i == n - 1), (axes.yaxis, j == 0 and i > 0)):
        low, high = sorted(axis.get_view_interval())
        ticks = np.asarray(MaxNLocator(3).tick_values(low, high) if edge else [])
        # labels in the corners would run into those of the neighbour
        margin = 0.15 * (high - low)
        axis.set_ticks(ticks[(ticks > low + margin) & (ticks < high - margin)])
        axis.set_tick_params(labelsize=7)


def plot_traces(fit: Fit) -> Figure:
    """Trace and density of each parameter by chain, and the energy (Betancourt 2016).

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    Figure
    """
    posterior, names = dataset(fit.idata, "posterior"), fit.parameters
    figure, grid = stack([*[0.85] * len(names), 0.05, 0.95], gaps=0.28)
    for i, name in enumerate(names):
        draws = posterior[name].to_numpy()
        row = grid[i].subgridspec(1, 2, width_ratios=[2.2, 1], wspace=0.08)
        trace, density = figure.add_subplot(row[0]), figure.add_subplot(row[1])
        edges = bins(draws, 40)
        shown = thin(draws, 500)
        at = thin(np.arange(1.0, draws.shape[1] + 1), 500)
        for chain, thinned, colour in zip(draws, shown, cycle(len(draws)), strict=True):
            trace.plot(at, thinned, color=colour, linewidth=0.4)
            density.stairs(*np.histogram(chain, edges), color=colour)
        trace.set_ylabel(quantity(name, fit.model.units), fontsize=8)
        trace.margins(x=0.005)
        if i < len(names) - 1:
            trace.set_xticks([])
        density.set_yticks([])
        for axes in (trace, density):
            axes.tick_params(labelsize=7)
            tidy(axes)
        trace.yaxis.set_major_locator(MaxNLocator(3))
        density.xaxis.set_major_locator(MaxNLocator(4))
    trace.set_xlabel("draw of a chain, a colour a chain", fontsize=8)
    density.set_xlabel("density by chain", fontsize=8)
    _draw_energy(figure.add_subplot(grid[-1]), fit)
    entitle(figure, fit.run["catchment"], "chains")
    return figure


def _draw_energy(axes: Axes, fit: Fit) -> None:
    energy = dataset(fit.idata, "sample_stats")["energy"].to_numpy()
    marginal = (energy - energy.mean(axis=1, keepdims=True)).ravel()
    transition = np.diff(energy, axis=1).ravel()
    edges = bins(np.append(marginal, transition), 60)
    axes.hist(marginal, bins=edges, density=True, color=COLOURS[0], alpha=0.45, label="energy")
    axes.hist(
        transition,
        bins=edges,
        density=True,
        histtype="step",
        color=OBSERVED,
        label="its change from draw to draw",
    )
    found = [f"{value:.2f}" for value in fit.diagnostics["ebfmi"] if value is not None]
    axes.set_yticks([])
    axes.tick_params(labelsize=7)
    axes.set_xlabel(
        "energy about the chain's mean; E-BFMI " + (", ".join(found) or "unknown"), fontsize=8
    )
    axes.legend(frameon=False, fontsize=8)
    tidy(axes)
