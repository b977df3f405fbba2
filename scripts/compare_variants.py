"""The experiment of "It's Hard to Optimize Recurrent Models in PyMC3" (2018), with its settings.

GR4J on 50 days with uniform priors and a known error of 0.1 mm/d is sampled with the full gradient,
with gradients truncated to 5 steps in both modes, with every 5th observation, and as gr4jstan does
it by default. The folder output/comparison then holds the table (comparison.csv), what it says
(comparison.md), the post's four figures and a folder for each variant's posterior.

    python scripts/compare_variants.py
    python scripts/compare_variants.py post.csv -o output/post --true-x1 320.11 --seed 1

Options are those of `gr4jstan compare`; a file has the post's columns P, ET and modeled_Q.
"""

import sys

from gr4jstan.cli.main import main

if __name__ == "__main__":
    # options that are given come later, and win
    sys.exit(main(["compare", "-o", "output/comparison", *sys.argv[1:]]))
