"""What is to be sampled: a model on the data of a catchment."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gr4jstan.catchment import Catchment, Day
from gr4jstan.csvfile import read_csv
from gr4jstan.datasets import dataset_names, load_dataset
from gr4jstan.errors import InputError
from gr4jstan.model import Model, StanData, observed_days, stan_data, warmup_days

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Task:
    """Everything that determines a posterior except the sampler's settings.

    Parameters
    ----------
    catchment : Catchment
        The period that is simulated.
    model : Model
        Program structure and numbers.
    warmup : int
        First days that do not count.
    days : array of int
        Days whose observation counts, from 0.
    data : dict
        Data of the Stan program.
    """

    catchment: Catchment
    model: Model
    warmup: int
    days: NDArray[np.int_]
    data: StanData


def as_catchment(data: "Catchment | pd.DataFrame | str | Path", **columns: Any) -> Catchment:
    """Take a catchment, a DataFrame, the name of a built-in data set or the path of a CSV file.

    Parameters
    ----------
    data : Catchment, DataFrame, str or path
    **columns
        Column names and the date format, see `gr4jstan.read_csv`.

    Raises
    ------
    InputError
        If the data cannot be read, or columns are named where there is nothing to choose.
    """
    named = {key: value for key, value in columns.items() if value not in (None, False)}
    built_in = isinstance(data, str) and data in dataset_names()
    if isinstance(data, Catchment) or built_in:
        named.pop("forcing_only", None)
        if named:
            raise InputError(f"{', '.join(named)} cannot be chosen: the data are not a file.")
        return data if isinstance(data, Catchment) else load_dataset(str(data))
    if isinstance(data, (str, Path)):
        return read_csv(data, **columns)
    return Catchment.from_frame(data, **columns)


def define_task(
    data: "Catchment | pd.DataFrame | str | Path",
    model: Model,
    *,
    start: Day | None = None,
    end: Day | None = None,
    warmup: str | int | None = None,
) -> Task:
    """Choose the period, check that it can be calibrated on, and make the program's data.

    Raises
    ------
    InputError
        If data or period are not usable.
    """
    catchment = as_catchment(data).select(start, end)
    skipped = warmup_days(model, catchment, warmup)
    return Task(
        catchment=catchment,
        model=model,
        warmup=skipped,
        days=observed_days(model, catchment, skipped),
        data=stan_data(model, catchment, skipped),
    )
