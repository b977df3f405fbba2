"""Options that several commands share.

A default that argparse holds is shown from there; where the code fills it in, the text names it,
and a test holds the two together.
"""

import argparse

from gr4jstan.model.programs import CHOICES, ProgramSpec
from gr4jstan.sampling.settings import SamplerSettings

# Names of `gr4jstan.reading.datasets` and units of `gr4jstan.reading.flow_units`, which cost an
# import of pandas.
DATASETS = ("example", "synthetic")
FLOW_UNITS = ("mm/d", "m3/s", "l/s", "cfs")

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


def add_columns(parser: argparse.ArgumentParser) -> None:
    """The columns of the data, and the period."""
    group = _add_forcing(parser, "data")
    group.add_argument(
        "--discharge-column",
        metavar="NAME",
        help="column of the streamflow (default: Q, Qobs, discharge or another common name)",
    )
    group.add_argument(
        "--flow-unit",
        choices=FLOW_UNITS,
        help="unit of the streamflow; all but mm/d need --area (default: the one that the column's "
        "name states, else mm/d)",
    )
    group.add_argument(
        "--area",
        type=float,
        metavar="KM2",
        help="area of the catchment [km2], for streamflow that is not in mm/d",
    )
    group = parser.add_argument_group(
        "period", "DAY is a date, YYYY-MM-DD, or a number from 0 where the file has no dates."
    )
    group.add_argument(
        "--start", metavar="DAY", help="first day that is simulated (default: the file's first)"
    )
    group.add_argument(
        "--end", metavar="DAY", help="last day that is simulated (default: the file's last)"
    )


def add_forcing(parser: argparse.ArgumentParser) -> None:
    """The columns of a file of forcing."""
    _add_forcing(parser, "forcing")


def _add_forcing(parser: argparse.ArgumentParser, title: str) -> argparse._ArgumentGroup:
    group = parser.add_argument_group(
        title,
        "Columns are found by common names, those of airGR, CAMELS and Caravan among\n"
        "them; name those that are not found, or are not the ones to take.",
    )
    for name, text in (
        ("date", "dates; a file may have none (default: date, time or another common name)"),
        ("precip", "precipitation P [mm/d] (default: P, precip, prcp or another common name)"),
        ("pet", "potential evapotranspiration E [mm/d] (default: E, PET or another common name)"),
        (
            "temperature",
            "daily mean temperature [degC], from which E follows where the file has no E "
            "(default: T, tmean or another common name)",
        ),
    ):
        group.add_argument(f"--{name}-column", metavar="NAME", help=f"column of the {text}")
    group.add_argument(
        "--latitude",
        type=float,
        metavar="DEG",
        help="latitude of the catchment [degrees north], needed for E from temperature "
        "(formula of Oudin et al. 2005)",
    )
    group.add_argument(
        "--date-format",
        metavar="FORMAT",
        help="how dates are written, such as dd/mm/yyyy or %%d/%%m/%%Y (default: found from the "
        "dates; those that could be read in two ways are refused)",
    )
    return group


def add_warmup(parser: argparse.ArgumentParser) -> None:
    """The warm-up of the simulation."""
    parser.add_argument_group("warm-up of the simulation").add_argument(
        "--warmup",
        metavar="DAYS",
        help="first days of the period that are simulated but do not count [d], or years: 365, 1Y "
        "(default: 0; 1Y with fixed initial states)",
    )


