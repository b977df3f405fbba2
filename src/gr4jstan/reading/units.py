"""Units as headers write them: read token by token, with what one unit is in mm/d."""

import re
import unicodedata
from dataclasses import dataclass

FOOT, INCH, ACRE = 0.3048, 25.4, 4046.8564224
LATENT_HEAT = 2.45  # MJ that evaporate 1 kg of water, as in FAO-56

# What a unit measures, and how many mm, m3, kg (= mm over a m2), MJ, W, m2 or days one is.
_TABLE: dict[str, tuple[str, float]] = {}


def _add(kind: str, size: float, words: str) -> None:
    _TABLE.update(dict.fromkeys(words.split(), (kind, size)))


_add("length", 1, "mm millimeter millimeters millimetre millimetres")
_add("length", 10, "cm centimeter centimeters centimetre centimetres")
_add("length", 100, "dm")
_add("length", 1000, "m meter meters metre metres")
_add("length", INCH, 'in inch inches "')
_add("length", 1000 * FOOT, "ft foot feet")
_add("volume", 1, "m3 cbm cum")
_add("volume", 1e-3, "l dm3 liter liters litre litres")
_add("volume", 1e6, "hm3 mm3 mcm gl")  # mm3 is how Mm3, a million m3, is compared
_add("volume", 1e9, "km3")
_add("volume", 1e3, "ml megaliter megaliters megalitre megalitres dam3 tcm")
_add("volume", FOOT**3, "ft3 cf cuft")
_add("volume", 1000 * FOOT**3, "kcf")
_add("volume", ACRE * FOOT, "acft acreft af")
_add("volume", 3785.411784, "mgal")
_add("mass", 1, "kg")
_add("mass", 1e-3, "g")
_add("energy", 1, "mj")
_add("energy", 1e-3, "kj")
_add("energy", 1e-6, "j")
_add("power", 1, "w watt watts")
_add("area", 1e6, "km2 sqkm qkm")
_add("area", 1e4, "ha hectare hectares")
_add("area", 1, "m2 sqm qm")
_add("area", 1609.344**2, "mi2 sqmi")
_add("area", ACRE, "acre acres ac")
_add("time", 1 / 86400, "s sec secs second seconds sek sekunde seconde secondes seg segundo")
_add("time", 1 / 1440, "min minute minutes")
_add("time", 1 / 24, "h hr hrs hour hours std stunde heure hora")
_add("time", 1, "d day days tag jour jours dia giorno")
_add("long", 1, "week month months mon mo monat mois mes year years yr a y jahr an ano annum")
_add("other", 1, "pa hpa kpa mbar bar percent pct gal gallon gallons gpm mol ppm umol")
_add("degree", 1, "c celsius k kelvin f fahrenheit degc degk degf")

_WHOLE = {
    "cms": "m3/s", "cumec": "m3/s", "cumecs": "m3/s", "cmd": "m3/d", "cumd": "m3/d",
    "cfs": "ft3/s", "cusec": "ft3/s", "cusecs": "ft3/s", "kcfs": "kcf/s", "cfd": "ft3/d",
    "lps": "l/s", "lpm": "l/min", "mld": "ml/d", "mgd": "mgal/d", "mcmd": "mcm/d",
}  # fmt: skip
_PHRASES = (
    (r"cubic[ -]?(feet|foot|ft)|cu[ .]ft", "ft3"),
    (r"cubic[ -]?met(er|re)s?|cubic[ -]?m\b|kubikmeter", "m3"),
    (r"square[ -]?kilomet(er|re)s?|sq[ .]*km", "km2"),
    (r"square[ -]?met(er|re)s?", "m2"),
    (r"square[ -]?miles?|sq[ .]*mi(les?)?\b", "mi2"),
    (r"acre[ -]?(feet|foot|ft)|ac[ -]ft", "acft"),
    (r"million(s of)? gallons", "mgal"),
    (r"\bh2o\b|\bw\.?e\.?q?\b\.?|(of )?water( equivalent)?", ""),
    (r"(tenths?|zehntel|dixiemes?|decim[aio]s?)\b[- ]?( of| de| di)?( an?\b)?", "0.1 "),
    (r"(hundredths?|hundertstel|centiemes?)\b[- ]?( of| de| di)?( an?\b)?", "0.01 "),
    (r"(?<=\d),(?=\d)", "."),
)
_NUMBER = re.compile(r"10\s*\^?\s*-\s*\d+|\d+\.?\d*(?:e[+-]?\d+)?|\.\d+")
_TOKEN = re.compile(rf"\s*(?:({_NUMBER.pattern})|([a-z\"]+)([+-]?\d+)?|(/)|([()]))")

