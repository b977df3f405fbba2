"""Run the blog post's experiment."""

from argparse import Namespace
from pathlib import Path

from gr4jstan.cli.commands.shared import catchment_of, sampler_of, say
from gr4jstan.cmdstan.toolchain import require_cmdstan
from gr4jstan.experiment.comparison import compare
from gr4jstan.experiment.text import describe, plain_table
from gr4jstan.experiment.variants import define_variants
from gr4jstan.experiment.writing import write_comparison
from gr4jstan.files import output_folder
from gr4jstan.reading.datasets import SYNTHETIC_TRUTH


def run(options: Namespace) -> int:
    """Run the blog post's experiment."""
    true_x1 = options.true_x1
    if true_x1 is None and options.data == "synthetic":
        true_x1 = SYNTHETIC_TRUTH["x1"]
    with output_folder(options.output, force=options.force) as work:
        if options.discharge_column is None and _has_post_column(options.data):
            options.discharge_column = "modeled_Q"
        variants = define_variants(
            catchment_of(options),
            sampler_of(options),
            sigma=options.sigma,
            truncate_steps=options.truncate_steps,
            subsample=options.subsample,
            truncated_draws=options.truncated_draws,
        )
        require_cmdstan()
        result = compare(
            variants, true_x1=true_x1, show_progress=not options.no_progress, announce=say
        )
        write_comparison(result, work)
    print("\n\n".join([plain_table(result.table), *describe(result)]))
    print(f"\nTable, text and figures are in {options.output}")
    return 0


def _has_post_column(data: str) -> bool:
    """Whether the file has the post's column of simulated flow, which wins over its obs_Q."""
    path = Path(data)
    if not path.is_file():
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        header = file.readline()
    return "modeled_Q" in [cell.strip(' \t\r\n"') for cell in header.replace(";", ",").split(",")]
