"""What takes seconds to sample is sampled once, and looked at by many tests."""

import signal
from pathlib import Path

import pytest

from gr4jstan.errors import InputError
from gr4jstan.experiment.comparison import Comparison, compare
from gr4jstan.experiment.variants import define_variants
from gr4jstan.fitting.calibration import run_task
from gr4jstan.fitting.results import Fit
from gr4jstan.model.definition import define_model
from gr4jstan.model.task import define_task
from gr4jstan.sampling.settings import SamplerSettings
from seeds import shifted


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a file share what they sample, and so a process; pages of the docs share nothing."""
    for item in items:
        if item.path.name != "test_docs.py":
            item.add_marker(pytest.mark.xdist_group(item.path.name))


@pytest.fixture(scope="session", autouse=True)
def heed_ctrl_c() -> None:
    """A shell's background job ignores Ctrl-C, and so would all commands that the tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def synthetic_fit() -> Fit:
    """The post's experiment with the exact gradient, converged."""
    task = define_task("synthetic", define_model(priors="uniform", sigma=0.1))
    return run_task(task, SamplerSettings(seed=shifted(1)), show_progress=False)


@pytest.fixture(scope="session")
def fit_folder(synthetic_fit: Fit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `synthetic_fit` saves."""
    folder = tmp_path_factory.mktemp("saved") / "fit"
    synthetic_fit.save(folder)
    return folder


@pytest.fixture(scope="session")
def comparison() -> Comparison:
    """All variants of the post's experiment; the truncated ones with 20 draws a chain.

    With 500 draws a chain R-hat is by chance above 1.01 once in some hundred seeds.
    """
    settings = SamplerSettings(iter_warmup=500, iter_sampling=2000, seed=shifted(1))
    variants = define_variants("synthetic", settings, truncated_draws=20)
    return compare(variants, true_x1=320.11, show_progress=False)


@pytest.fixture(scope="session")
def split_fit() -> Fit:
    """The default model on `example`, calibrated up to 2014 and validated from 2015 on.

    With 1000 draws a chain x2 has an effective number of 1000 to 2000, and an R-hat that is by
    chance above 1.01 once in some thousand seeds.
    """
    task = define_task("example", define_model(), end="2014-12-31", validation=("2015-01-01", None))
    settings = SamplerSettings(seed=shifted(1), iter_sampling=3000)
    return run_task(task, settings, intervals="robust", show_progress=False)


@pytest.fixture
def refusal(read, tmp_path: Path):
    """Return the message that the `read` of a test file refuses with, the folder taken out."""

    def _refusal(*given: object, **options: object) -> str:
        with pytest.raises(InputError) as refused:
            read(*given, **options)
        return str(refused.value).replace(f"{tmp_path}/", "")

    return _refusal
