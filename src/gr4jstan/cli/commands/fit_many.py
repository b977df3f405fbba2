"""Sample the posteriors of many catchments."""

from argparse import Namespace

from gr4jstan.cli.commands.shared import say
from gr4jstan.many.manifest import CALIBRATING, READING
from gr4jstan.many.run import fit_many
from gr4jstan.model.priors import parse_prior_settings


def run(options: Namespace) -> int:
    """Sample the posteriors of many catchments."""
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
            announce=say,
            **given,
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
