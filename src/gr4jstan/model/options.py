"""The options of a model: its program, its priors, and which observations count."""

from collections.abc import Mapping, Sequence
from typing import Annotated, TypedDict

from gr4jstan.errors import InputError
from gr4jstan.model.programs import (
    CHOICES,
    ErrorModelName,
    Gradient,
    InitialStates,
    Priors,
    ProgramSpec,
    TruncateMode,
)
from gr4jstan.options import Option


def parse_prior_settings(pairs: Sequence[str]) -> dict[str, float]:
    """Read NAME=NUMBER.

    Raises
    ------
    InputError
        If a text is not of this form.
    """
    settings = {}
    for text in pairs:
        name, _, number = text.partition("=")
        try:
            settings[name.strip()] = float(number)
        except ValueError:
            raise InputError(f"{text!r}: write it as NAME=NUMBER, as in x1_upper=3000") from None
    return settings


class ModelOptions(TypedDict, total=False):
    """Options of `gr4jstan.model.definition.define_model`."""

    # the command has no choice among structures
    structure: Annotated[str, Option(default=ProgramSpec.structure)]
    error_model: Annotated[
        ErrorModelName | None,
        Option(
            "distribution of the observations around the simulated flow: normal (gaussian), "
            "normal after a Box-Cox transformation (boxcox; boxcox_lambda estimates its exponent), "
            "normal with an sd that grows with the flow (linear), or Student's t (default: boxcox; "
            "gaussian with --sigma and with priors airgr-sls)",
            choices=CHOICES["error_model"],
        ),
    ]
    sigma: Annotated[
        float | None,
        Option(
            "known standard deviation of Gaussian errors [mm/d] (default: estimated)",
            kind=float,
            metavar="SD",
        ),
    ]
    priors: Annotated[
        Priors,
        Option(
            "called default: weakly informative, with the central 80 % as in Perrin et al. 2003; "
            "uniform: within the bounds of the blog post; airgr-sls: flat in airGR's transformed "
            "parameters",
            default=ProgramSpec.priors,
            choices=CHOICES["priors"],
        ),
    ]
    prior_settings: Annotated[
        Mapping[str, float] | None,
        Option(
            "a bound or scale of the priors, in the parameter's unit, or boxcox_lambda: "
            "x1_upper=3000; may be repeated; a NAME that is not known is answered with those that "
            "are (default: those that --priors stands for)",
            kind=parse_prior_settings,
            metavar="NAME=NUMBER",
            flag="prior",
            repeated=True,
        ),
    ]
    initial_states: Annotated[
        InitialStates | None,
        Option(
            "the two stores before the first day: parameters (estimated), or 30 and 50 % full "
            "(fixed) (default: estimated; fixed with priors airgr-sls)",
            choices=CHOICES["initial_states"],
        ),
    ]
    subsample: Annotated[
        int,
        Option(
            "use the observation of every N-th day only, a number of days",
            default=1,
            kind=int,
            metavar="N",
        ),
    ]
    gradient: Annotated[
        Gradient,
        Option(
            "how the gradient is computed: exactly and fast (adjoint), exactly by Stan's "
            "automatic differentiation (autodiff), or cut short, for experiments (truncated)",
            default=ProgramSpec.gradient,
            choices=CHOICES["gradient"],
        ),
    ]
    truncate_mode: Annotated[
        TruncateMode | None,
        Option(
            "with --gradient truncated: through the last K days of the series only (last), or "
            "within chunks of K days (chunk) (default: last)",
            choices=CHOICES["truncate_mode"],
        ),
    ]
    truncate_steps: Annotated[
        int | None,
        Option(
            "with --gradient truncated: number of days that it reaches back (default: 5)",
            kind=int,
            metavar="K",
        ),
    ]
