"""What the commands of the command line do; each returns its exit code."""

import secrets
import shutil
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np

from gr4jstan.calibration import run_task
from gr4jstan.catchment import Catchment
from gr4jstan.compiler import compile_program
from gr4jstan.errors import InputError
from gr4jstan.files import output_file, output_folder, write_json
from gr4jstan.inits import screened_inits
from gr4jstan.model import Model, define_model
from gr4jstan.priors import parse_prior_settings
from gr4jstan.programs import HEADER_NAME, PROGRAM_NAME, render_program
from gr4jstan.results import Fit, load_fit
from gr4jstan.settings import SamplerSettings
from gr4jstan.task import as_catchment, define_task
from gr4jstan.toolchain import require_cmdstan


def doctor(options: Namespace) -> int:
    """Examine the installation."""
    from gr4jstan.doctor import all_ok, examine, format_report, to_json

    checks = examine()
    print(to_json(checks) if options.json else format_report(checks))
    return 0 if all_ok(checks) else 1


def install_cmdstan(options: Namespace) -> int:
    """Install CmdStan."""
    from gr4jstan.install import install_cmdstan

    folder = None if options.dir is None else Path(options.dir)
    path = install_cmdstan(options.source, folder, force=options.force)
    print(f"CmdStan is in {path}")
    return 0


def simulate(options: Namespace) -> int:
    """Run GR4J once."""
    from gr4jstan.simulator import simulate

    with output_file(options.output, force=options.force) as work:
        catchment = _catchment(options, forcing_only=True)
        simulation = simulate(
            catchment.P,
            catchment.E,
            options.x1,
            options.x2,
            options.x3,
            options.x4,
            s0=options.s0,
            r0=options.r0,
        )
        if not np.isfinite(simulation.Q).all():
            first = int(np.flatnonzero(~np.isfinite(simulation.Q))[0])
            raise InputError(
                f"The simulated streamflow is not finite from {catchment.label(first)} on; "
                "these parameters are outside the range that GR4J was made for."
            )
        simulation.to_frame(catchment.dates).to_csv(work, index=False, date_format="%Y-%m-%d")
    print(f"{len(catchment)} days written to {options.output}")
    return 0


def fit(options: Namespace) -> int:
    """Sample a posterior and write it."""
    settings, model = _sampler(options), _model(options)
    with output_folder(options.output, force=options.force) as work:
        task = define_task(
            _record(options),
            model,
            start=options.start,
            end=options.end,
            warmup=options.warmup,
            validation=_validation(options),
        )
        catchment = task.catchment
        _say_notes(catchment)
        require_cmdstan()
        _say(
            f"{len(task.days)} observed days count, of {len(catchment)} from {catchment.label(0)} "
            f"to {catchment.label(len(catchment) - 1)}, {task.warmup} of them warm-up."
        )
        result = run_task(task, settings, show_progress=not options.no_progress)
        result.write(work)
        from gr4jstan.report import write_report

        write_report(result, work / "report.html")
    print(f"{_format_summary(result)}\n\n{_format_scores(result)}")
    return _verdict(result, options.output)


def predict(options: Namespace) -> int:
    """Predict streamflow from a saved fit."""
    with output_file(options.output, force=options.force) as work:
        result = load_fit(options.folder)
        forcing = as_catchment(Path(options.forcing), **_columns(options), forcing_only=True)
        _say_notes(forcing)
        states = options.states or result.states_for(forcing)
        prediction = result.predict(forcing, states=states, warmup=options.warmup)
        bands = prediction.bands(options.level)
        bands.to_csv(work, date_format="%Y-%m-%d")
    begin = (
        f"continued from the end of the calibration, {result.run['period'][1]}"
        if states == "continued"
        else f"after a spin-up of {len(forcing) - len(bands)} days"
    )
    print(f"{len(bands)} days written to {options.output}, {begin}")
    return 0


def report(options: Namespace) -> int:
    """Write the report of a saved fit."""
    from gr4jstan.report import write_report

    path = Path(options.folder) / "report.html"
    write_report(load_fit(options.folder), path, force=options.force)
    print(f"Written to {path}")
    return 0


