"""The table of error models, by name."""

from gr4jstan.error_models.boxcox import BOXCOX
from gr4jstan.error_models.boxcox_lambda import BOXCOX_LAMBDA
from gr4jstan.error_models.error_model import ErrorModel
from gr4jstan.error_models.gaussian import GAUSSIAN
from gr4jstan.error_models.linear import LINEAR
from gr4jstan.error_models.student_t import STUDENT_T

ERROR_MODELS: dict[str, ErrorModel] = {
    model.name: model for model in (GAUSSIAN, BOXCOX, LINEAR, STUDENT_T, BOXCOX_LAMBDA)
}
