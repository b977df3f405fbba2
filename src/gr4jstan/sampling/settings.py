"""Settings of the sampler, and the options that they follow from."""

import math
import secrets
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Self, TypedDict

from gr4jstan.errors import InputError
from gr4jstan.options import Option, completed

_CORE_SECONDS = 600
_SECONDS_A_DAY = 1e-7
_LEAST_DEPTH = 6


@dataclass(frozen=True)
class SamplerSettings:
    """Settings of NUTS, under cmdstanpy's names.

    ``iter_warmup`` is None where `with_warmup` is to choose it.

    Raises
    ------
    InputError
        If a value is outside its range.
    """

    chains: int = 4
    parallel_chains: int | None = None
    iter_warmup: int | None = None
    iter_sampling: int = 1000
    adapt_delta: float = 0.8
    max_treedepth: int = 10
    seed: int = 1

    def __post_init__(self) -> None:
        lowest = {"chains": 1, "iter_warmup": 0, "iter_sampling": 4, "max_treedepth": 1, "seed": 0}
        for name, low in lowest.items():
            value = getattr(self, name)
            if value is not None and value < low:
                raise InputError(f"{name} is {value}; it must be at least {low}.")
        if self.parallel_chains is not None and self.parallel_chains < 1:
            raise InputError(f"parallel_chains is {self.parallel_chains}; it must be at least 1.")
        if self.seed > 2**31 - 1:
            raise InputError(f"seed is {self.seed}; it must be below 2147483648.")
        if not 0 < self.adapt_delta < 1:
            raise InputError(f"adapt_delta is {self.adapt_delta:g}; it must be between 0 and 1.")

    def as_dict(self) -> dict[str, Any]:
        """Settings with the number of parallel chains that will be used."""
        return asdict(self) | {"parallel_chains": self.workers}

    def with_warmup(self, iter_warmup: int) -> Self:
        """The same settings, with this many warm-up iterations where none were asked for."""
        return self if self.iter_warmup is not None else replace(self, iter_warmup=iter_warmup)

    def with_bounded_trees(self, days: int) -> Self:
        """The same settings, with trees that end in bounded time where the metric is not known.

        A posterior that is no bell may fill every tree. The depth is then such that full trees
        take about ten minutes of one core, at 100 ns for a day and step; it follows from the
        number of days alone, so that draws do not depend on the machine. A depth that was asked
        for is kept.
        """
        if self.max_treedepth != SamplerSettings.max_treedepth:
            return self
        iterations = self.chains * ((self.iter_warmup or 0) + self.iter_sampling)
        depth = int(math.log2(_CORE_SECONDS / (iterations * days * _SECONDS_A_DAY)))
        return replace(self, max_treedepth=min(max(depth, _LEAST_DEPTH), self.max_treedepth))

    @property
    def workers(self) -> int:
        """Chains run at once: as asked for, at most one for each core by default."""
        from gr4jstan.cmdstan.processes import cores

        return min(self.chains, self.parallel_chains or cores())


class SamplerOptions(TypedDict, total=False):
    """Options of NUTS, under the names of `SamplerSettings`."""

    chains: Annotated[
        int,
        Option("number of chains", default=SamplerSettings.chains, kind=int, metavar="N"),
    ]
    iter_warmup: Annotated[
        int | None,
        Option(
            "number of warm-up iterations of each chain (default: 150 where the metric is known "
            "beforehand, else 1000)",
            kind=int,
            metavar="N",
        ),
    ]
    iter_sampling: Annotated[
        int,
        Option(
            "number of draws of each chain, at least 4",
            default=SamplerSettings.iter_sampling,
            kind=int,
            metavar="N",
        ),
    ]
    adapt_delta: Annotated[
        float,
        Option(
            "target acceptance rate, a number between 0 and 1",
            default=SamplerSettings.adapt_delta,
            kind=float,
            metavar="RATE",
        ),
    ]
    max_treedepth: Annotated[
        int,
        Option(
            "largest number N of doublings of a trajectory: 2^N - 1 leapfrog steps",
            default=SamplerSettings.max_treedepth,
            kind=int,
            metavar="N",
        ),
    ]
    parallel_chains: Annotated[
        int | None,
        Option(
            "number of chains of a fit run at once (default: number of cores)",
            kind=int,
            metavar="N",
            of_the_result=False,
        ),
    ]
    seed: Annotated[
        int | None,
        Option(
            "number from 0 that the draws follow from: the same seed, data and versions give the "
            "same draws (default: drawn, and kept in run.json)",
            kind=int,
            metavar="N",
        ),
    ]


def settings_of(options: SamplerOptions) -> SamplerSettings:
    """Settings of the sampler, with a seed that is drawn where none is given.

    Raises
    ------
    InputError
        If a value is outside its range.
    """
    given: dict[str, Any] = {**completed(SamplerOptions, options)}
    if given["seed"] is None:
        given["seed"] = secrets.randbelow(2**31)
    return SamplerSettings(**given)
