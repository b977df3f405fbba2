"""What the command line says of itself and of its commands, in lines of at most 80 columns."""

from dataclasses import dataclass

ABOUT = """\
Bayesian calibration of the GR4J rainfall-runoff model with Stan: daily
precipitation, potential evapotranspiration and streamflow in, the posterior of
the parameters and bands of the flow out.

start here:
  gr4jstan doctor                   what is installed, and what to do about the
                                    rest: install-cmdstan, if it says so
  gr4jstan fit example -o first     calibrate the built-in catchment, then open
                                    first/report.html in a browser
  gr4jstan fit FILE.csv -o second   your own: a file with the columns date, P, E
                                    and Q [mm/d]; other names and units, too"""

MORE = """\
gr4jstan COMMAND --help explains the options of a command, with examples.

environment:
  CMDSTAN         folder of the CmdStan to use (default: the newest in
                  ~/.cmdstan)
  GR4JSTAN_CACHE  folder of compiled programs (default: gr4jstan in the user's
                  cache folder)

completion of commands and options by the tab key:
  eval "$(gr4jstan --print-completion bash)"    in ~/.bashrc
  eval "$(gr4jstan --print-completion zsh)"     in ~/.zshrc, after compinit

exit codes:
  0  done
  3  sampled but not converged; everything is written all the same
  2  bad input or usage
  1  anything else, such as no CmdStan"""

_BAD = "bad input or usage; nothing is written"
_NO_CMDSTAN = "anything else, such as no CmdStan; nothing is written"
_PLAIN = {0: "done", 2: _BAD, 1: "anything else, such as a full disk; nothing is written"}


@dataclass(frozen=True)
class CommandHelp:
    """The texts around a command's options.

    Parameters
    ----------
    arguments : str
        What follows the command in the usage line.
    summary : str
        One line, without capital and full stop.
    examples : tuple of str
        Command lines, which may be broken by a backslash.
    codes : dict of int to str
        Exit codes and their meaning.
    text : str
        More of what it does.
    """

    arguments: str
    summary: str
    examples: tuple[str, ...]
    codes: dict[int, str]
    text: str = ""

    @property
    def description(self) -> str:
        """What stands above the options."""
        summary = f"{self.summary[0].upper()}{self.summary[1:]}."
        return f"{summary}\n\n{self.text}" if self.text else summary

    @property
    def epilog(self) -> str:
        """What stands below the options."""
        lines = [f"  {line}" for example in self.examples for line in example.splitlines()]
        codes = [f"  {code}  {meaning}" for code, meaning in self.codes.items()]
        return "\n".join(["examples:", *lines, "", "exit codes:", *codes])


