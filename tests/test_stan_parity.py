"""The Stan functions against the NumPy simulator, over the whole range of the parameters."""

import json
import subprocess

import numpy as np
import pytest

from gr4jstan.cmdstan.compiler import compile_program
from gr4jstan.model.programs import stan_folder
from gr4jstan.reading.datasets import load_dataset
from gr4jstan.structures.hydrographs import unit_hydrographs
from gr4jstan.structures.simulation import simulate
from seeds import shifted

X4_MAX = 10

# The functions as they stand; the flows and ordinates leave in one draw, with all digits.
PROGRAM = """
data {
  int T;
  vector[T] P;
  vector[T] E;
  int n;
  int cut; // a day on which the run is interrupted and taken up again
  vector[n] x1;
  vector[n] x2;
  vector[n] x3;
  vector[n] x4;
  vector[n] S0;
  vector[n] R0;
  int n1;
  int n2;
}
generated quantities {
  array[n, 2] int lengths;
  matrix[n1, n] uh1;
  matrix[n2, n] uh2;
  matrix[T + n1 + n2, n] whole;
  matrix[T + n1 + n2, n] parts;
  matrix[T, n] flow;
  for (i in 1 : n) {
    vector[4] theta = [x1[i], x2[i], x3[i], x4[i]]';
    vector[2] stores = [S0[i], R0[i]]';
    int m = gr4j_state_size(theta);
    vector[m] state = gr4j_state(theta, stores);
    vector[T + m] run = gr4j_run(P, E, theta, state);
    vector[cut + m] first = gr4j_run(head(P, cut), head(E, cut), theta, state);
    vector[T - cut + m] rest
      = gr4j_run(tail(P, T - cut), tail(E, T - cut), theta, tail(first, m));
    lengths[i] = {gr4j_uh_length(x4[i]), gr4j_uh_length(2 * x4[i])};
    uh1[ : , i] = gr4j_uh1(x4[i], n1);
    uh2[ : , i] = gr4j_uh2(x4[i], n2);
    whole[ : , i] = append_row(run, rep_vector(0, n1 + n2 - m));
    parts[ : , i] = append_row(append_row(head(first, cut), rest), rep_vector(0, n1 + n2 - m));
    flow[ : , i] = gr4j_flow(P, E, theta, stores);
  }
}
"""


def parameter_sets():
    """240 sets; in the last 40, x4 is 0.5, below 1, or a whole number."""
    rng = np.random.default_rng(shifted(1902))
    x1, x2, x3, x4 = rng.uniform((1, -10, 1, 0.5), (2500, 10, 500, X4_MAX), (240, 4)).T
    x4[200:] = np.tile(np.arange(1, 11), 4)
    x4[200:204] = 0.5
    x4[204:210] = rng.uniform(0.5, 1, 6)
    # small capacities are rare in a uniform draw and the hardest
    x1[:20] = rng.uniform(1, 20, 20)
    x3[10:30] = rng.uniform(1, 10, 20)
    # beyond, a day's loss amplifies rounding so much that no two programs agree
    x2 = np.maximum(x2, -2 * x3)
    S0, R0 = rng.uniform(0, 1, (2, 240)) * (x1, x3)
    S0[30:35], S0[35:40] = 0, x1[35:40]
    R0[33:38], R0[38:43] = 0, x3[38:43]
    return {"x1": x1, "x2": x2, "x3": x3, "x4": x4, "S0": S0, "R0": R0}


SETS = parameter_sets()


@pytest.fixture(scope="module")
def numpy_run():
    forcing = load_dataset("example")
    x = [SETS[name] for name in ("x1", "x2", "x3", "x4")]
    return simulate(forcing.P, forcing.E, *x, s0=SETS["S0"], r0=SETS["R0"])


@pytest.fixture(scope="module")
def stan_run(tmp_path_factory):
    """Generated quantities of PROGRAM by name, with the parameter sets as the first axis."""
    forcing = load_dataset("example")
    n = len(SETS["x1"])
    data = {"T": len(forcing), "P": forcing.P.tolist(), "E": forcing.E.tolist(), "n": n}
    data |= {name: values.tolist() for name, values in SETS.items()}
    data |= {"cut": 700, "n1": X4_MAX, "n2": 2 * X4_MAX}
    functions = [
        (stan_folder() / f"{name}.stan").read_text()
        for name in ("functions/unit_hydrographs", "functions/production", "structures/gr4j")
    ]
    code = "functions {\n" + "\n".join(functions) + "}" + PROGRAM
    executable = compile_program(code, name="parity", progress=False).path
    folder = tmp_path_factory.mktemp("parity")
    (folder / "data.json").write_text(json.dumps(data))
    command = [executable, "sample", "algorithm=fixed_param", "num_samples=1", "num_warmup=0"]
    command += ["data", "file=data.json", "output", "file=draw.csv", "sig_figs=17"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = (folder / "draw.csv").read_text().splitlines()
    header, draw = (line for line in lines if line and not line.startswith("#"))
    values = np.array(draw.split(","), dtype=float)
    owners = np.array([name.split(".")[0] for name in header.split(",")])
    by_set = ("uh1", "uh2", "whole", "parts", "flow")
    run = {name: values[owners == name].reshape(n, -1) for name in by_set}
    return run | {"lengths": values[owners == "lengths"].reshape(2, n)}


def test_unit_hydrographs_equal_those_of_numpy(stan_run):
    uh1, uh2 = unit_hydrographs(SETS["x4"], X4_MAX, 2 * X4_MAX)
    np.testing.assert_allclose(stan_run["uh1"], uh1, rtol=0, atol=1e-14)
    np.testing.assert_allclose(stan_run["uh2"], uh2, rtol=0, atol=1e-14)


def test_length_of_the_unit_hydrographs_is_the_time_base_rounded_up(stan_run):
    np.testing.assert_array_equal(stan_run["lengths"], np.ceil([SETS["x4"], 2 * SETS["x4"]]))


def test_flow_equals_that_of_numpy_within_1e_9(stan_run, numpy_run):
    T = numpy_run.Q.shape[1]
    assert numpy_run.Q.shape == (240, 1827)
    np.testing.assert_allclose(stan_run["whole"][:, :T], numpy_run.Q, rtol=0, atol=1e-9)


def test_flow_with_unit_hydrographs_as_long_as_x4_needs_equals_that_of_numpy(stan_run, numpy_run):
    """From one ordinate (x4 = 0.5) up."""
    np.testing.assert_allclose(stan_run["flow"], numpy_run.Q, rtol=0, atol=1e-9)


def test_final_state_equals_that_of_numpy(stan_run, numpy_run):
    states = stan_run["whole"][:, numpy_run.Q.shape[1] :]
    for i, (n1, n2) in enumerate(np.ceil([SETS["x4"], 2 * SETS["x4"]]).astype(int).T):
        expected = [
            [numpy_run.S[i, -1], numpy_run.R[i, -1]],
            numpy_run.uh1[i, : n1 - 1],
            numpy_run.uh2[i, : n2 - 1],
        ]
        np.testing.assert_allclose(
            states[i, : n1 + n2], np.concatenate(expected), rtol=0, atol=1e-9
        )


def test_run_taken_up_from_its_state_goes_on_as_if_uninterrupted(stan_run):
    np.testing.assert_allclose(stan_run["parts"], stan_run["whole"], rtol=0, atol=1e-10)
