"""The hand-written adjoint against Stan's automatic differentiation of the same posterior.

Where the two might be wrong together, both are also held against the complex step.
"""

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest

import gr4jstan
from gr4jstan.cmdstan.compiler import compile_program
from gr4jstan.errors import InputError, ToolchainError
from gr4jstan.model.programs import Program, render_program
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.datasets import load_dataset
from gr4jstan.sampling.density import compile_log_density
from gr4jstan.sampling.nuts import sample
from gr4jstan.sampling.settings import SamplerSettings
from gr4jstan.structures.simulation import simulate
from seeds import shifted
from stan_programs import EXACT, KINDS, RANGES, SAMPLED_AS, Case, case_of, model_of
from test_density import constrain, flow
from test_gradients import (
    assert_close_to_largest,
    complex_step_gradient,
    dry_catchment,
    log_density,
)

# The box of parameters, and bounds of the priors that have it inside.
BOX = {"x1": (1, 2500), "x2": (-10, 10), "x3": (1, 500), "x4": (0.5 + 1e-6, 10)}
BOUNDS = {"x1": (0.5, 2600), "x2": (-11, 11), "x3": (0.5, 520), "x4": (0.5, 10.5)}

kinds = pytest.mark.parametrize("kind", KINDS)
estimating = pytest.mark.parametrize("kind", ["post", "default"])


def case_in_the_box(kind, catchment="example", **options):
    """The adjoint program of a kind; stores in mm may be empty."""
    bounds = BOUNDS | ({"S0": (0, 2000), "R0": (0, 100)} if kind == "post" else {})
    settings = {}
    for name, (lower, upper) in bounds.items():
        settings |= {f"{name}_lower": lower, f"{name}_upper": upper}
    return case_of(kind, "adjoint", catchment, prior_settings=settings, **options)


def autodiff(case, points):
    """Log density and gradient by the program that leaves both to Stan."""
    structure = replace(case.spec, gradient="autodiff")
    return Case(structure, case.data).evaluate(points)


def assert_equal_to_autodiff(case, points, tolerance=1e-10):
    values, gradient = case.evaluate(points)
    expected_values, expected = autodiff(case, points)
    np.testing.assert_allclose(values, expected_values, rtol=1e-12, atol=1e-10)
    assert_close_to_largest(gradient, expected, tolerance)
    return gradient


def box_points(case, n=60, seed=1):
    """Points spread over the box, x1 and x3 evenly on the log scale, then its corners.

    Without those where rounding is amplified; they have a test of their own. A day's loss changes
    by up to -3.5 x2 / x3 times what the routing store does; down to x2 / x3 = -2 errors stay below
    1e-12. The Box-Cox transform amplifies rounding in flows of next to nothing.
    """
    rng = np.random.default_rng(shifted(seed))
    corners = np.array(list(itertools.product(*BOX.values()))).T
    values = {}
    for name in [SAMPLED_AS.get(name, (name,))[0] for name in case.bounds]:
        low, high = BOX.get(name, RANGES[name])
        drawn = rng.uniform(low, high, n)
        if name in ("x1", "x3"):
            drawn = np.exp(rng.uniform(np.log(low), np.log(high), n))
        corner = corners[list(BOX).index(name)] if name in BOX else rng.uniform(low, high, 16)
        values[name] = np.concatenate([drawn, corner])
    points = case.unconstrain(values)[values["x2"] / values["x3"] >= -2]
    if not case.spec.error_model.startswith("boxcox"):
        return points
    flows = np.array([flow(case, constrain(case, point)[0]) for point in points])
    return points[((flows == 0) | (flows > 1e-6)).all(axis=1)]


def rain_only(T=60):
    rng = np.random.default_rng(shifted(5))
    return Catchment("wet", rng.gamma(0.5, 12, T) + 0.1, np.zeros(T), rng.uniform(0.1, 9, T))


def balanced(T=30):
    """Precipitation that equals evapotranspiration: neither net rain nor net evaporation."""
    rng = np.random.default_rng(shifted(6))
    P = rng.uniform(0, 5, T)
    return Catchment("balanced", P, P, rng.uniform(0.1, 2, T))


