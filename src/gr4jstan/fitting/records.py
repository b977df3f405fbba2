"""The records of a fit, as types: what its JSON files hold, written or read."""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from gr4jstan.errors import InputError
from gr4jstan.findings import Finding, note

# Labels stand in commands that a report shows for copying.
Day = Annotated[str, msgspec.Meta(pattern=r"\A(\d{4}-\d\d-\d\d|day \d{1,9})\Z")]
Span = Annotated[
    str, msgspec.Meta(pattern=r"\A(\d{4}-\d\d-\d\d:\d{4}-\d\d-\d\d|\d{1,9}:\d{1,9})\Z")
]


class Mode(msgspec.Struct, frozen=True):
    """A mode that the search met, see `gr4jstan.sampling.modes.Mode`."""

    log_density: float
    log_mass: float
    parameters: dict[str, float]


class Start(msgspec.Struct, frozen=True):
    """How NUTS started, see `gr4jstan.sampling.starts.Start`."""

    metric: str
    trouble: str | None
    modes: list[Mode]
    thin: int = 1


class ValidationPeriod(msgspec.Struct, frozen=True):
    """The validation period: its first and last day, and whether the simulation went on into it."""

    period: list[Day]
    observed_days: int
    continued: bool


class Intervals(msgspec.Struct, frozen=True):
    """How far the draws that are reported spread, see `gr4jstan.fitting.robust`.

    What was asked for, what is given, the days that errors are taken to remember each other for,
    and why it is not what was asked for.
    """

    asked: Literal["robust", "model"]
    given: Literal["robust", "model"]
    window: int | None
    reason: str | None


MODEL_INTERVALS = Intervals("model", "model", None, None)


class Run(msgspec.Struct, frozen=True):
    """run.json: settings, versions and hashes that reproduce a run.

    What stands under ``model`` and ``sampler`` are the options of
    `gr4jstan.model.definition.define_model` and `gr4jstan.sampling.settings.SamplerSettings`, which
    check them.
    """

    format: int
    catchment: str
    period: list[Day]
    days: int
    warmup: int
    observed_days: int
    validation: ValidationPeriod | None
    parameters: list[str]
    model: dict[str, Any]
    sampler: dict[str, Any]
    versions: dict[str, str]
    sha256: dict[str, str]
    start: Start
    exclude: list[Span] = []
    intervals: Intervals = MODEL_INTERVALS
    findings: list[Finding] = []


def findings_of(run: dict[str, Any]) -> tuple[Finding, ...]:
    """What was noticed in the data of a run; earlier versions noted the words alone."""
    noted = (note("data", text) for text in run.get("notes", ()))
    return (*noted, *msgspec.convert(run.get("findings", []), list[Finding]))


def intervals_of(run: dict[str, Any]) -> dict[str, Any]:
    """What the intervals of a run allow for; in earlier versions there were the model's alone."""
    found: dict[str, Any] = run.get("intervals") or msgspec.to_builtins(MODEL_INTERVALS)
    return found


class PriorSettings(msgspec.Struct, frozen=True):
    """The option that must stand under ``model`` of a run, where all others have a default."""

    prior_settings: dict[str, float]


class Seed(msgspec.Struct, frozen=True):
    """The option that must stand under ``sampler`` of a run, where all others have a default."""

    seed: int


class ChainSeconds(msgspec.Struct, frozen=True):
    """Where the time of a chain went [s]."""

    warmup: float
    sampling: float
    total: float


class Seconds(msgspec.Struct, frozen=True):
    """Where the time of a fit went [s]; warmup and sampling are sums over the chains."""

    compile: float
    setup: float
    warmup: float
    sampling: float
    chains: list[ChainSeconds]
    nuts_wall: float
    reading: float
    diagnosing: float
    wall: float
    intervals: float = 0.0


class Diagnostics(msgspec.Struct, frozen=True):
    """diagnostics.json: see `gr4jstan.fitting.diagnostics.diagnose`."""

    converged: bool
    reasons: list[str]
    draws: int
    max_rhat: float | None
    min_ess_bulk: float | None
    min_ess_tail: float | None
    divergences: int
    max_treedepth_hits: int
    mean_treedepth: float
    n_leapfrog: int
    ebfmi: list[float | None]
    modes_found: int
    seconds: Seconds


class ProgramData(msgspec.Struct, frozen=True):
    """data.json: what every program takes; others of its data depend on the model."""

    T: int
    P: list[float]
    E: list[float]
    obs_day: list[int]


def as_record(content: dict[str, Any], kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The entries of a record in its order, as they are written.

    Raises
    ------
    msgspec.ValidationError
        If one is missing or of another kind.
    """
    entries: dict[str, Any] = msgspec.to_builtins(msgspec.convert(content, kind))
    return entries


def check_record(
    path: Path, content: dict[str, Any], kind: type[msgspec.Struct], where: str = ""
) -> None:
    """Check what was read from a file; entries that the record does not know are left alone.

    Parameters
    ----------
    path : Path
        The file, for messages.
    content : dict
    kind : type
        One of the records of this module.
    where : str
        Where in the file the content stands, for messages.

    Raises
    ------
    InputError
        Naming the file and the first entry that is missing or of another kind.
    """
    try:
        msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        raise damaged(path, _explain(str(error), content, where)) from None


def read_json(path: Path) -> dict[str, Any]:
    """Read a file that holds a JSON object.

    Raises
    ------
    InputError
        If it is missing or holds anything else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}; is {path.parent} the folder of a fit?"
        ) from None
    # lists in lists in lists come to an end at Python's stack
    except (ValueError, RecursionError) as error:
        raise damaged(path, error) from None
    if not isinstance(content, dict):
        raise damaged(path, "not a JSON object")
    return content


def damaged(path: Path, why: object) -> InputError:
    """The error that refuses a file of a fit."""
    return InputError(f"{path}: damaged ({why}); run the fit again.")


def _explain(message: str, content: Any, where: str) -> str:
    """What msgspec says, such as "Expected `int`, got `str` - at `$.a.b[0]`", with the value."""
    reason, _, place = message.partition(" - at `$")
    names = [where] if where else []
    for name, number in re.findall(r"\.(\w+)|\[(\d+)\]", place):
        names += [name] if name else []
        content = content[name or int(number)]
    missing = re.fullmatch(r"Object missing required field `(\w+)`", reason)
    if missing:
        return f"no entry {'.'.join([*names, missing[1]])}"
    return f"{'.'.join(names)} is {str(content)[:60]!r}"
