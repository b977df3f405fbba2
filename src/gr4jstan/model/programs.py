"""The Stan programs: which variants there are, and their rendered source."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from gr4jstan.errors import InputError
from gr4jstan.structures.catalogue import STRUCTURES
from gr4jstan.structures.structure import Structure

Gradient = Literal["adjoint", "autodiff", "truncated"]
TruncateMode = Literal["last", "chunk"]
ErrorModelName = Literal["gaussian", "boxcox", "linear", "student_t", "boxcox_lambda"]
Priors = Literal["default", "uniform", "airgr-sls"]
InitialStates = Literal["estimated", "fixed"]

# C++ of each gradient, in the order of inclusion.
_HEADERS: dict[str, tuple[str, ...]] = {
    "adjoint": (
        "cpp/hydrographs.hpp",
        "cpp/production.hpp",
        "cpp/routing/{structure}.hpp",
        "cpp/sweep.hpp",
        "cpp/censoring.hpp",
        "likelihoods/{error_model}.hpp",
        "cpp/adjoint.hpp",
    ),
    "autodiff": (),
    "truncated": ("cpp/stop_gradient.hpp",),
}

# The header's namespace follows from it, so every copy of a program that is compiled keeps it.
PROGRAM_NAME = "gr4j"
HEADER_NAME = "gr4j_external.hpp"


@dataclass(frozen=True)
class ProgramSpec:
    """What distinguishes one Stan program from another; everything else is data.

    Parameters
    ----------
    structure : str
        Name in the table of structures.
    gradient : {"adjoint", "autodiff", "truncated"}
        Exact gradient by the hand-written adjoint or on Stan's tape, or exact density with a
        truncated gradient.
    truncate_mode : {"last", "chunk"}, optional
        For ``truncated``: gradients through the last steps of the series only, or within
        consecutive chunks.
    error_model : {"gaussian", "boxcox", "linear", "student_t", "boxcox_lambda"}
        Distribution of the observations around the simulated streamflow.
    known_sigma : bool
        Whether the standard deviation of the errors is data; ``gaussian`` only.
    priors : {"default", "uniform", "airgr-sls"}
        Family of the priors.
    initial_states : {"estimated", "fixed"}
        Whether the stores before the first day are parameters.

    Raises
    ------
    InputError
        If a value is not among those listed or does not go with another.
    """

    gradient: Gradient = "adjoint"
    truncate_mode: TruncateMode | None = None
    error_model: ErrorModelName = "gaussian"
    known_sigma: bool = False
    priors: Priors = "default"
    initial_states: InitialStates = "estimated"
    structure: str = "gr4j"

    @property
    def table(self) -> Structure:
        """What the table of structures says of the one that is sampled."""
        return STRUCTURES[self.structure]

    def __post_init__(self) -> None:
        for name, allowed in (CHOICES | {"structure": tuple(STRUCTURES)}).items():
            value = getattr(self, name)
            if value not in allowed and not (name == "truncate_mode" and value is None):
                raise InputError(f"{name} is {value!r}; choose one of {', '.join(allowed)}.")
        if (self.gradient == "truncated") != (self.truncate_mode is not None):
            raise InputError(
                f"truncate_mode is {self.truncate_mode!r} with gradient {self.gradient!r}; "
                "a truncated gradient needs a mode (last or chunk), the others have none."
            )
        # the command line reads the choices above and cannot wait for numpy and scipy
        from gr4jstan.error_models.catalogue import ERROR_MODELS

        errors = ERROR_MODELS[self.error_model]
        if self.known_sigma and not errors.known_sigma:
            able = " or ".join(name for name, each in ERROR_MODELS.items() if each.known_sigma)
            raise InputError(
                f"sigma is known but error_model is {self.error_model!r}; "
                f"only the standard deviation of {able} errors can be known."
            )
        if self.priors == "airgr-sls" and not errors.reference_prior:
            able = " or ".join(name for name, each in ERROR_MODELS.items() if each.reference_prior)
            raise InputError(
                f"error_model is {self.error_model!r} but priors are 'airgr-sls', "
                f"which are those of {able} errors; leave one of them at its default."
            )

    @property
    def sigma_prior(self) -> Literal["known", "half-normal", "reference"]:
        """What is assumed of sigma; the reference prior is 1 / sigma."""
        if self.known_sigma:
            return "known"
        return "reference" if self.priors == "airgr-sls" else "half-normal"


CHOICES: dict[str, tuple[str, ...]] = {
    "gradient": get_args(Gradient),
    "truncate_mode": get_args(TruncateMode),
    "error_model": get_args(ErrorModelName),
    "priors": get_args(Priors),
    "initial_states": get_args(InitialStates),
}


@dataclass(frozen=True)
class Program:
    """Source of a Stan program and, if it needs one, of its C++ header."""

    code: str
    header: str | None


def stan_folder() -> Path:
    """Folder of the Stan sources: inside the installed package, or of the checkout."""
    package = Path(__file__).parents[1]
    installed = package / "stan"
    return installed if installed.is_dir() else package.parents[1] / "stan"


def initial_states_block(spec: ProgramSpec) -> str:
    """Name of the template for the initial states: the post's priors are on the stores in mm."""
    if spec.initial_states == "fixed":
        return "fixed"
    return "stores" if spec.priors == "uniform" else "fractions"


@functools.cache
def render_program(spec: ProgramSpec) -> Program:
    """Render the Stan program of a specification.

    Returns
    -------
    Program
        Self-contained source; it compiles under the file name ``gr4j.stan``.
    """
    import jinja2

    from gr4jstan.error_models.catalogue import ERROR_MODELS

    folder, table = stan_folder(), spec.table
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    functions = (
        "functions/unit_hydrographs",
        "functions/production",
        f"structures/{table.name}",
        "functions/censoring",
    )
    code = environment.get_template("calibrate.stan.j2").render(
        functions="\n".join(_read(table, f"{name}.stan") for name in functions).rstrip("\n"),
        structure=table.name,
        table=table,
        gradient=spec.truncate_mode or spec.gradient,
        error_model=spec.error_model,
        errors=ERROR_MODELS[spec.error_model].density_numbers,
        sigma_prior=spec.sigma_prior,
        priors=spec.priors,
        initial_states=initial_states_block(spec),
    )
    return Program(code=code, header=_joined(spec, _HEADERS[spec.gradient]) or None)


@functools.cache
def render_daily_scores(spec: ProgramSpec) -> str:
    """The C++ of a library with the scores of days, see `gr4jstan.model.daily_scores`."""
    *kernel, _binding = _HEADERS["adjoint"]
    return _joined(spec, (*kernel, "cpp/tangent.hpp", "cpp/daily_scores.cpp"))


def _joined(spec: ProgramSpec, names: tuple[str, ...]) -> str:
    return "\n".join(
        _read(spec.table, name.format(error_model=spec.error_model, structure=spec.structure))
        for name in names
    )


def _read(table: Structure, name: str) -> str:
    """A source; a structure that is not ours has its own elsewhere."""
    folders = [Path(table.folder), stan_folder()] if table.folder else [stan_folder()]
    found = next(place / name for place in folders if (place / name).is_file())
    return found.read_text(encoding="utf-8").replace("STRUCTURE", table.name)
