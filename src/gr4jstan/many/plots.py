"""Distributions over many catchments."""

import pandas as pd
from matplotlib.figure import Figure

from gr4jstan.drawing import COLOURS, tidy
from gr4jstan.structures.catalogue import STRUCTURES

_SCORES = (
    ("nse", "NSE", False),
    ("nse_sqrt", "NSE of square roots", False),
    ("kge", "KGE", False),
    ("coverage_95", "coverage of the 95 % band", False),
)


def plot_distributions(table: pd.DataFrame) -> Figure:
    """Histograms of posterior medians and scores, one count a catchment.

    Scores of the validation period are drawn over those of the calibration.

    Parameters
    ----------
    table : DataFrame
        See `gr4jstan.many.table.write_table`; catchments that failed left out.
    """
    import numpy as np

    parameters = {each.name: each for row in STRUCTURES.values() for each in row.parameters}
    panels = [
        (f"{each.name}_median", f"{each.name} [{each.unit}]", each.positive)
        for each in parameters.values()
        if f"{each.name}_median" in table
    ]
    panels += _SCORES
    rows = -(-len(panels) // 4)
    figure = Figure(figsize=(11, 2.6 * rows), layout="constrained")
    grid = figure.subplots(rows, 4, squeeze=False).ravel()
    for axes in grid[len(panels) :]:
        axes.remove()
    for axes, (name, label, logarithmic) in zip(grid, panels, strict=False):
        series = {
            period: table[column].dropna().to_numpy(dtype=float)
            for period, column in (
                ("", name),
                ("calibration", f"calibration_{name}"),
                ("validation", f"validation_{name}"),
            )
            if column in table and table[column].notna().any()
        }
        if series:
            everything = np.concatenate(list(series.values()))
            low, high = np.quantile(everything, [0.02, 0.98])
            low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
            if logarithmic:
                edges = np.geomspace(low, high, 21)
                axes.set_xscale("log")
            else:
                edges = np.linspace(low, high, 21)
            for colour, (period, values) in zip(COLOURS, series.items(), strict=False):
                # what is further out is counted at the ends
                clipped = np.clip(values, edges[0], edges[-1])
                axes.hist(clipped, edges, color=colour, alpha=0.55, label=period or None)
        axes.set(xlabel=label)
        axes.yaxis.get_major_locator().set_params(integer=True)
        if "validation" in series:
            axes.legend(frameon=False, fontsize=8)
        tidy(axes)
    figure.supylabel("catchments", fontsize=10)
    return figure
