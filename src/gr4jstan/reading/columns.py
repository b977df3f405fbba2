"""Which column of a table is P, E (or temperature T) and Q."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gr4jstan.errors import InputError
from gr4jstan.findings import Finding, note, warning
from gr4jstan.reading.flow_units import per_day
from gr4jstan.reading.headers import parse_header, parse_temperature_header
from gr4jstan.reading.request import Request

Header = tuple[str, str | None]

MEANING = {
    "date": "the date",
    "P": "precipitation P [mm/d]",
    "E": "potential evapotranspiration E [mm/d]",
    "Q": "streamflow Q [mm/d]",
    "T": "temperature T [degC]",
}
OPTION = {
    "date": "--date-column (date_column=)",
    "P": "--precip-column (precip_column=)",
    "E": "--pet-column (pet_column=)",
    "Q": "--discharge-column (discharge_column=)",
    "T": "--temperature-column (temperature_column=)",
}
_BY_OPTION = {
    "P": ", or say the unit with --precip-unit (precip_unit=)",
    "E": ", or say the unit with --pet-unit (pet_unit=)",
    "Q": ", or say the unit with --flow-unit (flow_unit=)",
}
# Zero and degree of a unit of temperature, in degC.
TEMPERATURES = {
    unit: (zero, scale / size)
    for size, tenth in ((1, ""), (10, "0.1 "))
    for unit, zero, scale in (
        (f"{tenth}degC", 0.0, 1.0),
        (f"{tenth}K", -273.15, 1.0),
        (f"{tenth}degF", -32 / 1.8, 1 / 1.8),
    )
}

# Keys are header names without case, accents, units and punctuation. Names of the second tier count
# only where the file has none of the first: beside PET, for instance, ET is the actual one.
_TIERS: dict[str, tuple[str, str]] = {
    "P": (
        "p pobs prec precip precipitation precipitationmean prcp pcp ppt pr rr rain rainfall tp "
        "dailyrain prectotcorr rsk rs totalprecipitation totalprecipitationsum tsdprec raindata "
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
        "etpmon etpgrille etmortonpotential etshortcrop etmortonwet "
        "pethargreaves pet8dmodis etmortonwetsilo etshortcropsilo etmortonpotentialsilo",
        "et evap evapotranspiration evaporation",
    ),
    "Q": (
        "q qobs obsq qsim simq qmod modq modeledq modelledq observedq simulatedq qmeas measuredq "
        "qsimulated qmodeled qmodelled simulatedflow simulateddischarge modelleddischarge "
        "discharge dischargeobs dischargesim dischargespec dischargespecobs dischargespecsim "
        "streamflow streamflowobs streamflowsim observedstreamflow simulatedstreamflow "
        "flow observedflow runoff obsrun modrun tsdq abfluss debit caudal vazao portata",
        "",
    ),
    "T": (
        "t temp temperature tmean tempmean temperaturemean meantemp meantemperature tavg tempavg "
        "tm tmed tmk tobs tg ta tair airtemp airtemperature tas t2m t2mmean 2mtemp 2mtempmean "
        "temperature2m temperature2mmean tsdtemp tmeancr2met temperaturemeancpc "
        "temperatur lufttemperatur temperatura temperaturamedia",
        "",
    ),
}
_ALIASES = {role: tuple(frozenset(t.split()) for t in tiers) for role, tiers in _TIERS.items()}

# Names that a message lists; some tables have a column for each of hundreds of gauges.
_MOST_SHOWN = 20
_SIMULATED = re.compile("sim|mod")


@dataclass(frozen=True)
class Columns:
    """Positions of the columns in the header.

    `date` is the one that the user named, if any. Either `E` or `T` is there. `units` are those
    that the names of P, E, T and Q state, if any.
    """

    date: int | None
    P: int
    E: int | None
    T: int | None
    Q: int | None
    units: Mapping[str, str | None] = field(default_factory=dict)
    remarks: tuple[Finding, ...] = ()


def choose_columns(header: Sequence[str], request: Request, source: str) -> Columns:
    """Find the columns of P, E (or else T) and Q in a header.

    Parameters
    ----------
    header : sequence of str
    request : Request
    source : str
        What the messages call the table.

    Raises
    ------
    InputError
        A column asked for is not there, none or several columns could be one role, or the name of a
        column states a unit that cannot be converted with what is known, and no other is asked for.
    """
    parsed = [parse_header(name) for name in header]
    warm = [parse_temperature_header(name) for name in header]
    asked = {role: _asked(header, name, role, source) for role, name in request.names.items()}
    _refuse_shared(asked, header, source)
    remarks: list[Finding] = []

    def find(role: str) -> int | None:
        names = warm if role == "T" else parsed
        if role in asked:
            candidates = [asked[role]]
        else:
            candidates = _candidates(role, header, names, set(asked.values()), remarks)
        usable = _usable(role, candidates, header, names, request)
        if candidates and not usable:
            message = _unit_message(role, candidates, header, names)
            if role != "Q" or role in asked or request.flow_unit:
                raise InputError(f"{source}: {message}")
            remarks.append(note("no_flow_read", f"no streamflow was read: {message}"))
        _refuse_duplicates(header, usable, source)
        if len(usable) > 1:
            raise InputError(
                f"{source}: the columns {_quoted([header[i] for i in usable])} could each be "
                f"{MEANING[role]}; choose one with {OPTION[role]}"
            )
        return usable[0] if usable else None

    P, E = find("P"), find("E")
    T = find("T") if E is None else None
    Q = None if request.forcing_only else find("Q")
    if P is None:
        raise InputError(
            f"{source}: no column for {MEANING['P']} found among {_quoted(header)}; "
            f"name it with {OPTION['P']}; P, E and Q of the same days must stand in one file"
        )
    if E is None and (T is None or request.latitude is None):
        raise InputError(f"{source}: {_no_evaporation(header, T)}")
    if E is not None:
        remarks += _unused_temperature(header[E], request)
    if Q is not None and "Q" not in asked and _SIMULATED.search(parsed[Q][0]):
        remarks.append(
            warning(
                "simulated_flow",
                f"Q is read from column {header[Q]!r}, by name a simulated flow; "
                f"if there is an observed one, name it with {OPTION['Q']}",
            )
        )
    chosen = {"P": P, "E": E, "T": T, "Q": Q}
    units = {
        role: (warm if role == "T" else parsed)[i][1] for role, i in chosen.items() if i is not None
    }
    return Columns(asked.get("date"), P, E, T, Q, units, tuple(remarks))


def _asked(header: Sequence[str], name: str, role: str, source: str) -> int:
    for same in (str, str.strip, lambda s: s.strip().casefold(), _without_unit):
        found = [i for i, h in enumerate(header) if same(h) == same(name)]
        if len(found) > 1:
            raise InputError(f"{source}: the column name {name!r} stands {len(found)} times")
        if found:
            return found[0]
    raise InputError(
        f"{source}: there is no column {name!r}, asked for by {OPTION[role]}; "
        f"the columns are {_quoted(header)}"
    )


def _without_unit(name: str) -> str:
    return re.sub(r"\s*\[[^\]]*\]$", "", name.strip()).casefold()


def _candidates(
    role: str,
    header: Sequence[str],
    parsed: Sequence[Header],
    taken: set[int],
    remarks: list[Finding],
) -> list[int]:
    first, second = (
        [i for i, (key, _) in enumerate(parsed) if key in tier and i not in taken]
        for tier in _ALIASES[role]
    )
    if first and second and role == "E":
        unused = _quoted(header[i] for i in second)
        text = f"E is read from column {header[first[0]]!r}; {unused} is not used"
        remarks.append(note("column_not_used", text))
    if role == "Q" and not first:
        return _by_unit(header, parsed, taken, remarks)
    return first or second


def _by_unit(
    header: Sequence[str], parsed: Sequence[Header], taken: set[int], remarks: list[Finding]
) -> list[int]:
    """Columns in a unit that only a river's flow has; of several the observed one."""
    flows = []
    for i, (_, unit) in enumerate(parsed):
        known = None if i in taken else per_day("Q", unit, header[i])
        if known is not None and known[1]:
            flows.append(i)
    observed = [i for i in flows if re.search(r"\bobs", header[i].casefold())]
    found = observed or flows
    if len(found) == 1:
        text = f"Q is read from column {header[found[0]]!r}, by its unit"
        remarks.append(note("column_by_unit", text))
    return found


