"""The rows of one gauge, where a table holds several."""

from collections.abc import Sequence

from gr4jstan.errors import InputError
from gr4jstan.reading.datecolumns import key_of
from gr4jstan.reading.request import Request

_NAMES = frozenset(
    [
        *("gauge", "gaugeid", "gaugenumber", "gaugeno", "gaugename", "grdcno", "station"),
        *("stationid", "stationsid", "stationnumber", "stationno", "siteno", "siteid", "site"),
        *("codestation", "codesite", "numposte", "basin", "basinid", "catchment", "catchmentid"),
        *("id", "gridcode", "ezgid", "hruid", "codigo", "codigoestacao", "stationname"),
    ]
)


def rows_of_gauge(
    header: Sequence[str], rows: Sequence[Sequence[str]], source: str, request: Request
) -> Sequence[int]:
    """Find the rows of the gauge that is asked for, or of the only one.

    Parameters
    ----------
    header : sequence of str
    rows : sequence of sequence of str
    source : str
        What the messages call the table.
    request : Request

    Returns
    -------
    sequence of int
        The numbers of the rows.

    Raises
    ------
    InputError
        There are several gauges and none is asked for, or not the one that is.
    """
    taken = set(request.names.values())
    columns = [i for i, name in enumerate(header) if key_of(name) in _NAMES and name not in taken]
    wanted = request.gauge
    if wanted is None:
        for i in columns:
            gauges = list(dict.fromkeys(row[i].strip() for row in rows))
            if 1 < len(gauges) <= len(rows) / 2:
                raise InputError(
                    f"{source} holds {len(gauges)} gauges (column {header[i]!r}: "
                    f"{_first(gauges)}); choose one with --gauge (gauge=)"
                )
        return range(len(rows))
    found: dict[str, None] = {}
    for i in columns:
        cells = [row[i].strip() for row in rows]
        if wanted.strip() in cells:
            return [r for r, cell in enumerate(cells) if cell == wanted.strip()]
        found |= dict.fromkeys(cells)
    there = f"there are {_first(list(found))}" if found else "there is no column of gauges"
    raise InputError(f"{source}: no rows of the gauge {wanted!r} (--gauge, gauge=); {there}")


def _first(gauges: Sequence[str]) -> str:
    return ", ".join(gauges[:3]) + (", ..." if len(gauges) > 3 else "")
