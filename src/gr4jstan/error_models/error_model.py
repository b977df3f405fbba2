"""What an error model is: all that the rest of the package must know of one, stated once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Numbers = Mapping[str, float]
# Parameters of the error model, each of the shape (draws, 1) or ().
Columns = Mapping[str, Array]

# What is observed at or below this number [mm/d] is only known to be so: the log likelihood is that
# of its probability, whatever the error model.
LIMIT = "flow_limit"

LOG_SQRT_2PI = 0.5 * np.log(2 * np.pi)


def half_normal(name: str) -> Callable[[Numbers, int, np.random.Generator], Array]:
    """Draws from a half-normal prior, whose scale is the number ``<name>_scale``."""

    def draw(numbers: Numbers, n: int, rng: np.random.Generator) -> Array:
        return numbers[f"{name}_scale"] * np.abs(rng.standard_normal(n))

    return draw


def half_normal_words(name: str) -> Callable[[Numbers], str]:
    """The same prior in words."""

    def words(numbers: Numbers) -> str:
        scale = float(f"{numbers[f'{name}_scale']:.3g}")
        return f"half-normal, scale {scale:g}"

    return words


@dataclass(frozen=True)
class ErrorParameter:
    """A parameter of an error model.

    Parameters
    ----------
    name : str
    meaning : str
        What it is, for the report.
    draw : callable
        Draws n numbers from the prior, given the program's data and a generator.
    prior : callable, optional
        The prior in words, given the program's data; None where it is log-normal, which its
        numbers ``<name>_log_mean`` and ``<name>_log_sd`` say.
    unit : str
        "-" for none; numbers in braces are filled in.
    support : (float, float)
        Bounds of the program.
    at_bound : str
        What it means that the data press it against the lower one; empty where that is usual.
    """

    name: str
    meaning: str
    draw: Callable[[Numbers, int, np.random.Generator], Array]
    prior: Callable[[Numbers], str] | None = None
    unit: str = "mm/d"
    support: tuple[float, float] = (0.0, np.inf)
    at_bound: str = ""


SIGMA = ErrorParameter(
    "sigma", "scale of the errors", half_normal("sigma"), half_normal_words("sigma")
)


def _itself(flow: Array, numbers: Numbers) -> Array:
    return flow


def _all(observed: Array) -> NDArray[np.bool_]:
    return np.ones(observed.shape, dtype=bool)


@dataclass(frozen=True)
class ErrorModel:
    """An error model outside Stan; its Stan and C++ are `stan/likelihoods/NAME.*`.

    It is one of flows that may lie below the limit of what is observed; that observations there are
    censored is the same for all, see `gr4jstan.model.observations`.

    Observations y have the shape (N,), simulated flows on the same days (draws, N), both in mm/d.

    Parameters
    ----------
    name : str
    words : str
        What it assumes, for the report; numbers in braces are filled in.
    parameters : tuple of ErrorParameter
        In the order of the program.
    log_density : callable
        Of y, flow, columns and numbers: log density of each observation, were none censored.
    log_probability : callable
        Of a limit, flow, columns and numbers: log probability of an observation at or below it.
    normal_scores : callable
        Of y, flow, columns and numbers: residuals that are N(0, 1) if the model holds.
    respond : callable
        Of flow, scores, columns and numbers: the observations with these scores, maybe below 0.
    guess : callable
        Of the root mean squared error of each draw on the scale of the errors, and the mean
        observation on that scale: rough values of the parameters.
    otherwise : str
        Error models to try where its bands are wrong.
    numbers : mapping of str to float
        Constants and scales of priors, beside the scale of sigma.
    on_scale : callable
        Of flows and numbers: on the scale of the errors.
    spread : callable
        Of observations and numbers: on a scale whose standard deviation is that of the errors.
    informative : callable
        Of observations: whether each says something of that standard deviation.
    known_sigma : bool
        Whether sigma may be given.
    reference_prior : bool
        Whether it goes with priors "airgr-sls".
    volumes : str
        What else to try where volumes are wrong; empty for nothing.
    transform : callable
        Of observations and numbers: what the program's density is given of those not censored.
    constants : tuple of str
        Numbers that the program's density is given after the parameters, before the limit.
    exponent : str
        The number among them that the data may contradict; empty for none.
    """

    name: str
    words: str
    parameters: tuple[ErrorParameter, ...]
    log_density: Callable[[Array, Array, Columns, Numbers], Array]
    log_probability: Callable[[float, Array, Columns, Numbers], Array]
    normal_scores: Callable[[Array, Array, Columns, Numbers], Array]
    respond: Callable[[Array, Array, Columns, Numbers], Array]
    guess: Callable[[Array, float], dict[str, Array]]
    otherwise: str
    numbers: Numbers = field(default_factory=dict)
    on_scale: Callable[[Array, Numbers], Array] = _itself
    spread: Callable[[Array, Numbers], Array] = _itself
    informative: Callable[[Array], NDArray[np.bool_]] = _all
    known_sigma: bool = False
    reference_prior: bool = False
    volumes: str = ""
    transform: Callable[[Array, Numbers], Array] = _itself
    constants: tuple[str, ...] = ()
    exponent: str = ""

    @property
    def density_numbers(self) -> tuple[str, ...]:
        """Names of the numbers that the program's density is given, in its order."""
        return (*(each.name for each in self.parameters), *self.constants, LIMIT)

    def observed(self, observed: Array, numbers: Numbers) -> Array:
        """What the program's density is given of observations: -infinity where censored."""
        censored = observed <= numbers[LIMIT]
        return np.where(censored, -np.inf, self.transform(np.maximum(observed, 0), numbers))
