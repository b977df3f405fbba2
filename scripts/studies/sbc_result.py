"""Table and figure of a simulation-based calibration."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.table import markdown_table
from gr4jstan.drawing import COLOURS, OBSERVED, tidy
from studies.ranks import band, holm, shares_below, uniformity
from studies.sbc import DRAWS

Record = Mapping[str, Any]

LEVEL = 0.05

# Upper ends of the classes of the true flow's Nash-Sutcliffe efficiency.
_NSE = (0.25, 0.5, 0.75, 1.0)

# Reasons of the diagnostics, by what their text contains.
_REASONS = {
    "R-hat": ("R-hat",),
    "ESS": (" ESS",),
    "tree depth": ("tree depth",),
    "divergences": ("diverged",),
    "modes": ("separate places", "mode was", "modes were"),
}


def quantity_table(records: Sequence[Record]) -> pd.DataFrame:
    """Whether ranks are uniform, one row for each error model and quantity.

    Parameters
    ----------
    records : sequence of mapping
        What `studies.sbc.run_replicate` gave.

    Returns
    -------
    DataFrame
        Columns error_model, quantity, replicates (those that were run), not_converged (which are
        among them), p_value, outside_band (whether that is below 0.05), p_value_converged (of the
        converged replicates alone), p_value_holm (allowing for the number of rows), and verdict:
        whether the last is at least 0.05.
    """
    rows = []
    for error_model, found in _by_error_model(records):
        run = [record for record in found if "ranks" in record]
        for quantity in run[0]["ranks"] if run else ():
            ranks = np.array([record["ranks"][quantity] for record in run])
            converged = np.array([record["converged"] for record in run])
            kept = ranks[converged]
            rows.append(
                {
                    "error_model": error_model,
                    "quantity": quantity,
                    "replicates": len(run),
                    "not_converged": int((~converged).sum()),
                    "p_value": uniformity(ranks, DRAWS),
                    "p_value_converged": uniformity(kept, DRAWS) if len(kept) else np.nan,
                }
            )
    table = pd.DataFrame(rows)
    table["outside_band"] = np.where(table["p_value"] < LEVEL, "yes", "no")
    table["p_value_holm"] = holm(table["p_value"].tolist())
    table["verdict"] = np.where(table["p_value_holm"] < LEVEL, "fails", "passes")
    return table


def outcome_table(records: Sequence[Record]) -> pd.DataFrame:
    """What became of the replicates, one row for each error model.

    Returns
    -------
    DataFrame
        Columns error_model, replicates, not_run, converged, not_converged; why not, in any number
        of ways: R-hat, ESS, tree depth, divergences, modes; and the median seconds of a replicate.
    """
    rows = []
    for error_model, found in _by_error_model(records):
        run = [record for record in found if "ranks" in record]
        reasons = [" | ".join(record["reasons"]) for record in run]
        rows.append(
            {
                "error_model": error_model,
                "replicates": len(found),
                "not_run": len(found) - len(run),
                "converged": sum(record["converged"] for record in run),
                "not_converged": sum(not record["converged"] for record in run),
            }
            | {
                name: sum(any(word in text for word in words) for text in reasons)
                for name, words in _REASONS.items()
            }
            | {"median_seconds": float(np.median([record["seconds"] for record in run] or [0]))}
        )
    return pd.DataFrame(rows)


def convergence_markdown(records: Sequence[Record]) -> str:
    """How many replicates converged, by how much of the observations the true flow explains."""
    run = pd.DataFrame([record for record in records if "ranks" in record])
    classes = np.searchsorted(_NSE, run["nse"])
    models = list(dict.fromkeys(run["error_model"]))
    rows = []
    for i, upper in enumerate(_NSE):
        cells = []
        for model in models:
            converged = run["converged"][(classes == i) & (run["error_model"] == model)]
            cells.append(f"{int(converged.sum())} of {len(converged)}")
        lower = f"{_NSE[i - 1]:g} to " if i else "up to "
        rows.append([f"{lower}{upper:g}", *cells])
    return markdown_table(["converged, by NSE of the true flow", *models], rows)


def describe(records: Sequence[Record]) -> str:
    """What became of the replicates, p-values of the ranks, and the verdict, as Markdown."""
    outcomes, quantities = outcome_table(records), quantity_table(records)
    parts = [_outcome_markdown(outcomes)]
    failures = [record for record in records if "failure" in record]
    if failures:
        counts = pd.Series(
            [f"{record['error_model']}: {record['failure']}" for record in failures]
        ).value_counts(sort=False)
        lines = "\n".join(f"- {reason} ({count})" for reason, count in counts.items())
        parts.append(f"Not run:\n\n{lines}")
    parts += [convergence_markdown(records), p_value_markdown(quantities)]
    return "\n\n".join([*parts, *verdicts(quantities)])


def p_value_markdown(table: pd.DataFrame) -> str:
    """p-values of all replicates and, in brackets, of those that converged; * is outside the band.

    Parameters
    ----------
    table : DataFrame
        As of `quantity_table`.
    """
    models = list(dict.fromkeys(table["error_model"]))
    names = [name for name in dict.fromkeys(table["quantity"]) if name != "log-likelihood"]
    cells = {
        (row["error_model"], row["quantity"]): f"{row['p_value']:.3f}"
        f"{'*' if row['outside_band'] == 'yes' else ''} ({row['p_value_converged']:.3f})"
        for row in table.to_dict("records")
    }
    rows = [
        [name, *(cells.get((model, name), "") for model in models)]
        for name in (*names, "log-likelihood")
    ]
    return markdown_table(["quantity", *models], rows)


def verdicts(table: pd.DataFrame) -> list[str]:
    """What the p-values say of all replicates, and of those that converged, in a sentence each."""
    sentences = []
    for whom, column in (
        ("All replicates", "p_value"),
        ("Converged replicates alone", "p_value_converged"),
    ):
        p = table[column]
        worst = table.loc[p.idxmin()]
        adjusted = float(holm(p.tolist()).min())
        sentences.append(
            f"{whom}: {int((p < LEVEL).sum())} of {len(table)} quantities are outside their 95 % "
            f"band ({LEVEL * len(table):.1f} are to be expected). The smallest p-value is "
            f"{p.min():.4f}, of {worst['quantity']} with {worst['error_model']}; allowing for "
            f"{len(table)} tests it is {adjusted:.3f}."
        )
    return sentences


def plot_ranks(records: Sequence[Record]) -> Figure:
    """ECDF difference of each quantity's ranks, a row for each error model, with 95 % bands."""
    groups = list(_by_error_model(records))
    figure = Figure(figsize=(15, 0.9 + 1.55 * len(groups)), layout="constrained")
    columns = max(len(_names(found)) for _, found in groups)
    grid = figure.subplots(len(groups), columns, squeeze=False, sharex=True, sharey=True)
    for row, (error_model, found) in zip(grid, groups, strict=True):
        run = [record for record in found if "ranks" in record]
        lost = sum(not record["converged"] for record in run)
        names = _names(found)
        # the log-likelihood stands in the last column, whatever the number of parameters
        places = [*range(len(names) - 1), columns - 1]
        for place, axes in enumerate(row):
            axes.set_visible(place in places)
        for place, name in zip(places, names, strict=True):
            _draw_difference(row[place], [record["ranks"][name] for record in run])
            row[place].set_title(name, fontsize=10)
        row[0].set_ylabel(f"{error_model}\n{len(run)} replicates\n{lost} not converged", fontsize=8)
    figure.supxlabel("rank of the true value among 399 posterior draws, as a share", fontsize=9)
    figure.suptitle(
        "Share of ranks below, less its expectation, with simultaneous 95 % bands", fontsize=11
    )
    return figure


