"""The panels of the figure of a fit: rain, streamflow with its bands, and what they add up to.

Bands are drawn alike in all panels: dark for the parameters alone, light for an observation.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import LogLocator
from numpy.typing import NDArray

from gr4jstan.drawing import COLOURS, OBSERVED
from gr4jstan.fitting.prediction import day_quantiles
from gr4jstan.report.flow_periods import Period, whole_window

Array = NDArray[np.float64]

LEVEL = 0.9

_TAILS = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
_PARAMETERS, _TOTAL = COLOURS[0], COLOURS[5]
_RAIN = "#5B7FA6"

# Flow-duration curves and scatter plots are of so many draws, evenly spread.
_CURVES = 200
_MONTH_DAYS = 30


def draw_rain(axes: Axes, periods: list[Period], window: tuple[int, int]) -> None:
    """Daily precipitation as bars from the top."""
    for period in periods:
        part = _inside(period, window)
        axes.vlines(period.times[part], 0, period.P[part], color=_RAIN, linewidth=0.8)
    axes.set_ylim(bottom=0)
    axes.invert_yaxis()
    axes.set_ylabel("rain [mm/d]")
    axes.tick_params(axis="x", labelbottom=False, length=0)
    axes.spines["bottom"].set_visible(False)


def draw_hydrograph(axes: Axes, periods: list[Period], window: tuple[int, int]) -> None:
    """Daily streamflow of a part of the record, with both bands."""
    top = 0.0
    size = 1.8 if window[1] - window[0] > 400 else 4
    for period in periods:
        part = _inside(period, window)
        if not part.any():
            continue
        times, Q = period.times[part], period.Q[part]
        bands = _bands(period.expected[:, part], period.total[:, part])
        _draw_bands(axes, times, bands)
        axes.plot(times, Q, ".", color=OBSERVED, markersize=size, alpha=0.75)
        top = max(top, np.nanmax(Q, initial=0), bands.max())
    axes.set_ylim(0, 1.02 * top if top > 0 else 1)
    axes.set_ylabel("streamflow [mm/d]")
    _label_times(axes, periods, window)


def draw_months(axes: Axes, periods: list[Period]) -> None:
    """Monthly means of the whole record; observed ones where 80 % of the days are there."""
    for period in periods:
        starts = _month_starts(period)
        lengths = np.diff(np.append(starts, len(period.days)))
        there = ~np.isnan(period.Q)
        counts = np.add.reduceat(there, starts)
        sums = np.add.reduceat(np.nan_to_num(period.Q), starts)
        with np.errstate(invalid="ignore", divide="ignore"):
            observed = np.where(counts >= 0.8 * lengths, sums / counts, np.nan)
        flow, total = (
            np.add.reduceat(draws, starts, axis=1) / lengths
            for draws in (period.flow, period.total)
        )
        whole = lengths >= 0.8 * _MONTH_DAYS
        times = period.times[starts][whole]
        _draw_bands(axes, times, _bands(flow, total)[:, whole])
        axes.plot(times, observed[whole], "-", color=OBSERVED, linewidth=0.8)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("monthly mean\n[mm/d]" if periods[0].dated else "30-day mean\n[mm/d]")
    _label_times(axes, periods, whole_window(periods))


def has_regime(period: Period) -> bool:
    """Whether there are observations in all months of the year."""
    return period.dated and set(range(1, 13)) <= set(_observed_months(period))


def draw_regime(axes: Axes, period: Period) -> None:
    """Mean flow of each month of the year, over the observed days."""
    months = np.arange(1, 13)
    weights = (_observed_months(period)[:, None] == months).astype(float)
    weights /= weights.sum(axis=0)
    _draw_bands(axes, months, _bands(period.flow @ weights, period.total @ weights))
    axes.plot(months, np.nan_to_num(period.Q) @ weights, "o-", color=OBSERVED, markersize=3)
    axes.set(ylabel="mean flow [mm/d]", xlabel="month", xticks=range(1, 13), xlim=(0.5, 12.5))
    axes.set_ylim(bottom=0)


def draw_duration(axes: Axes, period: Period) -> None:
    """Flow-duration curves of the observed days, on a log scale."""
    there = np.flatnonzero(~np.isnan(period.Q))
    rank = np.unique(np.geomspace(1, len(there), 150).round().astype(int))
    rank = np.unique(np.append(rank, np.linspace(1, len(there), 150).round().astype(int)))
    step = max(1, len(period.flow) // _CURVES)
    flow, total = (
        -np.sort(-draws[::step, there], axis=1)[:, rank - 1]
        for draws in (period.flow, period.total)
    )
    observed = -np.sort(-period.Q[there])[rank - 1]
    share = 100 * rank / (len(there) + 1)
    _draw_bands(axes, share, _bands(flow, total))
    axes.plot(share, observed, color=OBSERVED, linewidth=1.2)
    positive = observed[observed > 0]
    if positive.size:
        low, high = max(positive[-1] / 2, positive[0] / 1e5), positive[0] * 2
        axes.set_yscale("log")
        axes.minorticks_off()
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_ylim(low, high)
    axes.set(xlabel="days with more flow [%]", ylabel="flow [mm/d]", xlim=(0, 100))


def draw_scatter(axes: Axes, period: Period) -> None:
    """Observed against simulated flow of each day, on scales of square roots."""
    there = ~np.isnan(period.Q)
    step = max(1, len(period.flow) // _CURVES)
    observed, simulated = period.Q[there], np.median(period.flow[::step, there], axis=0)
    top = 1.02 * float(np.nanmax([*observed, *simulated, 1e-3]))
    size = 1.5 if observed.size > 3000 else 2.5
    axes.plot(observed, simulated, ".", color=_PARAMETERS, markersize=size, alpha=0.35)
    axes.plot([0, top], [0, top], color=OBSERVED, linewidth=0.8)
    for scale in (axes.set_xscale, axes.set_yscale):
        scale("function", functions=(_root, np.square))
    ticks = [tick for tick in _NICE if tick <= top]
    ticks = [0, *ticks[-3:]] if len(ticks) > 3 else [0, *ticks]
    axes.set(
        xlabel="observed [mm/d]",
        ylabel="simulated, median [mm/d]",
        xlim=(0, top),
        ylim=(0, top),
        xticks=ticks,
        yticks=ticks,
        aspect="equal",
    )


def label_bands(axes: Axes) -> None:
    """The legend of all panels."""
    total = axes.fill_between([], [], color=_TOTAL, alpha=0.45, linewidth=0)
    parameters = axes.fill_between([], [], color=_PARAMETERS, alpha=0.6, linewidth=0)
    (median,) = axes.plot([], [], color=_PARAMETERS, linewidth=1)
    (observed,) = axes.plot([], [], ".-", color=OBSERVED, markersize=3, linewidth=0.8)
    axes.legend(
        [observed, median, parameters, total],
        [
            "observed",
            "simulated, median",
            f"{100 * LEVEL:.0f} % band: parameters alone",
            f"{100 * LEVEL:.0f} % band: total, of an observation",
        ],
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=4,
        frameon=False,
        fontsize=8,
    )


_NICE = sorted(m * 10.0**e for m in (1, 2, 5) for e in range(-3, 4))


def _root(values: Array) -> Array:
    return np.sqrt(np.maximum(values, 0))


def _bands(flow: Array, total: Array) -> Array:
    """Rows as in `Prediction.bands`, of draws of any quantity, shape (n, k)."""
    lower, median, upper = day_quantiles(flow, [_TAILS[0], 0.5, _TAILS[1]])
    return np.stack([median, lower, upper, *day_quantiles(total, _TAILS)])


def _draw_bands(axes: Axes, x: NDArray[Any], bands: Array) -> None:
    median, lower, upper, total_lower, total_upper = bands
    axes.fill_between(x, total_lower, total_upper, color=_TOTAL, alpha=0.45, linewidth=0)
    axes.fill_between(x, lower, upper, color=_PARAMETERS, alpha=0.6, linewidth=0)
    axes.plot(x, median, color=_PARAMETERS, linewidth=0.8)


def _inside(period: Period, window: tuple[int, int]) -> NDArray[np.bool_]:
    return (period.days >= window[0]) & (period.days <= window[1])


def _observed_months(period: Period) -> NDArray[np.int_]:
    """Month of each day, 0 where nothing was observed."""
    month = pd.DatetimeIndex(period.dates).month.to_numpy()
    return np.where(np.isnan(period.Q), 0, month)


def _month_starts(period: Period) -> NDArray[np.intp]:
    """Positions of the first days of the months, or of 30 days each."""
    if period.dated:
        month = period.times.astype("datetime64[M]").astype(np.int64)
    else:
        month = (period.days - period.days[0]) // _MONTH_DAYS
    return np.flatnonzero(np.diff(month, prepend=month[0] - 1))


def _label_times(axes: Axes, periods: list[Period], window: tuple[int, int]) -> None:
    """Set limits and labels of the time axis, and mark the border of the periods."""
    margin = max(1, round(0.004 * (window[1] - window[0])))
    limits = np.array([window[0] - margin, window[1] + margin])
    if periods[0].dated:
        locator: Any = AutoDateLocator(minticks=4, maxticks=12)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        formatter: Any = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(formatter)
        axes.set_xlim(*limits.astype("datetime64[D]"))
    else:
        axes.set_xlabel("day")
        axes.set_xlim(*limits)
    if len(periods) < 2 or not window[0] < periods[1].days[0] <= window[1]:
        return
    at = periods[1].times[0]
    axes.axvline(at, color=OBSERVED, linestyle="--", linewidth=1)
    for period, align, shift in zip(periods, ("right", "left"), (-6, 6), strict=True):
        axes.annotate(
            period.name,
            (at, 0.97),
            xycoords=("data", "axes fraction"),
            xytext=(shift, 0),
            textcoords="offset points",
            ha=align,
            va="top",
            fontsize=8,
        )
