"""The functions of the study of truncated gradients, held against closed forms."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import expm

from seeds import shifted

SCRIPTS = Path(__file__).parents[1] / "scripts"

RNG = np.random.default_rng(shifted(4))
HESSIAN = -np.array([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 0.5]])
TURN = np.array([[0.0, 0.4, 0.0], [-0.4, 0.0, 0.1], [0.0, -0.1, 0.0]])


@pytest.fixture(autouse=True)
def _scripts_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))


def linear(jacobian):
    """The Gaussian log density of HESSIAN, and a linear force."""

    def field(z):
        return (z @ HESSIAN * z).sum(axis=1) / 2, z @ jacobian.T

    return field


def starts(n=20):
    return RNG.standard_normal((2, n, 3))


# Forces


def test_angle_size_and_error_of_known_vectors():
    from studies.force import angles, relative_errors, relative_sizes

    exact = np.array([[2.0, 0.0], [1.0, 0.0], [0.0, 3.0], [1.0, 0.0]])
    found = np.array([[1.0, 0.0], [0.0, 2.0], [0.0, -3.0], [0.0, 0.0]])
    np.testing.assert_allclose(angles(exact, found), [0, 90, 180, 90])
    np.testing.assert_allclose(relative_sizes(exact, found), [0.5, 2, 1, 0])
    np.testing.assert_allclose(relative_errors(exact, found), [0.5, np.sqrt(5), 2, 1])


def test_kept_share_is_the_factor_of_each_component():
    from studies.force import kept_shares

    exact = RNG.standard_normal((30, 3))
    np.testing.assert_allclose(kept_shares(exact, exact * [1, 0, -2]), [1, 0, -2], atol=1e-12)


def test_jacobian_of_a_linear_force_is_its_matrix():
    from studies.force import jacobians

    found = jacobians(linear(HESSIAN + TURN), starts()[0])
    np.testing.assert_allclose(found, np.broadcast_to(HESSIAN + TURN, found.shape), atol=1e-9)


def test_asymmetry_is_that_of_the_antisymmetric_part_and_0_for_a_hessian():
    from studies.force import asymmetry

    expected = np.linalg.norm(TURN) / np.linalg.norm(HESSIAN)
    np.testing.assert_allclose(asymmetry(np.stack([HESSIAN, HESSIAN + TURN])), [0, expected])


def test_work_around_a_circle_is_its_area_times_the_rotation():
    """Stokes' theorem; planes in the order 01, 02, 12."""
    from studies.force import circulations

    found = circulations(linear(HESSIAN + TURN), 3, radius=1.5)
    rotation = np.array([TURN[1, 0] - TURN[0, 1], 0, TURN[2, 1] - TURN[1, 2]])
    np.testing.assert_allclose(found, np.pi * 1.5**2 * rotation, atol=1e-12)


def test_work_around_a_circle_is_0_for_any_gradient():
    from studies.force import circulations

    def field(z):  # of the log density -log cosh(|z - a|^2)
        off = z - [0.3, -0.2, 0.5]
        square = (off**2).sum(axis=1, keepdims=True)
        return -np.log(np.cosh(square[:, 0])), -2 * off * np.tanh(square)

    np.testing.assert_allclose(circulations(field, 3), 0, atol=1e-9)


def test_allowed_length_is_where_the_acceptance_of_trees_is_the_target():
    """A constant error of the force on a flat density, by simulation of whole trees."""
    from studies.energy import acceptance, leapfrog, tree_acceptance
    from studies.force import allowed_length

    error = np.array([0.0, 0.3])

    def field(z):
        return np.zeros(len(z)), np.broadcast_to(error, z.shape)

    length = allowed_length(np.zeros((5, 2)), np.tile(error, (5, 1)))
    assert length == pytest.approx(1.504 / 0.3, rel=1e-3)
    # a small error, so that squares of the work do not matter yet
    shorter, draws = length / 20, RNG.standard_normal((20000, 2))
    run = leapfrog(field, np.zeros((20000, 2)), draws, shorter / 50, 50)
    assert 1 - tree_acceptance(acceptance(run.errors))[-1] == pytest.approx(0.2 / 20, rel=0.1)


# Energies