def fit_many(options: Namespace) -> int:
    """Sample the posteriors of many catchments."""
    from gr4jstan.manifest import CALIBRATING, READING
    from gr4jstan.many import fit_many

    given = {name: getattr(options, name, None) for name in READING | CALIBRATING}
    given["prior_settings"] = parse_prior_settings(options.prior) or None
    try:
        result = fit_many(
            options.manifest,
            options.output,
            scheduler=options.scheduler,
            full=options.full,
            force=options.force,
            parallel_chains=options.parallel_chains,
            show_progress=not options.no_progress,
            announce=_say,
            **given,
        )
    except KeyboardInterrupt:
        _say(f"gr4jstan: interrupted; the same command goes on with what {options.output} lacks.")
        return 1
    done = result.table["converged"].fillna(False).sum()
    print(
        f"{len(result.table)} catchments: {done} converged, "
        f"{len(result.table) - done - result.failed} not converged, {result.failed} failed; "
        f"{result.calibrated} calibrated now, {result.kept} were complete before.\n"
        f"Table and overview are in {result.folder}"
    )
    return 0 if result.converged else 3


def compare(options: Namespace) -> int:
    """Run the blog post's experiment."""
    from gr4jstan.comparison import compare, define_variants
    from gr4jstan.comparison_text import describe, plain_table
    from gr4jstan.datasets import SYNTHETIC_TRUTH

    true_x1 = options.true_x1
    if true_x1 is None and options.data == "synthetic":
        true_x1 = SYNTHETIC_TRUTH["x1"]
    with output_folder(options.output, force=options.force) as work:
        if options.discharge_column is None and _has_post_column(options.data):
            options.discharge_column = "modeled_Q"
        variants = define_variants(
            _catchment(options),
            _sampler(options),
            sigma=options.sigma,
            truncate_steps=options.truncate_steps,
            subsample=options.subsample,
            truncated_draws=options.truncated_draws,
        )
        require_cmdstan()
        result = compare(
            variants, true_x1=true_x1, show_progress=not options.no_progress, announce=_say
        )
        result.write(work)
    print("\n\n".join([plain_table(result.table), *describe(result)]))
    print(f"\nTable, text and figures are in {options.output}")
    return 0


def export(options: Namespace) -> int:
    """Write a program that needs nothing but CmdStan."""
    model = _model(options)
    with output_folder(options.output, force=options.force) as work:
        task = define_task(_catchment(options), model, warmup=options.warmup)
        program = render_program(model.structure)
        built = compile_program(program.code, program.header)
        (work / f"{PROGRAM_NAME}.stan").write_text(program.code, encoding="utf-8")
        write_json(work / "data.json", task.data)
        # Stan's own start has stores of metres, where the flow says nothing of their size
        write_json(work / "inits.json", screened_inits(task, 1, seed=1)[0])
        readme = _EXPORT_README
        if program.header is not None:
            (work / HEADER_NAME).write_text(program.header, encoding="utf-8")
            readme = _EXPORT_README_WITH_HEADER
        (work / "README.txt").write_text(
            readme.format(program=PROGRAM_NAME, header=HEADER_NAME), encoding="utf-8"
        )
        # last: make takes a program that is older than its source for out of date
        shutil.copy(built.path, work / PROGRAM_NAME)
    print(f"Program, data and executable are in {options.output}; see README.txt there.")
    return 0


_EXPORT_README = """\
{program}.stan samples the posterior of GR4J, a rainfall-runoff model, given data.json, whose
numbers its data block explains. The executable {program} is bound to the CmdStan it was built with:

  ./{program} sample algorithm=hmc metric=dense_e data file=data.json init=inits.json \
    output file=draws.csv

inits.json is a plausible start, the best of many draws from the prior. Stan's own are not.

To build it again, with FOLDER the path of this folder, in the folder of CmdStan:

  make FOLDER/{program}

or in Python, and likewise in R with cmdstanr:

  model = cmdstanpy.CmdStanModel(stan_file="{program}.stan")
  model.sample("data.json", inits="inits.json", metric="dense_e")
"""

