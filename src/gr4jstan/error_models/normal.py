"""What error models share whose errors are normal with a standard deviation in mm/d."""

from collections.abc import Callable

import numpy as np
from scipy import special

from gr4jstan.error_models.error_model import LOG_SQRT_2PI, Array, Columns, Numbers

StandardDeviation = Callable[[Array, Columns], Array]
Density = Callable[[Array, Array, Columns, Numbers], Array]
Probability = Callable[[float, Array, Columns, Numbers], Array]


def densities(sd_of: StandardDeviation) -> tuple[Density, Probability, Density, Density]:
    """Log density and probability, scores and response, given what the standard deviation is.

    Parameters
    ----------
    sd_of : callable
        Of flow and columns: standard deviation of the errors [mm/d].
    """

    def log_density(y: Array, flow: Array, columns: Columns, numbers: Numbers) -> Array:
        sd = sd_of(flow, columns)
        result: Array = -0.5 * ((y - flow) / sd) ** 2 - np.log(sd) - LOG_SQRT_2PI
        return result

    def log_probability(limit: float, flow: Array, columns: Columns, numbers: Numbers) -> Array:
        result: Array = special.log_ndtr((limit - flow) / sd_of(flow, columns))
        return result

    def normal_scores(y: Array, flow: Array, columns: Columns, numbers: Numbers) -> Array:
        return (y - flow) / sd_of(flow, columns)

    def respond(flow: Array, eta: Array, columns: Columns, numbers: Numbers) -> Array:
        return flow + sd_of(flow, columns) * eta

    return log_density, log_probability, normal_scores, respond
