"""What every sampler is given: the same data, priors and error scale."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gr4jstan import load_dataset
from gr4jstan.model.definition import Model, define_model
from gr4jstan.model.task import Task, define_task
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.datasets import SYNTHETIC_TRUTH
from gr4jstan.sampling.inits import screened_draws
from gr4jstan.structures.simulation import simulate_flow

Array = NDArray[np.float64]

PARAMETERS = tuple(SYNTHETIC_TRUTH)
TRUTH = np.array(list(SYNTHETIC_TRUTH.values()))

# Ordinates of the unit hydrographs that the longest x4 of the priors needs.
N_UH1, N_UH2 = 5, 10

CHAINS = 4
CORES = 2


@dataclass(frozen=True)
class Case:
    """A posterior to sample: `synthetic`'s forcing, repeated, with flows at the true parameters.

    Parameters
    ----------
    label : str
    days : int
    sigma : float
        Known standard deviation of the errors [mm/d].
    noise : bool
        Whether errors of that size are added to the flows.
    """

    label: str
    days: int
    sigma: float
    noise: bool = False

    @property
    def forcing(self) -> tuple[Array, Array]:
        """P and E, shape (days,) [mm/d]."""
        catchment = load_dataset("synthetic")
        return np.resize(catchment.P, self.days), np.resize(catchment.E, self.days)

    @property
    def Q(self) -> Array:
        """Observations, shape (days,) [mm/d]; noise that would make them negative is cut."""
        flow = reference_flow(*self.forcing, TRUTH)
        if not self.noise:
            return flow
        errors = np.random.default_rng(2018).normal(0, self.sigma, self.days)
        return np.maximum(flow + errors, 0)

    @property
    def catchment(self) -> Catchment:
        """The case as data of the package."""
        P, E = self.forcing
        return Catchment(name=self.label, P=P, E=E, Q=self.Q)

    def task(self, **options: object) -> Task:
        """The case for gr4jstan's sampler: the post's priors and the known error."""
        model: Model = define_model(priors="uniform", sigma=self.sigma, **options)  # type: ignore[arg-type]
        return define_task(self.catchment, model)

    def screened(self, n: int, seed: int) -> Array:
        """The best of 1000 prior draws, shape (n, 6)."""
        draws = screened_draws(self.task(), 1000, seed)
        return np.column_stack([draws[name][:n] for name in PARAMETERS])

    def save(self, path: Path) -> None:
        """Write it for another process."""
        np.savez(path, **asdict(self))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(path) as content:
            return cls(**{name: content[name].item() for name in content.files})


def bounds() -> tuple[Array, Array]:
    """Lower and upper bounds of the uniform priors, in the order of `PARAMETERS`."""
    numbers = define_model(priors="uniform", sigma=0.1).numbers
    lower, upper = (
        np.array([numbers[f"{name}_{side}"] for name in PARAMETERS]) for side in ("lower", "upper")
    )
    return lower, upper


def reference_flow(P: Array, E: Array, parameters: ArrayLike) -> Array:
    """Streamflow of gr4jstan's simulator; parameters in the order of `PARAMETERS`."""
    x1, x2, x3, x4, S0, R0 = np.asarray(parameters, dtype=float)
    return simulate_flow(P, E, x1, x2, x3, x4, s0=S0, r0=R0)


def require_parity(case: Case, flow, tolerance: float = 1e-8) -> None:  # type: ignore[no-untyped-def]
    """Refuse to time a peer's ``flow(P, E, parameters)`` that is not GR4J.

    Raises
    ------
    AssertionError
        If it differs from the simulator by more than `tolerance` [mm/d], at the true parameters or
        at prior draws whose stores are not overfilled.
    """
    P, E = case.forcing
    lower, upper = bounds()
    points = np.random.default_rng(1).uniform(lower, upper, (20, len(lower)))
    points = points[(points[:, 4] <= points[:, 0]) & (points[:, 5] <= points[:, 2])][:5]
    for point in [TRUTH, *points]:
        error = float(np.abs(np.asarray(flow(P, E, point)) - reference_flow(P, E, point)).max())
        if not error <= tolerance:
            raise AssertionError(f"flow differs from the simulator by {error:.2g} mm/d at {point}")
