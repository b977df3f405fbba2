"""Draws that must not be trusted are not, and the reasons say why."""

from typing import Any

import numpy as np
import pytest
import xarray as xr

from gr4jstan.fitting.diagnostics import count_separate, diagnose
from gr4jstan.fitting.inference_data import ebfmi
from seeds import shifted

CHAINS, DRAWS = 4, 1000
NAMES = ("x1", "x2")


def made(
    *, draws: int = DRAWS, shift: float = 0.0, phi: float = 0.0, **stats: np.ndarray
) -> dict[str, xr.Dataset]:
    """Draws of two standard normal parameters.

    The last chain is moved by `shift` in x1, and within a chain neighbouring draws of x1 have the
    correlation `phi`.
    """
    rng = np.random.default_rng(shifted(1))
    noise = rng.normal(size=(CHAINS, draws))
    x1 = noise.copy()
    for i in range(1, draws):
        x1[:, i] = phi * x1[:, i - 1] + np.sqrt(1 - phi**2) * noise[:, i]
    x1[-1] += shift
    shape = (CHAINS, draws)
    sampler = {
        "lp": np.zeros(shape),
        "diverging": np.zeros(shape, bool),
        "reached_max_treedepth": np.zeros(shape, bool),
        "tree_depth": np.full(shape, 3),
        "n_steps": np.full(shape, 7),
        "energy": rng.normal(size=shape),
    }

    def group(arrays: dict[str, np.ndarray]) -> xr.Dataset:
        return xr.Dataset({name: (("chain", "draw"), values) for name, values in arrays.items()})

    return {
        "posterior": group({"x1": x1, "x2": rng.normal(size=shape)}),
        "sample_stats": group(sampler | stats),
    }


def some(share: float) -> np.ndarray:
    """A flag that is set for the given share of all draws."""
    flags = np.zeros(CHAINS * DRAWS, bool)
    flags[: round(share * flags.size)] = True
    return flags.reshape(CHAINS, DRAWS)


def test_independent_draws_converge() -> None:
    found = diagnose(made(), NAMES)
    assert found["converged"] is True
    assert found["reasons"] == []
    assert found["draws"] == 4000
    assert found["max_rhat"] < 1.01
    # 3850 on average with a standard deviation of 170, the smaller of two
    assert found["min_ess_bulk"] > 2500
    assert found["mean_treedepth"] == 3
    assert found["n_leapfrog"] == 7 * 4000
    assert found["modes_found"] == 1
    # white noise: 2, with a standard error of 2 / sqrt(1000)
    assert all(1.6 < value < 2.4 for value in found["ebfmi"])


@pytest.mark.parametrize(
    ("draws", "count", "words"),
    [
        (
            made(reached_max_treedepth=some(0.011)),
            ("max_treedepth_hits", 44),
            ["44 of 4000 draws (1.1 %) reached the maximum tree depth"],
        ),
        (made(diverging=some(0.011)), ("divergences", 44), ["44 of 4000 draws (1.1 %) diverged"]),
        (made(phi=0.97), ("modes_found", 1), ["bulk ESS of x1 is", "below 400"]),
        (made(draws=40), ("draws", 160), ["bulk ESS", "tail ESS", "below 400"]),
        (made(shift=0.7), ("modes_found", 1), ["R-hat of x1 is", "not below 1.01"]),
        (made(shift=20.0), ("modes_found", 2), ["R-hat of x1", "2 separate"]),
    ],
    ids=["tree depth", "divergences", "correlated", "few draws", "R-hat", "two places"],
)
def test_each_fault_is_a_reason(
    draws: dict[str, xr.Dataset], count: tuple[str, int], words: list[str]
) -> None:
    found = diagnose(draws, NAMES)
    assert found["converged"] is False
    assert found[count[0]] == count[1]
    for word in words:
        assert any(word in reason for reason in found["reasons"]), found["reasons"]


@pytest.mark.parametrize("flag", ["reached_max_treedepth", "diverging"])
def test_one_percent_is_still_allowed(flag: str) -> None:
    assert diagnose(made(**{flag: some(0.01)}), NAMES)["converged"]


def test_chains_that_do_not_move_have_no_rhat_and_are_not_trusted() -> None:
    draws = made()
    draws["posterior"]["x1"][:] = 320.0
    found = diagnose(draws, NAMES)
    assert found["max_rhat"] is None
    assert not found["converged"]
    assert any("R-hat cannot be computed" in reason for reason in found["reasons"])


@pytest.mark.parametrize(
    ("rivals", "words"),
    [
        ([({"x1": 20.0, "x2": 0.0}, 0.1)], "1 other mode was met"),
        (
            [({"x1": 20.0, "x2": 0.0}, 0.01), ({"x1": 0.0, "x2": -20.0}, 0.1)],
            "2 other modes were met",
        ),
    ],
)
def test_a_mode_that_no_chain_has_been_to_is_a_reason(
    rivals: list[tuple[dict[str, float], float]], words: str
) -> None:
    found = diagnose(made(), NAMES, [*rivals, ({"x1": 0.0, "x2": 0.0}, 0.4)])
    assert not found["converged"]
    assert found["modes_found"] == 1 + len(rivals)
    assert [words in reason for reason in found["reasons"]] == [True]


@pytest.mark.parametrize(
    ("place", "share"),
    [
        pytest.param({"x1": 1.0, "x2": -1.0}, 0.4, id="chains that move between modes"),
        pytest.param({"x1": 20.0, "x2": 0.0}, 1e-3, id="4 of 4000 draws should be there"),
    ],
)
def test_modes_that_the_draws_tell_all_of_are_one_posterior(
    place: dict[str, float], share: float
) -> None:
    found = diagnose(made(), NAMES, [(place, share)])
    assert found["converged"], found["reasons"]
    assert found["modes_found"] == 1


def test_a_parameter_that_was_not_asked_about_does_not_count() -> None:
    assert diagnose(made(shift=20.0), ("x2",))["converged"]


def separate(*centres: float) -> int:
    noise = np.random.default_rng(shifted(2)).normal(size=(2, len(centres), 500))
    noise[0] += np.array(centres)[:, None]
    return count_separate(noise)


def test_separate_places_are_groups_of_overlapping_chains() -> None:
    assert separate(0) == 1
    assert separate(0, 0, 0, 0) == 1
    assert separate(0, 0, 100, 100) == 2
    assert separate(0, 100, 200, 300) == 4
    # neighbours overlap, though the ends do not
    assert separate(0, 3, 6, 9) == 1


def test_ebfmi_is_that_of_betancourt() -> None:
    rng = np.random.default_rng(shifted(3))
    walk = np.cumsum(rng.normal(size=(2, 1000)), axis=1)
    draws: Any = {"sample_stats": xr.Dataset({"energy": (("chain", "draw"), walk)})}
    by_hand = [
        sum((chain[i] - chain[i - 1]) ** 2 for i in range(1, 1000))
        / sum((value - chain.mean()) ** 2 for value in chain)
        for chain in walk
    ]
    # sums over 999 changes and 1000 draws
    np.testing.assert_allclose(ebfmi(draws), by_hand, rtol=2e-3)
    # a sixth of 1000 is the variance of such a walk; below 5 it is with a probability of 1e-10
    assert max(ebfmi(draws)) < 0.2
