"""Sample the posteriors of many catchments."""

from argparse import Namespace

from gr4jstan.cli.commands.shared import chosen, say
from gr4jstan.fitting.options import FitOptions
from gr4jstan.many.run import fit_many


def run(options: Namespace) -> int:
    """Sample the posteriors of many catchments."""
    try:
        result = fit_many(
            options.manifest,
            options.output,
            scheduler=options.scheduler,
            full=options.full,
            force=options.force,
            show_progress=not options.no_progress,
            announce=say,
            **chosen(options, FitOptions),
        )
    except KeyboardInterrupt:
        say(f"gr4jstan: interrupted; the same command goes on with what {options.output} lacks.")
        return 1
    done = result.table["converged"].fillna(False).sum()
    print(
        f"{len(result.table)} catchments: {done} converged, "
        f"{len(result.table) - done - result.failed} not converged, {result.failed} failed; "
        f"{result.calibrated} calibrated now, {result.kept} were complete before.\n"
        f"Table and overview are in {result.folder}"
    )
    return 0 if result.converged else 3
