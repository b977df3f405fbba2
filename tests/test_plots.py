"""The figures of a fit show its draws and the observations."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.dates import num2date
from matplotlib.figure import Figure
from matplotlib.image import imread
from scipy import stats

import gr4jstan
from gr4jstan.drawing import to_png
from gr4jstan.fitting.inference_data import calibration_days, dataset, validation_days, with_group
from gr4jstan.fitting.results import Fit
from gr4jstan.reading.datasets import load_dataset
from gr4jstan.report.flow_periods import CLOSE_DAYS, Period, closer_window, periods_of, whole_window
from gr4jstan.report.plots import plot_fit, plot_pit
from gr4jstan.report.posterior_plots import plot_pairs, plot_traces
from gr4jstan.scoring.uniformity import ecdf_band
from seeds import shifted

ALL = (plot_fit, plot_pairs, plot_traces, plot_pit)


def labelled(figure: Figure, text: str) -> list[Axes]:
    return [axes for axes in figure.axes if text in (axes.get_xlabel() + axes.get_ylabel())]


def dark_line(axes: Axes) -> tuple[np.ndarray, np.ndarray]:
    """The observed series of a panel."""
    (line,) = (
        line for line in axes.lines if line.get_color() == "#222222" and len(line.get_xdata()) > 2
    )
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def median_line(axes: Axes) -> tuple[np.ndarray, np.ndarray]:
    lines = (line for line in axes.lines if line.get_color() == "#0072B2")
    line = next(line for line in lines if len(line.get_xdata()) > 2)
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


@pytest.fixture(scope="module")
def undated_fit() -> Fit:
    frame = load_dataset("example").to_frame().reset_index(drop=True).iloc[:900]
    short = {"chains": 2, "iter_warmup": 20, "iter_sampling": 20, "seed": shifted(1)}
    return gr4jstan.fit(frame, warmup=100, show_progress=False, **short)


@pytest.mark.parametrize("plot", ALL)
def test_every_figure_is_drawn_alike_twice_and_says_what_it_is_of(split_fit: Fit, plot) -> None:
    figure = plot(split_fit)
    image = to_png(figure)
    assert image == to_png(plot(split_fit))
    pixels = imread(BytesIO(image))
    assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 50
    assert figure.get_suptitle().startswith("GR4J on example: ")


def test_bands_are_labelled_and_periods_are_named(split_fit: Fit) -> None:
    figure = plot_fit(split_fit)
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend == [
        "observed",
        "simulated, median",
        "90 % band: parameters alone",
        "90 % band: total, of an observation",
    ]
    (flow,) = labelled(figure, "streamflow [mm/d]")
    assert [text.get_text() for text in flow.texts] == ["calibration", "validation"]
    # a year before the border, two after it
    first, last = (num2date(limit).date() for limit in flow.get_xlim())
    assert first.year == 2013 and last.year in (2016, 2017)
    titles = [axes.get_title() for axes in labelled(figure, "month")[1:]]
    assert titles == ["calibration", "validation"]


def test_the_hydrograph_shows_the_observations_and_the_predictions_bands(split_fit: Fit) -> None:
    (flow,) = labelled(plot_fit(split_fit), "streamflow [mm/d]")
    observed = validation_days(split_fit.idata)["Q"]
    dots = [line for line in flow.lines if line.get_marker() == "."]
    last = pd.Series(dots[1].get_ydata(), index=pd.DatetimeIndex(dots[1].get_xdata()))
    np.testing.assert_array_equal(last, observed.loc[last.index])
    bands = split_fit.validation.bands(0.9).loc[last.index]
    medians = [line for line in flow.lines if line.get_color() == "#0072B2"]
    np.testing.assert_allclose(medians[1].get_ydata(), bands["Q_median"])
    corners = [band.get_paths()[0].vertices for band in flow.collections]
    # of each period the total band, then that of the parameters
    for name, drawn in (("total", corners[2]), ("param", corners[3])):
        assert drawn[:, 1].max() == pytest.approx(bands[f"Q_{name}_upper"].max())
        assert drawn[:, 1].min() == pytest.approx(bands[f"Q_{name}_lower"].min())


def test_rain_hangs_from_the_top(split_fit: Fit) -> None:
    (rain,) = labelled(plot_fit(split_fit), "rain [mm/d]")
    bottom, top = rain.get_ylim()
    assert bottom > top == 0
    found = [bars for bars in rain.collections if isinstance(bars, LineCollection)]
    bars = np.concatenate([bars.get_segments() for bars in found])
    days = pd.concat([calibration_days(split_fit.idata), validation_days(split_fit.idata)])
    shown = days["P"].iloc[-len(bars) :]
    np.testing.assert_array_equal(bars[-365:, 1, 1], shown[-365:])


def test_regime_months_and_duration_curve_are_those_of_the_data(split_fit: Fit) -> None:
    figure = plot_fit(split_fit)
    days = calibration_days(split_fit.idata)["Q"]
    seen = days.dropna()
    flow = pd.DataFrame(split_fit.calibration.flow.T, index=days.index)

    regime = next(axes for axes in labelled(figure, "mean flow") if axes.get_title())
    np.testing.assert_allclose(dark_line(regime)[1], seen.groupby(seen.index.month).mean())
    simulated = flow.loc[seen.index].groupby(seen.index.month).mean().median(axis=1)
    np.testing.assert_allclose(median_line(regime)[1], simulated)

    months = labelled(figure, "monthly mean")[0]
    lines = [line for line in months.lines if line.get_color() == "#222222"]
    drawn = pd.Series(lines[0].get_ydata(), index=pd.DatetimeIndex(lines[0].get_xdata()))
    groups = days.groupby(days.index.to_period("M"))
    expected = groups.mean().where(groups.count() >= 0.8 * groups.size())
    np.testing.assert_allclose(drawn, expected)
    np.testing.assert_allclose(
        median_line(months)[1], flow.groupby(days.index.to_period("M")).mean().median(axis=1)
    )

    duration = labelled(figure, "days with more flow")[0]
    share, observed = dark_line(duration)
    # of sorted flow, so much is exceeded on that share of days
    expected = [np.sort(seen)[::-1][round(s / 100 * (len(seen) + 1)) - 1] for s in share]
    np.testing.assert_allclose(observed, expected)

    scatter = labelled(figure, "simulated, median")[0]
    (points,) = (line for line in scatter.lines if line.get_marker() == ".")
    np.testing.assert_array_equal(points.get_xdata(), seen)
    drawn = split_fit.calibration.flow[:: len(split_fit.calibration.flow) // 200]
    np.testing.assert_array_equal(points.get_ydata(), np.median(drawn, axis=0)[days.notna()])
    (diagonal,) = (line for line in scatter.lines if line.get_marker() == "None")
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())


def observed(name: str, first: int, Q: np.ndarray) -> Period:
    """A period of undated days, of which the windows are chosen."""
    none = np.empty((0, len(Q)))
    return Period(name, pd.RangeIndex(first, first + len(Q)), Q, Q, none, none, none)


def test_the_part_in_detail_is_the_latest_three_years_with_the_most_observations() -> None:
    Q = np.ones(4000)
    assert closer_window([observed("calibration", 0, Q)]) == (4000 - CLOSE_DAYS, 3999)
    Q[2500:] = np.nan
    assert closer_window([observed("calibration", 0, Q)]) == (2500 - CLOSE_DAYS, 2499)
    short = [observed("calibration", 10, Q[:1200])]
    assert closer_window(short) == whole_window(short) == (10, 1209)


def test_of_two_periods_the_border_is_shown_with_more_of_the_validation() -> None:
    Q = np.ones(2000)
    validated = [observed("calibration", 0, Q), observed("validation", 2000, Q)]
    first, last = closer_window(validated)
    assert last - first == CLOSE_DAYS
    assert last - 2000 == pytest.approx(2 * (2000 - first), abs=2)
    first, last = closer_window([observed("validation", -2000, Q), observed("calibration", 0, Q)])
    assert -first == pytest.approx(2 * last, abs=2)


@pytest.mark.parametrize("after", [True, False])
def test_undated_periods_are_numbered_from_the_start_of_the_calibration(after: bool) -> None:
    frame = load_dataset("example").to_frame().reset_index(drop=True).iloc[:700]
    short = {"chains": 2, "iter_warmup": 20, "iter_sampling": 20, "seed": shifted(1), "warmup": 100}
    if after:
        period = {"end": 399, "validation": (400, None)}
    else:
        period = {"start": 400, "validation": (None, 399)}
    fit = gr4jstan.fit(frame, show_progress=False, **short, **period)
    calibration, validation = sorted(periods_of(fit), key=lambda period: period.name)
    assert [period.name for period in periods_of(fit)] == (
        ["calibration", "validation"] if after else ["validation", "calibration"]
    )
    assert calibration.days[0] == 100
    assert not validation.dated
    if after:
        assert validation.days[0] == calibration.days[-1] + 1 == 400
    else:
        assert validation.days[-1] == -1


def test_without_dates_there_is_no_regime_and_days_are_numbered(undated_fit: Fit) -> None:
    figure = plot_fit(undated_fit)
    assert not labelled(figure, "month")
    (flow,) = labelled(figure, "streamflow [mm/d]")
    assert flow.get_xlabel() == "day"
    # the warm-up does not count and is not drawn
    assert median_line(flow)[0][0] == 100
    to_png(figure)


def test_less_than_a_year_has_no_regime(synthetic_fit: Fit) -> None:
    figure = plot_fit(synthetic_fit)
    assert not labelled(figure, "month")
    assert figure.get_suptitle() == "GR4J on synthetic: converged, and the model fits"


def test_the_title_says_what_is_wrong_and_takes_any_name(synthetic_fit: Fit) -> None:
    lost = replace(
        synthetic_fit,
        run=synthetic_fit.run | {"catchment": "$a_{b$"},
        diagnostics=synthetic_fit.diagnostics | {"converged": False, "reasons": ["it is lost"]},
    )
    figure = plot_fit(lost)
    assert figure.get_suptitle() == r"GR4J on \$a_{b\$: not converged: it is lost"
    to_png(figure)


def test_pairs_show_all_parameters_with_units_and_mark_divergent_draws(synthetic_fit: Fit) -> None:
    names = synthetic_fit.parameters
    posterior = dataset(synthetic_fit.idata, "posterior")
    stats_ = dataset(synthetic_fit.idata, "sample_stats").copy(deep=True)

    def pairs():
        return plot_pairs(
            replace(synthetic_fit, idata=with_group(synthetic_fit.idata, "sample_stats", stats_))
        )

    stats_["diverging"][:] = False
    figure = pairs()
    assert len(figure.axes) == len(names) * (len(names) + 1) // 2
    bottom = [axes.get_xlabel() for axes in figure.axes[-len(names) :]]
    assert bottom == ["x1 [mm]", "x2 [mm/d]", "x3 [mm]", "x4 [d]", "S0 [mm]", "R0 [mm]"]
    assert "no divergent draws" in figure.get_suptitle()

    stats_["diverging"][1, 5] = True
    marked = pairs()
    assert "1 divergent draw (cross)" in marked.get_suptitle()
    x2_against_x1 = next(axes for axes in marked.axes if axes.get_ylabel() == "x2 [mm/d]")
    (cross,) = (line for line in x2_against_x1.lines if line.get_marker() == "x")
    x1, x2 = (float(posterior[name][1, 5]) for name in ("x1", "x2"))
    assert cross.get_xydata().tolist() == [[x1, x2]]


def test_traces_have_a_line_a_chain_and_the_energies_their_ebfmi(synthetic_fit: Fit) -> None:
    figure = plot_traces(synthetic_fit)
    posterior = dataset(synthetic_fit.idata, "posterior")
    for name in synthetic_fit.parameters:
        (trace,) = (axes for axes in figure.axes if axes.get_ylabel().split()[:1] == [name])
        assert len(trace.lines) == 4
        for line, chain in zip(trace.lines, posterior[name].to_numpy(), strict=True):
            at = np.asarray(line.get_xdata()).astype(int)
            np.testing.assert_array_equal(line.get_ydata(), chain[at - 1])
    energies = figure.axes[-1]
    for value in synthetic_fit.diagnostics["ebfmi"]:
        assert f"{value:.2f}" in energies.get_xlabel()


def test_the_pit_is_that_behind_the_reliability(split_fit: Fit) -> None:
    figure = plot_pit(split_fit)
    scores = split_fit.scores()["value"]
    for axes, period in zip(figure.axes[::2], ("calibration", "validation"), strict=True):
        value = scores[period, "reliability"]
        assert axes.get_title() == f"{period}: reliability {value:.3f}"
    values = split_fit.pit["validation"]
    at, excess = (np.asarray(data) for data in figure.axes[3].lines[0].get_data())
    np.testing.assert_allclose(excess + at, stats.ecdf(values).cdf.evaluate(at))
    days = validation_days(split_fit.idata)["Q"].notna().sum()
    phi = np.median(split_fit.end.memory.phi)
    worth = round(days * (1 - phi) / (1 + phi))
    assert figure.axes[3].get_title() == f"{days} days, worth {worth} independent ones"


@pytest.mark.parametrize("n", [40, 500])
def test_uniform_numbers_stay_in_the_band_of_their_distribution_function(n: int) -> None:
    at = np.arange(1, 100) / 100
    low, high = ecdf_band(n, at)
    rng = np.random.default_rng(shifted(8))
    samples = np.sort(rng.random((2000, n)), axis=1)
    shares = np.stack([np.searchsorted(sample, at, side="right") for sample in samples]) / n
    inside = ((shares >= low) & (shares <= high)).all(axis=1).mean()
    assert 0.92 < inside < 0.99
    # cubes of the middles of n equal parts
    skewed = np.searchsorted(((np.arange(n) + 0.5) / n) ** 3, at, side="right") / n
    assert not ((skewed >= low) & (skewed <= high)).all()
