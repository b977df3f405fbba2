"""Completion by the tab key: a script for the user's shell."""

import argparse
from collections.abc import Iterator

import shtab

from gr4jstan.cli.options import DATASETS

_DATA = "_gr4jstan_dataset_or_file"

# bash hands the word that is typed to a function; zsh's functions find it themselves.
_PREAMBLE = {
    "bash": f"""\
{_DATA}() {{
  compgen -W "{" ".join(DATASETS)}" -- "$1"
  compgen -f -- "$1"
}}""",
    "zsh": f"""\
{_DATA}() {{
  _alternative "data-sets:built-in data set:({" ".join(DATASETS)})" "files:file:_files"
}}""",
}


def completion_script(parser: argparse.ArgumentParser, shell: str) -> str:
    """Write the completion of all commands and options.

    Parameters
    ----------
    parser : ArgumentParser
        What an argument stands for is told from its metavar.
    shell : {"bash", "zsh"}

    Returns
    -------
    str
        To be sourced by the shell.
    """
    for action in _all_actions(parser):
        completer = _completer(action.metavar)
        if completer is not None:
            action.complete = completer  # type: ignore[attr-defined]
    return shtab.complete(parser, shell, preamble=_PREAMBLE)  # type: ignore[arg-type]


def _completer(metavar: object) -> object:
    if metavar == "DATA":
        return dict.fromkeys(_PREAMBLE, _DATA)
    if metavar == "DIR":
        return shtab.DIRECTORY
    if isinstance(metavar, str) and metavar.endswith(".csv"):
        return shtab.FILE
    return None


def _all_actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """The arguments of a parser and of its commands."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from _all_actions(each)