def _draw_difference(axes: Axes, ranks: Sequence[int]) -> None:
    at, shares = shares_below(ranks, DRAWS)
    low, high = band(len(ranks))
    inside = uniformity(ranks, DRAWS) >= LEVEL
    axes.fill_between(at, low - at, high - at, color=COLOURS[5], alpha=0.3, linewidth=0)
    axes.plot(at, shares - at, color=COLOURS[0] if inside else COLOURS[1], linewidth=1.2)
    axes.axhline(0, color=OBSERVED, linewidth=0.6)
    axes.set(xlim=(0, 1), xticks=[0, 0.5, 1])
    axes.set_xticklabels(["0", "0.5", "1"])
    axes.tick_params(labelsize=7)
    tidy(axes)


def _names(records: Sequence[Record]) -> list[str]:
    return next((list(record["ranks"]) for record in records if "ranks" in record), [])


def _by_error_model(records: Sequence[Record]) -> Iterator[tuple[str, list[Record]]]:
    for name in dict.fromkeys(record["error_model"] for record in records):
        yield name, [record for record in records if record["error_model"] == name]


def _outcome_markdown(table: pd.DataFrame) -> str:
    rows = [
        [format(value, ".2g" if isinstance(value, float) else "") for value in row.values()]
        for row in table.to_dict("records")
    ]
    return markdown_table([str(name).replace("_", " ") for name in table], rows)
