"""Which column of a table is the date, P, E and Q: header names, their units, and the choice."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gr4jstan.errors import InputError

ROLES = ("date", "P", "E", "Q")
MEANING = {
    "date": "the date",
    "P": "precipitation P [mm/d]",
    "E": "potential evapotranspiration E [mm/d]",
    "Q": "streamflow Q [mm/d]",
}
OPTION = {
    "date": "--date-column (date_column=)",
    "P": "--precip-column (precip_column=)",
    "E": "--pet-column (pet_column=)",
    "Q": "--discharge-column (discharge_column=)",
}

# Keys are header names without case, accents, units and punctuation. Names of the second tier count
# only where the file has none of the first: beside PET, for instance, ET is the actual one.
_TIERS: dict[str, tuple[str, str]] = {
    "date": (
        "date dates datesr datetime timestamp tsddate yyyymmdd ymd datum fecha data",
        "time day index step",
    ),
    "P": (
        "p pobs prec precip precipitation precipitationmean prcp pcp ppt pr rr rain rainfall tp "
        "totalprecipitation totalprecipitationsum tsdprec raindata "
        "precipcr2met precipchirps precipmswep precipitationchirps precipitationcpc "
        "precipitationmswep precipitationawap precipitationagcd precipitationsilo "
        "niederschlag regen pluie precipitacion precipitacao precipitazione",
        "",
    ),
    "E": (
        "e pe pet etp epot etpot potet et0 eto ep petmean petsim potevap evapopot turc oudin "
        "potentialevapotranspiration potentialevaporation potentialevaporationsum "
        "potentialevaporationsumera5land potentialevaporationsumfaopenmanmonteith "
        "potentialevapotransp potentialevapotranspgleam tsdpetou tsdpetpe tsdpetpm "
        "pethargreaves pet8dmodis etmortonwetsilo etshortcropsilo etmortonpotentialsilo",
        "et evap evapotranspiration evaporation",
    ),
    "Q": (
        "q qobs obsq qsim simq qmod modq modeledq modelledq observedq simulatedq qmeas measuredq "
        "discharge dischargeobs dischargesim dischargespec dischargespecobs dischargespecsim "
        "streamflow streamflowobs streamflowsim observedstreamflow simulatedstreamflow "
        "flow observedflow runoff obsrun modrun tsdq abfluss debit caudal vazao portata",
        "",
    ),
}
_ALIASES = {role: tuple(frozenset(t.split()) for t in tiers) for role, tiers in _TIERS.items()}
_CALENDAR = (
    frozenset(["year", "yr", "yyyy"]),
    frozenset(["month", "mnth", "mo", "mm"]),
    frozenset(["day", "dy", "dd"]),
)

_DAILY_MM = re.compile(r"(mm|millimet(er|re)s?)(/?1?(d|day|24h)(-1)?)?")
_OTHER_UNIT = re.compile(
    r"(m3|l|dm3|ft3|cf|hm3|gl|ml)(/?(s|sec|d|day|h)(-1)?)|cms|cumecs?|lps|l|m|cm|in|inch(es)?"
    r"|(mm|m|cm|in|inch)/?(s|sec|min|h|hr|hour|d|day|week|month|mon|yr|year|a|y)(-1)?"
    r"|.*(/s(ec.*)?|s-1|/h(our|r)?|h-1)"
)
_SUFFIX = re.compile(
    r"(?<=[a-z0-9])[ _.]+(mm[ _./]?(per[ _])?(d|day)?(-1)?|m3[ _./]?s|cms|cfs|ls|l[ _./]s|lps|l)$"
)
_AIRGR_UNIT = re.compile(r"^q(mm|mmd|ls|m3s|cms|cfs)$")


@dataclass(frozen=True)
class Columns:
    """Positions of the columns in the header; `date` holds three for year, month and day."""

    date: tuple[int, ...]
    P: int
    E: int
    Q: int | None
    remarks: tuple[str, ...] = ()


def parse_header(name: str) -> tuple[str, str | None]:
    """Take a header name apart into its alias key and the unit it states.

    Returns
    -------
    tuple of (str, str or None)
        The key (lower case, no accents, no punctuation) and ``"mm/d"``, the text of another unit,
        or None where the name states none. ``"Discharge[ls-1]"`` gives ``("discharge", "ls-1")``.
    """
    text = unicodedata.normalize("NFKD", name.strip().replace("³", "3"))
    text = "".join(c for c in text if not unicodedata.combining(c)).lower()
    unit = None
    bracket = re.search(r"[\[(]([^\])]*)[\])]", text)
    if bracket:
        unit = _unit(bracket[1])
        text = text[: bracket.start()] + " " + text[bracket.end() :]
    text = text.strip()
    if suffix := _SUFFIX.search(text):
        unit = unit or _unit("l/s" if suffix[1] == "l" else suffix[1])
        text = text[: suffix.start()]
    if airgr := _AIRGR_UNIT.match(text):
        unit = unit or _unit(airgr[1])
        text = "q"
    if unit is None and re.match(r"discharge_vol\b|discharge_vol_", text):
        unit, text = "m3/s", text.replace("_vol", "")
    return re.sub(r"[^a-z0-9]", "", text), unit


def choose_columns(
    header: Sequence[str],
    chosen: Mapping[str, str | None],
    source: str,
    *,
    forcing_only: bool = False,
) -> Columns:
    """Find the columns of date, P, E and Q in a header.

    Parameters
    ----------
    header : sequence of str
    chosen : mapping
        Role ("date", "P", "E", "Q") to the column name the user asked for, or None.
    source : str
        What the messages call the table.
    forcing_only : bool
        Do not look for Q.

    Raises
    ------
    InputError
        A column asked for is not there, none or several columns could be one role, or the name of a
        column states a unit other than mm/d.
    """
    parsed = [parse_header(name) for name in header]
    asked = {r: _asked(header, name, r, source) for r, name in chosen.items() if name is not None}
    _refuse_shared(asked, header, source)
    remarks: list[str] = []

    def find(role: str) -> int | None:
        if role in asked:
            candidates = [asked[role]]
        else:
            candidates = _candidates(role, header, parsed, set(asked.values()), remarks)
        usable = [i for i in candidates if role == "date" or parsed[i][1] in (None, "mm/d")]
        if candidates and not usable:
            message = _unit_message(header, parsed, candidates, role)
            if role != "Q" or role in asked:
                raise InputError(f"{source}: {message}")
            remarks.append(f"no streamflow was read: {message}")
        _refuse_duplicates(header, usable, source)
        if len(usable) > 1:
            raise InputError(
                f"{source}: the columns {_quoted([header[i] for i in usable])} could each be "
                f"{MEANING[role]}; choose one with {OPTION[role]}"
            )
        return usable[0] if usable else None

    P, E = find("P"), find("E")
    Q = None if forcing_only else find("Q")
    for role, position in (("P", P), ("E", E)):
        if position is None:
            raise InputError(
                f"{source}: no column for {MEANING[role]} found among {_quoted(header)}; "
                f"name it with {OPTION[role]}"
            )
    assert P is not None and E is not None
    date = _date_columns(find, parsed, asked)
    return Columns(date, P, E, Q, tuple(remarks))


def _unit(text: str) -> str | None:
    compact = re.sub(r"[\s^*·_{}$]|per", lambda m: "/" if m[0] == "per" else "", text)
    compact = compact.replace("−", "-").replace(".", "")
    if _DAILY_MM.fullmatch(compact):
        return "mm/d"
    if compact == "cfs" or _OTHER_UNIT.fullmatch(compact):
        return text
    return None


def _asked(header: Sequence[str], name: str, role: str, source: str) -> int:
    for same in (str, str.strip, lambda s: s.strip().casefold()):
        found = [i for i, h in enumerate(header) if same(h) == same(name)]
        if len(found) > 1:
            raise InputError(f"{source}: the column name {name!r} stands {len(found)} times")
        if found:
            return found[0]
    raise InputError(
        f"{source}: there is no column {name!r}, asked for by {OPTION[role]}; "
        f"the columns are {_quoted(header)}"
    )


def _candidates(
    role: str,
    header: Sequence[str],
    parsed: Sequence[tuple[str, str | None]],
    taken: set[int],
    remarks: list[str],
) -> list[int]:
    first, second = (
        [i for i, (key, _) in enumerate(parsed) if key in tier and i not in taken]
        for tier in _ALIASES[role]
    )
    if first and second and role == "E":
        unused = _quoted(header[i] for i in second)
        remarks.append(f"E is read from column {header[first[0]]!r}; {unused} is not used")
    return first or second


def _date_columns(
    find: Callable[[str], int | None],
    parsed: Sequence[tuple[str, str | None]],
    asked: Mapping[str, int],
) -> tuple[int, ...]:
    keys = [key for key, _ in parsed]
    if "date" not in asked and not any(key in _ALIASES["date"][0] for key in keys):
        calendar = [[i for i, key in enumerate(keys) if key in part] for part in _CALENDAR]
        if all(len(part) == 1 for part in calendar):
            return tuple(part[0] for part in calendar)
    position = find("date")
    if position is not None:
        return (position,)
    unnamed = keys[0] in ("", "unnamed0") and 0 not in asked.values()
    return (0,) if unnamed else ()


def _refuse_shared(asked: Mapping[str, int], header: Sequence[str], source: str) -> None:
    for role, position in asked.items():
        others = [r for r, i in asked.items() if i == position and r != role]
        if others:
            raise InputError(
                f"{source}: column {header[position]!r} is asked for twice, by {OPTION[role]} "
                f"and by {OPTION[others[0]]}"
            )


def _refuse_duplicates(header: Sequence[str], used: Sequence[int], source: str) -> None:
    names = [name.strip() for name in header]
    for i in used:
        if names.count(names[i]) > 1 and names[i]:
            raise InputError(
                f"{source}: the column name {names[i]!r} stands {names.count(names[i])} times; "
                "rename or remove one of them"
            )


def _unit_message(
    header: Sequence[str],
    parsed: Sequence[tuple[str, str | None]],
    candidates: Sequence[int],
    role: str,
) -> str:
    stated = " and ".join(f"column {header[i]!r} (in {parsed[i][1]})" for i in candidates)
    hint = " (mm/d = l/s * 0.0864 / area in km2 = m3/s * 86.4 / area in km2)" if role == "Q" else ""
    return f"{role} must be in mm/d, and by name {stated} is not; convert{hint} and rename it"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)