_EXPORT_README_WITH_HEADER = (
    _EXPORT_README.replace(
        "make FOLDER/{program}",
        "make STANCFLAGS=--allow-undefined USER_HEADER=FOLDER/{header} FOLDER/{program}",
    ).replace(
        '(stan_file="{program}.stan")', '(stan_file="{program}.stan", user_header="{header}")'
    )
    + """
The program declares functions that {header} defines; it must keep the name {program}.stan.
"""
)


def _catchment(options: Namespace, forcing_only: bool = False) -> Catchment:
    """The data of the period."""
    catchment = _record(options, forcing_only).select(options.start, options.end)
    _say_notes(catchment)
    return catchment


def _record(options: Namespace, forcing_only: bool = False) -> Catchment:
    """All data there are."""
    return as_catchment(
        options.data,
        discharge_column=options.discharge_column,
        flow_unit=options.flow_unit,
        area=options.area,
        forcing_only=forcing_only,
        **_columns(options),
    )


def _say_notes(catchment: Catchment) -> None:
    for note in catchment.notes:
        _say(f"{catchment.source}: {note}")


def _columns(options: Namespace) -> dict[str, Any]:
    """Options on the columns of the forcing."""
    names = ("date_column", "precip_column", "pet_column", "temperature_column")
    return {name: getattr(options, name) for name in (*names, "latitude", "date_format")}


def _validation(options: Namespace) -> tuple[str | None, str | None] | None:
    period = (options.validation_start, options.validation_end)
    return None if period == (None, None) else period


def _model(options: Namespace) -> Model:
    return define_model(
        gradient=options.gradient,
        truncate_mode=options.truncate_mode,
        truncate_steps=options.truncate_steps,
        subsample=options.subsample,
        error_model=options.error_model,
        sigma=options.sigma,
        priors=options.priors,
        initial_states=options.initial_states,
        prior_settings=parse_prior_settings(options.prior),
    )


def _sampler(options: Namespace) -> SamplerSettings:
    return SamplerSettings(
        chains=options.chains,
        parallel_chains=options.parallel_chains,
        iter_warmup=options.iter_warmup,
        iter_sampling=options.iter_sampling,
        adapt_delta=options.adapt_delta,
        max_treedepth=options.max_treedepth,
        seed=secrets.randbelow(2**31) if options.seed is None else options.seed,
    )


def _has_post_column(data: str) -> bool:
    """Whether the file has the post's column of simulated flow, which wins over its obs_Q."""
    path = Path(data)
    if not path.is_file():
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        header = file.readline()
    return "modeled_Q" in [cell.strip(' \t\r\n"') for cell in header.replace(";", ",").split(",")]


def _format_summary(result: Fit) -> str:
    table = result.summary()
    columns: dict[str, Any] = dict.fromkeys(table.columns, "{:.4g}".format)
    columns |= {"ess_bulk": "{:.0f}".format, "ess_tail": "{:.0f}".format, "r_hat": "{:.4f}".format}
    return str(table.to_string(formatters=columns))


def _format_scores(result: Fit) -> str:
    """The scores of flow, side by side for calibration and validation."""
    table = result.scores()["value"].unstack("period", sort=False)
    rows = ["nse", "nse_sqrt", "kge", "bias", "crps", "coverage_95"]
    return str(table.loc[rows].rename_axis("", axis=1).to_string(float_format="{:.3f}".format))


def _verdict(result: Fit, folder: str) -> int:
    from gr4jstan.verdict import warnings

    for finding in warnings(result):
        print(f"\n{finding.severity.upper()}: {finding.text}")
    found = result.diagnostics
    wall = found["seconds"]["wall"]
    if found["converged"]:
        print(f"\nConverged, in {wall:.1f} s. Everything is in {folder}")
        return 0
    print(f"\nNOT CONVERGED, in {wall:.1f} s. Everything is in {folder}, but do not rely on it:")
    for reason in found["reasons"]:
        print(f"  - {reason}")
    return 3


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
