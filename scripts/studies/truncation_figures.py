"""The figures of docs/truncation.md, drawn from its tables."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, ScalarFormatter

from gr4jstan.drawing import COLOURS, OBSERVED, cycle, panels
from studies.sampler_figures import (
    COLOUR,
    LABEL,
    MODES,
    K,
    Tables,
    draw_adaptation,
    draw_convergence,
    draw_depth,
    draw_ebfmi,
    rows_of,
)


def draw(tables: Tables) -> dict[str, Figure]:
    """All figures, under the names of their files."""
    return {
        "force": draw_force(tables),
        "parameters": draw_parameters(tables),
        "rotation": draw_rotation(tables),
        "step_size": draw_step_size(tables),
        "length": draw_length(tables),
        "adaptation": draw_adaptation(tables),
        "convergence": draw_convergence(tables),
        "depth": draw_depth(tables),
        "real": draw_real(tables),
        "ebfmi": draw_ebfmi(tables),
        "subsampling": draw_subsampling(tables),
    }


def draw_force(tables: Tables) -> Figure:
    """Angle and size of the truncated force."""
    figure, (left, right) = panels(2, width=4.6, height=3.6, sharex=True)
    for axes, name in ((left, "angle"), (right, "size")):
        for mode in MODES:
            rows = rows_of(tables["forces"], mode)
            axes.fill_between(
                rows["k"], rows[f"{name}_q5"], rows[f"{name}_q95"], color=COLOUR[mode], alpha=0.15
            )
            axes.plot(
                rows["k"],
                rows[f"{name}_median"],
                "o-",
                ms=3.5,
                color=COLOUR[mode],
                label=LABEL[mode],
            )
        axes.set(xlabel=K)
    left.axhline(90, color=OBSERVED, linestyle=":", linewidth=1)
    left.set(ylabel="angle to the exact force [degrees]", title="Direction", ylim=(0, None))
    left.legend(frameon=False, fontsize=8)
    right.axhline(1, color=OBSERVED, linestyle=":", linewidth=1)
    right.set(ylabel="length over that of the exact force", title="Size", yscale="log")
    return figure


def draw_parameters(tables: Tables) -> Figure:
    """Share of each component that is kept."""
    figure, axes_row = panels(2, width=4.6, height=3.6, sharex=True)
    names = list(dict.fromkeys(tables["parameters"]["parameter"]))
    for axes, mode in zip(axes_row, MODES, strict=True):
        rows = rows_of(tables["parameters"], mode)
        for colour, name in zip(cycle(len(names)), names, strict=True):
            of = rows[rows["parameter"] == name]
            axes.plot(of["k"], of["kept"], "o-", ms=3.5, color=colour, label=name)
        for level in (0, 1):
            axes.axhline(level, color=OBSERVED, linestyle=":", linewidth=1)
        axes.set(xlabel=K, title=LABEL[mode])
    axes_row[0].set_ylabel("share of the exact derivative that is kept")
    axes_row[1].legend(frameon=False, fontsize=8, ncols=2)
    return figure


def draw_rotation(tables: Tables) -> Figure:
    """Asymmetry of the Jacobian, and work around closed loops."""
    figure, axes_row = panels(2, width=4.6, height=3.6, sharex=True)
    named = {
        "asymmetry": ("antisymmetric over symmetric part", "Jacobian of the force"),
        "work_rms": ("work once around [nats], rms of 15 planes", "Circles of one posterior sd"),
    }
    for axes, (name, (label, title)) in zip(axes_row, named.items(), strict=True):
        for mode in MODES:
            rows = rows_of(tables["rotation"], mode)
            rows = rows[rows["k"] < rows["k"].max()]
            axes.semilogy(
                rows["k"], rows[name], "o-", ms=3.5, color=COLOUR[mode], label=LABEL[mode]
            )
        exact = rows_of(tables["rotation"], "exact")[name].item()
        axes.axhline(exact, color=COLOUR["exact"], label=LABEL["exact"])
        axes.set(xlabel=K, ylabel=label, title=title)
    axes_row[1].legend(frameon=False, fontsize=8)
    return figure


def draw_step_size(tables: Tables) -> Figure:
    """Energy error at the end of trajectories of one length, by step size."""
    table = tables["step_size"]
    figure, axes_row = panels(2, width=4.6, height=3.8, sharex=True, sharey=True)
    for axes, mode in zip(axes_row, MODES, strict=True):
        exact = rows_of(table, "exact")
        axes.loglog(
            exact["step_size"],
            exact["error_median"],
            "s-",
            ms=4,
            color=COLOUR["exact"],
            label="exact",
        )
        rows = rows_of(table, mode)
        cases = sorted(rows["k"].unique())
        for shade, k in zip(np.linspace(0.35, 1, len(cases)), cases, strict=True):
            of = rows[rows["k"] == k]
            axes.loglog(
                of["step_size"],
                of["error_median"],
                "o-",
                ms=3.5,
                color=COLOUR[mode],
                alpha=shade,
                label=f"k = {k}",
            )
        middle = exact.iloc[len(exact) // 2]
        steps = exact["step_size"].to_numpy()
        axes.loglog(
            steps,
            0.4 * middle["error_median"] * (steps / middle["step_size"]) ** 2,
            ":",
            color=OBSERVED,
            linewidth=1,
            label="slope 2",
        )
        axes.axhline(1, color=OBSERVED, linewidth=0.6)
        axes.set(xlabel="step size [posterior sd]", title=LABEL[mode])
        axes.set(xticks=exact["step_size"])
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_locator(NullLocator())
        axes.legend(frameon=False, fontsize=7, ncols=3, loc="lower right")
    axes_row[0].set_ylabel(f"median energy error at length {table['length'].iloc[0]:g} [nats]")
    axes_row[0].set_ylim(bottom=1e-7)
    return figure


def draw_length(tables: Tables) -> Figure:
    """Energy error along trajectories."""
    table = tables["growth"]
    figure, axes_row = panels(2, width=4.6, height=3.8, sharex=True, sharey=True)
    for axes, mode in zip(axes_row, MODES, strict=True):
        exact = rows_of(table, "exact").iloc[1:]
        axes.semilogy(
            exact["length"], exact["error_median"], color=COLOUR["exact"], label="exact", lw=1.8
        )
        rows = rows_of(table, mode)
        cases = [k for k in (5, 25, 40, 49) if k in set(rows["k"])]
        for shade, k in zip(np.linspace(0.35, 1, len(cases)), cases, strict=True):
            of = rows[rows["k"] == k].iloc[1:]
            axes.semilogy(
                of["length"], of["error_median"], color=COLOUR[mode], alpha=shade, label=f"k = {k}"
            )
        axes.axhline(1, color=OBSERVED, linewidth=0.6)
        axes.set(xlabel="length of the trajectory [posterior sd]", title=LABEL[mode])
        axes.legend(frameon=False, fontsize=8, ncols=3, loc="lower right")
    axes_row[0].set_ylabel("median energy error [nats]")
    # where the density cannot be evaluated any more the error is infinite
    axes_row[0].set_ylim(1e-7, 1e4)
    return figure


def draw_real(tables: Tables) -> Figure:
    """Error of the force, and the length of trees that it allows, on three years of a catchment."""
    figure, (left, right) = panels(2, width=4.6, height=3.6, sharex=True)
    for mode in MODES:
        rows = rows_of(tables["forces_real"], mode)
        rows = rows[rows["k"] < rows["k"].max()]
        left.fill_between(
            rows["k"], rows["error_q5"], rows["error_q95"], color=COLOUR[mode], alpha=0.15
        )
        style = {"color": COLOUR[mode], "marker": "o", "ms": 3.5}
        left.loglog(rows["k"], rows["error_median"], **style, label=LABEL[mode])
        right.loglog(rows["k"], rows["allowed_length"], **style, label=LABEL[mode])
    length = rows_of(tables["nuts"], "exact")["length"].item()
    right.axhline(length, color=COLOUR["exact"], label="trees with the exact force (T = 50)")
    left.axhline(1, color=OBSERVED, linestyle=":", linewidth=1)
    left.set(xlabel=K, ylabel="error over the exact force", title="Error of the force")
    right.set(xlabel=K, ylabel="length [posterior sd]", title="Length of trees that it allows")
    right.set_ylim(top=20)
    right.legend(frameon=False, fontsize=8, loc="upper right")
    return figure


def draw_subsampling(tables: Tables) -> Figure:
    """Cost of a gradient, posterior widths, leapfrog steps and rates, by n."""
    costs, widths, runs = (
        tables[name] for name in ("observation_costs", "subsample_widths", "subsample_runs")
    )
    figure, axes_row = panels(4, width=3.2, height=3.6)
    cost, width, leapfrogs, rate = axes_row
    for colour, (name, label) in zip(
        COLOURS, {"autodiff": "tape", "adjoint": "adjoint"}.items(), strict=False
    ):
        times = costs[f"{name}_us"]
        cost.plot(costs["every"], times / times.iloc[0], "o-", color=colour, ms=4, label=label)
    cost.set(title="time of a gradient over that of n = 1", ylim=(0, 1.2))
    names = list(dict.fromkeys(widths["parameter"]))
    for colour, name in zip(cycle(len(names)), names, strict=True):
        of = widths[widths["parameter"] == name]
        width.plot(of["every"], of["sd"] / of["sd"].iloc[0], "o-", color=colour, ms=4, label=name)
    width.set(title="posterior sd over that of n = 1", yscale="log", yticks=(1, 2, 5, 10, 20, 50))
    width.yaxis.set_major_formatter(ScalarFormatter())
    width.yaxis.set_minor_locator(NullLocator())
    for colour, metric in zip(COLOURS[3:5], ("diagonal", "dense"), strict=True):
        of = runs[runs["metric"] == metric]
        for axes, name in ((leapfrogs, "leapfrogs"), (rate, "ess_per_second")):
            axes.plot(of["every"], of[name], "o-", color=colour, ms=4, label=f"{metric} metric")
            axes.set_yscale("log")
    leapfrogs.set(title="leapfrog steps a draw")
    rate.set(title="ESS a second of gradients (tape)")
    for axes in axes_row:
        axes.set(xlabel="every n-th day", xscale="log", xticks=costs["every"])
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_locator(NullLocator())
        axes.legend(frameon=False, fontsize=8)
    return figure