def test_leapfrog_with_the_exact_force_keeps_the_energy_to_second_order():
    from studies.energy import leapfrog

    z, momentum = starts()
    errors = [
        np.abs(leapfrog(linear(HESSIAN), z, momentum, step, round(2 / step)).errors[-1]).mean()
        for step in (0.1, 0.05)
    ]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.05)


def test_leapfrog_follows_the_solution():
    from studies.energy import leapfrog

    z, momentum = starts()
    force = HESSIAN + TURN
    run = leapfrog(linear(force), z, momentum, 0.002, 1000)
    flow = expm(2 * np.block([[np.zeros((3, 3)), np.eye(3)], [force, np.zeros((3, 3))]]))
    np.testing.assert_allclose(run.z[-1], (np.hstack([z, momentum]) @ flow.T)[:, :3], atol=1e-5)


@pytest.mark.parametrize("force", [HESSIAN + TURN, 0.7 * HESSIAN], ids=["rotating", "too weak"])
def test_energy_error_of_a_wrong_force_tends_to_its_missing_work(force):
    from studies.energy import leapfrog, missing_work

    z, momentum = starts()
    sizes, distances = [], []
    for step in (0.1, 0.05):
        run = leapfrog(linear(force), z, momentum, step, round(2 / step))
        work = missing_work(run.z, run.z @ HESSIAN.T, run.z @ force.T)[-1]
        sizes.append(np.abs(run.errors[-1]).mean())
        distances.append(np.abs(run.errors[-1] - work).mean())
    assert sizes[1] == pytest.approx(sizes[0], rel=0.05)
    assert distances[0] / distances[1] == pytest.approx(4, rel=0.1)
    assert distances[1] < 0.01 * sizes[1]


def test_leapfrog_is_reversible_with_any_force():
    from studies.energy import leapfrog

    z, momentum = starts()
    field = linear(HESSIAN + TURN)
    there = leapfrog(field, z, momentum, 0.1, 20)
    half = leapfrog(field, z, momentum, 0.1, 19)
    # the momentum at the end, from the last two positions and the force between
    final = (there.z[-1] - half.z[-1]) / 0.1 + 0.05 * field(there.z[-1])[1]
    back = leapfrog(field, there.z[-1], -final, 0.1, 20)
    np.testing.assert_allclose(back.z[-1], z, atol=1e-10)


def test_error_is_infinite_where_the_density_cannot_be_evaluated():
    from studies.energy import acceptance, leapfrog

    def field(z):
        outside = z[:, 0] > 1
        return np.where(outside, np.nan, 0.0), np.where(outside[:, None], np.nan, 0.0 * z)

    run = leapfrog(field, np.zeros((2, 2)), np.array([[1.0, 0.0], [-1.0, 0.0]]), 0.5, 6)
    assert np.isinf(run.errors[-1]).tolist() == [True, False]
    assert acceptance(run.errors)[-1] == 0.5


def test_tree_acceptance_is_the_mean_over_all_places_of_the_start():
    from studies.energy import tree_acceptance

    at = np.exp(-(np.linspace(0, 2, 9) ** 2))
    for length in (1, 3, 8):
        trees = [
            np.mean([at[abs(i - start)] for i in range(length + 1) if i != start])
            for start in range(length + 1)
        ]
        assert tree_acceptance(at)[length] == pytest.approx(np.mean(trees))


def test_longest_tree_is_where_the_acceptance_crosses_the_target():
    from studies.energy import longest

    assert longest(np.array([1, 0.9, 0.7, 0.9]), step=2.0) == pytest.approx(3.0)
    assert longest(np.array([1, 0.9, 0.85]), step=2.0) == np.inf


# Subsampling


def test_stiffness_of_a_gaussian_is_the_inverse_of_its_smallest_width():
    from studies.subsampling import stiffness

    widths = np.linalg.eigvalsh(np.linalg.inv(-HESSIAN)) ** 0.5
    found = stiffness(linear(HESSIAN), starts()[0])
    np.testing.assert_allclose(found, 1 / widths.min(), rtol=1e-6)


def test_share_beyond_flow_is_the_slope_on_observations():
    from studies.subsampling import share_beyond_flow

    costs = pd.DataFrame({"observations": [50, 25, 10, 5]})
    costs["us"] = 9 + 0.02 * costs["observations"]
    assert share_beyond_flow(costs, "us") == pytest.approx(0.1)
