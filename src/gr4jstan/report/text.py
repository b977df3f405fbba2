"""The words and numbers of the report."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gr4jstan.fitting.diagnostics import MAX_RHAT, MAX_SHARE, MIN_ESS
from gr4jstan.fitting.results import Fit
from gr4jstan.numerals import DASH, decimals, number, percent, readable
from gr4jstan.scoring.scores import SCORES
from gr4jstan.scoring.uniformity import independent_days
from gr4jstan.structures.structure import Structure

# Below it, the energy hardly moves (Betancourt 2016).
MIN_EBFMI = 0.3

PRIORS = {
    "default": "weakly informative, with the central 80 % of the catchments of Perrin et al. "
    "(2003)",
    "uniform": "uniform within bounds",
    "airgr-sls": "those of airGR's vignette on MCMC: flat on transformed parameters",
}

INITIAL_STATES = {
    "estimated": "the stores before the first day are estimated",
    "fixed": "the stores start at fixed fractions of their capacities",
}

_Q90 = 1.2815515655446004


@dataclass(frozen=True)
class Check:
    """A diagnostic of the sampler beside its threshold."""

    question: str
    value: str
    threshold: str
    passed: bool
    meaning: str


def facts(fit: Fit) -> list[tuple[str, str]]:
    """What was fitted: headings and their text."""
    run, model = fit.run, fit.model
    observed = run["observed_days"]
    found = [
        ("Catchment", str(run["catchment"])),
        ("Calibration", f"{run['period'][0]} to {run['period'][1]}, {run['days']} days"),
        ("Warm-up", f"the first {run['warmup']} days are simulated but do not count")
        if run["warmup"]
        else ("Warm-up", "none: all days count"),
        ("Observations", f"on {observed} of these {run['days'] - run['warmup']} days"),
    ]
    if model.subsample > 1:
        found.append(("Subsample", f"only every {model.subsample}th day is used"))
    if run["validation"] is not None:
        validation = run["validation"]
        how = (
            "the simulation goes on from the calibration"
            if validation["continued"]
            else "after a spin-up from the first day of the data"
        )
        found.append(
            (
                "Validation",
                f"{validation['period'][0]} to {validation['period'][1]}, "
                f"{validation['observed_days']} observed days that the calibration has not seen; "
                f"{how}",
            )
        )
    errors = model.errors.words.format(**model.numbers)
    if model.sigma is not None:
        errors += f"; their standard deviation is given, {model.sigma:g} mm/d"
    found += [
        ("Model", _model_words(model.structure)),
        ("Error model", f"{model.spec.error_model}: {errors}"),
        ("Priors", f"{model.spec.priors}: {PRIORS[model.spec.priors]}"),
        ("Initial states", INITIAL_STATES[model.spec.initial_states]),
    ]
    return found


def _model_words(table: Structure) -> str:
    count = {4: "four", 5: "five", 6: "six"}[len(table.parameters)]
    return f"{table.title} ({table.source}), daily, {count} parameters"


def parameter_rows(fit: Fit) -> list[dict[str, str]]:
    """Rows of the table of parameters, rounded to two digits of the standard deviation."""
    table = fit.model.structure
    meanings = {each.name: each.meaning for each in table.parameters}
    for store in table.stores:
        meanings[store.initial] = f"water in the {store.title} before the first day"
    meanings |= {each.name: each.meaning for each in fit.model.errors.parameters}
    rows = []
    for name, row in fit.summary().iterrows():
        digits = decimals(row["sd"])
        rows.append(
            {
                "name": str(name),
                "unit": fit.model.units[str(name)],
                "meaning": meanings[str(name)],
                "median": number(row["median"], digits),
                "q5": number(row["q5"], digits),
                "q95": number(row["q95"], digits),
                "prior": prior_words(str(name), fit),
                "r_hat": number(row["r_hat"], 3),
                "ess": number(min(row["ess_bulk"], row["ess_tail"]), 0),
            }
        )
    return rows


def interval_words(fit: Fit) -> str:
    """What the intervals of the parameters mean, for a hydrologist."""
    if fit.intervals["given"] == "robust":
        widening = fit.summary()["widening"]
        return (
            "The 90 % intervals allow for errors that last from one day to the next, as those of "
            f"rivers do: they are {readable(widening.min())} to {readable(widening.max())} times "
            "as wide as if every day's error were a new one. Where the structure of the model is "
            "right, they hold the true value in about nine cases of ten. They cannot know how the "
            "catchment will change, or what the model leaves out."
        )
    return (
        "Given model, priors and data, and if the errors of different days are independent, the "
        "parameter lies in its 90 % interval with a probability of 90 %."
    )


def worth_words(fit: Fit) -> str:
    """How many independent days the parameters are learnt from."""
    days, phi = fit.run["observed_days"], fit.error_correlation
    return (
        f"Errors of neighbouring days are correlated ({phi:.2f}): the {days} observed days are "
        f"worth about {independent_days(days, phi)} independent ones."
    )


def prior_words(name: str, fit: Fit) -> str:
    """The prior of a parameter: its central 80 %, or its bounds."""
    numbers = fit.model.numbers | {
        key: value for key, value in fit.data.items() if key.endswith("_scale")
    }
    low, high = (numbers.get(f"{name}_{side}", math.nan) for side in ("lower", "upper"))
    if fit.model.spec.priors == "uniform" and not math.isnan(low):
        return f"uniform, {readable(low)} to {readable(high)}"
    if fit.model.spec.priors == "airgr-sls" and name in fit.model.structure.names:
        scale = {each.name: each.scale for each in fit.model.structure.parameters}[name]
        shown = name if scale == "linear" else f"{scale} {name}"
        return f"flat in {shown}, {readable(low)} to {readable(high)}"
    if f"{name}_log_mean" in numbers:
        mean, sd = numbers[f"{name}_log_mean"], numbers[f"{name}_log_sd"]
        low, high = math.exp(mean - _Q90 * sd), math.exp(mean + _Q90 * sd)
        return f"80 % in {readable(low)} to {readable(high)}"
    if f"{name}_mean" in numbers:
        mean, sd = numbers[f"{name}_mean"], numbers[f"{name}_sd"]
        return f"80 % in {readable(mean - _Q90 * sd)} to {readable(mean + _Q90 * sd)}"
    if f"{name}_fraction_alpha" in numbers:
        shape = (numbers[f"{name}_fraction_alpha"], numbers[f"{name}_fraction_beta"])
        store = {each.initial: each.capacity for each in fit.model.structure.stores}[name]
        return f"Beta({shape[0]:g}, {shape[1]:g}) times {store}"
    if fit.model.spec.sigma_prior == "reference":
        return f"flat in log {name}"
    (parameter,) = (each for each in fit.model.errors.parameters if each.name == name)
    assert parameter.prior is not None
    return parameter.prior(numbers)


def score_rows(fit: Fit) -> tuple[list[str], list[dict[str, Any]]]:
    """Names of the periods, and the rows of the table of scores."""
    scores = fit.scores()
    periods = list(dict.fromkeys(scores.index.get_level_values("period")))
    rows = []
    for name, score in SCORES.items():
        cells = [score_text(scores.loc[(period, name)]) for period in periods]
        unit = "" if score.unit == "-" else f" [{score.unit}]"
        rows.append({"label": score.label + unit, "cells": cells, "meaning": score.meaning})
    return periods, rows


def score_text(row: pd.Series) -> str:
    """A score and, where it has one, its 90 % interval."""
    text = number(row["value"], 3)
    if math.isnan(row["q5"]):
        return text
    return f"{text} ({number(row['q5'], 3)} to {number(row['q95'], 3)})"


def checks(fit: Fit) -> list[Check]:
    """The diagnostics of the sampler, in words."""
    return [*_checks_of_draws(fit.diagnostics), *_checks_of_moves(fit.diagnostics)]


def _checks_of_draws(found: dict[str, Any]) -> list[Check]:
    """What the draws are worth."""
    rhat, bulk, tail = (found[k] for k in ("max_rhat", "min_ess_bulk", "min_ess_tail"))
    return [
        Check(
            "Do the chains agree?",
            DASH if rhat is None else f"R-hat {rhat:.4f}",
            f"below {MAX_RHAT}",
            rhat is not None and rhat < MAX_RHAT,
            "Chains started in different places: R-hat compares the spread between them with that "
            "within. 1 means that they have forgotten where they started.",
        ),
        Check(
            "Are there enough draws for medians and means?",
            DASH if bulk is None else f"bulk ESS {bulk:.0f}",
            f"at least {MIN_ESS}",
            bulk is not None and bulk >= MIN_ESS,
            "Successive draws resemble each other; the effective sample size says how many "
            "independent ones they are worth.",
        ),
        Check(
            "And for the ends of the intervals?",
            DASH if tail is None else f"tail ESS {tail:.0f}",
            f"at least {MIN_ESS}",
            tail is not None and tail >= MIN_ESS,
            "The same for the quantiles of 5 and 95 %.",
        ),
    ]


def _checks_of_moves(found: dict[str, Any]) -> list[Check]:
    """Whether the sampler went everywhere."""
    draws = found["draws"]
    energies = [value for value in found["ebfmi"] if value is not None]
    ebfmi = min(energies) if len(energies) == len(found["ebfmi"]) else None

    def share(count: int) -> str:
        return f"{count} of {draws}"

    most = f"at most {percent(MAX_SHARE)}"
    return [
        Check(
            "Could the sampler follow the posterior?",
            share(found["divergences"]) + " draws diverged",
            most,
            found["divergences"] <= MAX_SHARE * draws,
            "A divergent draw ran into a corner too sharp for the step size; near it, draws may be "
            "missing.",
        ),
        Check(
            "Did it go far enough?",
            share(found["max_treedepth_hits"]) + " draws at the maximum tree depth",
            most,
            found["max_treedepth_hits"] <= MAX_SHARE * draws,
            "At that depth a draw was cut short, and chains move slowly.",
        ),
        Check(
            "Is there a single mode?",
            str(found["modes_found"]),
            "1",
            found["modes_found"] == 1,
            "Separate sets of parameters that explain the data about equally well are not averaged "
            "silently.",
        ),
        Check(
            "Did the energy move?",
            DASH if ebfmi is None else f"E-BFMI {ebfmi:.2f}",
            f"at least {MIN_EBFMI} (advice)",
            ebfmi is not None and ebfmi >= MIN_EBFMI,
            "Small values mean that the tails of the posterior are visited rarely.",
        ),
    ]


def trust_words(fit: Fit) -> list[str]:
    """The model against the calendar, in sentences."""
    found = []
    scores = fit.scores()["value"]
    for period in dict.fromkeys(scores.index.get_level_values("period")):
        values = scores[period]
        usual = values["nse_climatology"]
        yardstick = (
            f"the mean flow of the same calendar days in other years reaches {usual:.2f}"
            if not math.isnan(usual)
            else "the mean flow alone reaches 0 (one year of record gives no other yardstick)"
        )
        text = f"In the {period} period the NSE is {values['nse']:.2f}, while {yardstick}."
        if not math.isnan(values["crps_skill"]):
            better = "smaller" if values["crps_skill"] > 0 else "larger"
            text += (
                f" The error of the predictions with their bands (CRPS) is "
                f"{percent(abs(values['crps_skill']))} {better} than the calendar's."
            )
        text += (
            f" The 95 % band holds {percent(values['coverage_95'], 1)} of the observations, "
            f"and the volume is off by {percent(values['bias'], 1, '+')}."
        )
        found.append(text)
    return found


def times(fit: Fit) -> list[tuple[str, str]]:
    """Where the seconds went."""
    seconds = fit.diagnostics["seconds"]
    named = {
        "compile": "compiling the programs (nothing, if done before)",
        "setup": "looking for the mode",
        "nuts_wall": "sampling",
        "diagnosing": "diagnosing",
        "wall": "in all",
    }
    return [(text, f"{seconds[key]:.1f} s") for key, text in named.items() if key in seconds]
