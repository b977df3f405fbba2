"""A model to be sampled: the structure of its program and the numbers that are data."""

import math
from dataclasses import dataclass, replace
from typing import Unpack

from gr4jstan.error_models.catalogue import ERROR_MODELS
from gr4jstan.error_models.error_model import LIMIT, ErrorModel, ErrorParameter
from gr4jstan.errors import InputError
from gr4jstan.model.options import ModelOptions
from gr4jstan.model.priors import prior_numbers
from gr4jstan.model.programs import ProgramSpec
from gr4jstan.options import completed, takes
from gr4jstan.structures.structure import Structure


@dataclass(frozen=True)
class Model:
    """Structure of the Stan program and the settings that reach it as data.

    Parameters
    ----------
    spec : ProgramSpec
        What is rendered.
    numbers : dict of str to float
        Bounds and scales of the priors, and constants of the error model.
    sigma : float or None
        Known standard deviation of the errors [mm/d]; None when it is estimated.
    truncate_steps : int or None
        Days that a truncated gradient reaches back.
    subsample : int
        Only every ``subsample``-th day's observation counts, from the first day on.
    """

    spec: ProgramSpec
    numbers: dict[str, float]
    sigma: float | None
    truncate_steps: int | None
    subsample: int

    @property
    def structure(self) -> Structure:
        """What the table of structures says of the one that is sampled."""
        return self.spec.table

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the quantities reported: parameters, with the initial stores in mm."""
        stores = () if self.spec.initial_states == "fixed" else self.structure.initial
        return (*self.structure.names, *stores, *self.error_parameters)

    @property
    def error_parameters(self) -> tuple[str, ...]:
        """Names of the parameters of the error model that are estimated."""
        return tuple(each.name for each in self.estimated_errors)

    @property
    def estimated_errors(self) -> tuple[ErrorParameter, ...]:
        """The parameters themselves: all of the error model's, unless sigma is known."""
        return () if self.sigma is not None else self.errors.parameters

    @property
    def errors(self) -> ErrorModel:
        """What the table of error models says of the one that is sampled."""
        return ERROR_MODELS[self.spec.error_model]

    def with_limit(self, limit: float) -> "Model":
        """The model of observations with a limit [mm/d], unless it has one."""
        if self.numbers[LIMIT] > 0:
            return self
        return replace(self, numbers=self.numbers | {LIMIT: limit})

    @property
    def units(self) -> dict[str, str]:
        """Units of `parameters`; "-" for those that have none."""
        known = {each.name: each.unit for each in self.structure.parameters}
        known |= dict.fromkeys(self.structure.initial, "mm")
        known |= {each.name: each.unit.format(**self.numbers) for each in self.errors.parameters}
        return {name: known[name] for name in self.parameters}


@takes(ModelOptions)
def define_model(**options: Unpack[ModelOptions]) -> Model:
    """Check the options of a model and fill in what follows from them.

    By default the error model is ``boxcox``, but ``gaussian`` where sigma is known or the priors
    are ``airgr-sls``; the initial states are ``estimated``, but ``fixed`` with ``airgr-sls``.

    Parameters
    ----------
    **options
        Those of the model, see `gr4jstan.fit`.

    Raises
    ------
    InputError
        If an option is unknown, out of range, or does not go with another.
    """
    given = completed(ModelOptions, options)
    gradient, truncate_mode = given["gradient"], given["truncate_mode"]
    truncate_steps, subsample = given["truncate_steps"], given["subsample"]
    error_model, sigma, priors = given["error_model"], given["sigma"], given["priors"]
    initial_states = given["initial_states"]
    if gradient == "truncated":
        truncate_mode = truncate_mode or "last"
        truncate_steps = 5 if truncate_steps is None else truncate_steps
        if truncate_steps < 1:
            raise InputError(f"truncate_steps is {truncate_steps}; it must be at least 1 day.")
    elif truncate_steps is not None:
        raise InputError(
            f"truncate_steps is {truncate_steps} but gradient is {gradient!r}; "
            "only gradient 'truncated' is truncated."
        )
    if subsample < 1:
        raise InputError(f"subsample is {subsample}; it must be at least 1 (every day).")
    if sigma is not None and not (math.isfinite(sigma) and sigma > 0):
        raise InputError(f"sigma is {sigma:g}; a known standard deviation must be above 0 mm/d.")
    if error_model is None:
        error_model = "boxcox" if sigma is None and priors != "airgr-sls" else "gaussian"
    if initial_states is None:
        initial_states = "fixed" if priors == "airgr-sls" else "estimated"
    spec = ProgramSpec(
        gradient=gradient,
        truncate_mode=truncate_mode,
        error_model=error_model,
        known_sigma=sigma is not None,
        priors=priors,
        initial_states=initial_states,
        structure=given["structure"],
    )
    return Model(
        spec=spec,
        numbers=prior_numbers(spec, given["prior_settings"]),
        sigma=None if sigma is None else float(sigma),
        truncate_steps=truncate_steps,
        subsample=subsample,
    )
