"""What the user asks of the reader of tables."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from gr4jstan.errors import InputError
from gr4jstan.reading.flow_units import check_area, check_unit
from gr4jstan.reading.limit import check_limit
from gr4jstan.reading.pet import check_latitude


@dataclass(frozen=True)
class Request:
    """What the user asked of the reader; None means: find it by the common names.

    Raises
    ------
    InputError
        For a latitude, an area, a unit or a limit that cannot be one, or dates named and denied.
    """

    date_column: str | None = None
    precip_column: str | None = None
    pet_column: str | None = None
    discharge_column: str | None = None
    date_format: str | None = None
    no_dates: bool = False
    gauge: str | None = None
    forcing_only: bool = False
    temperature_column: str | None = None
    latitude: float | None = None
    area: float | str | None = None
    flow_unit: str | None = None
    precip_unit: str | None = None
    pet_unit: str | None = None
    flow_limit: float | None = None

    def __post_init__(self) -> None:
        checks: dict[str, Callable[[Any], float | str]] = {
            "latitude": check_latitude,
            "area": check_area,
            "precip_unit": partial(check_unit, "P"),
            "pet_unit": partial(check_unit, "E"),
            "flow_unit": partial(check_unit, "Q"),
            "flow_limit": check_limit,
        }
        for name, check in checks.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, check(value))

        if self.no_dates and (self.date_column or self.date_format):
            given = "--date-column (date_column=)" if self.date_column else "--date-format"
            raise InputError(f"--no-dates (no_dates=True) and {given} exclude each other")

    @property
    def km2(self) -> float | None:
        """The area [km2]."""
        return None if self.area is None else float(self.area)

    @property
    def units(self) -> dict[str, str]:
        """Roles to the units that the user stated for them."""
        stated = {"P": self.precip_unit, "E": self.pet_unit, "Q": self.flow_unit}
        return {role: unit for role, unit in stated.items() if unit is not None}

    @property
    def names(self) -> dict[str, str]:
        """Roles to the columns that the user named for them."""
        named = {
            "date": self.date_column,
            "P": self.precip_column,
            "E": self.pet_column,
            "Q": self.discharge_column,
            "T": self.temperature_column,
        }
        return {role: name for role, name in named.items() if name is not None}
