"""A fit from the folder that it was saved in."""

from pathlib import Path

from gr4jstan.fitting.folder import read_folder
from gr4jstan.fitting.results import Fit


def load_fit(folder: str | Path) -> Fit:
    """Read what `Fit.save` wrote.

    Raises
    ------
    InputError
        If a file is missing or damaged, or was written by another version, naming it.
    """
    return Fit(**read_folder(Path(folder)))
