"""Doubts about the data: told, or with --strict refused before anything is sampled."""

from dataclasses import replace
from pathlib import Path

import pytest

from gr4jstan.cli.main import main
from gr4jstan.errors import InputError
from gr4jstan.model.definition import define_model
from gr4jstan.model.task import define_task
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.datasets import load_dataset


@pytest.fixture(scope="module")
def doubtful() -> Catchment:
    """A gauge that is stuck for half a year."""
    example = load_dataset("example")
    assert example.Q is not None
    Q = example.Q.copy()
    Q[800:980] = Q[800]
    return replace(example, Q=Q, examined=False)


def test_data_with_a_warning_are_refused_by_what_is_said(doubtful: Catchment) -> None:
    model = define_model()
    (warned,) = [each for each in doubtful.findings if each.severity == "warning"]
    assert define_task(doubtful, model).catchment.findings
    with pytest.raises(InputError, match="refused by --strict") as error:
        define_task(doubtful, model, strict=True)
    assert warned.text in str(error.value)


def test_what_is_left_out_or_only_noted_is_no_doubt(doubtful: Catchment) -> None:
    model = define_model()
    left = define_task(doubtful, model, exclude="2014-03-11:2014-09-06", strict=True)
    assert {each.severity for each in left.catchment.findings} == {"note"}
    define_task("example", model, strict=True)
    define_task(doubtful, model, start="2015", strict=True)


def test_the_command_refuses_before_it_samples(
    doubtful: Catchment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "stuck.csv"
    doubtful.to_frame().to_csv(path)
    assert main(["fit", str(path), "-o", str(tmp_path / "out"), "--strict"]) == 2
    assert "stuck.csv: refused by --strict" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