# What the one unit of these names is called in messages, options and docs.
NAMED = ("mm/d", "m3/s", "l/s", "cfs", "mm/h", "m3/d", "ML/d", "MGD", "kcfs", "l/s/km2", "m3/s/km2")


@dataclass(frozen=True)
class Unit:
    """What a unit measures.

    Parameters
    ----------
    kind : str
        ``depth`` [mm/d], ``flow`` [m3/d], ``energy`` [MJ/m2/d], ``degree``; or what cannot be
        converted: ``long`` (a month or a year), ``volume`` (of unknown duration), ``other``.
    factor : float
        How many of what stands in brackets one unit is.
    """

    kind: str
    factor: float = 1.0


def parse_unit(text: str) -> Unit | None:
    """Read a unit of depth, flow, heat or of another kind, as headers write it.

    Returns
    -------
    Unit or None
        None where the text is no unit, but a comment, say.
    """
    plain = _plain(text)
    plain = re.sub(r"^(in|en|em)\s+(?=\S)", "", plain)
    plain = re.sub(r"^1\s*/\s*(10+)(?!\d)", lambda m: str(1 / int(m[1])), plain)
    if plain.strip() == "%":
        return Unit("other")
    tokens = _tokens(_WHOLE.get(plain.strip(" .").replace(" ", ""), plain))
    return _combined(tokens) if tokens else None


_UNIT_LIKE = re.compile(
    r"(?<![a-z])(mm|cm|m3|ft3|hm3|cfs|cms|inch|inches|kg|mj|hpa|kpa)(?![a-z])|[smhd]-1(?!\d)"
    r"|[a-z0-9)]\s*/\s*(s|sec|h|hr|hour|d|day|month|year|yr|a|k?m2|ha)(?![a-z])|k?m-2(?!\d)"
    r"|[x*/]\s*10+(?!\d)|(?<!\d)10+\s*[x*]|(?<!\d)0?\.\d"
)


def find_unit(text: str) -> tuple[Unit | None, str]:
    """Read the unit in a text that may hold a comment, too, such as ``daily mean, m3/s``.

    Returns
    -------
    tuple of (Unit or None, str)
        The unit and how it is written; None and the text where there is something like a unit that
        is not understood; None and "" where there is no unit.
    """
    if whole := parse_unit(text):
        return whole, text.strip()
    pieces = [piece for piece in re.split(r"[,;:|]\s+|;", text) if piece.strip()]
    found = [(unit, piece.strip()) for piece in pieces if (unit := parse_unit(piece))]
    others = [piece for piece in pieces if not parse_unit(piece)]
    if len(found) == 1 and not any(_UNIT_LIKE.search(_plain(each)) for each in others):
        return found[0]
    plain = _plain(text)
    if not _UNIT_LIKE.search(plain):
        return None, ""
    words = text.split()
    for length in range(len(words) - 1, 0, -1):
        for first in range(len(words) - length + 1):
            rest = " ".join(words[:first] + words[first + length :])
            part = " ".join(words[first : first + length])
            unit = parse_unit(part)
            if (
                unit
                and _UNIT_LIKE.search(_plain(part))
                and re.fullmatch(r"([^\W\d]{2,}\W*)+", rest)
            ):
                return (None, text.strip()) if _UNIT_LIKE.search(_plain(rest)) else (unit, part)
    return None, text.strip()


def name_of(unit: Unit, text: str) -> str:
    """What messages call a unit: one of `NAMED`, or as the header writes it."""
    for name in NAMED:
        known = parse_unit(name)
        if known and known.kind == unit.kind and abs(known.factor / unit.factor - 1) < 1e-12:
            return name
    return re.sub(r"^(in|en|em)\s+(?=\S)", "", text.strip())


def _plain(text: str) -> str:
    """Write a unit in lower case and ASCII, with blanks for products."""
    plain = unicodedata.normalize("NFKD", text.strip().replace("°", "deg").replace("º", "deg"))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = re.sub(r"[−–⁻]", "-", plain).replace("⁄", "/").lower()
    for pattern, word in _PHRASES:
        plain = re.sub(pattern, word, plain)
    plain = re.sub(r"\*\*|[\^{}$]", "", plain)
    plain = re.sub(r"\bper\b|(?<=[a-z])_per_", "/", plain)
    plain = re.sub(r"(?<![\d])\.|\.(?!\d)", " ", plain)  # not the point of a number
    return re.sub(r"[*·⋅∙•×_,]", " ", plain)


