"""Make what the pages under docs/ show of data, figures and measured tables.

    python scripts/make_docs_files.py            # everything
    python scripts/make_docs_files.py --tables   # only the tables that restate docs/benchmark.md

The data files are made from the built-in data sets; the figure takes four short fits.
"""

import argparse
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import gr4jstan
from gr4jstan.drawing import entitle, stack, tidy
from gr4jstan.fitting.calibration import fit
from gr4jstan.model.programs import CHOICES
from gr4jstan.reading.catchment import Catchment
from gr4jstan.report.flow_panels import draw_duration, draw_hydrograph, label_bands
from gr4jstan.report.flow_periods import periods_of
from studies.pages import markdown, put_tables

DOCS = Path(__file__).parents[1] / "docs"
AREA_KM2 = 1.783

MANIFEST = """\
id,file,area,start,priors,sigma
brook,catchment.csv,,,,
weir,weir.csv,1.783,2013-01-01,,
june,june.csv,,,uniform,0.1
"""

# Samplers of docs/benchmark.md and what the page calls them.
SAMPLERS = {
    "gr4jstan": "gr4jstan, defaults",
    "CmdStan": "CmdStan, defaults, automatic differentiation",
    "NumPyro": "NumPyro, dense metric, `lax.scan`",
    "PyMC + nutpie": "PyMC + nutpie, low-rank metric",
    "hydrogr + emcee": "hydrogr + emcee, warm start",
    "hydrogr + adaptive Metropolis": "hydrogr + adaptive Metropolis, warm start",
}
CASES = ("T = 50", "T = 730", "T = 3650")
NOT_CONVERGED = "not converged in the time given"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", action="store_true", help="only the tables of measurements")
    options = parser.parse_args()
    benchmark = (DOCS / "benchmark.md").read_text(encoding="utf-8")
    put_tables(DOCS / "how-fast.md", speed_tables(benchmark))
    if not options.tables:
        write_files(DOCS / "files")
        draw_error_models(DOCS / "error_models.png")


def write_files(folder: Path) -> None:
    """The data files that the pages use."""
    example, synthetic = gr4jstan.load_dataset("example"), gr4jstan.load_dataset("synthetic")
    folder.mkdir(exist_ok=True)
    depths = ["P [mm/d]", "E [mm/d]"]
    known, new = example.select(end="2015-12-31"), example.select(start="2016-01-01")
    gauged = example.select("2013-01-01", "2015-12-31")
    write_rows(folder / "catchment.csv", ["date", *depths, "Q [mm/d]"], rows(known))
    write_rows(folder / "forcing.csv", ["date", *depths], [row[:3] for row in rows(new)])
    litres = AREA_KM2 / 0.0864  # l/s for each mm/d
    write_rows(folder / "weir.csv", ["date", *depths, "Q [l/s]"], rows(gauged, litres))
    write_rows(folder / "june.csv", ["date", *depths, "Q [mm/d]"], rows(synthetic))
    (folder / "manifest.csv").write_text(MANIFEST, encoding="utf-8")


def rows(catchment: Catchment, factor: float = 1) -> list[list[str]]:
    """Date, P, E and Q times a factor; empty where Q is missing."""
    assert catchment.dates is not None
    assert catchment.Q is not None
    days = catchment.dates.strftime("%Y-%m-%d")
    series = zip(days, catchment.P, catchment.E, catchment.Q * factor, strict=True)
    return [[day, f"{P:.2f}", f"{E:.2f}", "" if Q != Q else f"{Q:.4f}"] for day, P, E, Q in series]


def write_rows(path: Path, header: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *lines])


def draw_error_models(path: Path) -> None:
    """Bands of a validation period under each error model: half a year, and the flow duration."""
    models = CHOICES["error_model"]
    figure, grid = stack([2.2] * len(models), gaps=0.55)
    for i, name in enumerate(sorted(models, key=lambda name: name != "boxcox")):
        result = fit(
            "example",
            end="2014-12-31",
            validation=("2015-01-01", None),
            error_model=name,
            seed=1,
            show_progress=False,
        )
        period = next(p for p in periods_of(result) if p.name == "validation")
        row = grid[i].subgridspec(1, 2, width_ratios=[2.6, 1], wspace=0.16)
        flow, duration = figure.add_subplot(row[0]), figure.add_subplot(row[1])
        first = int(period.days[0])
        draw_hydrograph(flow, [period], (first, first + 180))
        draw_duration(duration, period)
        found = result.scores().loc["validation", "value"]
        flow.set_title(
            f"{name}: NSE {found['nse']:.2f}, CRPS {found['crps']:.3f} mm/d, "
            f"95 % band holds {100 * found['coverage_95']:.0f} %",
            loc="left",
        )
        if i == 0:
            label_bands(flow)
            flow.get_legend().set_bbox_to_anchor((1.45, 1.1))
        tidy(flow)
        tidy(duration)
    entitle(figure, "example", "the validation period under each error model")
    figure.savefig(path, dpi=90)


def speed_tables(benchmark: str) -> dict[str, str]:
    """The condensed tables of docs/how-fast.md.

    Parameters
    ----------
    benchmark : str
        docs/benchmark.md.

    Returns
    -------
    dict of str to str
        Markdown tables: ``rates``, effective draws a second by sampler and length of record;
        ``kernel``, times of a day of simulation; ``goals``, all goals with what was reached.
    """
    tables = dict(read_tables(benchmark))
    rates = {}
    for row in tables["Sampling"][1:]:
        case, sampler, rate, converged = row[0], row[1], row[2], row[6]
        rates[case, sampler] = f"{float(rate):.0f}" if converged == "yes" else NOT_CONVERGED
    lines = [
        ["effective draws a second", *(f"{case} days" for case in CASES)],
        *([title, *(rates[case, name] for case in CASES)] for name, title in SAMPLERS.items()),
    ]
    return {
        "rates": markdown(lines),
        "kernel": markdown(tables["Kernel, ns/day"]),
        "goals": markdown(tables["Targets"]),
    }


def read_tables(text: str) -> Iterator[tuple[str, list[list[str]]]]:
    """Headings and the tables below them: rows of cells, the header first."""
    for part in text.split("\n## ")[1:]:
        heading, _, body = part.partition("\n")
        lines = [line.strip().strip("|") for line in body.splitlines() if line.startswith("|")]
        found = [[cell.strip() for cell in line.split("|")] for line in lines]
        yield heading, [row for row in found if set(row[0]) - set("-:")]


if __name__ == "__main__":
    main()