COMMANDS = {
    "doctor": CommandHelp(
        arguments="[--json]",
        summary="say what is installed, and what is missing",
        text="""\
Of what is missing it says what to do about it. A small program is compiled and
run to be sure. Nothing is installed.""",
        examples=("gr4jstan doctor", "gr4jstan doctor --json"),
        codes={0: "all is there: models can be compiled", 1: "something is missing", 2: "usage"},
    ),
    "install-cmdstan": CommandHelp(
        arguments="[options]",
        summary="download and build CmdStan, the sampler",
        text="""\
It takes a few minutes and up to 1.6 GB of disk space, once. A CmdStan that is
already there can be used instead: set the environment variable CMDSTAN to its
folder.""",
        examples=("gr4jstan install-cmdstan", "gr4jstan install-cmdstan --source index"),
        codes={
            0: "CmdStan is there",
            2: "usage",
            1: "no download, no compiler, no space; nothing half-made is used",
        },
    ),
    "fit": CommandHelp(
        arguments="DATA -o DIR [options]",
        summary="calibrate: sample the posterior of GR4J",
        text="""\
P, E and Q of a catchment go in. P and E must be complete; days without Q are
simulated, but do not count. Into DIR go:

  report.html               what was fitted, and whether to trust it; read first
  summary.csv               the posterior in numbers
  scores.csv                NSE, KGE, CRPS and others, of each period
  verification.csv          the same by class of flow, season and month
  diagnostics.json          whether it converged, and why not
  run.json                  settings, versions, seed, hash of the data
  posterior.nc, states.nc   the draws, for ArviZ and for gr4jstan predict
  model.stan, data.json     what was sampled""",
        examples=(
            "gr4jstan fit example -o my_fit",
            "gr4jstan fit catchment.csv -o my_fit --start 2001-01-01 --end 2010-12-31 \\\n"
            "    --warmup 1Y --seed 1",
            "gr4jstan fit catchment.csv -o my_fit --end 2009-12-31 \\\n"
            "    --validation-start 2010-01-01",
            "gr4jstan fit gauge.csv -o my_fit --flow-unit m3/s --area 139 --latitude 47.6",
            "gr4jstan fit catchment.csv -o my_fit --error-model student_t \\\n"
            "    --prior x1_upper=3000",
        ),
        codes={
            0: "sampled and converged",
            3: "sampled but not converged; everything is written all the same",
            2: _BAD,
            1: _NO_CMDSTAN,
        },
    ),
    "report": CommandHelp(
        arguments="DIR [--force]",
        summary="write report.html again, from what fit saved",
        examples=("gr4jstan report my_fit --force",),
        codes=_PLAIN,
    ),
    "predict": CommandHelp(
        arguments="DIR FORCING.csv -o OUT.csv [options]",
        summary="predict streamflow for new forcing, with two bands",
        text="""\
OUT.csv gets the date (or day) and, in mm/d:

  Q_median
  Q_param_lower, Q_param_upper   the band of the parameters alone
  Q_total_lower, Q_total_upper   the band of an observation""",
        examples=(
            "gr4jstan predict my_fit forcing.csv -o bands.csv",
            "gr4jstan predict my_fit forcing.csv -o bands.csv --level 0.5 \\\n"
            "    --states spin-up --warmup 2Y",
        ),
        codes=_PLAIN,
    ),
    "simulate": CommandHelp(
        arguments="DATA -o OUT.csv --x1 MM --x2 MM/D --x3 MM --x4 D\n"
        "                         [options]",
        summary="run GR4J once, with given parameters",
        text="""\
OUT.csv gets, for each day, the date (or day), the streamflow Q [mm/d], the
stores S and R at the end of the day [mm], and all other fluxes under airGR's
names in lower case [mm/d]. CmdStan is not needed.""",
        examples=(
            "gr4jstan simulate example -o out.csv --x1 154 --x2 -0.25 --x3 43 --x4 1.33",
            "gr4jstan simulate forcing.csv -o out.csv --x1 350 --x2 0 --x3 90 --x4 1.7 \\\n"
            "    --s0 100 --r0 45",
        ),
        codes=_PLAIN,
    ),
    "fit-many": CommandHelp(
        arguments="MANIFEST.csv -o DIR [options]",
        summary="calibrate many catchments, on all cores or a cluster",
        text="""\
Needs Dask: pip install 'gr4jstan[many]'. MANIFEST.csv has one row a catchment,
with the columns id and file, and any option below that a row sets for itself:
area, flow_unit, start, priors, ... (with underscores; prior_settings for
--prior). The same command goes on where a run stopped, and calibrates again
only what has changed. Into DIR go:

  overview.html                which catchments to look at, and why
  catchments.csv, .parquet     parameters, scores and diagnostics of all
  a folder for each of them    what fit writes, without the report""",
        examples=(
            "gr4jstan fit-many manifest.csv -o many",
            "gr4jstan fit-many manifest.csv -o many --scheduler tcp://10.0.0.1:8786 \\\n"
            "    --seed 1 --full",
        ),
        codes={
            0: "every catchment converged",
            3: "some did not, or failed; see catchments.csv",
            2: "bad manifest or usage",
            1: "anything else, such as no CmdStan, no scheduler, or interrupted",
        },
    ),
    "compare": CommandHelp(
        arguments="[DATA] -o DIR [options]",
        summary="run the blog post's experiment, side by side",
        text="""\
"It's Hard to Optimize Recurrent Models in PyMC3" (2018) sampled GR4J with the
full gradient, with one truncated after 5 days, and with every 5th observation
only. Into DIR go the four figures of the post, a table (comparison.csv, .md,
.json) and a folder for each variant. The truncated ones take long;
--truncated-draws shortens them.""",
        examples=(
            "gr4jstan compare -o experiment --truncated-draws 100",
            "gr4jstan compare post.csv -o experiment --sigma 0.2 --true-x1 320.11",
        ),
        codes={0: "all variants ran, converged or not", 2: _BAD, 1: _NO_CMDSTAN},
    ),
    "export": CommandHelp(
        arguments="[DATA] -o DIR [options]",
        summary="write program and data, for CmdStan alone",
        text="""\
Or for CmdStanR. Into DIR go gr4j.stan, data.json, inits.json (a plausible
start), the executable gr4j, the C++ header that the gradient needs, and
README.txt, which says how to run and to rebuild it.""",
        examples=(
            "gr4jstan export -o program",
            "gr4jstan export catchment.csv -o program --gradient autodiff --priors uniform",
        ),
        codes={0: "done", 2: _BAD, 1: _NO_CMDSTAN},
    ),
}
