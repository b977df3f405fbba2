"""How often intervals hold the truth: as the model gives them, and as they are widened.

    python scripts/coverage_study.py                        40 replicates, ten minutes
    python scripts/coverage_study.py --replicates 200 --years 5 10 -o output/coverage
    python scripts/coverage_study.py --halves FILE.csv ...  records of 1999 to 2018, too

The folder then holds coverage.csv, and halves.csv and halves_summary.csv; with the folder
docs/trust, docs/uncertainty.md gets their tables. Replicates are kept in output/coverage as they
come: an interrupted study goes on where it ended. See scripts/studies/coverage.py.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from gr4jstan.sampling.density import exact_density
from studies.coverage import (
    MEMORIES,
    compare_halves,
    coverage_table,
    halves_table,
    run_replicate,
    simulated_task,
)
from studies.pages import markdown, put_tables
from studies.replicates import run_missing

DOCS = Path(__file__).parents[1] / "docs"
REPLICATES = Path("output/coverage/replicates")


def main() -> None:
    """Run what is left of the study, and write its tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", default=str(DOCS / "trust"), metavar="DIR")
    parser.add_argument("--replicates", type=int, default=40, metavar="N", help="for each memory")
    parser.add_argument("--years", type=int, nargs="+", default=[5], help="length of a record")
    parser.add_argument("--halves", nargs="+", default=[], metavar="FILE")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="replicates at a time")
    options = parser.parse_args()
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    if options.halves:
        rows = [row for name in options.halves for row in compare_halves(Path(name))]
        write(pd.DataFrame(rows), folder / "halves.csv")
        write(halves_table(rows), folder / "halves_summary.csv")
    if options.replicates:
        records = replicates(options.years, options.replicates, options.workers)
        write(coverage_table(records), folder / "coverage.csv")
        share = pd.DataFrame(records)["share_of_time"].median()
        print(f"the map takes {100 * share:.1f} % of a fit's time, in the median")
    if folder == DOCS / "trust":
        write_page(DOCS / "uncertainty.md", folder)


def replicates(years: Sequence[int], count: int, workers: int) -> list[dict]:
    """Rows of all replicates; those that are not on file are run."""
    REPLICATES.mkdir(parents=True, exist_ok=True)
    files = {
        (length, phi, seed): REPLICATES / f"{length}-{phi}-{seed}.json"
        for seed in range(1, count + 1)
        for length in years
        for phi in MEMORIES
    }
    # the program is compiled before several processes want it
    exact_density(simulated_task(years[0], 0.0, 1))
    run_missing(files, run_replicate, workers)
    return [row for path in files.values() for row in json.loads(path.read_text("utf-8"))]


def write(table: pd.DataFrame, path: Path) -> None:
    """As CSV, with three digits."""
    table.to_csv(path, index=False, float_format="%.3g")
    print(f"{path.name}\n{table.to_string(index=False, float_format='%.2f')}\n")


def write_page(page: Path, folder: Path) -> None:
    """Put the tables of the folder into the page."""
    tables = {"coverage": page_table(pd.read_csv(folder / "coverage.csv"))}
    if (folder / "halves_summary.csv").is_file():
        halves = pd.read_csv(folder / "halves_summary.csv")
        tables["halves"] = rounded([list(halves), *halves.to_numpy().tolist()])
    put_tables(page, tables)


def page_table(coverage: pd.DataFrame) -> str:
    """Coverage of each parameter, model and robust, in a row for each record and memory."""
    names = list(dict.fromkeys(coverage["parameter"]))
    lines: list[list] = [["years", "phi", "intervals", *names, "sd of x1 over the model's"]]
    for (years, phi, kind), rows in coverage.groupby(["years", "phi", "intervals"]):
        held = rows.set_index("parameter")
        shares = [f"{100 * held.loc[name, 'coverage']:.0f} %" for name in names]
        lines.append([years, phi, kind, *shares, float(held.loc["x1", "widening"])])
    return rounded(lines)


def rounded(lines: Sequence[Sequence[object]]) -> str:
    """A table, numbers with two digits."""
    return markdown(
        [[f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row] for row in lines]
    )


if __name__ == "__main__":
    main()
