"""What the numbers of a comparison say, as text."""

import math
from typing import TYPE_CHECKING, Any

from gr4jstan.experiment.comparison import Comparison

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = {
    "wall_seconds": ("wall [s]", "{:.2f}"),
    "draws": ("draws", "{:.0f}"),
    "n_leapfrog": ("leapfrogs", "{:.0f}"),
    "min_ess_bulk": ("min bulk ESS", "{:.0f}"),
    "min_ess_tail": ("min tail ESS", "{:.0f}"),
    "ess_per_second": ("ESS/s", "{:.3g}"),
    "max_rhat": ("max R-hat", "{:.3f}"),
    "divergences": ("divergences", "{:.0f}"),
    "max_treedepth_share": ("at max. depth", "{:.1%}"),
    "min_ebfmi": ("min E-BFMI", "{:.2f}"),
    "x1_mean": ("x1 mean [mm]", "{:.1f}"),
}


def table_rows(table: "pd.DataFrame") -> list[list[str]]:
    """The table for people: a header, then a row of rounded cells a variant."""
    header = ["variant", *(title for title, _ in _COLUMNS.values()), "x1 90 % interval [mm]"]
    rows = [header]
    for label, row in table.iterrows():
        cells = [
            "-" if row[name] is None or row[name] != row[name] else form.format(row[name])
            for name, (_, form) in _COLUMNS.items()
        ]
        rows.append([str(label), *cells, f"{row['x1_q5']:.1f} to {row['x1_q95']:.1f}"])
    return rows


def markdown_table(table: "pd.DataFrame") -> str:
    """The table in Markdown."""
    header, *rows = table_rows(table)
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def plain_table(table: "pd.DataFrame") -> str:
    """The table for a terminal: a line a quantity, a column a variant."""
    columns = list(zip(*table_rows(table), strict=True))
    widths = [max(map(len, row)) for row in zip(*columns, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in columns
    )


def describe(comparison: Comparison) -> list[str]:
    """Paragraphs about the comparison, every statement of which follows from its numbers."""
    table = comparison.table
    reference, *others = (variant.label for variant in comparison.variants)
    paragraphs = []
    for variant in comparison.variants:
        row: dict[str, Any] = dict(table.loc[variant.label])
        found = comparison.fits[variant.name].diagnostics
        sentences = [_convergence(variant.label, found)]
        if row["max_treedepth_share"] > 0.01 and (row["min_ebfmi"] or 0) > 0.3:
            sentences.append(
                f"Its E-BFMI ({row['min_ebfmi']:.2f}) shows none of this; the tree depth does."
            )
        if variant.label in others:
            sentences += _against(row, dict(table.loc[reference]), reference)
        if comparison.true_x1 is not None:
            sentences.append(_truth(row, comparison.true_x1))
        paragraphs.append(" ".join(sentences))
    return paragraphs


def _convergence(label: str, found: dict[str, Any]) -> str:
    if found["converged"]:
        return f"{label}: converged."
    return f"{label}: not converged ({'; '.join(found['reasons'])})."


def _against(row: dict[str, Any], reference: dict[str, Any], name: str) -> list[str]:
    sentences = []
    steps = row["n_leapfrog"] / row["draws"]
    usual = reference["n_leapfrog"] / reference["draws"]
    sentences.append(
        f"It takes {steps:.1f} leapfrog steps a draw, where the {name} takes {usual:.1f}"
        f" ({_times(steps / usual)})."
    )
    ratio = row["ess_per_second"] / reference["ess_per_second"]
    if not math.isnan(ratio):
        sentences.append(
            f"It gives {row['ess_per_second']:.3g} effective draws a second, {_times(ratio)} "
            f"the {name}."
        )
    spread = row["x1_sd"] / reference["x1_sd"]
    caveat = "" if row["converged"] and reference["converged"] else ", for what such draws tell"
    sentences.append(
        f"Its standard deviation of x1 is {row['x1_sd']:.1f} mm, {_times(spread)} "
        f"the {reference['x1_sd']:.1f} mm of the {name}{caveat}."
    )
    return sentences


def _times(ratio: float) -> str:
    if ratio < 0.1:
        return f"1/{1 / ratio:.0f} of"
    return f"{ratio:.2f} times" if ratio < 10 else f"{ratio:.0f} times"


def _truth(row: dict[str, Any], true_x1: float) -> str:
    inside = row["x1_q5"] <= true_x1 <= row["x1_q95"]
    return (
        f"The true x1 of {true_x1:g} mm is {'inside' if inside else 'outside'} its 90 % interval "
        f"({row['x1_q5']:.1f} to {row['x1_q95']:.1f} mm)."
    )
