"""Many calibrations at a glance: the table, and a page on what to look at."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from gr4jstan.files import output_file
from gr4jstan.many.plots import plot_distributions
from gr4jstan.report.pages import embed, render_page

# Columns that lead the table, whatever the first catchment has.
_FIRST = ("id", "converged", "verdict", "severity", "findings", "error", "reasons", "observed_days")

# Severities that call for a look, and their places behind what failed and did not converge.
_LOOK = {"unfit": 2, "warning": 3}


def write_table(records: Sequence[Mapping[str, Any]], folder: Path) -> pd.DataFrame:
    """Write catchments.csv, catchments.parquet and overview.html.

    Parameters
    ----------
    records : sequence of mapping
        One a catchment.
    folder : Path

    Returns
    -------
    DataFrame
        One row a catchment: verdict, codes of the findings and the severity of the gravest (see
        `gr4jstan.findings.Finding`), parameters with quantiles, scores, diagnostics, seconds.
    """
    found: dict[str, None] = dict.fromkeys(_FIRST)
    for record in records:
        found |= dict.fromkeys(record)
    table = pd.DataFrame([{name: record.get(name) for name in found} for record in records])
    table["converged"] = table["converged"].astype("boolean")
    for name in ("id", "verdict", "severity", "findings", "error", "reasons"):
        table[name] = table[name].astype("string")
    with output_file(folder / "catchments.csv", force=True) as work:
        table.to_csv(work, index=False)
    with output_file(folder / "catchments.parquet", force=True) as work:
        table.to_parquet(work, index=False)
    with output_file(folder / "overview.html", force=True) as work:
        work.write_text(render_overview(table), encoding="utf-8")
    return table


def render_overview(table: pd.DataFrame) -> str:
    """A page on the distributions of parameters and scores, and on what to look at first.

    Parameters
    ----------
    table : DataFrame
        See `write_table`.

    Returns
    -------
    str
        A self-contained HTML document.
    """
    done = table[table["error"].isna()]
    seconds = done.get("seconds", pd.Series(dtype=float))
    return render_page(
        "overview.html.j2",
        catchments=len(table),
        calibrated=len(done),
        converged=int(done["converged"].fillna(False).sum()),
        failed=int(table["error"].notna().sum()),
        seconds=None if seconds.empty else float(seconds.median()),
        look=_worth_a_look(table),
        picture=embed(plot_distributions(done)) if len(done) else None,
    )


def _worth_a_look(table: pd.DataFrame) -> list[tuple[str, str]]:
    """Catchments and why: failed, not converged, a verdict with reservations."""
    rows = []
    for row in table.itertuples():
        if not pd.isna(row.error):
            rows.append((0, str(row.id), f"failed: {row.error}"))
        elif not row.converged:
            rows.append((1, str(row.id), f"not converged: {row.reasons}"))
        elif row.severity in _LOOK:
            rows.append((_LOOK[row.severity], str(row.id), str(row.verdict)))
    return [(name, why) for _, name, why in sorted(rows)]
