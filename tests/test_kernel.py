"""The C++ kernel on its own, without Stan, compiled with sanitizers that end it at any misstep."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gr4jstan.cmdstan.toolchain import compiler
from gr4jstan.model.programs import (
    CHOICES,
    ProgramSpec,
    render_daily_scores,
    stan_folder,
)
from gr4jstan.reading.datasets import load_dataset
from gr4jstan.structures.simulation import simulate
from seeds import shifted
from test_gradients import STEP, dry_catchment, plain_gr4j

FLAGS = ["-std=c++14", "-O1", "-g", "-Wall", "-Wextra", "-Werror"]
FLAGS += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

# x1, x2, x3, x4, S0, R0
USUAL = (320.11, 2.42, 69.63, 1.39, 190.0, 48.0)
CASES = {
    "usual": USUAL,
    "shortest unit hydrograph": (320.11, 2.42, 69.63, 0.5, 190.0, 48.0),
    **{f"x4 {x4}": (*USUAL[:3], x4, *USUAL[4:]) for x4 in (1, 1.5, 2, 3, 3.5, 4, 5, 10, 19.9)},
    "small stores": (1.0, -0.3, 1.0, 1.39, 0.5, 0.5),
    "losses that empty the stores": (100.0, -10.0, 4.0, 2.2, 60.0, 3.0),
    "stores above their capacities": (200.0, 1.0, 30.0, 1.39, 500.0, 90.0),
    "full stores": (200.0, -1.0, 30.0, 1.39, 200.0, 30.0),
    "empty production store": (*USUAL[:4], 0.0, 48.0),
    "empty routing store": (*USUAL[:4], 190.0, 0.0),
    "empty stores": (*USUAL[:4], 0.0, 0.0),
    "empty stores, loss": (320.11, -3.0, 69.63, 1.0, 0.0, 0.0),
}
FORCING = {
    "synthetic": load_dataset("synthetic"),
    "five years": load_dataset("example"),
    "no rain": dry_catchment(),
    "a day with rain": load_dataset("synthetic").select("2012-06-12", "2012-06-12"),
    "a day without": load_dataset("synthetic").select("2012-06-09", "2012-06-09"),
}


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """Flows without and with a gradient, shape (cases, T), adjoints, shape (cases, 6), those of the
    net input of each day, shape (cases, T), and tangents of the flows, shape (cases, T * 6)."""
    program = tmp_path_factory.mktemp("kernel") / "kernel"
    source = Path(__file__).with_name("kernel_main.cpp")
    include = f"-I{stan_folder() / 'cpp'}"
    command = [*compiler().split(), *FLAGS, include, str(source), "-o", str(program)]
    subprocess.run(command, check=True)

    def run(cases, P, E, Q_adjoint):
        T = len(P)
        rows = [np.concatenate([case, P, E, Q_adjoint]).tolist() for case in cases]
        done = subprocess.run(
            [program],
            input="".join(f"{T} {' '.join(map(repr, row))}\n" for row in rows),
            env=os.environ | {"ASAN_OPTIONS": "detect_leaks=0"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        found = np.array([line.split() for line in done.stdout.splitlines()], dtype=float)
        return np.split(found, [T, 2 * T, 2 * T + 6, 3 * T + 6], axis=1)

    return run


def weights(T):
    """Arbitrary adjoints of the flows, of both signs and some of them zero."""
    values = np.random.default_rng(shifted(4)).standard_normal(T)
    values[1::3] = 0
    return values


def complex_step_adjoints(case, P, E, Q_adjoint):
    columns = np.repeat(np.array(case)[:, np.newaxis], 6, axis=1) + 1j * STEP * np.eye(6)
    return Q_adjoint @ plain_gr4j(P, E, *columns, (), 0).imag / STEP


forcings = pytest.mark.parametrize("forcing", FORCING)
cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@pytest.fixture(scope="module")
def results(kernel):
    """What the kernel makes of all cases, by forcing and case."""
    found = {}
    for name, days in FORCING.items():
        arrays = kernel(CASES.values(), days.P, days.E, weights(len(days)))
        found |= {(name, case): row for case, *row in zip(CASES.values(), *arrays, strict=True)}
    return found


@cases
@forcings
def test_flows_equal_the_simulator_with_and_without_a_gradient(results, forcing, case):
    days = FORCING[forcing]
    x1, x2, x3, x4, S0, R0 = case
    expected = simulate(days.P, days.E, x1, x2, x3, x4, s0=S0, r0=R0).Q
    for flows in results[forcing, case][:2]:
        np.testing.assert_allclose(flows, expected, rtol=1e-9, atol=1e-9 * expected.max())


@cases
@forcings
def test_adjoints_equal_the_complex_step(results, forcing, case):
    """At an empty store, where the gradient is one-sided, those just above it."""
    days = FORCING[forcing]
    *parameters, S0, R0 = case
    just_above = (*parameters, max(S0, 1e-12), max(R0, 1e-12))
    expected = complex_step_adjoints(just_above, days.P, days.E, weights(len(days)))
    scale = np.abs(expected).max()
    np.testing.assert_allclose(
        results[forcing, case][2], expected, rtol=0, atol=1e-10 * scale + 1e-20
    )


@cases
@forcings
def test_tangents_equal_the_complex_step_on_every_day(results, forcing, case):
    days = FORCING[forcing]
    *parameters, S0, R0 = case
    just_above = np.array([*parameters, max(S0, 1e-12), max(R0, 1e-12)])
    columns = np.repeat(just_above[:, np.newaxis], 6, axis=1) + 1j * STEP * np.eye(6)
    expected = plain_gr4j(days.P, days.E, *columns, (), 0).imag / STEP
    found = results[forcing, case][4].reshape(-1, 6)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * scale + 1e-20)


@cases
@forcings
def test_tangents_close_with_the_adjoints(results, forcing, case):
    """The weighted sum of the flows has one gradient, whichever way it is swept."""
    *_, adjoints, _, tangents = results[forcing, case]
    found = weights(len(FORCING[forcing])) @ tangents.reshape(-1, 6)
    scale = np.abs(adjoints).max()
    np.testing.assert_allclose(found, adjoints, rtol=0, atol=1e-10 * scale + 1e-20)


@cases
def test_adjoints_of_the_net_input_equal_the_complex_step(results, case):
    """More rain on one day; a day whose net input is 0 has a kink, and another is taken."""
    days = FORCING["synthetic"]
    *parameters, S0, R0 = case
    just_above = np.array([*parameters, max(S0, 1e-12), max(R0, 1e-12)])[:, np.newaxis]
    rain = days.P[:, np.newaxis] + 1j * STEP * np.eye(len(days))
    flows = plain_gr4j(rain, days.E, *(just_above + 0j), (), 0)
    expected = weights(len(days)) @ flows.imag / STEP
    smooth = days.P != days.E
    scale = np.abs(expected).max()
    found = results["synthetic", case][3]
    np.testing.assert_allclose(found[smooth], expected[smooth], rtol=0, atol=1e-10 * scale + 1e-20)


@pytest.mark.parametrize("x4", [1, 2, 5])
def test_kernel_takes_the_side_of_a_whole_x4_where_the_unit_hydrograph_is_shorter(kernel, x4):
    days = FORCING["synthetic"]
    sides = [(*USUAL[:3], x4 * factor, *USUAL[4:]) for factor in (1 - 1e-12, 1, 1 + 1e-12)]
    _, _, (below, at, above), *_ = kernel(sides, days.P, days.E, np.ones(len(days)))
    np.testing.assert_allclose(at, below, rtol=1e-9)
    assert abs(at[3] - above[3]) > 1e-3


def test_adjoints_of_no_flow_are_zero(kernel):
    days = FORCING["synthetic"]
    _, _, *adjoints, _ = kernel(CASES.values(), days.P, days.E, np.zeros(len(days)))
    assert not any(each.any() for each in adjoints)


def test_a_day_depends_on_no_later_one(kernel):
    """Adjoints of the flow of day 20 are those of a series that ends there."""
    days = FORCING["synthetic"]
    one = np.eye(len(days))[20]
    _, _, whole, of_days, _ = kernel([USUAL], days.P, days.E, one)
    _, _, short, *_ = kernel([USUAL], days.P[:21], days.E[:21], one[:21])
    np.testing.assert_allclose(whole, short, rtol=1e-13)
    assert not of_days[0, 21:].any()
    assert of_days[0, :21].any()


@pytest.mark.parametrize("error_model", CHOICES["error_model"])
def test_scores_of_days_are_plain_c_plus_plus_without_warnings(error_model, tmp_path):
    """Kernel, tangents and likelihood: what Python loads."""
    source = render_daily_scores(ProgramSpec(error_model=error_model))
    assert "stan::" not in source
    path = tmp_path / "daily_scores.cpp"
    path.write_text(source)
    subprocess.run([*compiler().split(), *FLAGS, "-fsyntax-only", str(path)], check=True)
