"""How to repeat a fit: the call and the command that give the same draws."""

import shlex
from typing import Any

from gr4jstan.fitting.results import Fit
from gr4jstan.model.priors import prior_numbers
from gr4jstan.reading.datasets import dataset_names
from gr4jstan.sampling.settings import SamplerSettings

# What stands for the user's file.
FILE = "DATA.csv"


def fit_options(fit: Fit) -> dict[str, Any]:
    """Keyword arguments of `gr4jstan.fit` that repeat a fit on the same data.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    dict
        The period, warm-up and validation period; the model, and what its priors have in place of
        the default numbers; the sampler's settings that are not the defaults; and the seed.
    """
    run = fit.run
    start, end = (_day(label) for label in run["period"])
    options: dict[str, Any] = {"start": start, "end": end, "warmup": run["warmup"]}
    if run["validation"] is not None:
        options["validation"] = tuple(_day(label) for label in run["validation"]["period"])
    usual = {"structure": "gr4j", "gradient": "adjoint", "subsample": 1}
    for name, value in run["model"].items():
        if name == "prior_settings":
            defaults = prior_numbers(fit.model.spec)
            changed = {key: x for key, x in value.items() if defaults.get(key) != x}
            if changed:
                options[name] = changed
        elif value is not None and usual.get(name) != value:
            options[name] = value
    usual = SamplerSettings(iter_warmup=None).as_dict() | {"seed": None}
    for name, value in run["sampler"].items():
        # draws do not depend on how many chains run at once
        if name != "parallel_chains" and usual[name] != value:
            options[name] = value
    return options


def python_call(fit: Fit) -> str:
    """The Python statement that repeats a fit."""
    words = [f"{name}={value!r}" for name, value in fit_options(fit).items()]
    return "gr4jstan.fit(\n    " + ",\n    ".join([repr(_source(fit)), *words]) + ",\n)"


def command_line(fit: Fit) -> str:
    """The command that repeats a fit."""
    words = []
    for name, value in fit_options(fit).items():
        if name == "validation":
            words += [f"--validation-start {value[0]}", f"--validation-end {value[1]}"]
        elif name == "prior_settings":
            words += [f"--prior {key}={number!r}" for key, number in value.items()]
        else:
            words.append(f"--{name.replace('_', '-')} {shlex.quote(str(value))}")
    return " \\\n  ".join([f"gr4jstan fit {_source(fit)} -o DIR", *words])


def is_built_in(fit: Fit) -> bool:
    """Whether the data are a built-in data set by their name."""
    return fit.run["catchment"] in dataset_names()


def _source(fit: Fit) -> str:
    return str(fit.run["catchment"]) if is_built_in(fit) else FILE


def _day(label: str) -> str | int:
    """A date, or the number of "day 17"."""
    return int(label.removeprefix("day ")) if label.startswith("day ") else label
