"""Numbers in words and tables."""

import math


def percent(share: float, digits: int = 0, sign: str = "") -> str:
    """A share as a percentage."""
    return f"{100 * share:{sign}.{digits}f} %"


def readable(number: float) -> str:
    """A number of three digits, without an exponent where it has a usual size."""
    return f"{float(f'{number:.3g}'):g}"


DASH = "–"


def decimals(spread: float) -> int:
    """Decimals that show two digits of a spread."""
    if not math.isfinite(spread) or spread <= 0:
        return 4
    return min(max(1 - math.floor(math.log10(spread)), 0), 8)


def number(value: float, digits: int) -> str:
    """A number with so many decimals, a dash for NaN, and no minus before a zero.

    One beyond a million has three digits, and an exponent.
    """
    if not math.isfinite(value):
        return DASH
    if abs(value) >= 1e6:
        return f"{value:.3g}"
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text