def _tokens(plain: str) -> list[tuple[str, float, bool, int]]:
    """Take a unit apart: (word, number, whether below the line, power); nothing of no unit."""
    found: list[tuple[str, float, bool, int]] = []
    below, at = False, 0
    while at < len(plain.rstrip()):
        match = _TOKEN.match(plain, at)
        if match is None:
            return []
        number, word, power, slash, _ = match.groups()
        at = match.end()
        if number:
            digits = re.sub(r"^10\s*-\s*", "1e-", re.sub(r"\s|\^", "", number))
            found.append(("", float(digits), below, 1))
        elif word:
            split = _split_word(word, power or "")
            if not split:
                return []
            found += [(each, 1.0, below or p < 0, abs(p)) for each, p in split]
        below = below or bool(slash)
    return found


def _split_word(word: str, power: str) -> list[tuple[str, int]]:
    """A word with its power as one or two units: ``mmd``, ``ls-1``, ``km2``."""
    raised = int(power) if power else 1
    tail = str(abs(raised)) if power and abs(raised) > 1 else ""
    sign = -1 if raised < 0 else 1
    if word + tail in _TABLE:
        return [(word + tail, sign)]
    if word in _TABLE and not tail:
        return [(word, sign)]
    if word == "j" and not tail:
        return [("d", sign)]
    for cut in range(len(word) - 1, 0, -1):
        first, second = word[:cut], word[cut:]
        if first in _TABLE and second + tail in _TABLE:
            kinds = _TABLE[first][0], _TABLE[second + tail][0]
            if kinds[0] in ("length", "volume", "mass", "energy") and kinds[1] in ("time", "area"):
                return [(first, 1), (second + tail, sign)]
            if kinds == ("mass", "length"):
                return []
    return []


def _combined(tokens: list[tuple[str, float, bool, int]]) -> Unit | None:
    """Multiply what stands above the line, divide by what stands below; times are always below."""
    factor, kinds, days, area, seen = 1.0, [], None, None, False
    pending = 1.0
    for word, number, below, power in tokens:
        if not word:
            pending *= number
            if below or seen is False:
                continue
            if abs(number - 24) > 0:
                return Unit("other")  # mm x 10: ten times more, or less?
            continue
        kind, size = _TABLE[word]
        if word == "j" and seen:
            kind, size = "time", 1.0
        if kind in ("time", "long") and seen:
            if kind == "long":
                kinds.append("long")
            if pending not in (1.0, 24.0) or (pending == 24 and word[0] != "h"):
                return Unit("other")  # a sum of six hours is no daily value
            days, pending = size * pending, 1.0
        elif kind == "area" and seen:
            area = size
        elif power == 1 and kind not in ("time", "long", "area"):
            factor, pending, seen = factor * size * pending, 1.0, True
            kinds.append(kind)
        else:
            return None
    if not seen or pending == 0 or not 0 < factor / pending < float("inf"):
        return None
    return _unit(kinds, factor / pending, days, area)


def _unit(kinds: list[str], factor: float, days: float | None, area: float | None) -> Unit:
    main, rest = kinds[0], kinds[1:]
    if rest:
        return Unit("long" if set(rest) == {"long"} else "other")
    per_day = factor / (days or 1.0)
    if main == "length" and area is None:
        return Unit("depth", per_day)
    if main == "mass" and area is not None:
        return Unit("depth", per_day / area)
    if main == "volume" and area is not None:
        return Unit("depth", 1000 * per_day / area)
    if main == "volume":
        return Unit("volume" if days is None else "flow", per_day)
    if main == "energy" and area is not None:
        return Unit("energy", per_day / area)
    if main == "power" and area is not None and days is None:
        return Unit("energy", 0.0864 * factor / area)
    return Unit("degree" if main == "degree" and days is None and area is None else "other", factor)


_TEMPERATURE = re.compile(
    r"(?P<scale>0?\.\d+|1/10|10\s*\^?-1|tenths?(?:\s*of)?)?\s*[*x]?\s*(?:deg(?:ree)?s?\s*(?:of\s*)?|o)?"
    r"[ _]*(?:(?P<c>c|celsius|centigrade)|(?P<k>k|kelvin)|(?P<f>f|fahrenheit))\s*(?P<tenth>/\s*10)?"
)


def parse_temperature(text: str) -> str | None:
    """Read a unit of temperature: ``degC``, ``K``, ``degF`` or ``0.1 degC``; None for another."""
    plain = unicodedata.normalize("NFKD", text.strip().replace("°", "deg").replace("º", "deg"))
    plain = re.sub(r"[−–]", "-", plain).lower().replace("_", " ").replace(",", ".").strip(" .")
    found = _TEMPERATURE.fullmatch(plain)
    if found is None:
        return None
    unit = "degC" if found["c"] else "K" if found["k"] else "degF"
    scale = found["scale"]
    if scale and scale[0] in "0." and float(scale) != 0.1:
        return None
    return f"0.1 {unit}" if scale or found["tenth"] else unit
