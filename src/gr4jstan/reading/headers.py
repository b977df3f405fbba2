"""A header name taken apart: the key that aliases are looked up by, and the unit it states."""

import re
import unicodedata

from gr4jstan.reading.units import find_unit, name_of, parse_temperature, parse_unit

_OPEN, _CLOSE = "[({<", "])}>"
_SEPARATORS = re.compile(r"[ _.,;:/\-]+")
_GLUED = re.compile(r"^(q|p|e|et|pet|etp|rr|qobs)([a-z].*)$")
_VOLUME = re.compile(r"discharge_vol(\b|_)")
_CALENDAR = re.compile(r"yy|dd[^a-z]*mm|mm[^a-z]*dd")

# They may be the end of a name as well as a unit: a mean, a liquid, a cell, an inflow.
_AMBIGUOUS = frozenset(
    "m|in|l|cm|dm|a|k|c|f|g|kg|j|w|ft|ml|af|pa|mol|bar|tag".split("|")  # noqa: SIM905
)
_FLOWS = ("q", "flow", "discharge", "runoff", "abfluss", "debit", "caudal")

_SCALED_DEGREES = re.compile(
    r"(?<![a-z])(c|k|f|celsius|kelvin|degc)(?![a-z]).*\d|\d.*(?<![a-z])(c|k|f|celsius|degc)(?![a-z])"
)
_DEGREES = re.compile(
    r"(?<=[a-z0-9])[ _.]+((?:°|deg(?:rees?)?)?[ _]?(?:c(?:elsius)?|k(?:elvin)?|f(?:ahrenheit)?))$"
)


def parse_header(name: str) -> tuple[str, str | None]:
    """Take the name of a column of depth or flow apart.

    A unit is found in brackets of any kind, in any of several, and after a separator, as in
    ``Q_m3s``. What stands in round brackets and is nothing like a unit is a comment; what stands in
    square brackets is a unit, known or not.

    Returns
    -------
    tuple of (str, str or None)
        The key (lower case, no accents, no punctuation) and the unit, as `name_of` gives it, None
        where the name states none. ``"Discharge[ls-1]"`` gives ``("discharge", "l/s")``.
    """
    bare, brackets = _brackets(name)
    stated = [unit for kind, inside in brackets if (unit := _stated(kind, inside))]
    text = _plain(bare)
    cut, written = _suffix(text)
    if written:
        stated.append(written)
        text = cut
    elif not stated and _VOLUME.match(text):
        stated, text = ["m3/s"], text.replace("_vol", "")
    unique = list(dict.fromkeys(stated))
    return _key(text), " and ".join(unique) if unique else None


def parse_temperature_header(name: str) -> tuple[str, str | None]:
    """Take the name of a column of temperature apart, as `parse_header` does.

    The unit is ``"degC"``, ``"K"``, ``"degF"``, a tenth of one as in ``"0.1 degC"``, or None.
    """
    bare, brackets = _brackets(name)
    stated = []
    for kind, inside in brackets:
        unit = parse_temperature(inside)
        scaled = inside.strip() if _SCALED_DEGREES.search(inside.lower()) else None
        if found := unit or scaled or _unknown(kind, inside):
            stated.append(found)
    text = _plain(bare)
    if suffix := _DEGREES.search(text):
        stated.append(parse_temperature(suffix[1]) or suffix[1])
        text = text[: suffix.start()]
    unique = list(dict.fromkeys(stated))
    return _key(text), " and ".join(unique) if unique else None


def _brackets(name: str) -> tuple[str, list[tuple[str, str]]]:
    """Give what stands outside the brackets, and each bracket's kind and inside."""
    text = unicodedata.normalize("NFKC", name.strip().replace("³", "^3").replace("²", "^2"))
    bare, found, depth, start = "", [], 0, 0
    for at, character in enumerate(text):
        if character in _OPEN:
            start = start if depth else at
            depth += 1
        elif character in _CLOSE and depth:
            depth -= 1
            if not depth:
                found.append((text[start], text[start + 1 : at]))
                bare += " "
        elif not depth:
            bare += character
    if depth:
        found.append((text[start], text[start + 1 :]))
    return bare.strip(), found


def _stated(bracket: str, inside: str) -> str | None:
    unit, text = find_unit(inside)
    if unit:
        return name_of(unit, text)
    return text or _unknown(bracket, inside)


def _unknown(bracket: str, inside: str) -> str | None:
    """What stands in square brackets is a unit, unless it is a remark of several words."""
    remark = re.search(r"[^\W\d]{3,}.*\W.*\w", inside)
    return None if bracket != "[" or remark else inside.strip() or None


def _suffix(text: str) -> tuple[str, str | None]:
    """Cut a unit off the end of a name; one that stands within it is only read."""
    if _CALENDAR.search(text):
        return text, None
    parts = [m.start() for m in re.finditer(r"(?<=[^ _.,;:/\-])[ _.,;:/\-]+", text)]
    for start in parts:
        if unit := _bare_unit(text[start:].lstrip(" _.,;:/-"), text[:start]):
            return text[:start], unit
    if (glued := _GLUED.match(text)) and (unit := _bare_unit(glued[2], glued[1])):
        return glued[1], unit
    for start in parts:
        for end in reversed([at for at in parts if at > start]):
            if unit := _bare_unit(text[start:end].lstrip(" _.,;:/-"), text[:start]):
                return text, unit
    return text, None


def _bare_unit(part: str, name: str) -> str | None:
    """Read a unit without brackets, unless it may be a word of the name."""
    spaced = part.replace("_", " ")
    unit = parse_unit(spaced)
    said = re.match(r"(in|en|em) ", spaced)
    if unit is None or unit.kind in ("degree", "long"):
        # a mm/month, say, is long, and is named
        return part if unit and unit.kind == "long" and "mm" in spaced else None
    if part == "l" and _flow_like(name):
        return "l/s"
    if part in ("in", "inch") and not _flow_like(name) and len(_key(name)) > 2:
        return name_of(unit, part)
    if part in _AMBIGUOUS and not said:
        return None
    return name_of(unit, spaced)


def _flow_like(name: str) -> bool:
    return any(_key(word).startswith(_FLOWS) for word in _SEPARATORS.split(name) if word)


def _plain(text: str) -> str:
    """Write a name without case and accents."""
    text = unicodedata.normalize("NFKD", text.strip().replace("^3", "3").replace("^2", "2"))
    return "".join(c for c in text if not unicodedata.combining(c)).lower()


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text)
