"""The first days that are simulated, but do not count."""

from gr4jstan.errors import InputError
from gr4jstan.model.definition import Model
from gr4jstan.reading.catchment import Catchment


def warmup_days(model: Model, catchment: Catchment, warmup: str | int | None) -> int:
    """Number of first days that are simulated but do not count.

    Parameters
    ----------
    model : Model
        By default one year for fixed initial states, else none.
    catchment : Catchment
        The period to be simulated.
    warmup : str or int or None
        Days (365), or years ("1Y").

    Raises
    ------
    InputError
        If it cannot be read, is negative, or leaves no day.
    """
    T = len(catchment)
    if warmup is None:
        warmup = "1Y" if model.spec.initial_states == "fixed" else 0
    days = parse_warmup(warmup, catchment)
    if days >= T:
        raise InputError(
            f"warmup is {warmup} ({days} days) but the period has {T} days; "
            "shorten the warm-up or lengthen the period (start, end)."
        )
    return days


def parse_warmup(warmup: str | int, catchment: Catchment) -> int:
    """Days of a warm-up, which may be given in years from the first day on.

    Raises
    ------
    InputError
        If it cannot be read, or is negative.
    """
    text = str(warmup).strip().upper()
    years = text.endswith("Y")
    digits = text[:-1] if years else text
    # no period has a billion days, and Python refuses to read very long numbers
    if not digits.isdecimal() or len(digits) > 9:
        raise InputError(f"warmup is {warmup!r}; give a number of days (365) or years (1Y).")
    number = int(digits)
    days = 365 * number if years else number
    if years and days < len(catchment) and catchment.dates is not None:
        import pandas as pd

        days = (catchment.dates[0] + pd.DateOffset(years=number) - catchment.dates[0]).days
    return int(days)