def repeated(T):
    """The forcing of five years over and over."""
    days = load_dataset("example")
    times = -(-T // len(days))
    return Catchment("long", *(np.tile(x, times)[:T] for x in (days.P, days.E, days.Q)))


# Everywhere in the box


@kinds
def test_adjoint_equals_autodiff_over_the_box(kind):
    case = case_in_the_box(kind)
    assert_equal_to_autodiff(case, box_points(case))


@pytest.mark.parametrize("kind", ["post", "linear"])
@pytest.mark.parametrize(("x2", "x3"), [((-10, -9.9), (1, 1.05)), ((-10, -6), (1.2, 3))])
def test_adjoint_is_as_exact_as_autodiff_where_rounding_is_amplified(kind, x2, x3):
    """At x2 = -10 and x3 = 1 a day's loss changes by up to 35 times what the routing store does.

    There the rounding of the store's inflow, of the order of 1e-16 x1, grows from day to day, and
    no two programs agree to 1e-10; that of an 80-bit complex step is smaller by 2000.
    """
    case = case_in_the_box(kind)
    points = case.draw(16, x1=(2400, 2500), x2=x2, x3=x3, x4=(0.51, 10))
    n, D = points.shape
    columns = np.repeat(points.T, D, axis=1) + np.clongdouble(1e-30j) * np.tile(np.eye(D), n)
    precise = {name: np.array(case.data[name], np.longdouble) for name in ("P", "E", "Q_obs")}
    values = log_density(case.with_data(**precise), columns, (), 0)
    expected = (values.imag.reshape(n, D) / np.longdouble(1e-30)).astype(float)

    def typical_error(gradient):
        error = np.abs(gradient - expected).max(axis=1) / np.abs(expected).max(axis=1)
        return np.exp(np.log(error).mean())

    error = typical_error(case.evaluate(points)[1])
    assert error < 3 * typical_error(autodiff(case, points)[1]) < 1e-7


@estimating
def test_adjoint_equals_autodiff_over_20000_days(kind):
    case = case_in_the_box(kind, repeated(20_000))
    points = np.concatenate([case.draw(2), box_points(case, n=3)[:3]])
    assert_equal_to_autodiff(case, points)


@kinds
@pytest.mark.parametrize("day", [0, 3, 5])
def test_adjoint_equals_autodiff_on_a_single_day(kind, day):
    data = case_in_the_box(kind, "synthetic").data
    one_day = {"T": 1, "P": [data["P"][day]], "E": [data["E"][day]]}
    case = case_in_the_box(kind).with_data(**one_day, N=1, obs_day=[1], Q_obs=[0.4])
    points = box_points(case, n=20)
    gradient = assert_equal_to_autodiff(case, points)
    assert_close_to_largest(gradient, complex_step_gradient(case, points), 1e-10)


@kinds
@pytest.mark.parametrize("days", [dry_catchment(), rain_only(), balanced()], ids=lambda d: d.name)
def test_adjoint_equals_autodiff_when_it_never_or_always_rains(kind, days):
    case = case_in_the_box(kind, days)
    points = box_points(case)
    gradient = assert_equal_to_autodiff(case, points)
    assert_close_to_largest(gradient, complex_step_gradient(case, points), 1e-10)


@estimating
@pytest.mark.parametrize("step", [2, 7, 150])
def test_adjoint_equals_autodiff_when_few_days_count(kind, step):
    case = case_in_the_box(kind, subsample=step)
    assert case.data["N"] < case.data["T"] / step, "some observations are missing"
    assert_equal_to_autodiff(case, box_points(case, n=20))


# Error models


def drying_up():
    """Five years, of which the lowest tenth of the observed flows is cut to zero."""
    days = load_dataset("example")
    low = np.nanquantile(days.Q, 0.1)
    flowing = np.isnan(days.Q) | (low <= days.Q)
    return Catchment("drying up", days.P, days.E, np.where(flowing, days.Q, 0))


@kinds
def test_adjoint_equals_autodiff_without_observations_that_count(kind):
    case = case_in_the_box(kind, "synthetic").with_data(N=0, obs_day=[], Q_obs=[])
    assert_equal_to_autodiff(case, box_points(case, n=20))


@pytest.mark.parametrize("kind", ["default", "linear", "student_t", "airgr"])
def test_adjoint_equals_autodiff_with_observed_zero_flows(kind):
    case = case_in_the_box(kind, drying_up())
    assert case.data["Q_obs"].count(0) > 100
    assert_equal_to_autodiff(case, box_points(case, n=30))


@pytest.mark.parametrize("exponent", [0.05, 0.2, 0.5, 1, 1.5])
@pytest.mark.parametrize("sigma", [1e-3, 0.02, 0.3, 50])
def test_censored_observations_have_an_exact_gradient_however_improbable(exponent, sigma):
    """Simulated flows that are thousands of standard deviations above zero, and next to none."""
    settings = {"boxcox_lambda": exponent}
    case = case_in_the_box("default", drying_up()).with_data(**settings)
    points = case.draw(6, sigma=(sigma, 1.1 * sigma))
    gradient = assert_equal_to_autodiff(case, points)
    assert_close_to_largest(gradient, complex_step_gradient(case, points), 1e-10)


@pytest.mark.parametrize("exponent", [0.2, 0.5, 1])
def test_simulated_zero_flows_have_no_slope_under_boxcox(exponent):
    """A losing exchange closes both branches on some days, on which a flow is observed or not."""
    dry = dry_catchment()
    observed = np.where(np.arange(len(dry)) % 2, 0, dry.Q)
    case = case_in_the_box("default", Catchment("losing", dry.P, dry.E, observed))
    case = case.with_data(boxcox_lambda=exponent)
    tried = 0
    for point in case.draw(200, x2=(-10, -9), x3=(5, 6), x4=(0.6, 4), R0_fraction=(0.85, 0.95)):
        flows = flow(case, constrain(case, point)[0])
        if tried == 6 or (flows > 0).all() or (flows <= 1e-4).all():
            continue
        tried += 1
        days = np.flatnonzero((flows == 0) | (flows > 1e-4))
        counted = {"obs_day": (days + 1).tolist(), "Q_obs": observed[days].tolist()}
        part = case.with_data(N=len(days), **counted)
        assert (flows[days] == 0).any() and (flows[days] > 0).any()
        gradient = assert_equal_to_autodiff(part, point[np.newaxis], 1e-9)
        assert_close_to_largest(gradient, complex_step_gradient(part, point[np.newaxis]), 1e-9)
    assert tried == 6


# Unit hydrographs


@estimating
@pytest.mark.parametrize("n", range(1, 9))
def test_adjoint_equals_autodiff_for_any_number_of_ordinates(kind, n):
    """The last day of UH1 barely begun, half over, and all but complete."""
    case = case_in_the_box(kind)
    for x4 in (max(n - 1 + 1e-6, 0.5 + 1e-6), n - 0.4, n - 1e-6):
        assert_equal_to_autodiff(case, case.draw(2, x4=(x4, x4)))


def at_midpoint_of_x4(kind, x4):
    """A case whose x4 is this very number, to the last bit, where its coordinate is 0."""
    case = case_in_the_box(kind, "synthetic").with_data(x4_upper=2 * x4 - 0.5)
    points = case.draw(5, x4=(0.6, 0.61))
    points[:, 3] = 0
    return case, points


@estimating
@pytest.mark.parametrize("x4", [1, 2, 3, 4, 5, 7, 10])
def test_both_take_the_same_side_of_a_whole_x4(kind, x4):
    """The gradient jumps there; at the number itself it is that of the shorter hydrograph."""
    case, points = at_midpoint_of_x4(kind, x4)
    side = 1e-11 * np.eye(points.shape[1])[3]
    at = assert_equal_to_autodiff(case, points)
    below = assert_equal_to_autodiff(case, points - side)
    above = assert_equal_to_autodiff(case, points + side)
    assert_close_to_largest(at, complex_step_gradient(case, points), 1e-10)
    assert_close_to_largest(at, below, 1e-8)
    assert (np.abs(above - at)[:, 3] > 1e-6 * np.abs(at).max(axis=1)).all()


@estimating
@pytest.mark.parametrize("x4", [1.5, 2.5, 4.5])
def test_adjoint_equals_autodiff_at_a_half_x4(kind, x4):
    """UH2 ends on a whole day."""
    case, points = at_midpoint_of_x4(kind, x4)
    gradient = assert_equal_to_autodiff(case, points)
    assert_close_to_largest(gradient, complex_step_gradient(case, points), 1e-10)


# Stores


@pytest.mark.parametrize("coordinate", [-800, -700, -40, -20])
@pytest.mark.parametrize(
    "days", ["synthetic", dry_catchment(), rain_only()], ids=["mixed", "dry", "wet"]
)
def test_adjoint_equals_autodiff_at_and_near_empty_stores(days, coordinate):
    """At coordinate -800 the stores underflow to exactly 0."""
    case = case_in_the_box("post", days)
    points = case.draw(10, x4=(0.6, 9), x2=(-6, 6))
    points[:5, 4] = points[3:8, 5] = coordinate
    gradient = assert_equal_to_autodiff(case, points)
    if coordinate > -700:
        assert_close_to_largest(gradient, complex_step_gradient(case, points), 1e-10)


@pytest.mark.parametrize("ratio", [1 - 1e-9, 1, 1 + 1e-9, 1.5, 4])
def test_adjoint_equals_autodiff_where_the_production_store_overfills(ratio):
    case = case_of("post", "adjoint")
    x1 = np.linspace(110, 490, 12)
    values = {name: np.full(12, sum(RANGES[name]) / 2) for name in case.bounds}
    points = case.unconstrain(values | {"x1": x1, "S0": ratio * x1})
    if ratio == 1:
        same_bounds = {"S0_lower": case.data["x1_lower"], "S0_upper": case.data["x1_upper"]}
        case = case.with_data(**same_bounds)
        points[:, 4] = points[:, 0]
    gradient = assert_equal_to_autodiff(case, points)
    assert_close_to_largest(gradient, complex_step_gradient(case, points), 1e-10)


def before_the_switches(case, values):
    """What max(0, .) is taken of on each day, [mm]: in the routing store, in the direct branch."""
    x = [values[name] for name in ("x1", "x2", "x3", "x4")]
    run = simulate(case.data["P"], case.data["E"], *x, s0=values["S0"], r0=values["R0"])
    before = np.concatenate([[values["R0"]], run.R[:-1]])
    return {"store": before + run.q9 + run.exch, "direct": run.q1 + run.exch}


@pytest.mark.parametrize("branch", ["store", "direct"])
@pytest.mark.parametrize("x4", [0.8, 1.7, 2.3, 3.6, 6.4])
@pytest.mark.parametrize("distance", [1e-6, 1e-9])
def test_adjoint_equals_autodiff_on_both_sides_of_a_switch(branch, x4, distance):
    """The losing exchange that first empties the branch on some day is found by bisection."""
    case = case_in_the_box("post", "synthetic")
    start = {"S0": 190, "R0": 1.4, "x1": 320, "x3": 2.0, "x4": x4}

    def open_everywhere(x2):
        return (before_the_switches(case, start | {"x2": x2})[branch][1:] > 0).all()

    low, high = -10.0, -1e-9
    assert open_everywhere(high) and not open_everywhere(low)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if open_everywhere(middle) else (middle, high)
    sides = [low * (1 + distance), high * (1 - distance)]
    assert [open_everywhere(x2) for x2 in sides] == [False, True]
    points = np.array([case.unconstrain(start | {"x2": x2}) for x2 in sides])
    gradient = assert_equal_to_autodiff(case, points)
    assert_close_to_largest(gradient, complex_step_gradient(case, points), 1e-10)


# Values that are not finite


def overflowing(gradient):
    """A case with routing stores so far above x3 that their exchange overflows at about 1e88 x3.

    It overflows on the first day, which is not observed; with or without, the store then is full.
    """
    data = {"T": 3, "P": [0, 9, 0], "E": [2, 1, 3], "N": 2, "obs_day": [2, 3], "Q_obs": [1, 1]}
    return case_of("post", gradient).with_data(**data, sigma=50, R0_upper=1e90)


@pytest.mark.parametrize("gradient", EXACT)
def test_state_that_is_not_finite_rejects_the_point(gradient):
    case = overflowing(gradient)
    values, slopes = case.evaluate(case.draw(4, x3=(20, 50), R0=(1e86, 1e87)))
    assert np.isfinite(values).all()
    values, slopes = case.evaluate(case.draw(4, x3=(6, 9), R0=(5e89, 9e89)))
    assert np.isnan(values).all() and np.isnan(slopes).all()


@pytest.mark.parametrize(
    ("bounds", "values"),
    [
        ({"x2_upper": 1.7e308}, {"x2": 1.6e308, "x3": 10, "R0": 60}),
        ({"x1_lower": 0, "S0_upper": 1e307}, {"x1": 1e-9, "S0": 1e306}),
    ],
    ids=["exchange", "production store"],
)
def test_point_that_overflows_is_rejected_by_both(bounds, values):
    for gradient in EXACT:
        case = case_of("post", gradient).with_data(**bounds)
        point = case.draw(1, **{name: (value, value) for name, value in values.items()})
        assert not np.isfinite(case.evaluate(point)[0]).any()


def test_chain_survives_where_half_of_the_space_is_rejected():
    case = overflowing("adjoint")
    program = render_program(case.spec)
    executable = compile_program(program.code, program.header, progress=False).path
    init = {"x1": 320, "x2": 2, "x3": 20, "x4": 1.4, "S0": 190}
    settings = SamplerSettings(chains=2, iter_warmup=100, iter_sampling=200, seed=shifted(1))
    draws = sample(executable, case.data, [init | {"R0": 1e87}] * 2, settings, show_progress=False)
    assert draws.stats["divergent"].sum() > 0, "proposals were rejected"
    assert np.isfinite(draws.stats["lp"]).all()
    x2, x3, R0 = (draws.parameters[name] for name in ("x2", "x3", "R0"))
    assert np.isfinite(x2 / x3 * (R0 / x3) ** 3.5).all()
    with pytest.raises(ToolchainError, match="Sampling failed"):
        sample(executable, case.data, [init | {"R0": 9e89}], settings, show_progress=False)


# No days


def test_no_days_are_refused_before_anything_is_compiled(monkeypatch):
    def compile_nothing(*arguments, **options):
        raise AssertionError("there is nothing to compile")

    monkeypatch.setattr("gr4jstan.fitting.calibration.compile_program", compile_nothing)
    days = load_dataset("synthetic")
    with pytest.raises(InputError, match="is empty"):
        gr4jstan.fit(days.to_frame().iloc[:0], show_progress=False)
    with pytest.raises(InputError, match="is before the start"):
        gr4jstan.fit(days, start="2012-07-02", end="2012-07-01", show_progress=False)
    with pytest.raises(AssertionError, match="nothing to compile"):
        gr4jstan.fit(days, show_progress=False)


@pytest.mark.parametrize("gradient", EXACT)
def test_program_itself_refuses_no_days(gradient):
    case = case_of("post", gradient).with_data(T=0, P=[], E=[], N=0, obs_day=[], Q_obs=[])
    with pytest.raises(ToolchainError, match="T is 0"):
        case.evaluate(np.zeros(6))


def test_vectors_of_another_length_are_refused_by_name():
    """A program of one's own may pass any vector; here its length is data."""
    spec = model_of("post", "adjoint").spec
    program = render_program(spec)
    data = "data {\n  int n_theta;\n  int n_stores;\n"
    cut = "  vector[n_theta] theta = head([x1, x2, x3, x4, 1]', n_theta);\n"
    cut += "  vector[n_stores] stores = head([S0, R0, 1]', n_stores);\n"
    code = re.sub(r"  vector.*theta = .*\n  vector.*stores = .*\n", cut, program.code)
    code = code.replace("data {\n", data, 1)
    assert code.count("n_stores") == 3
    compiled = compile_log_density(Program(code, program.header), {})
    case = case_of("post", "adjoint")
    point = case.draw(1)

    def says(n_theta, n_stores):
        lengths = {"n_theta": n_theta, "n_stores": n_stores}
        return replace(compiled, data=case.data | lengths)._run("evaluate", rows=point)

    assert not says(4, 2).startswith("error")
    assert "theta must have 4 elements, not 3" in says(3, 2)
    assert "theta must have 4 elements, not 5" in says(5, 2)
    assert "stores must have 2 elements, not 1" in says(4, 1)
    assert "stores must have 2 elements, not 3" in says(4, 3)
