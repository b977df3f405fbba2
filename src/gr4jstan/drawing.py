"""What all figures share: colours, panels and small helpers. No figure has global state."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from numpy.typing import NDArray

# Okabe and Ito's palette: told apart by colour-blind readers too
COLOURS = ("#0072B2", "#D55E00", "#CC79A7", "#009E73", "#E69F00", "#56B4E9")
OBSERVED = "#222222"

DPI = 110
WIDTH = 11.0


def panels(
    n: int, *, width: float, height: float, sharex: bool = False, sharey: bool = False
) -> tuple[Figure, NDArray[Any]]:
    """A figure of n panels in a row, each of this size [inch]."""
    figure = Figure(figsize=(width * n, height), layout="constrained")
    axes_row = figure.subplots(1, n, squeeze=False, sharex=sharex, sharey=sharey)[0]
    for axes in axes_row:
        tidy(axes)
    return figure, axes_row


def stack(heights: Sequence[float], *, gaps: float) -> tuple[Figure, GridSpec]:
    """A figure of panels one above the other, of these heights [inch].

    The margins are set here because finding them, as matplotlib's constrained layout does, takes
    longer than drawing.
    """
    top, bottom = 0.75, 0.5
    inside = sum(heights) + gaps * (len(heights) - 1)
    figure = Figure(figsize=(WIDTH, top + inside + bottom))
    height = figure.get_figheight()
    grid = figure.add_gridspec(
        len(heights),
        1,
        height_ratios=heights,
        left=0.07,
        right=0.985,
        bottom=bottom / height,
        top=1 - top / height,
        hspace=gaps * len(heights) / sum(heights),
    )
    return figure, grid


def entitle(figure: Figure, catchment: str, text: str) -> None:
    """Set the title of a figure, its words as they stand."""
    figure.suptitle(
        plain(f"GR4J on {catchment}: {text}"),
        fontsize=11,
        y=1 - 0.12 / figure.get_figheight(),
        va="top",
        wrap=True,
    )


def tidy(axes: Axes) -> None:
    """Take away the frame's upper and right side."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.title.set_fontsize(10)


def cycle(n: int) -> list[str]:
    """Colours of n series."""
    return [COLOURS[i % len(COLOURS)] for i in range(n)]


def bins(values: NDArray[np.float64], n: int) -> list[float]:
    """Edges of `n` bins over all but the most extreme values."""
    low, high = np.quantile(values, [0.001, 0.999])
    return [float(edge) for edge in np.linspace(low, high if high > low else low + 1, n + 1)]


def thin(values: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """At most `most` of the values along the last axis, evenly spread."""
    size = values.shape[-1]
    return values[..., np.unique(np.linspace(0, size - 1, min(size, most)).round().astype(int))]


def plain(text: str) -> str:
    """Text as it stands: without matplotlib's mathematics between dollar signs."""
    return text.replace("$", r"\$")


def quantity(name: str, units: Mapping[str, str]) -> str:
    """Name of a parameter with its unit."""
    unit = units.get(name, "-")
    return plain(name if unit == "-" else f"{name} [{unit}]")


def to_png(figure: Figure) -> bytes:
    """The figure as a PNG image; the same figure gives the same bytes."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()
