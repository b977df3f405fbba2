"""The files of a comparison."""

from pathlib import Path

from gr4jstan.experiment.comparison import Comparison
from gr4jstan.experiment.plots import plot_comparison
from gr4jstan.experiment.text import describe, markdown_table
from gr4jstan.files import output_folder, write_json


def save_comparison(comparison: Comparison, folder: str | Path, *, force: bool = False) -> None:
    """Write comparison.csv, comparison.md, the four figures, and a folder a variant.

    Raises
    ------
    InputError
        If the folder is not empty (without ``force``) or cannot be written.
    """
    with output_folder(folder, force=force) as work:
        write_comparison(comparison, work)


def write_comparison(comparison: Comparison, folder: Path) -> None:
    """Write the files of `save_comparison` into a folder that is there."""
    for name, fit in comparison.fits.items():
        (folder / name).mkdir()
        fit.write(folder / name)
    table, words = comparison.table, describe(comparison)
    table.to_csv(folder / "comparison.csv")
    text = "\n\n".join([markdown_table(table), *words])
    (folder / "comparison.md").write_text(text + "\n", encoding="utf-8")
    write_json(folder / "comparison.json", {"true_x1": comparison.true_x1, "text": words})
    for name, figure in plot_comparison(comparison).items():
        figure.savefig(folder / f"{name}.png", dpi=150)
