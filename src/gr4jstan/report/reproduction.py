"""How to repeat a fit: the call and the command that give the same draws."""

import shlex
from typing import Any

from gr4jstan.fitting.options import FitOptions
from gr4jstan.fitting.results import Fit
from gr4jstan.model.priors import prior_numbers
from gr4jstan.options import flag_of, table_of
from gr4jstan.reading.datasets import dataset_names

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
        The period, warm-up and validation period; what model and sampler have in place of the
        defaults, among them the numbers of the priors; and the seed.
    """
    run = fit.run
    start, end = (_day(label) for label in run["period"])
    options: dict[str, Any] = {"start": start, "end": end, "warmup": run["warmup"]}
    if run["validation"] is not None:
        first, last = (_day(label) for label in run["validation"]["period"])
        options |= {"validation_start": first, "validation_end": last}
    if run.get("exclude"):
        options["exclude"] = list(run["exclude"])
    recorded = run["model"] | {"prior_settings": _changed_priors(fit) or None} | run["sampler"]
    recorded |= {"intervals": fit.intervals["asked"]}
    for name, option in table_of(FitOptions).items():
        value = recorded.get(name)
        if option.of_the_result and value is not None and value != option.default:
            options[name] = value
    return options


def python_call(fit: Fit) -> str:
    """The Python statement that repeats a fit."""
    words = [f"{name}={value!r}" for name, value in fit_options(fit).items()]
    return "gr4jstan.fit(\n    " + ",\n    ".join([repr(_source(fit)), *words]) + ",\n)"


def command_line(fit: Fit) -> str:
    """The command that repeats a fit."""
    words, table = [], table_of(FitOptions)
    for name, value in fit_options(fit).items():
        if table[name].is_switch:
            words.append(flag_of(name, table[name]))
            continue
        texts = [str(value)]
        if table[name].repeated:
            pairs = value.items() if isinstance(value, dict) else ()
            texts = [f"{key}={number!r}" for key, number in pairs] or list(value)
        words += [f"{flag_of(name, table[name])} {shlex.quote(text)}" for text in texts]
    return " \\\n  ".join([f"gr4jstan fit {_source(fit)} -o DIR", *words])


def is_built_in(fit: Fit) -> bool:
    """Whether the data are a built-in data set by their name."""
    return fit.run["catchment"] in dataset_names()


def _changed_priors(fit: Fit) -> dict[str, float]:
    """The numbers of the priors that are not the defaults."""
    defaults = prior_numbers(fit.model.spec)
    recorded = fit.run["model"]["prior_settings"]
    return {name: number for name, number in recorded.items() if defaults.get(name) != number}


def _source(fit: Fit) -> str:
    return str(fit.run["catchment"]) if is_built_in(fit) else FILE


def _day(label: str) -> str | int:
    """A date, or the number of "day 17"."""
    return int(label.removeprefix("day ")) if label.startswith("day ") else label
