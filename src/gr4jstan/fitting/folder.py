"""The folder of a saved fit: what is written into it, and read from it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gr4jstan.errors import InputError
from gr4jstan.files import write_json
from gr4jstan.fitting.end_state import EndState, read_end_state, write_end_state
from gr4jstan.fitting.inference_data import InferenceData, read_netcdf, write_netcdf
from gr4jstan.fitting.records import damaged, read_json
from gr4jstan.fitting.saved import check_end, check_posterior, check_texts
from gr4jstan.model.programs import HEADER_NAME

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 2


def write_folder(
    folder: Path,
    *,
    idata: InferenceData,
    end: EndState,
    tables: "dict[str, pd.DataFrame]",
    records: dict[str, Any],
    code: str,
    header: str | None,
) -> None:
    """Write into a folder that is there.

    Parameters
    ----------
    folder : Path
    idata : InferenceData
        posterior.nc.
    end : EndState
        states.nc.
    tables : dict of str to DataFrame
        CSV files, by name.
    records : dict of str to dict
        JSON files, by name.
    code : str
        model.stan.
    header : str or None
        Its C++ header, where it has one.
    """
    write_netcdf(idata, folder / "posterior.nc")
    write_end_state(end, folder / "states.nc")
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv")
    for name, record in records.items():
        write_json(folder / f"{name}.json", record)
    (folder / "model.stan").write_text(code, encoding="utf-8")
    if header is not None:
        (folder / HEADER_NAME).write_text(header, encoding="utf-8")


def read_folder(folder: Path) -> dict[str, Any]:
    """Read and check what `write_folder` wrote.

    Returns
    -------
    dict
        Arguments of `gr4jstan.fitting.results.Fit`.

    Raises
    ------
    InputError
        If a file is missing or damaged, or was written by another version, naming it.
    """
    diagnostics, run, data = (
        read_json(folder / f"{name}.json") for name in ("diagnostics", "run", "data")
    )
    if run.get("format") != FORMAT:
        raise InputError(
            f"{folder / 'run.json'}: written by another version of gr4jstan, in format "
            f"{run.get('format')}, not {FORMAT}; run the fit again, as its report says how."
        )
    # they follow from the rest
    for name in ("verdict", "findings"):
        diagnostics.pop(name, None)
    model = check_texts(folder, run, diagnostics, data)
    code = _read_text(folder / "model.stan")
    idata = read_netcdf(folder / "posterior.nc")
    check_posterior(folder / "posterior.nc", idata, model, run["validation"] is not None)
    end = read_end_state(folder / "states.nc")
    check_end(folder / "states.nc", end, idata, model)
    # a folder that was written anew may hold the header of an earlier program
    header = _read_text(folder / HEADER_NAME) if HEADER_NAME in code else None
    return {
        "idata": idata,
        "diagnostics": diagnostics,
        "run": run,
        "code": code,
        "header": header,
        "data": data,
        "saved_end": end,
    }


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise damaged(path, error) from None
