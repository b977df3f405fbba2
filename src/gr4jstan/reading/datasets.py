"""The data sets that come with the package."""

from dataclasses import replace
from importlib.resources import as_file, files

from gr4jstan.errors import InputError
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.csvfile import read_csv

# The values behind `synthetic`: x1 [mm], x2 [mm/d], x3 [mm], x4 [d], initial stores S0, R0 [mm].
SYNTHETIC_TRUTH: dict[str, float] = {
    "x1": 320.11,
    "x2": 2.42,
    "x3": 69.63,
    "x4": 1.39,
    "S0": 0.6 * 320.11,
    "R0": 0.7 * 69.63,
}

_FILES = {"example": "example.csv", "synthetic": "synthetic.csv"}


def dataset_names() -> tuple[str, ...]:
    """Name the built-in data sets."""
    return tuple(_FILES)


def load_dataset(name: str) -> Catchment:
    """Load a built-in data set.

    Parameters
    ----------
    name : str
        ``"example"``: a catchment of 1.783 km2, 2012 to 2016, its first year without streamflow
        (from SPOTPY; MIT licence). ``"synthetic"``: 50 days of the example's forcing from
        2012-06-09, precipitation doubled; Q is the flow that GR4J gives, without noise, at
        `SYNTHETIC_TRUTH`.

    Returns
    -------
    Catchment

    Raises
    ------
    InputError
        There is no data set of this name.
    """
    if name not in _FILES:
        known = " and ".join(repr(known) for known in _FILES)
        raise InputError(f"there is no data set {name!r}; the built-in ones are {known}")
    with as_file(files("gr4jstan") / "data" / _FILES[name]) as path:
        return replace(read_csv(path), source=f"data set {name!r}", remarks=())
