"""What an option is: stated once, for functions, command line, manifest and record."""

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from gr4jstan.errors import InputError

Options = TypeVar("Options", bound=Mapping[str, Any])
_Function = TypeVar("_Function", bound=Callable[..., Any])


def yes_or_no(text: str) -> bool:
    """Read the text of a switch; where an option is of this kind, it is one.

    Raises
    ------
    InputError
    """
    word = text.strip().lower()
    if word not in ("yes", "true", "1", "no", "false", "0"):
        raise InputError(f"{text!r} is neither yes nor no")
    return word in ("yes", "true", "1")


@dataclass(frozen=True)
class Option:
    """What there is to say of an option beside its name and type.

    It stands in the annotation of a key of a `TypedDict`: ``seed: Annotated[int, Option(...)]``.

    Parameters
    ----------
    help : str
        The words of the command line, which has no such option where there are none. A default
        other than None is added to them.
    default : object
        What stands for an option that is not given.
    kind : callable
        Makes the value of a text; of a sequence of texts, if the option is repeated.
    metavar : str, optional
        What the command line calls the value.
    choices : tuple of str, optional
        The values there are.
    group : str
        The heading of the command's help that it stands under, where a table has several.
    flag : str
        Its name on the command line, where that is another.
    repeated : bool
        Whether the command line takes it several times.
    of_the_result : bool
        Whether the result depends on it.
    """

    help: str = ""
    default: Any = None
    kind: Callable[[Any], Any] = str
    metavar: str | None = None
    choices: tuple[str, ...] | None = None
    group: str = ""
    flag: str = ""
    repeated: bool = False
    of_the_result: bool = True

    @property
    def is_switch(self) -> bool:
        """Whether the command line takes it without a value."""
        return self.kind is yes_or_no


def table_of(kind: type[Mapping[str, Any]]) -> dict[str, Option]:
    """The options of a `TypedDict` by their names, in its order."""
    return {name: hint.__metadata__[0] for name, hint in kind.__annotations__.items()}


def picked(kind: type[Options], given: Mapping[str, Any]) -> Options:
    """Those of the given options that are of a `TypedDict`."""
    return cast(Options, {name: given[name] for name in table_of(kind) if name in given})


def completed(kind: type[Options], given: Options) -> Options:
    """All options of a `TypedDict`, with the defaults of those that are not given."""
    defaults = {name: option.default for name, option in table_of(kind).items()}
    return cast(Options, defaults | dict(given))


def flag_of(name: str, option: Option) -> str:
    """How the command line writes the name of an option."""
    return f"--{(option.flag or name).replace('_', '-')}"


def takes(kind: type[Mapping[str, Any]]) -> Callable[[_Function], _Function]:
    """Let a function refuse keywords that it does not know, and show those that it knows.

    Parameters
    ----------
    kind : TypedDict
        What the function's ``**options`` are; they take their place in its signature.

    Returns
    -------
    callable
        A decorator. The function raises `InputError` for an unknown keyword.
    """

    def decorate(function: _Function) -> _Function:
        signature = _with_options(inspect.signature(function), kind)

        @functools.wraps(function)
        def checked(*values: Any, **options: Any) -> Any:
            _refuse_unknown(function.__name__, options, signature)
            return function(*values, **options)

        checked.__signature__ = signature  # type: ignore[attr-defined]
        return cast(_Function, checked)

    return decorate


def _with_options(signature: inspect.Signature, kind: type[Mapping[str, Any]]) -> inspect.Signature:
    own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
    added = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=option.default,
            annotation=kind.__annotations__[name].__origin__,
        )
        for name, option in table_of(kind).items()
    ]
    return signature.replace(parameters=[*own, *added])


def _refuse_unknown(function: str, given: Iterable[str], signature: inspect.Signature) -> None:
    known = signature.parameters
    for name in given:
        if name in known:
            continue
        options = [each.name for each in known.values() if each.kind is each.KEYWORD_ONLY]
        near = difflib.get_close_matches(name, options, n=1)
        meant = f"Did you mean {near[0]!r}? " if near else ""
        raise InputError(
            f"{function} has no option {name!r}. {meant}Its options are {', '.join(options)}."
        )
