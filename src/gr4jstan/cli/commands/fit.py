"""Sample a posterior and write it."""

from argparse import Namespace
from functools import partial
from typing import Any

from gr4jstan.cli.commands.shared import chosen, model_of, record_of, sampler_of, say, say_notes
from gr4jstan.cmdstan.toolchain import require_cmdstan
from gr4jstan.files import output_folder
from gr4jstan.fitting.calibration import run_task
from gr4jstan.fitting.options import PeriodOptions, validation_period
from gr4jstan.fitting.records import findings_of
from gr4jstan.fitting.results import Fit
from gr4jstan.model.task import define_task
from gr4jstan.numerals import number
from gr4jstan.report.page import write_report


def run(options: Namespace) -> int:
    """Sample a posterior and write it."""
    settings, model = sampler_of(options), model_of(options)
    period = chosen(options, PeriodOptions)
    with output_folder(options.output, force=options.force) as work:
        task = define_task(
            record_of(options),
            model,
            start=options.start,
            end=options.end,
            warmup=options.warmup,
            validation=validation_period(period),
            exclude=period.get("exclude"),
            strict=period.get("strict", False),
        )
        catchment = task.catchment
        say_notes(catchment)
        require_cmdstan()
        say(
            f"{len(task.days)} observed days count, of {len(catchment)} from {catchment.label(0)} "
            f"to {catchment.label(len(catchment) - 1)}, {task.warmup} of them warm-up."
        )
        result = run_task(
            task,
            settings,
            intervals=options.intervals,
            show_progress=not options.no_progress,
        )
        result.write(work)
        write_report(result, work / "report.html")
    print(f"{_format_summary(result)}\n\n{_format_scores(result)}")
    return _verdict(result, options.output)


def _format_summary(result: Fit) -> str:
    table = result.summary()
    columns: dict[str, Any] = dict.fromkeys(table.columns, "{:.4g}".format)
    columns |= {"ess_bulk": "{:.0f}".format, "ess_tail": "{:.0f}".format, "r_hat": "{:.4f}".format}
    return str(table.to_string(formatters=columns))


def _format_scores(result: Fit) -> str:
    """The scores of flow, side by side for calibration and validation."""
    table = result.scores()["value"].unstack("period", sort=False)
    rows = ["nse", "nse_sqrt", "kge", "bias", "crps", "coverage_95"]
    return str(
        table.loc[rows].rename_axis("", axis=1).to_string(float_format=partial(number, digits=3))
    )


def _verdict(result: Fit, folder: str) -> int:
    told = findings_of(result.run)
    for finding in result.findings:
        if finding.severity != "note" or finding not in told:
            print(f"\n{finding.severity.upper()}: {finding.text}")
    found = result.diagnostics
    wall = found["seconds"]["wall"]
    if found["converged"]:
        print(f"\n{result.verdict} ({wall:.1f} s). Everything is in {folder}")
        return 0
    print(f"\n{result.verdict} ({wall:.1f} s). Everything is in {folder}, but do not rely on it:")
    for reason in found["reasons"]:
        print(f"  - {reason}")
    return 3
