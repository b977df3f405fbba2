"""What the reference simulator promises beyond agreeing with its peers."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from gr4jstan.errors import InputError
from gr4jstan.reading.datasets import load_dataset
from gr4jstan.structures.catalogue import GR4J
from gr4jstan.structures.hydrographs import unit_hydrographs
from gr4jstan.structures.simulation import Simulation, simulate, simulate_flow, simulate_from
from gr4jstan.structures.state import State
from seeds import shifted

NAMES = [flux.name for flux in GR4J.fluxes] + [uh.name for uh in GR4J.hydrographs]
DAILY = [name for name in NAMES if name not in ("uh1", "uh2")]
TRUE = (320.11, 2.42, 69.63, 1.39)


def weather(days, seed=0):
    rng = np.random.default_rng(shifted(seed))
    return rng.gamma(0.5, 10, days) * (rng.random(days) < 0.5), rng.uniform(0, 5, days)


def draws(n, seed=1):
    rng = np.random.default_rng(shifted(seed))
    x = rng.uniform((1, -10, 1, 0.5), (2500, 10, 500, 10), (n, 4))
    x[: n // 4, 3] = np.ceil(x[: n // 4, 3])
    return x.T


def assert_same(one, other, names=NAMES, atol=1e-11):
    for name in names:
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=1e-12, atol=atol, err_msg=name
        )


def content(simulation):
    return simulation.uh1.sum(axis=-1) + simulation.uh2.sum(axis=-1)


@pytest.mark.parametrize("s0", [0.0, 120.0, 300.0, 900.0])
def test_one_wet_day_by_hand(s0):
    """The paper's equations in scalars, one after the other; x4 = 1 passes 90 % on the same day.

    They also hold, as they stand, for a store above its capacity of 300 mm.
    """
    x1, x2, x3, S, R, pn = 300.0, -1.5, 60.0, s0, 40.0, 17.0
    T, s = math.tanh(pn / x1), S / x1
    ps = x1 * (1 - s**2) * T / (1 + s * T)
    S += ps
    perc = S * (1 - (1 + (4 / 9 * S / x1) ** 4) ** -0.25)
    S -= perc
    pr = pn - ps + perc
    F = x2 * (R / x3) ** 3.5
    R += 0.9 * pr + F
    qr = R * (1 - (1 + (R / x3) ** 4) ** -0.25)
    R -= qr
    q1 = 0.1 * pr / 2
    expected = {
        "pn": pn, "ps": ps, "ae": 3.0, "perc": perc, "pr": pr, "S": S, "R": R,
        "q9": 0.9 * pr, "q1": q1, "exch": F, "aexch1": F, "aexch2": max(F, -q1),
        "aexch": F + max(F, -q1), "qr": qr, "qd": max(0, q1 + F), "Q": qr + max(0, q1 + F),
        "uh1": [0], "uh2": [q1],
    }  # fmt: skip
    got = simulate([20.0], [3.0], x1, x2, x3, 1.0, s0=s0, r0=40.0)
    assert set(expected) == set(NAMES)
    for name, value in expected.items():
        np.testing.assert_allclose(
            np.squeeze(getattr(got, name)), np.squeeze(value), rtol=1e-12, atol=1e-12, err_msg=name
        )


@pytest.mark.parametrize("s0", [0.0, 120.0, 300.0, 900.0, 40_000.0])
def test_one_dry_day_by_hand(s0):
    x1, S, E, P = 300.0, s0, 6.0, 2.0
    T, s = math.tanh((E - P) / x1), S / x1
    es = S * (2 - s) * T / (1 + (1 - s) * T)
    S -= es
    perc = S * (1 - (1 + (4 / 9 * S / x1) ** 4) ** -0.25)
    got = simulate([P], [E], x1, 0.0, 60.0, 1.0, s0=s0)
    expected = {"pn": 0, "ps": 0, "ae": P + es, "perc": perc, "pr": perc, "S": S - perc}
    for name, value in expected.items():
        np.testing.assert_allclose(
            getattr(got, name), [value], rtol=1e-12, atol=1e-12, err_msg=name
        )


def test_loss_ends_when_store_and_branch_are_empty():
    """F = -10 * (1 / 2)^3.5 asks for more than the 0.5 mm that are there."""
    got = simulate([0.0], [0.0], 100.0, -10.0, 1.0, 2.0, s0=0.0, r0=0.5)
    assert got.exch[0] == pytest.approx(-10 / 2**3.5)
    assert (got.aexch1[0], got.aexch2[0], got.R[0], got.Q[0]) == (-0.5, 0, 0, 0)


def test_airgr_initial_stores_by_default():
    P, E = weather(20)
    given_ = simulate(P, E, *TRUE, s0=0.3 * TRUE[0], r0=0.5 * TRUE[2])
    assert_same(simulate(P, E, *TRUE), given_, atol=0)


def test_water_balance_closes():
    P, E = weather(1500)
    x = draws(200)
    got = simulate(P, E, *x)
    stored = got.S[:, -1] - 0.3 * x[0] + got.R[:, -1] - 0.5 * x[2] + content(got)
    gained = P.sum() + got.aexch.sum(axis=-1) - got.ae.sum(axis=-1) - got.Q.sum(axis=-1)
    np.testing.assert_allclose(gained, stored, rtol=0, atol=1e-9)


@seed(shifted(1))
@settings(deadline=None, max_examples=100, database=None)
@given(
    weather=st.lists(st.tuples(st.floats(0, 300), st.floats(0, 20)), min_size=1, max_size=40),
    x1=st.floats(1, 2500),
    x2=st.floats(-10, 10),
    x3=st.floats(1, 500),
    x4=st.floats(0.5, 10),
    filling=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_stores_and_fluxes_stay_in_their_range(weather, x1, x2, x3, x4, filling):
    P, E = np.array(weather).T
    s0, r0 = filling[0] * x1, filling[1] * x3
    got = simulate(P, E, x1, x2, x3, x4, s0=s0, r0=r0)
    assert got.S.min() >= 0
    assert got.S.max() <= x1
    assert got.R.min() >= 0
    assert got.R.max() <= x3
    assert got.Q.min() >= 0
    assert (got.ae <= np.maximum(E, P) + 1e-9).all()
    balance = P.sum() + got.aexch.sum() - got.ae.sum() - got.Q.sum()
    assert balance == pytest.approx(got.S[-1] - s0 + got.R[-1] - r0 + content(got), rel=0, abs=1e-9)


@pytest.mark.parametrize("x4", [0.5, 0.7, 1, 1.39, 2, 3.5, 5, 6.2, 10, 14.5])
def test_unit_hydrographs_are_integrals_of_their_density(x4):
    """Slices of a day, each with the density of the S-curve in its middle."""
    uh1, uh2 = unit_hydrographs(x4)
    assert (uh1.size, uh2.size) == (math.ceil(x4), math.ceil(2 * x4))
    slices = 20_000
    middle = (np.arange(uh2.size * slices) + 0.5) / slices
    rising = np.where(middle < x4, 2.5 / x4 * np.minimum(middle / x4, 1) ** 1.5, 0)
    mirrored = np.clip(2 - middle / x4, 0, 1)
    falling = np.where(middle < x4, 0, 2.5 / x4 * mirrored**1.5)
    density1 = rising.reshape(-1, slices).mean(axis=-1)
    density2 = (0.5 * (rising + falling)).reshape(-1, slices).mean(axis=-1)
    np.testing.assert_allclose(uh1, density1[: uh1.size], rtol=0, atol=2e-4)
    np.testing.assert_allclose(uh2, density2, rtol=0, atol=2e-4)
    assert uh1.sum() == pytest.approx(1, abs=1e-14)
    assert uh2.sum() == pytest.approx(1, abs=1e-14)
    assert (uh1 > 0).all()
    assert (uh2 > 0).all()


def test_unit_hydrographs_of_many_x4_are_padded_with_zeros():
    uh1, uh2 = unit_hydrographs([[0.5, 3.0], [1.7, 4.2]], n1=8, n2=11)
    assert (uh1.shape, uh2.shape) == ((2, 2, 8), (2, 2, 11))
    alone1, alone2 = unit_hydrographs(1.7)
    np.testing.assert_array_equal(uh1[1, 0], np.pad(alone1, (0, 8 - 2)))
    np.testing.assert_array_equal(uh2[1, 0], np.pad(alone2, (0, 11 - 4)))
    with pytest.raises(InputError, match=r"n2 = 5 is too short, x4 = 3\.0 needs 6"):
        unit_hydrographs(3, n1=3, n2=5)


def test_many_sets_equal_one_at_a_time():
    P, E = weather(400)
    x = draws(40)
    together = simulate(P, E, *x)
    for i, x_i in enumerate(x.T.tolist()):
        alone = simulate(P, E, *x_i)
        for name in DAILY:
            assert getattr(alone, name).shape == (400,)
            np.testing.assert_allclose(
                getattr(together, name)[i], getattr(alone, name), rtol=1e-12, atol=1e-11
            )


def test_parameters_broadcast():
    P, E = weather(30)
    x1, x4 = np.array([[100.0], [400.0]]), np.array([0.5, 2.0, 7.1])
    got = simulate(P, E, x1, 1.0, 50.0, x4, r0=5.0)
    assert {getattr(got, name).shape for name in DAILY} == {(2, 3, 30)}
    one, water = (
        {name: array[1, 2] for name, array in part.items()} for part in (got.series, got.water)
    )
    assert_same(
        Simulation(GR4J, one, water),
        simulate(P, E, 400.0, 1.0, 50.0, 7.1, r0=5.0),
    )


def test_flow_alone_is_the_same_flow():
    P, E = weather(300)
    x = draws(30)
    s0, r0 = 0.8 * x[0], 0.1 * x[2]
    flow = simulate_flow(P, E, *x, s0=s0, r0=r0)
    np.testing.assert_array_equal(flow, simulate(P, E, *x, s0=s0, r0=r0).Q)
    assert simulate_flow(P, E, *TRUE).shape == (300,)


@pytest.mark.parametrize("cut", [1, 7, 60, 119])
def test_a_run_can_be_carried_on(cut):
    """Also when the first part is shorter than the unit hydrographs."""
    P, E = weather(120)
    x = draws(20)
    whole = simulate(P, E, *x)
    first = simulate(P[:cut], E[:cut], *x)
    second = simulate(
        P[cut:], E[cut:], *x, s0=first.S[:, -1], r0=first.R[:, -1], uh1=first.uh1, uh2=first.uh2
    )
    for name in DAILY:
        joined = np.concatenate([getattr(first, name), getattr(second, name)], axis=-1)
        np.testing.assert_allclose(joined, getattr(whole, name), rtol=1e-10, atol=1e-10)
    assert_same(second, whole, ["uh1", "uh2"])


def test_stores_drain_along_their_closed_form():
    """Without forcing a day adds x1^-4 (4/9)^4 to S^-4 and, without inflow, x3^-4 to R^-4."""
    zero, day = np.zeros(3000), np.arange(1, 3001)
    got = simulate(zero, zero, 100.0, 0.0, 50.0, 2.5, s0=[80.0, 0.0], r0=30.0)
    S = (80.0**-4 + day * (4 / 900) ** 4) ** -0.25
    R = (30.0**-4 + day * 50.0**-4) ** -0.25
    np.testing.assert_allclose(got.S[0], S, rtol=1e-12)
    np.testing.assert_allclose(got.R[1], R, rtol=1e-12)
    np.testing.assert_allclose(got.Q[1], -np.diff(R, prepend=30.0), rtol=0, atol=1e-12)
    assert (got.S[1] == 0).all()


def test_evaporation_empties_the_production_store():
    got = simulate(np.zeros(500), np.full(500, 5.0), 100.0, 0.0, 50.0, 2.5)
    assert 0 <= got.S[-1] < 1e-9
    assert got.ae.sum() + got.perc.sum() == pytest.approx(30)


def test_store_above_capacity_follows_the_equations():
    """Nothing is clamped, and no warning is given."""
    P, E = weather(50)
    got = simulate(P, E, [1000.0, 50.0], *TRUE[1:], s0=[1500.0, 2000.0])
    assert got.S[0, 0] > 1000
    assert got.S.shape == (2, 50)


def test_table():
    P, E = weather(5)
    dates = pd.date_range("2020-02-27", periods=5)
    got = simulate(P, E, *TRUE)
    table = got.to_frame(dates)
    assert table.columns.tolist() == [
        "date", "Q", "S", "R", "pn", "ps", "ae", "perc", "pr", "q9", "q1",
        "exch", "aexch1", "aexch2", "aexch", "qr", "qd",
    ]  # fmt: skip
    assert table["date"].tolist() == dates.tolist()
    np.testing.assert_array_equal(table["exch"], got.exch)
    assert got.to_frame()["day"].tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(InputError, match="dates has 4 entries for 5 days"):
        got.to_frame(dates[:4])
    with pytest.raises(InputError, match=r"one parameter set, this simulation has shape \(2,\)"):
        simulate(P, E, [1.0, 2.0], 0, 1, 1).to_frame()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x1": 0.0}, r"x1 must be finite and above 0 \[mm\], got 0\.0$"),
        ({"x1": [5.0, -3.0]}, r"x1 .* got -3\.0 at index 1"),
        ({"x2": np.nan}, r"x2 must be finite \[mm/d\], got nan"),
        ({"x3": -1}, r"x3 must be finite and above 0 \[mm\], got -1\.0"),
        ({"x4": 0.49}, r"x4 must be finite and at least 0\.5 and at most 1000 \[d\], got 0\.49"),
        ({"x4": 1001}, r"x4 .* at most 1000 \[d\], got 1001"),
        ({"x4": np.inf}, r"x4 .* got inf"),
        ({"x4": []}, "x4 is empty"),
        ({"x1": [1.0, 2.0], "x3": [1.0, 2.0, 3.0]}, r"do not go together: x1 \(2,\), .*x3 \(3,\)"),
        ({"s0": -1.0}, r"s0 must be finite and at least 0 \[mm\], got -1\.0"),
        ({"r0": np.nan}, r"r0 .* got nan"),
        ({"P": [1.0, -0.1, 0.0]}, r"P must be finite .* got -0\.1 at index 1"),
        ({"E": [1.0, 1.0, np.nan]}, r"E must be finite .* got nan at index 2"),
        ({"P": ["a", "b", "c"]}, "P must be numbers"),
        ({"P": [1.0, 2.0]}, "P has 2 days, E has 3"),
        ({"P": []}, "P is empty"),
        ({"P": [[1.0, 2.0, 3.0]]}, r"P must be a series of days, got shape \(1, 3\)"),
        ({"uh1": 1.0}, "uh1 must have the days to come as its last axis"),
        ({"uh2": np.zeros((2, 5))}, r"uh2 has shape \(2, 5\), the parameters have shape \(\)"),
    ],
)
def test_unusable_input_is_refused_by_name(changed, message):
    usual = {"P": [1.0, 2.0, 3.0], "E": [1.0, 1.0, 1.0]} | dict(
        zip(("x1", "x2", "x3", "x4"), TRUE, strict=True)
    )
    with pytest.raises(InputError, match=message):
        simulate(**(usual | changed))


def test_flow_goes_on_from_a_state_as_if_there_had_been_no_break():
    example = load_dataset("example")
    x1, x2, x3, x4 = np.array([[154.0, 600], [-0.3, 1.5], [43, 90], [1.3, 4.6]])
    whole = simulate(example.P, example.E, x1, x2, x3, x4)
    before, after = slice(0, 700), slice(700, None)
    start = State(S=0.3 * x1, R=0.5 * x3, uh1=np.zeros((2, 1)), uh2=np.zeros((2, 1)))
    first, state = simulate_from(example.P[before], example.E[before], x1, x2, x3, x4, start)
    second, end = simulate_from(example.P[after], example.E[after], x1, x2, x3, x4, state)
    assert np.hstack([first, second]) == pytest.approx(whole.Q, abs=1e-12)
    assert pytest.approx(whole.S[:, -1]) == end.S
    assert pytest.approx(whole.R[:, -1]) == end.R
    assert pytest.approx(whole.uh2) == end.uh2
