"""Spans of days as the user writes them: FIRST:LAST."""

from collections.abc import Iterable, Sequence
from typing import Any

from gr4jstan.errors import InputError

EXCLUDE = "--exclude (exclude=)"

Spans = str | Sequence[Any]


def split_spans(texts: Iterable[str]) -> tuple[str, ...] | None:
    """Take the words of a command line or of a manifest's cell apart, at blanks, ';' and ','."""
    words = (word for text in texts for word in text.replace(";", " ").replace(",", " ").split())
    return tuple(words) or None


def parse_spans(given: Spans) -> tuple[tuple[Any, Any], ...]:
    """First and last days of spans.

    Parameters
    ----------
    given : str or sequence
        ``"FIRST:LAST"``, or several of them, or pairs (first, last).

    Raises
    ------
    InputError
        What is given is no span.
    """
    if isinstance(given, str):
        given = split_spans([given]) or ()
    if not isinstance(given, Iterable):
        raise _unreadable(given)
    return tuple(_pair(each) for each in given)


def _pair(given: Any) -> tuple[Any, Any]:
    if isinstance(given, str):
        ends = [end.strip() for end in given.split(":")]
        if len(ends) != 2 or not all(ends):
            raise _unreadable(given)
        return ends[0], ends[1]
    if isinstance(given, Sequence) and len(given) == 2:
        return given[0], given[1]
    raise _unreadable(given)


def _unreadable(given: Any) -> InputError:
    return InputError(
        f"{EXCLUDE}: {given!r} is not a span of days; write it as FIRST:LAST, as in "
        "2011-08-24:2012-06-19"
    )
