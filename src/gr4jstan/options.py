"""Options that several commands share."""

import argparse

from gr4jstan.programs import CHOICES, Structure
from gr4jstan.settings import SamplerSettings


def add_data(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """The data file with `add_columns`."""
    more = "" if default is None else f" (default: {default})"
    parser.add_argument(
        "data",
        metavar="DATA" if default is None else "[DATA]",
        nargs=None if default is None else "?",
        default=default,
        help=f"a CSV file, or the name of a built-in data set: example, synthetic{more}",
    )
    add_columns(parser)


def add_columns(parser: argparse.ArgumentParser) -> None:
    """The columns of the data, and the period."""
    group = parser.add_argument_group("data (P and E in mm/d; defaults: the common aliases)")
    _add_forcing(group)
    group.add_argument("--discharge-column", metavar="NAME", help="column of the streamflow")
    group.add_argument(
        "--flow-unit",
        choices=("mm/d", "m3/s", "l/s", "cfs"),
        help="unit of the streamflow (default: that in the column's name, else mm/d); all but mm/d "
        "need --area",
    )
    group.add_argument(
        "--area", type=float, metavar="KM2", help="area of the catchment [km2], to convert the unit"
    )
    group.add_argument("--start", metavar="DAY", help="first day to use (YYYY-MM-DD)")
    group.add_argument(
        "--end", metavar="DAY", help="last day to use; days count from 0 where there are no dates"
    )


def add_forcing(parser: argparse.ArgumentParser) -> None:
    """The columns of a file of forcing."""
    _add_forcing(parser.add_argument_group("forcing (P and E in mm/d; defaults: common aliases)"))


def _add_forcing(group: argparse._ArgumentGroup) -> None:
    for name, text in (
        ("date", "dates"),
        ("precip", "precipitation [mm/d]"),
        ("pet", "potential evapotranspiration [mm/d]"),
        ("temperature", "daily mean temperature [degC]; E follows from it where it has no column"),
    ):
        group.add_argument(f"--{name}-column", metavar="NAME", help=f"column of the {text}")
    group.add_argument(
        "--latitude",
        type=float,
        metavar="DEG",
        help="latitude of the catchment [degrees north], for E from temperature (Oudin 2005)",
    )
    group.add_argument(
        "--date-format",
        metavar="FORMAT",
        help="for ambiguous dates, such as dd/mm/yyyy or %%d/%%m/%%Y",
    )


def add_validation(parser: argparse.ArgumentParser) -> None:
    """A second period."""
    group = parser.add_argument_group("validation: a period that the calibration does not see")
    group.add_argument("--validation-start", metavar="DAY", help="its first day (YYYY-MM-DD)")
    group.add_argument(
        "--validation-end",
        metavar="DAY",
        help="its last day; with one of the two, it reaches from or to the calibration or the end "
        "of the data",
    )


def add_warmup(parser: argparse.ArgumentParser) -> None:
    """The warm-up of the simulation."""
    parser.add_argument(
        "--warmup",
        metavar="DAYS",
        help="first days that are simulated but do not count: a number, or 1Y "
        "(default: 0; 1Y for fixed initial states)",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """What the Stan program is made of."""
    group = parser.add_argument_group("model")
    defaults = Structure()
    for option, text in (
        ("gradient", f"how the gradient is computed (default: {defaults.gradient})"),
        (
            "error-model",
            "distribution of the errors (default: boxcox; gaussian with --sigma and for airgr-sls)",
        ),
        (
            "priors",
            "weakly informative, the central 80 %% as in Perrin et al. (2003); the post's uniform "
            "ones; or those of airGR's vignette on MCMC "
            f"(default: {defaults.priors})",
        ),
        (
            "initial-states",
            "stores before the first day: parameters, or 30 and 50 %% full (default: estimated; "
            "fixed for airgr-sls)",
        ),
    ):
        name = option.replace("-", "_")
        optional = name in ("error_model", "initial_states")
        group.add_argument(
            f"--{option}",
            choices=CHOICES[name],
            default=None if optional else getattr(defaults, name),
            help=text,
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
        help="known standard deviation of Gaussian errors [mm/d] (default: estimated)",
    )
    group.add_argument(
        "--prior",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="bound or scale of a prior, or boxcox_lambda, such as x1_upper=3000; may be repeated",
    )


def add_sampler(parser: argparse.ArgumentParser) -> None:
    """Settings of NUTS."""
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


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """Where many catchments are calibrated."""
    group = parser.add_argument_group("many catchments")
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="address of a Dask scheduler, as tcp://HOST:8786 (default: a cluster of this "
        "machine's cores)",
    )
    group.add_argument(
        "--full", action="store_true", help="write report and bands of each catchment, too"
    )


def add_force(parser: argparse.ArgumentParser) -> None:
    """Overwriting."""
    parser.add_argument("--force", action="store_true", help="replace what exists")
