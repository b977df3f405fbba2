"""Findings: what was noticed in data, draws or model, as records with a code."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["unfit", "warning", "note"]

# From the gravest on.
SEVERITIES: tuple[Severity, ...] = ("unfit", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """Something that speaks against relying on data or model, or that should be known.

    Parameters
    ----------
    code : str
        What kind it is, for programs; ``docs/troubleshooting.md`` explains each.
    severity : {"unfit", "warning", "note"}
        The model does not fit; it may not be relied on in some respect; for information.
    text : str
        What was found, and what to do.
    dates : tuple of str
        The days that it is about: ``FIRST:LAST`` each, as ``--exclude`` takes them.
    """

    code: str
    severity: Severity
    text: str
    dates: tuple[str, ...] = ()


def note(code: str, text: str, *dates: str) -> Finding:
    """For information."""
    return Finding(code, "note", text, dates)


def warning(code: str, text: str, *dates: str) -> Finding:
    """It may not be relied on in some respect."""
    return Finding(code, "warning", text, dates)


def by_severity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, the gravest first, else in their order."""
    return tuple(sorted(findings, key=lambda each: SEVERITIES.index(each.severity)))


def gravest(findings: Iterable[Finding]) -> Severity | None:
    """The severity of the gravest of the findings; None where there are none."""
    return min((each.severity for each in findings), key=SEVERITIES.index, default=None)
