"""The measurements as Markdown."""

import math
from collections.abc import Sequence
from typing import Any

from benchmarks.rates import Target


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with its columns aligned, the first to the left, the others to the right."""
    cells = [list(header), *map(list, rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]

    def line(row: Sequence[str]) -> str:
        padded = [row[0].ljust(widths[0])]
        padded += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(cells[0]), line(rule), *map(line, cells[1:])])


def describe(results: dict[str, Any], targets: Sequence[Target]) -> str:
    """All tables of a benchmark."""
    return "\n\n".join(
        [
            "# Benchmark",
            results["machine"],
            "## Targets",
            target_table(targets),
            "## Kernel, ns/day",
            kernel_table(results["kernel"]),
            "## Sampling",
            "min ESS: the smaller of bulk and tail ESS of the worst parameter, over the wall time "
            "of start, warm-up and sampling. The rate of a run that has not converged is an upper "
            "bound, and the ratio to it a lower one.",
            sampling_table(results["sampling"]),
            "## Stages of a fit of ten years, s",
            stage_table(results["stages"]),
        ]
    )


def target_table(targets: Sequence[Target]) -> str:
    """What was to be reached, and what was."""
    rows = [
        [
            target.name,
            "-" if math.isnan(target.value) else f"{target.value:.3g}",
            f"{'>=' if target.at_least else '<='} {target.goal:g}",
            target.verdict + (f"; {target.remark}" if target.remark else ""),
        ]
        for target in targets
    ]
    return markdown_table(["target", "measured", "goal", "verdict"], rows)


def kernel_table(rows: Sequence[dict[str, Any]]) -> str:
    """Lengths as columns."""
    names = [name for name in rows[0] if name != "T"]
    header = ["ns/day", *(f"T = {row['T']}" for row in rows)]
    return markdown_table(header, [[name, *(f"{row[name]:.1f}" for row in rows)] for name in names])


def sampling_table(rows: Sequence[dict[str, Any]]) -> str:
    """One row a run."""
    header = ["case", "sampler", "min-ESS/s", "ratio", "min ESS", "R-hat", "converged", "saturated"]
    header += ["seconds", "compile s", "chains x (warm-up + draws)", "settings"]
    return markdown_table(header, [_sampling_cells(row) for row in rows])


def _sampling_cells(row: dict[str, Any]) -> list[str]:
    if "failure" in row:
        return [row["case"], row["peer"], *["-"] * 9, row["failure"]]
    return [
        row["case"],
        row["peer"],
        f"{row['ess_per_second']:.4g}",
        f"{row['ratio']:.3g}",
        f"{row['min_ess']:.0f}",
        f"{row['max_rhat']:.3f}",
        "yes" if row["converged"] else "no",
        f"{100 * row['saturated']:.1f} %",
        f"{row['seconds']:.2f}",
        f"{row['compile_seconds']:.1f}",
        f"{row['chains']} x ({row['warmup']} + {row['draws']})",
        row["settings"],
    ]


def stage_table(stages: dict[str, dict[str, float]]) -> str:
    """Stages as rows, kinds of run as columns."""
    names = list(dict.fromkeys(name for found in stages.values() for name in found))
    names.sort(key=lambda name: name in ("total", "outside CmdStan", "min_ess"))
    rows = [
        [name, *(f"{found[name]:.3g}" if name in found else "" for found in stages.values())]
        for name in names
    ]
    return markdown_table(["stage", *stages], rows)
