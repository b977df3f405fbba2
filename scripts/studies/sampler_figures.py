"""The figures of NUTS with truncated gradients, and what all figures of the study share."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, PercentFormatter

from gr4jstan.drawing import COLOURS, OBSERVED, panels

# The colours that the variants have in the figures of the experiment.
COLOUR = {"exact": COLOURS[0], "last": COLOURS[1], "chunk": COLOURS[2]}
LABEL = {"exact": "exact", "last": "last k days", "chunk": "chunks of k days"}
MODES = ("last", "chunk")
K = "k [d]"

Tables = Mapping[str, pd.DataFrame]


def rows_of(table: pd.DataFrame, mode: str) -> pd.DataFrame:
    """The rows of a mode."""
    return table[table["mode"] == mode]


def draw_adaptation(tables: Tables) -> Figure:
    """Length of the trees that NUTS ends up with, and the length that energy errors allow."""
    figure, (left, right) = panels(2, width=4.6, height=3.8)
    nuts = tables["nuts"].merge(tables["longest"], on=["mode", "k"])
    nuts = nuts.merge(tables["forces"][["mode", "k", "allowed_length"]], on=["mode", "k"])
    nuts = nuts[nuts["saturated"] > 0.5]
    for mode in MODES:
        rows = rows_of(nuts, mode)
        style = {"color": COLOUR[mode], "linestyle": "none", "marker": "o"}
        left.loglog(rows["longest"], rows["length"], ms=5, **style, label=LABEL[mode])
        left.loglog(rows["allowed_length"], rows["length"], ms=4, mfc="white", **style)
    both = nuts[["longest", "allowed_length"]].to_numpy()
    ends = np.array([both[np.isfinite(both)].min() * 0.7, both[np.isfinite(both)].max() * 1.4])
    left.loglog(ends, ends, ":", color=OBSERVED, linewidth=1, label="equal")
    for axis in (left.xaxis, left.yaxis):
        axis.set(ticks=(0.1, 0.2, 0.5, 1, 2), ticklabels=("0.1", "0.2", "0.5", "1", "2"))
        axis.set_minor_locator(NullLocator())
    left.set(
        xlabel="predicted length [posterior sd]",
        ylabel="measured length of saturated trees [posterior sd]",
        title="Filled: energy errors; open: 1.504 / mean |e|",
    )
    table = tables["nuts"]
    for mode in MODES:
        rows = rows_of(table, mode)
        right.semilogy(
            rows["k"], rows["step_size"], "o-", ms=3.5, color=COLOUR[mode], label=LABEL[mode]
        )
    exact = rows_of(table, "exact")["step_size"].item()
    right.axhline(exact, color=COLOUR["exact"], label=LABEL["exact"])
    right.set(xlabel=K, ylabel="adapted step size [posterior sd]", title="Step size")
    left.legend(frameon=False, fontsize=8, loc="lower right")
    right.legend(frameon=False, fontsize=8)
    return figure


def draw_convergence(tables: Tables) -> Figure:
    """Saturation, R-hat and ESS per second against k."""
    nuts = tables["nuts"].assign(excess=tables["nuts"]["max_rhat"] - 1)
    named = {
        "saturated": "trees at depth 10",
        "excess": "largest R-hat less 1",
        "ess_per_second": "least ESS a second of gradients",
    }
    figure, axes_row = panels(3, width=3.8, height=3.6, sharex=True)
    for axes, (name, title) in zip(axes_row, named.items(), strict=True):
        for mode in MODES:
            rows = rows_of(nuts, mode)
            axes.plot(rows["k"], rows[name], "o-", ms=3.5, color=COLOUR[mode], label=LABEL[mode])
        axes.axhline(
            rows_of(nuts, "exact")[name].item(), color=COLOUR["exact"], label=LABEL["exact"]
        )
        axes.set(xlabel=K, title=title)
        if name == "saturated":
            axes.yaxis.set_major_formatter(PercentFormatter(1))
        else:
            axes.set_yscale("log")
    axes_row[1].axhline(0.01, color=OBSERVED, linestyle=":", linewidth=1, label="limit 1.01")
    handles = axes_row[1].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure


def draw_depth(tables: Tables) -> Figure:
    """Length of the trees, R-hat and ESS per second against the maximum depth."""
    table = tables["depth"].assign(excess=tables["depth"]["max_rhat"] - 1)
    named = {
        "length": "length of a tree [posterior sd]",
        "excess": "largest R-hat less 1",
        "ess_per_second": "least ESS a second of gradients",
    }
    figure, axes_row = panels(3, width=3.8, height=3.6, sharex=True)
    exact = rows_of(tables["nuts"], "exact").assign(excess=lambda rows: rows["max_rhat"] - 1)
    for axes, (name, title) in zip(axes_row, named.items(), strict=True):
        for mode in MODES:
            rows = rows_of(table, mode)
            axes.semilogy(
                rows["max_treedepth"],
                rows[name],
                "o-",
                ms=3.5,
                color=COLOUR[mode],
                label=f"{LABEL[mode]}, k = {rows['k'].iloc[0]}",
            )
        axes.axhline(exact[name].item(), color=COLOUR["exact"], label="exact, depth up to 10")
        axes.set(xlabel="maximum tree depth", title=title)
    axes_row[1].axhline(0.01, color=OBSERVED, linestyle=":", linewidth=1, label="limit 1.01")
    handles = axes_row[1].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure


def draw_ebfmi(tables: Tables) -> Figure:
    """E-BFMI, and the spreads that it is made of."""
    nuts = tables["nuts"]
    figure, (left, right) = panels(2, width=4.6, height=3.6, sharex=True)
    for mode in MODES:
        rows = rows_of(nuts, mode)
        left.plot(rows["k"], rows["min_ebfmi"], "o-", ms=3.5, color=COLOUR[mode], label=LABEL[mode])
        right.plot(
            rows["k"], rows["sd_energy"], "o-", ms=3.5, color=COLOUR[mode], label=f"energy, {mode}"
        )
        right.plot(
            rows["k"],
            rows["sd_log_density"],
            "o--",
            ms=3.5,
            color=COLOUR[mode],
            mfc="white",
            label=f"log density, {mode}",
        )
    exact = rows_of(nuts, "exact").iloc[0]
    left.axhline(exact["min_ebfmi"], color=COLOUR["exact"], label="exact")
    left.axhline(0.3, color=OBSERVED, linestyle=":", linewidth=1, label="usual limit 0.3")
    left.set(xlabel=K, ylabel="least E-BFMI of a chain", title="E-BFMI", ylim=(0, 2.6))
    right.axhline(exact["sd_energy"], color=COLOUR["exact"])
    right.axhline(exact["sd_log_density"], color=COLOUR["exact"], linestyle="--")
    right.set(
        xlabel=K, ylabel="sd within a chain [nats]", title="What it is made of", ylim=(0, 3.8)
    )
    for axes in (left, right):
        axes.legend(frameon=False, fontsize=8, ncols=2, loc="upper right")
    return figure
