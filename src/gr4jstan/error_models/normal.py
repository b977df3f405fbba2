"""What error models share whose errors are normal with a standard deviation in mm/d."""

from collections.abc import Callable

import numpy as np

from gr4jstan.error_models.error_model import LOG_SQRT_2PI, Array, Columns, Numbers

StandardDeviation = Callable[[Array, Columns], Array]
Density = Callable[[Array, Array, Columns, Numbers], Array]


def densities(sd_of: StandardDeviation) -> tuple[Density, Density, Density]:
    """Log likelihood, normal scores and response, given what the standard deviation is.

    Parameters
    ----------
    sd_of : callable
        Of flow and columns: standard deviation of the errors [mm/d].
    """

    def log_likelihood(y: Array, flow: Array, columns: Columns, numbers: Numbers) -> Array:
        sd = sd_of(flow, columns)
        result: Array = -0.5 * ((y - flow) / sd) ** 2 - np.log(sd) - LOG_SQRT_2PI
        return result

    def normal_scores(y: Array, flow: Array, columns: Columns, numbers: Numbers) -> Array:
        return (y - flow) / sd_of(flow, columns)

    def respond(flow: Array, eta: Array, columns: Columns, numbers: Numbers) -> Array:
        return flow + sd_of(flow, columns) * eta

    return log_likelihood, normal_scores, respond
