"""The numbers of the priors: bounds and scales, which reach the Stan programs as data."""

import math
from collections.abc import Mapping, Sequence

from gr4jstan.errors import InputError
from gr4jstan.model.programs import ErrorModel, Priors, Structure, initial_states_block

# Width of the central 80 % of a standard normal distribution, halved.
_Q90 = 1.2815515655446004

# Bounds of the post: x4 also limits the unit hydrographs to 5 and 10 days.
_UNIFORM = {
    "x1_lower": 50.0,
    "x1_upper": 2000.0,
    "x2_lower": 0.1,
    "x2_upper": 10.0,
    "x3_lower": 5.0,
    "x3_upper": 100.0,
    "x4_lower": 0.5,
    "x4_upper": 5.0,
}

# Bounds so wide that the priors below decide.
_WIDE = {
    "x1_lower": 0.0,
    "x1_upper": 20000.0,
    "x2_lower": -50.0,
    "x2_upper": 50.0,
    "x3_lower": 0.0,
    "x3_upper": 20000.0,
    "x4_lower": 0.5,
    "x4_upper": 20.0,
}

# airGR's box: its transformed parameters go from -9.99 to 9.99.
_AIRGR = {
    "x1_lower": math.exp(-9.99),
    "x1_upper": math.exp(9.99),
    "x2_lower": math.sinh(-9.99),
    "x2_upper": math.sinh(9.99),
    "x3_lower": math.exp(-9.99),
    "x3_upper": math.exp(9.99),
    "x4_lower": 0.5,
    "x4_upper": 20.0,
}

_STORES = {"S0_lower": 100.0, "S0_upper": 2000.0, "R0_lower": 5.0, "R0_upper": 100.0}
_FRACTIONS = {
    "S0_fraction_alpha": 2.0,
    "S0_fraction_beta": 2.0,
    "R0_fraction_alpha": 2.0,
    "R0_fraction_beta": 2.0,
}
# airGR's initial states
_FIXED = {"S0_fraction": 0.3, "R0_fraction": 0.5}

# What an error model has besides the scale of sigma; the prior of nu is Juarez and Steel's (2010).
_ERRORS: dict[ErrorModel, dict[str, float]] = {
    "gaussian": {},
    "boxcox": {"boxcox_lambda": 0.2},
    "linear": {"sigma_slope_scale": 1.0},
    "student_t": {"nu_alpha": 2.0, "nu_beta": 0.1},
}


def _log_scales(name: str, low: float, high: float) -> dict[str, float]:
    return {
        f"{name}_log_mean": (math.log(low) + math.log(high)) / 2,
        f"{name}_log_sd": (math.log(high) - math.log(low)) / (2 * _Q90),
    }


# Central 80 % as in Perrin et al. (2003), table 1.
DEFAULT_PRIORS = {
    **_WIDE,
    **_log_scales("x1", 100, 1200),
    "x2_mean": -1.0,
    "x2_sd": 4 / _Q90,
    **_log_scales("x3", 20, 300),
    **_log_scales("x4", 1.1, 2.9),
}


_PARAMETERS: dict[Priors, dict[str, float]] = {
    "default": DEFAULT_PRIORS,
    "uniform": _UNIFORM,
    "airgr-sls": _AIRGR,
}


def prior_numbers(
    structure: Structure, overrides: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Bounds and scales of the priors of a structure.

    Parameters
    ----------
    structure : Structure
        The program's structure.
    overrides : mapping of str to float, optional
        Numbers to use in place of the defaults, such as ``{"x1_upper": 3000}``.

    Returns
    -------
    dict of str to float
        Under the names of the Stan program's data. ``priors="default"``: the central 80 % are the
        ranges of Perrin et al. (2003): x1 100-1200 mm, x2 -5..3 mm/d, x3 20-300 mm, x4 1.1-2.9 d.
        ``priors="uniform"``: x1 50-2000 mm, x2 0.1-10 mm/d, x3 5-100 mm, x4 0.5-5 d, S0
        100-2000 mm, R0 5-100 mm. ``priors="airgr-sls"``: log(x1 / mm), asinh(x2 / (mm/d)),
        log(x3 / mm) from -9.99 to 9.99, x4 0.5-20 d. Without ``sigma_scale``, the scale of sigma's
        prior, unless it is given: it follows from the observations.

    Raises
    ------
    InputError
        If a name is unknown for the structure, a value is not a finite number or out of its range,
        or bounds are crossed.
    """
    numbers = dict(_PARAMETERS[structure.priors])
    numbers |= {"stores": _STORES, "fractions": _FRACTIONS, "fixed": _FIXED}[
        initial_states_block(structure)
    ]
    numbers |= _ERRORS[structure.error_model]
    names = [*numbers, *(["sigma_scale"] if structure.sigma_prior == "half-normal" else [])]
    for name, value in (overrides or {}).items():
        if name not in names:
            raise InputError(
                f"There is no prior setting {name!r} here; choose among {', '.join(names)}."
            )
        numbers[name] = _as_number(name, value)
    for name, value in numbers.items():
        _check_number(name, value)
        if structure.priors == "airgr-sls" and name in ("x1_lower", "x3_lower") and value == 0:
            raise InputError(f"{name} is 0; priors 'airgr-sls' are on the log scale: above 0.")
    for name in numbers:
        if name.endswith("_lower"):
            upper = name.replace("_lower", "_upper")
            if not numbers[name] < numbers[upper]:
                raise InputError(
                    f"{name} is {numbers[name]:g} and {upper} is {numbers[upper]:g}; "
                    "the lower bound must be below the upper one."
                )
    return numbers


def _as_number(name: str, value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InputError(f"{name} is {value!r}; it must be a number.") from None


def parse_prior_settings(pairs: Sequence[str]) -> dict[str, float]:
    """Read NAME=NUMBER.

    Raises
    ------
    InputError
        If a text is not of this form.
    """
    settings = {}
    for text in pairs:
        name, _, number = text.partition("=")
        try:
            settings[name.strip()] = float(number)
        except ValueError:
            raise InputError(f"{text!r}: write it as NAME=NUMBER, as in x1_upper=3000") from None
    return settings


def _check_number(name: str, value: float) -> None:
    if not math.isfinite(value):
        raise InputError(f"{name} is {value}; it must be a finite number.")
    if name.endswith(("_sd", "_scale", "_alpha", "_beta", "_lambda")) and value <= 0:
        raise InputError(f"{name} is {value:g}; it must be above 0.")
    if name.endswith("_fraction") and not 0 <= value <= 1:
        raise InputError(f"{name} is {value:g}; it must be between 0 and 1.")
    if name == "x4_lower" and value < 0.5:
        raise InputError(f"x4_lower is {value:g}; GR4J needs x4 >= 0.5 d.")
    if name == "x4_upper" and value > 100:
        raise InputError(f"x4_upper is {value:g}; unit hydrographs are limited to 100 d.")
    if name.endswith("_lower") and not name.startswith("x2") and value < 0:
        raise InputError(f"{name} is {value:g}; it must not be negative.")
