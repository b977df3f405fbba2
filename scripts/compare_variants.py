"""The experiment of "It's Hard to Optimize Recurrent Models in PyMC3" (2018), from Python.

GR4J on 50 days with uniform priors and a known error of 0.1 mm/d is sampled four times: with the
full gradient, with gradients truncated to 5 steps in both modes, and with every 5th observation.
The folder then holds the table (comparison.csv), what it says (comparison.md), the post's four
figures (execution_time.png, posterior_x1.png, energy.png, tree_depth.png) and a folder for each
variant's posterior.

    python scripts/compare_variants.py
    python scripts/compare_variants.py post.csv -o output/post --truncated-draws 100

A file has the post's columns P, ET and modeled_Q. `gr4jstan compare` does the same with more
options.
"""

import argparse
import sys

from gr4jstan import InputError, ToolchainError, load_dataset, read_csv
from gr4jstan.comparison import compare, define_variants
from gr4jstan.comparison_text import describe, plain_table
from gr4jstan.datasets import SYNTHETIC_TRUTH
from gr4jstan.settings import SamplerSettings


def main() -> None:
    """Run the experiment with the post's settings on 4 chains."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="?", metavar="CSV", help="default: data set 'synthetic'")
    parser.add_argument("-o", "--output", default="output/comparison", metavar="DIR")
    parser.add_argument("--draws", type=int, default=1000, help="of each chain (default: 1000)")
    parser.add_argument("--truncated-draws", type=int, help="fewer for the truncated variants")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    if options.data is None:
        catchment = load_dataset("synthetic")
    else:
        catchment = read_csv(options.data, discharge_column="modeled_Q")
    settings = SamplerSettings(
        iter_warmup=options.draws, iter_sampling=options.draws, seed=options.seed
    )
    variants = define_variants(
        catchment,
        settings,
        sigma=0.1,
        truncate_steps=5,
        subsample=5,
        truncated_draws=options.truncated_draws,
    )
    comparison = compare(variants, true_x1=SYNTHETIC_TRUTH["x1"], announce=print)
    comparison.save(options.output, force=True)
    print("\n\n".join([plain_table(comparison.table), *describe(comparison)]))


if __name__ == "__main__":
    try:
        main()
    except (InputError, ToolchainError) as error:
        sys.exit(f"compare_variants.py: {error}")