def _usable(
    role: str,
    candidates: Sequence[int],
    header: Sequence[str],
    parsed: Sequence[Header],
    request: Request,
) -> list[int]:
    """Take the candidates whose unit is the one asked for or mm/d, else those to be converted."""
    asked = request.units.get(role)
    usual = asked or ("degC" if role == "T" else "mm/d")
    usable = [i for i in candidates if parsed[i][1] in (None, usual)]
    if usable:
        return usable
    if asked:
        return list(candidates)
    return [i for i in candidates if _convertible(role, header[i], parsed[i][1], request)]


def _convertible(role: str, name: str, unit: str | None, request: Request) -> bool:
    """Whether a unit can be converted with what is known."""
    if role == "T":
        return unit in TEMPERATURES
    known = per_day(role, unit, name)
    return known is not None and (not known[1] or request.area is not None)


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
    role: str,
    candidates: Sequence[int],
    header: Sequence[str],
    parsed: Sequence[Header],
) -> str:
    stated = " and ".join(f"column {header[i]!r} (in {parsed[i][1]})" for i in candidates)
    hint = f"convert and rename it{_BY_OPTION.get(role, '')}"
    if role == "Q" and any(per_day(role, parsed[i][1]) for i in candidates):
        hint = "give the catchment's area in km2 with --area (area=)"
    if role == "E" and any(per_day(role, parsed[i][1]) for i in candidates):
        hint = f"by name it is a radiation; compute E from it, or name a column with {OPTION['E']}"
    wanted = "degC" if role == "T" else "mm/d"
    return f"{role} must be in {wanted}, and by name {stated} is not; {hint}"


def _no_evaporation(header: Sequence[str], T: int | None) -> str:
    if T is None:
        return (
            f"no column for {MEANING['E']} found among {_quoted(header)}; name it with "
            f"{OPTION['E']}, or a column of mean temperature with {OPTION['T']} and the "
            "--latitude (latitude=), to compute E"
        )
    return (
        f"no column for {MEANING['E']}; give --latitude (latitude=) in degrees north to compute it "
        f"from temperature (column {header[T]!r}), or name its column with {OPTION['E']}"
    )


def _unused_temperature(column: str, request: Request) -> list[Finding]:
    given = {
        f"the temperature (column {request.temperature_column!r})": request.temperature_column,
        "the latitude": request.latitude,
    }
    unused = " and ".join(what for what, value in given.items() if value is not None)
    text = f"E is read from column {column!r}; not used: {unused}"
    return [note("column_not_used", text)] if unused else []


def _quoted(names: Iterable[str]) -> str:
    shown = [repr(name) for name in names]
    more = f" and {len(shown) - _MOST_SHOWN} more" if len(shown) > _MOST_SHOWN + 1 else ""
    return ", ".join(shown[:_MOST_SHOWN] if more else shown) + more
