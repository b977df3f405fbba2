"""A header name taken apart: the key that aliases are looked up by, and the unit it states."""

import re
import unicodedata

from gr4jstan.reading.flow_units import unit_of

_BRACKET = re.compile(r"[\[(]([^\])]*)[\])]")
_SUFFIX = re.compile(
    r"(?<=[a-z0-9])[ _.]+(mm[ _./]?(per[ _])?(d|day)?(-1)?|m3[ _./]?s|cms|cfs|ls|l[ _./]s|lps|l)$"
)
_AIRGR_UNIT = re.compile(r"^q(mm|mmd|ls|m3s|cms|cfs)$")
_VOLUME = re.compile(r"discharge_vol(\b|_)")

_DEGREES = {"c": "degC", "k": "K", "f": "degF"}
_TEMPERATURE = re.compile(r"(?:o|deg(?:ree)?s?)?(?:(c)(?:elsius)?|(k)(?:elvin)?|(f)(?:ahrenheit)?)")
_TEMPERATURE_SUFFIX = re.compile(
    r"(?<=[a-z0-9])[ _.]+(?:°|deg(?:rees?)?)?[ _]?(c(?:elsius)?|k(?:elvin)?|f(?:ahrenheit)?)$"
)


def parse_header(name: str) -> tuple[str, str | None]:
    """Take the name of a column of depth or flow apart.

    Returns
    -------
    tuple of (str, str or None)
        The key (lower case, no accents, no punctuation) and the unit as `unit_of` gives it, None
        where the name states none. ``"Discharge[ls-1]"`` gives ``("discharge", "l/s")``.
    """
    text, bracket = _plain(name)
    unit = None if bracket is None else unit_of(bracket)
    if suffix := _SUFFIX.search(text):
        unit = unit or unit_of("l/s" if suffix[1] == "l" else suffix[1])
        text = text[: suffix.start()]
    if airgr := _AIRGR_UNIT.match(text):
        unit = unit or unit_of(airgr[1])
        text = "q"
    if unit is None and _VOLUME.match(text):
        unit, text = "m3/s", text.replace("_vol", "")
    return _key(text), unit


def parse_temperature_header(name: str) -> tuple[str, str | None]:
    """Take the name of a column of temperature apart, as `parse_header` does.

    The unit is ``"degC"``, ``"K"``, ``"degF"`` or None.
    """
    text, bracket = _plain(name)
    unit = None
    if bracket is not None and (
        stated := _TEMPERATURE.fullmatch(re.sub(r"[^a-z0-9.]", "", bracket))
    ):
        unit = _DEGREES[stated[stated.lastindex or 0]]
    if suffix := _TEMPERATURE_SUFFIX.search(text):
        unit = unit or _DEGREES[suffix[1][0]]
        text = text[: suffix.start()]
    return _key(text), unit


def _plain(name: str) -> tuple[str, str | None]:
    """Write a name without case and accents; give what stands in brackets apart."""
    text = unicodedata.normalize("NFKD", name.strip().replace("³", "3"))
    text = "".join(c for c in text if not unicodedata.combining(c)).lower()
    bracket = _BRACKET.search(text)
    if bracket is None:
        return text, None
    return f"{text[: bracket.start()]} {text[bracket.end() :]}".strip(), bracket[1]


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text)
