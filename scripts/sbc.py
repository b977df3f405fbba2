"""Simulation-based calibration of every error model, with the default sampler settings.

Each replicate draws parameters from the default priors, simulates observations with the forcing of
a year of `example`, calibrates on them as `gr4jstan fit` does, and notes the ranks of the true
values among the draws; see scripts/studies/sbc.py. The folder then holds the tables (sbc.csv,
outcomes.csv, and both in sbc.md) and the figure (sbc.png). Replicates are kept in its folder
replicates as they come: an interrupted study goes on where it ended.

    python scripts/sbc.py                                 800 replicates, about an hour
    python scripts/sbc.py --error-model boxcox --replicates 50 -o output/boxcox
"""

import argparse
import json
import sys
from pathlib import Path

from gr4jstan import InputError, ToolchainError
from gr4jstan.drawing import to_png
from gr4jstan.sampling.density import exact_density
from studies.replicates import run_missing
from studies.sbc import ERROR_MODELS, define_template, run_replicate
from studies.sbc_result import describe, outcome_table, plot_ranks, quantity_table


def main() -> None:
    """Run what is left of the study, and write its result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", default="output/sbc", metavar="DIR")
    parser.add_argument("--replicates", type=int, default=200, metavar="N", help="of each model")
    parser.add_argument("--error-model", choices=ERROR_MODELS, help="(default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="replicates at a time")
    options = parser.parse_args()
    chosen = (options.error_model,) if options.error_model else ERROR_MODELS
    folder = Path(options.output)
    (folder / "replicates").mkdir(parents=True, exist_ok=True)
    # the error models in turn, so that a study cut short says as much of each
    files = {
        (name, number, options.seed): folder / "replicates" / f"{name}-{options.seed}-{number}.json"
        for number in range(1, options.replicates + 1)
        for name in chosen
    }
    # the programs are compiled before several processes want them
    for name in dict.fromkeys(key[0] for key, path in files.items() if not path.exists()):
        exact_density(define_template(name), progress=True)
    run_missing(files, run_replicate, options.workers)
    records = [json.loads(path.read_text(encoding="utf-8")) for path in files.values()]
    text = describe(records)
    print(text)
    (folder / "sbc.md").write_text(text + "\n", encoding="utf-8")
    (folder / "sbc.png").write_bytes(to_png(plot_ranks(records)))
    quantity_table(records).to_csv(folder / "sbc.csv", index=False, float_format="%.6g")
    outcome_table(records).to_csv(folder / "outcomes.csv", index=False, float_format="%.3g")


if __name__ == "__main__":
    try:
        main()
    except (InputError, ToolchainError) as error:
        sys.exit(f"sbc.py: {error}")
    except KeyboardInterrupt:
        sys.exit("sbc.py: interrupted; the same command goes on where it ended")
