"""Options that several commands share.

A default that argparse holds is shown from there; where the code fills it in, the text names it,
and a test holds the two together.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from gr4jstan.fitting.options import IntervalOptions, PeriodOptions
from gr4jstan.model.options import ModelOptions
from gr4jstan.options import Option, flag_of, table_of
from gr4jstan.reading.options import ForcingOptions, ReadingOptions
from gr4jstan.sampling.settings import SamplerOptions

# Names of `gr4jstan.reading.datasets`, which cost an import of pandas.
DATASETS = ("example", "synthetic")

# What stands under the headings of days.
_PERIODS = {
    "period": "DAY is a date, YYYY-MM-DD, a year or month (for its first or last day), or\n"
    "a number from 0 where the file has no dates.",
    "validation": "A period that the calibration does not see, and that is scored as well. One\n"
    "of the two options is enough.",
}

# What argparse completes.
DEFAULT = " (default: %(default)s)"


def add_data(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """The data file."""
    parser.add_argument(
        "data",
        metavar="DATA",
        nargs=None if default is None else "?",
        default=default,
        help="a CSV file of daily values, or the name of a built-in data set: "
        + ", ".join(DATASETS)
        + ("" if default is None else DEFAULT),
    )


def add_output(parser: argparse.ArgumentParser, metavar: str, text: str, force: str) -> None:
    """Where results go, and what may be overwritten."""
    group = parser.add_argument_group("output")
    group.add_argument("-o", "--output", metavar=metavar, required=True, help=text)
    add_force(group, force)


def add_force(group: argparse._ActionsContainer, text: str) -> None:
    """Overwriting."""
    group.add_argument("--force", action="store_true", help=text)


def add_table(
    parser: argparse._ActionsContainer,
    table: Mapping[str, Option],
    words: Mapping[str, str] | None = None,
) -> None:
    """The options of a table.

    Parameters
    ----------
    parser : parser or group
    table : dict of str to Option
        Those without help are not for the command line.
    words : dict of str to str, optional
        Help in place of the table's, by the names of the options.
    """
    for name, option in table.items():
        if not option.help:
            continue
        text = (words or {}).get(name, option.help).replace("%", "%%")
        if option.is_switch:
            parser.add_argument(flag_of(name, option), action="store_true", help=text)
            continue
        text += "" if option.default is None else DEFAULT
        how: dict[str, Any] = {"action": "append", "default": []}
        if not option.repeated:
            kind = None if option.kind is str else option.kind
            how = {"default": option.default, "choices": option.choices, "type": kind}
        parser.add_argument(flag_of(name, option), metavar=option.metavar, help=text, **how)


def add_columns(parser: argparse.ArgumentParser) -> None:
    """The columns of the data, and the period."""
    _add_reading(parser, "data", ReadingOptions)
    add_period(parser, "period")


def add_forcing(parser: argparse.ArgumentParser) -> None:
    """The columns of a file of forcing."""
    _add_reading(parser, "forcing", ForcingOptions)


def _add_reading(
    parser: argparse.ArgumentParser, title: str, kind: type[Mapping[str, Any]]
) -> None:
    group = parser.add_argument_group(
        title,
        "Columns are found by common names, those of airGR, CAMELS and Caravan among\n"
        "them; name those that are not found, or are not the ones to take.",
    )
    add_table(group, table_of(kind))


def add_period(parser: argparse.ArgumentParser, title: str) -> None:
    """The options on days that stand under a heading."""
    table = table_of(PeriodOptions)
    group = parser.add_argument_group(title, _PERIODS.get(title))
    add_table(group, {name: option for name, option in table.items() if option.group == title})


def add_model(parser: argparse.ArgumentParser) -> None:
    """What the Stan program is made of."""
    add_table(parser.add_argument_group("model"), table_of(ModelOptions))


def add_intervals(parser: argparse.ArgumentParser) -> None:
    """What is reported of the draws."""
    add_table(parser.add_argument_group("intervals"), table_of(IntervalOptions))


def add_sampler(parser: argparse.ArgumentParser, words: Mapping[str, str] | None = None) -> None:
    """Settings of NUTS, with other ``words`` where the command has other defaults."""
    group = parser.add_argument_group("sampler")
    add_table(group, table_of(SamplerOptions), words)
    group.add_argument("--no-progress", action="store_true", help="show no progress bars")