def add_validation(parser: argparse.ArgumentParser) -> None:
    """A second period."""
    group = parser.add_argument_group(
        "validation",
        "A period that the calibration does not see, and that is scored as well. One\n"
        "of the two options is enough.",
    )
    group.add_argument(
        "--validation-start",
        metavar="DAY",
        help="its first day (default: the day after the calibration, or the file's first)",
    )
    group.add_argument(
        "--validation-end",
        metavar="DAY",
        help="its last day (default: the file's last, or the day before the calibration)",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """What the Stan program is made of."""
    group = parser.add_argument_group("model")
    # the fields of the class: making one would import numpy
    defaults = ProgramSpec
    group.add_argument(
        "--error-model",
        choices=CHOICES["error_model"],
        help="distribution of the observations around the simulated flow: normal (gaussian), "
        "normal after a Box-Cox transformation (boxcox), normal with an sd that grows with the "
        "flow (linear), or Student's t (default: boxcox; gaussian with --sigma and with priors "
        "airgr-sls)",
    )
    group.add_argument(
        "--sigma",
        type=float,
        metavar="SD",
        help="known standard deviation of Gaussian errors [mm/d] (default: estimated)",
    )
    group.add_argument(
        "--priors",
        choices=CHOICES["priors"],
        default=defaults.priors,
        help="called default: weakly informative, with the central 80 %% as in Perrin et al. 2003; "
        "uniform: within the bounds of the blog post; airgr-sls: flat in airGR's transformed "
        "parameters" + DEFAULT,
    )
    group.add_argument(
        "--prior",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="a bound or scale of the priors, in the parameter's unit, or boxcox_lambda: "
        "x1_upper=3000; may be repeated; a NAME that is not known is answered with those that are "
        "(default: those that --priors stands for)",
    )
    group.add_argument(
        "--initial-states",
        choices=CHOICES["initial_states"],
        help="the two stores before the first day: parameters (estimated), or 30 and 50 %% full "
        "(fixed) (default: estimated; fixed with priors airgr-sls)",
    )
    group.add_argument(
        "--subsample",
        type=int,
        default=1,
        metavar="N",
        help="use the observation of every N-th day only, a number of days" + DEFAULT,
    )
    group.add_argument(
        "--gradient",
        choices=CHOICES["gradient"],
        default=defaults.gradient,
        help="how the gradient is computed: exactly and fast (adjoint), exactly by Stan's "
        "automatic differentiation (autodiff), or cut short, for experiments (truncated)" + DEFAULT,
    )
    group.add_argument(
        "--truncate-mode",
        choices=CHOICES["truncate_mode"],
        help="with --gradient truncated: through the last K days of the series only (last), or "
        "within chunks of K days (chunk) (default: last)",
    )
    group.add_argument(
        "--truncate-steps",
        type=int,
        metavar="K",
        help="with --gradient truncated: number of days that it reaches back (default: 5)",
    )


def add_sampler(parser: argparse.ArgumentParser, chains_at_once: str = "number of cores") -> None:
    """Settings of NUTS; ``chains_at_once`` says what the default of --parallel-chains is."""
    group = parser.add_argument_group("sampler")
    defaults = SamplerSettings()
    for option, kind, text in (
        ("chains", int, "number of chains" + DEFAULT),
        (
            "iter-warmup",
            int,
            "number of warm-up iterations of each chain (default: 150 where the metric is known "
            "beforehand, else 1000)",
        ),
        ("iter-sampling", int, "number of draws of each chain, at least 4" + DEFAULT),
        ("adapt-delta", float, "target acceptance rate, a number between 0 and 1" + DEFAULT),
        (
            "max-treedepth",
            int,
            "largest number N of doublings of a trajectory: 2^N - 1 leapfrog steps" + DEFAULT,
        ),
    ):
        group.add_argument(
            f"--{option}",
            type=kind,
            default=getattr(defaults, option.replace("-", "_")),
            metavar="N" if kind is int else "RATE",
            help=text,
        )
    group.add_argument(
        "--parallel-chains",
        type=int,
        metavar="N",
        help=f"number of chains of a fit run at once (default: {chains_at_once})",
    )
    group.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="number from 0 that the draws follow from: the same seed, data and versions give the "
        "same draws (default: drawn, and kept in run.json)",
    )
    group.add_argument("--no-progress", action="store_true", help="show no progress bars")
