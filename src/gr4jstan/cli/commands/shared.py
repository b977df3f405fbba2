"""What several commands make of their options."""

import secrets
import sys
from argparse import Namespace
from typing import Any

from gr4jstan.model.definition import Model, define_model
from gr4jstan.model.priors import parse_prior_settings
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.sources import as_catchment
from gr4jstan.sampling.settings import SamplerSettings


def catchment_of(options: Namespace, forcing_only: bool = False) -> Catchment:
    """The data of the period."""
    catchment = record_of(options, forcing_only).select(options.start, options.end)
    say_notes(catchment)
    return catchment


def record_of(options: Namespace, forcing_only: bool = False) -> Catchment:
    """All data there are."""
    return as_catchment(
        options.data,
        discharge_column=options.discharge_column,
        flow_unit=options.flow_unit,
        area=options.area,
        forcing_only=forcing_only,
        **column_options(options),
    )


def say_notes(catchment: Catchment) -> None:
    """Tell what was noticed in reading."""
    for note in catchment.notes:
        say(f"{catchment.source}: {note}")


def column_options(options: Namespace) -> dict[str, Any]:
    """Options on the columns of the forcing."""
    names = ("date_column", "precip_column", "pet_column", "temperature_column")
    return {name: getattr(options, name) for name in (*names, "latitude", "date_format")}


def model_of(options: Namespace) -> Model:
    """Model that the options describe."""
    return define_model(
        gradient=options.gradient,
        truncate_mode=options.truncate_mode,
        truncate_steps=options.truncate_steps,
        subsample=options.subsample,
        error_model=options.error_model,
        sigma=options.sigma,
        priors=options.priors,
        initial_states=options.initial_states,
        prior_settings=parse_prior_settings(options.prior),
    )


def sampler_of(options: Namespace) -> SamplerSettings:
    """Settings of the sampler, with a seed."""
    return SamplerSettings(
        chains=options.chains,
        parallel_chains=options.parallel_chains,
        iter_warmup=options.iter_warmup,
        iter_sampling=options.iter_sampling,
        adapt_delta=options.adapt_delta,
        max_treedepth=options.max_treedepth,
        seed=secrets.randbelow(2**31) if options.seed is None else options.seed,
    )


def say(text: str) -> None:
    """Print for the person at the terminal."""
    print(text, file=sys.stderr, flush=True)
