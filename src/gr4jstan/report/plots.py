"""Figures of a fit's streamflow: what was observed, simulated and predicted."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec

from gr4jstan.drawing import COLOURS, OBSERVED, entitle, stack, tidy
from gr4jstan.fitting.results import Fit
from gr4jstan.report.flow_panels import (
    draw_duration,
    draw_hydrograph,
    draw_months,
    draw_rain,
    draw_regime,
    draw_scatter,
    has_regime,
    label_bands,
)
from gr4jstan.report.flow_periods import Period, closer_window, periods_of, whole_window
from gr4jstan.scoring.predictive import reliability
from gr4jstan.scoring.uniformity import POINTS, ecdf_band, independent_days

_BINS = 20


def plot_fit(fit: Fit) -> Figure:
    """Rain, streamflow with its bands, regime, flow-duration curve, observed against simulated.

    Of a record of more than three years the hydrograph shows three, and a panel of monthly means
    the whole. The lower panels are of each period; without observations in all months of the year
    there is no regime.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    Figure
    """
    periods = periods_of(fit)
    window = closer_window(periods)
    whole = whole_window(periods) == window
    heights = [4.0, *([] if whole else [1.5]), *[2.5] * len(periods)]
    figure, grid = stack(heights, gaps=0.5 if len(periods) == 1 else 0.75)
    daily = grid[0].subgridspec(2, 1, height_ratios=[1, 2.9], hspace=0.06)
    rain = figure.add_subplot(daily[0])
    flow = figure.add_subplot(daily[1], sharex=rain)
    draw_rain(rain, periods, window)
    draw_hydrograph(flow, periods, window)
    label_bands(rain)
    if not whole:
        draw_months(figure.add_subplot(grid[1]), periods)
    for row, period in zip(range(len(heights) - len(periods), len(heights)), periods, strict=True):
        _draw_period(figure, grid[row], period, named=len(periods) > 1)
    for axes in figure.axes:
        tidy(axes)
    rain.spines["bottom"].set_visible(False)
    verdict = fit.verdict
    if not fit.diagnostics["converged"]:
        verdict += ": " + "; ".join(fit.diagnostics["reasons"])
    entitle(figure, fit.run["catchment"], verdict[0].lower() + verdict[1:])
    return figure


def _draw_period(figure: Figure, place: SubplotSpec, period: Period, *, named: bool) -> None:
    panels = [draw_regime, draw_duration, draw_scatter][0 if has_regime(period) else 1 :]
    row = place.subgridspec(1, len(panels), wspace=0.22)
    for i, draw in enumerate(panels):
        axes = figure.add_subplot(row[i])
        draw(axes, period)
        if named:
            axes.set_title(period.name)


def plot_pit(fit: Fit) -> Figure:
    """Where observations fall in their predictive distributions: the PIT, by period.

    On the left its histogram; on the right the difference of its distribution function from the
    uniform one, with the simultaneous 95 % band of Sailynoja et al. (2022). Errors of neighbouring
    days are alike, so that the band is that of fewer days: n (1 - phi) / (1 + phi), with phi the
    correlation of neighbouring days.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    Figure

    References
    ----------
    Sailynoja, Buerkner and Vehtari (2022), Statistics and Computing 32, 32,
    doi:10.1007/s11222-022-10090-6.
    """
    phi = fit.error_correlation
    figure, grid = stack([2.2] * len(fit.pit), gaps=0.8)
    for i, (name, found) in enumerate(fit.pit.items()):
        row = grid[i].subgridspec(1, 2, wspace=0.18)
        histogram, difference = figure.add_subplot(row[0]), figure.add_subplot(row[1])
        effective = max(2, independent_days(found.size, phi))
        spread = 1.96 * np.sqrt((_BINS - 1) / effective)
        histogram.hist(found, bins=_BINS, range=(0, 1), density=True, color=COLOURS[5])
        histogram.axhline(1, color=OBSERVED, linewidth=0.8)
        for bound in (max(0, 1 - spread), 1 + spread):
            histogram.axhline(bound, color=OBSERVED, linewidth=0.8, linestyle="--")
        histogram.set(xlabel="PIT of an observation", ylabel="density", xlim=(0, 1))
        histogram.set_title(f"{name}: reliability {reliability(found):.3f}")
        at = np.arange(1, POINTS) / POINTS
        low, high = ecdf_band(effective, at)
        shares = np.searchsorted(np.sort(found), at, side="right") / found.size
        difference.fill_between(at, low - at, high - at, color=COLOURS[5], alpha=0.3, linewidth=0)
        difference.plot(at, shares - at, color=COLOURS[0])
        difference.axhline(0, color=OBSERVED, linewidth=0.8)
        difference.set(xlabel="PIT", ylabel="excess share below", xlim=(0, 1))
        difference.set_title(f"{found.size} days, worth {effective} independent ones")
        tidy(histogram)
        tidy(difference)
    entitle(figure, fit.run["catchment"], "are the bands right?")
    return figure
