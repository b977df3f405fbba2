"""Daily series of a catchment from a NetCDF file, as Caravan has them."""

from pathlib import Path
from typing import Any

from gr4jstan.errors import InputError
from gr4jstan.reading.frames import Cells, frame_cells
from gr4jstan.reading.request import Request

# The first bytes of NetCDF files: HDF5, and the classic formats.
NETCDF = (b"\x89HDF\r\n\x1a\n", b"CDF\x01", b"CDF\x02", b"CDF\x05")


def netcdf_cells(path: Path, source: str, request: Request) -> Cells:
    """Read a NetCDF file as header and text cells; units stand behind the names.

    Parameters
    ----------
    path : Path
    source : str
        What messages call the file.
    request : Request
        Its ``gauge`` chooses among several.

    Returns
    -------
    tuple of (list of str, list of list of str)

    Raises
    ------
    InputError
        It is no NetCDF file, holds no series, several gauges, or not the one that is asked for.
    """
    import xarray

    try:
        with xarray.open_dataset(path, engine=_engine(path)) as opened:
            data = opened.load()
    # HDF5, scipy and xarray stumble over a damaged file in many ways
    except Exception as error:
        raise InputError(f"{source} cannot be read as NetCDF: {error}") from error
    data = _one_gauge(data, source, request.gauge)
    if not data.data_vars or not data.sizes:
        raise InputError(f"{source} holds no series; variables of P, E and Q by day are needed")
    names = {
        name: f"{name} [{unit}]"
        for name, unit in ((n, data[n].attrs.get("units")) for n in data.data_vars)
        if unit and data[name].dtype.kind in "iuf"
    }
    return frame_cells(data.rename(names), source)


def _engine(path: Path) -> str:
    with path.open("rb") as file:
        return "scipy" if file.read(3) == b"CDF" else "h5netcdf"


def _one_gauge(data: Any, source: str, gauge: str | None) -> Any:
    """Choose along the dimension that is not time."""
    time = [str(dim) for dim in data.dims if _is_time(data, dim)]
    others = [str(dim) for dim in data.dims if str(dim) not in time]
    if not others and gauge is not None:
        raise InputError(f"{source} holds one series; leave out --gauge (gauge=)")
    if len(others) != 1:
        return data
    names = [_text(value) for value in data[others[0]].to_numpy().tolist()]
    if gauge is None and len(names) == 1:
        return data.isel({others[0]: 0}, drop=True)
    if gauge is None or gauge not in names:
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        what = "choose one" if gauge is None else f"{gauge!r} is not among them; choose one"
        raise InputError(
            f"{source} holds {len(names)} gauges ({shown}); {what} with --gauge (gauge=)"
        )
    return data.isel({others[0]: names.index(gauge)}, drop=True)


def _is_time(data: Any, dim: Any) -> bool:
    if dim not in data.coords:
        return str(dim).lower() in ("time", "date", "day")
    values = data[dim].to_numpy()
    return values.dtype.kind == "M" or (values.size > 0 and hasattr(values.flat[0], "calendar"))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
