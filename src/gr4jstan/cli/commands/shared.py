"""What several commands make of their options."""

import sys
from argparse import Namespace
from typing import cast

from gr4jstan.model.definition import Model, define_model
from gr4jstan.model.options import ModelOptions
from gr4jstan.options import Options, table_of
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.options import ReadingOptions
from gr4jstan.reading.sources import as_catchment
from gr4jstan.sampling.settings import SamplerOptions, SamplerSettings, settings_of


def catchment_of(options: Namespace, forcing_only: bool = False) -> Catchment:
    """The data of the period."""
    catchment = record_of(options, forcing_only).select(options.start, options.end)
    say_notes(catchment)
    return catchment


def record_of(options: Namespace, forcing_only: bool = False) -> Catchment:
    """All data there are."""
    columns = chosen(options, ReadingOptions)
    return as_catchment(options.data, forcing_only=forcing_only, **columns)


def say_notes(catchment: Catchment) -> None:
    """Tell what was noticed in reading."""
    for note in catchment.notes:
        say(f"{catchment.source}: {note}")


def chosen(options: Namespace, kind: type[Options]) -> Options:
    """The options of a `TypedDict`, as functions take them."""
    values = {}
    for name, option in table_of(kind).items():
        if not option.help:
            continue
        value = getattr(options, option.flag or name)
        if option.repeated:
            value = option.kind(value) if value else option.default
        values[name] = value
    return cast(Options, values)


def model_of(options: Namespace) -> Model:
    """Model that the options describe."""
    return define_model(**chosen(options, ModelOptions))


def sampler_of(options: Namespace) -> SamplerSettings:
    """Settings of the sampler, with a seed."""
    return settings_of(chosen(options, SamplerOptions))


def say(text: str) -> None:
    """Print for the person at the terminal."""
    print(text, file=sys.stderr, flush=True)
