"""Potential evapotranspiration from air temperature and latitude."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gr4jstan.errors import InputError

Array = npt.NDArray[np.float64]

# Morton's 446 W/m2, the solar constant over pi, as energy of a day; and the 28.5 W/m2 that
# evaporate 1 mm of water a day, as latent heat of a millimetre.
_SOLAR = 446 * 0.0864
_LATENT = 28.5 * 0.0864


def check_latitude(latitude: Any) -> float:
    """Give a latitude [degrees north] as a float.

    Raises
    ------
    InputError
        It is not a number from -90 to 90.
    """
    try:
        number = float(latitude)
    except (TypeError, ValueError):
        number = np.nan
    if not -90 <= number <= 90:
        raise InputError(
            f"--latitude (latitude=) is {latitude}; it must be a number of degrees north, "
            "from -90 to 90"
        )
    return number


def extraterrestrial_radiation(latitude: float, day_of_year: npt.ArrayLike) -> Array:
    """Compute the daily solar radiation on top of the atmosphere [MJ/m2/d].

    The formulas are those of Morton (1983, appendix C, doi:10.1016/0022-1694(83)90177-4), which
    airGR's ``PE_Oudin`` uses too: declination ``0.4093 sin(J/58.1 - 1.405)``, distance term
    ``1 + cos(J/58.1)/30`` and 446 W/m2. It comes out about 2.5 % above FAO-56 (solar constant
    1401 instead of 1367 W/m2).

    Parameters
    ----------
    latitude : float
        Degrees north.
    day_of_year : array-like, any shape
        From 1 to 366.

    Returns
    -------
    array of the same shape
        0 in the polar night, where airGR keeps a remainder of up to 0.13 MJ/m2/d.

    Raises
    ------
    InputError
        The latitude is not one.
    """
    phi = np.radians(check_latitude(latitude))
    J = np.asarray(day_of_year, dtype=np.float64)
    delta = 0.4093 * np.sin(J / 58.1 - 1.405)
    # Hour angle of sunset: pi where the sun does not set, 0 where it does not rise.
    omega = np.arccos(np.clip(-np.tan(phi) * np.tan(delta), -1, 1))
    height = omega * np.sin(phi) * np.sin(delta) + np.cos(phi) * np.cos(delta) * np.sin(omega)
    radiation: Array = _SOLAR * (1 + np.cos(J / 58.1) / 30) * np.maximum(height, 0)
    return radiation


def oudin(T: npt.ArrayLike, latitude: float, dates: Any) -> Array:
    """Compute potential evapotranspiration [mm/d] after Oudin et al. (2005).

    ``E = Re / (lambda rho) * (T + 5) / 100`` where T is above -5, else 0
    (doi:10.1016/j.jhydrol.2004.08.026), with Re from `extraterrestrial_radiation` and
    ``lambda rho`` = 2.4624 MJ/m2 for a millimetre: what airGR's ``PE_Oudin`` computes.

    Parameters
    ----------
    T : array-like, shape (T,)
        Daily mean air temperature [degC].
    latitude : float
        Degrees north.
    dates : array-like of dates, length T

    Returns
    -------
    array, shape (T,)
        NaN where T is NaN.

    Raises
    ------
    InputError
        The latitude is not one, or T and the dates differ in length.
    """
    temperature = np.asarray(T, dtype=np.float64)
    J = pd.DatetimeIndex(dates).day_of_year.to_numpy()
    if temperature.shape != J.shape:
        raise InputError(
            f"temperature and dates differ in length: shapes {temperature.shape} and {J.shape}"
        )
    warmth = np.maximum(temperature + 5, 0) / 100
    return extraterrestrial_radiation(latitude, J) / _LATENT * warmth
