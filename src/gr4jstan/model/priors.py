"""The numbers of the priors: bounds and scales, which reach the Stan programs as data."""

import math
from collections.abc import Mapping

from gr4jstan.error_models.catalogue import ERROR_MODELS
from gr4jstan.error_models.error_model import LIMIT
from gr4jstan.errors import InputError
from gr4jstan.model.programs import Priors, ProgramSpec, initial_states_block
from gr4jstan.structures.structure import Structure

# The longest time base of the unit hydrographs that is sampled [d].
LONGEST_SAMPLED = 100.0

# Width of the central 80 % of a standard normal distribution, halved.
_Q90 = 1.2815515655446004


def _bounds(table: Structure, family: str) -> dict[str, float]:
    """Bounds of the parameters: the field of that name in the table of structures."""
    found: dict[str, float] = {}
    for each in table.parameters:
        lower, upper = getattr(each, family)
        found |= {f"{each.name}_lower": float(lower), f"{each.name}_upper": float(upper)}
    return found


def default_priors(table: Structure) -> dict[str, float]:
    """Bounds so wide that the priors decide, and their means and standard deviations."""
    found = _bounds(table, "wide")
    for each in table.parameters:
        low, high = map(math.log, each.central) if each.positive else each.central
        scale = f"{each.name}_log" if each.positive else each.name
        found |= {f"{scale}_mean": (low + high) / 2, f"{scale}_sd": (high - low) / (2 * _Q90)}
    return found


def _parameter_numbers(table: Structure, priors: Priors) -> dict[str, float]:
    if priors == "default":
        return default_priors(table)
    return _bounds(table, {"uniform": "uniform", "airgr-sls": "airgr"}[priors])


def _store_numbers(table: Structure, block: str) -> dict[str, float]:
    """Numbers of the initial stores: bounds [mm], priors of the fillings, or fixed fillings."""
    found: dict[str, float] = {}
    for store in table.stores:
        name = store.initial
        if block == "stores":
            lower, upper = map(float, store.uniform)
            found |= {f"{name}_lower": lower, f"{name}_upper": upper}
        elif block == "fractions":
            alpha, beta = store.fraction
            found |= {f"{name}_fraction_alpha": alpha, f"{name}_fraction_beta": beta}
        else:
            found |= {f"{name}_fraction": store.filling}
    return found


def prior_numbers(
    spec: ProgramSpec, overrides: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Bounds and scales of the priors of a spec.

    Parameters
    ----------
    spec : ProgramSpec
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
        If a name is unknown for the program, a value is not a finite number or out of its range,
        or bounds are crossed.
    """
    table = spec.table
    numbers = _parameter_numbers(table, spec.priors)
    numbers |= _store_numbers(table, initial_states_block(spec))
    numbers |= {LIMIT: 0.0, **ERROR_MODELS[spec.error_model].numbers}
    names = [*numbers, *(["sigma_scale"] if spec.sigma_prior == "half-normal" else [])]
    for name, value in (overrides or {}).items():
        if name not in names:
            raise InputError(
                f"There is no prior setting {name!r} here; choose among {', '.join(names)}."
            )
        numbers[name] = _as_number(name, value)
    for name, value in numbers.items():
        _check_number(name, value)
    _check_domain(table, spec.priors, numbers)
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


def _check_number(name: str, value: float) -> None:
    if not math.isfinite(value):
        raise InputError(f"{name} is {value}; it must be a finite number.")
    if name.endswith(("_sd", "_scale", "_alpha", "_beta", "_lambda")) and value <= 0:
        raise InputError(f"{name} is {value:g}; it must be above 0.")
    if name == LIMIT and value < 0:
        raise InputError(f"{name} is {value:g}; it must not be negative.")
    if name.endswith("_fraction") and not 0 <= value <= 1:
        raise InputError(f"{name} is {value:g}; it must be between 0 and 1.")


def _check_domain(table: Structure, priors: Priors, numbers: Mapping[str, float]) -> None:
    """Hold the bounds of the parameters against what the equations and scales allow."""
    for each in table.parameters:
        name, value = f"{each.name}_lower", numbers[f"{each.name}_lower"]
        if value < each.lowest:
            raise InputError(
                f"{name} is {value:g}; {table.title} needs {each.name} >= {each.lowest:g} "
                f"{each.unit}."
            )
        if each.positive and value < 0:
            raise InputError(f"{name} is {value:g}; it must not be negative.")
        if priors == "airgr-sls" and each.scale == "log" and value == 0:
            raise InputError(f"{name} is 0; priors 'airgr-sls' are on the log scale: above 0.")
    for base in {hydrograph.base for hydrograph in table.hydrographs}:
        name, value = f"{base}_upper", numbers[f"{base}_upper"]
        if value > LONGEST_SAMPLED:
            raise InputError(
                f"{name} is {value:g}; unit hydrographs are limited to {LONGEST_SAMPLED:g} d."
            )
    for store in table.stores:
        name = f"{store.initial}_lower"
        if numbers.get(name, store.lowest) < store.lowest:
            raise InputError(f"{name} is {numbers[name]:g}; it must not be negative.")
