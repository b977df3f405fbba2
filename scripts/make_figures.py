"""Draw the figures of the read-me: the built-in catchment, and the blog post's experiment."""

from pathlib import Path

import gr4jstan
from gr4jstan.experiment.comparison import compare
from gr4jstan.experiment.plots import plot_posterior_x1
from gr4jstan.experiment.variants import define_variants
from gr4jstan.reading.datasets import SYNTHETIC_TRUTH
from gr4jstan.report.plots import plot_fit
from gr4jstan.sampling.settings import SamplerSettings

DOCS = Path(__file__).parents[1] / "docs"


def main() -> None:
    """Write docs/example.png and docs/posterior_x1.png."""
    period = {"end": "2014-12-31", "validation": ("2015-01-01", None)}
    fit = gr4jstan.fit("example", seed=1, **period)
    plot_fit(fit).savefig(DOCS / "example.png", dpi=90)
    variants = define_variants("synthetic", SamplerSettings(seed=1), truncated_draws=100)
    experiment = compare(variants, true_x1=SYNTHETIC_TRUTH["x1"])
    plot_posterior_x1(experiment).savefig(DOCS / "posterior_x1.png", dpi=90)


if __name__ == "__main__":
    main()
