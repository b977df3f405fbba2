"""The simulator against two independent implementations of GR4J, hydrogr and grsuite.

Each peer has one constant that is not the published one: hydrogr rounds (9/4)^4 to 25.62891, and
grsuite, as airGR, splits the water with the single-precision 0.9. With that constant the
simulator must agree to rounding, without it to what the constant explains.
"""

import warnings
from itertools import product

import grsuite
import hydrogr
import numpy as np
import pandas as pd
import pytest

from gr4jstan.reading.datasets import load_dataset
from gr4jstan.structures import gr4j, production, simulation
from seeds import shifted

LOWEST, HIGHEST = (1, -10, 1, 0.5), (2500, 10, 500, 10)


def parameter_sets():
    """Shape (4, 236): drawn over the whole range, then with integer x4, then every corner."""
    rng = np.random.default_rng(shifted(2003))
    drawn = rng.uniform(LOWEST, HIGHEST, (200, 4))
    corners = np.array(list(product(*zip(LOWEST, HIGHEST, strict=True))))
    integer_x4 = rng.uniform(LOWEST, HIGHEST, (20, 4))
    integer_x4[:, 3] = np.tile(np.arange(1, 11), 2)
    for x in (drawn, integer_x4):
        # beyond, a day's loss amplifies rounding so much that no two programs agree
        x[:, 1] = np.maximum(x[:, 1], -2 * x[:, 2])
    return np.concatenate([drawn, integer_x4, corners]).T


def days_from_2001(n):
    return np.datetime64("2001-01-01", "ns") + np.arange(n) * np.timedelta64(1, "D")


SETS = parameter_sets()
# At a corner a peer's constant alone moves the flow by up to 2e-6 mm/d.
INNER = slice(0, 220)


@pytest.fixture(scope="module")
def forcing():
    data = load_dataset("example")
    return np.asarray(data.P, dtype=float), np.asarray(data.E, dtype=float)


@pytest.fixture(scope="module")
def flow_of_hydrogr(forcing):
    """Its initial stores are 0.3 x1 and 0.5 x3, its unit hydrographs start empty."""
    P, E = forcing
    data = pd.DataFrame(
        {"precipitation": P, "evapotranspiration": E},
        index=pd.DatetimeIndex(days_from_2001(P.size)),
    )
    flows = []
    for x in SETS.T.tolist():
        model = hydrogr.ModelGr4j(dict(zip(("X1", "X2", "X3", "X4"), x, strict=True)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it uses what pandas is about to remove
            flows.append(model.run(data)["flow"].to_numpy())
    return np.array(flows)


@pytest.fixture(scope="module")
def outputs_of_grsuite(forcing):
    """The same initial states; a run that starts on the first day has no warm-up."""
    P, E = forcing
    inputs = grsuite.InputsModel(days_from_2001(P.size), precip=P, pot_evap=E)
    options = grsuite.RunOptions(inputs, "GR4J", ind_period_run=np.arange(P.size))
    runs = [grsuite.run_model_gr4j(inputs, options, x) for x in SETS.T.tolist()]
    names = {"Qsim": "Q", "Prod": "S", "Rout": "R"}
    return {
        names.get(name, name.lower()): np.array([run[name] for run in runs])
        for name in grsuite.MODEL_OUTPUTS["GR4J"]
        if name not in ("PotEvap", "Precip")
    }


def test_flow_equals_hydrogr(forcing, flow_of_hydrogr):
    flow = simulation.simulate_flow(*forcing, *SETS[:, INNER])
    np.testing.assert_allclose(flow, flow_of_hydrogr[INNER], rtol=0, atol=1e-6)


def test_flow_equals_hydrogr_to_rounding_with_its_constant(forcing, flow_of_hydrogr, monkeypatch):
    monkeypatch.setattr(production, "PERCOLATION_CONSTANT", 25.62891)
    flow = simulation.simulate_flow(*forcing, *SETS)
    np.testing.assert_allclose(flow, flow_of_hydrogr, rtol=0, atol=1e-9)


def test_flow_equals_grsuite(forcing, outputs_of_grsuite):
    flow = simulation.simulate_flow(*forcing, *SETS[:, INNER])
    np.testing.assert_allclose(flow, outputs_of_grsuite["Q"][INNER], rtol=0, atol=1e-6)


def test_everything_equals_grsuite_to_rounding_with_its_constant(
    forcing, outputs_of_grsuite, monkeypatch
):
    monkeypatch.setattr(gr4j, "UH1_SHARE", float(np.float32(0.9)))
    found = simulation.simulate(*forcing, *SETS)
    assert len(outputs_of_grsuite) == 16
    for name, theirs in outputs_of_grsuite.items():
        ours = getattr(found, name)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9, err_msg=name)
