"""Settings of the sampler."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from gr4jstan.errors import InputError


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

    @property
    def workers(self) -> int:
        """Chains run at once: as asked for, at most one for each core by default."""
        from gr4jstan.cmdstan.processes import cores

        return min(self.chains, self.parallel_chains or cores())
