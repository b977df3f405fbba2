"""Days whose observations are left out: of the likelihood, of the scores, with a record of it."""

import datetime as dt

import numpy as np
import pytest

from gr4jstan.errors import InputError
from gr4jstan.many.manifest import read_manifest
from gr4jstan.model.definition import define_model
from gr4jstan.model.task import define_task
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.datasets import load_dataset

SPAN = "2013-02-01:2013-02-10"
MODEL = define_model()


@pytest.mark.parametrize(
    "exclude",
    [SPAN, [SPAN], [("2013-02-01", "2013-02-10")], [(dt.date(2013, 2, 1), dt.date(2013, 2, 10))],
     "2013-02-01:2013-02-05;2013-02-04:2013-02-10", "2013-02-01:2013-02-05 2013-02-06:2013-02-10"],
)  # fmt: skip
def test_the_days_do_not_count_and_their_forcing_does(exclude: object) -> None:
    all_days = define_task("example", MODEL)
    task = define_task("example", MODEL, exclude=exclude)
    dates = task.catchment.dates
    assert dates is not None
    left_out = (dates >= "2013-02-01") & (dates <= "2013-02-10")
    assert set(all_days.days) - set(task.days) == set(np.flatnonzero(left_out))
    assert task.catchment.Q is not None
    assert np.isnan(task.catchment.Q[left_out]).all()
    np.testing.assert_array_equal(task.catchment.P, all_days.catchment.P)
    assert "10 days of Q left out of it (2013-02-01" in task.catchment.notes[0]
    assert [each.code for each in task.catchment.findings].count("excluded") == 1


def test_what_is_left_out_is_recorded_as_it_can_be_asked_for_again() -> None:
    assert define_task("example", MODEL, exclude=[("2013-02-01", "2013-02-10")]).exclude == (SPAN,)
    assert define_task("example", MODEL).exclude == ()
    data = load_dataset("example")
    undated = Catchment("undated", data.P, data.E, data.Q)
    assert define_task(undated, MODEL, start=100, exclude="500:510").exclude == ("500:510",)


def test_the_validation_period_is_without_them_too() -> None:
    period = {"end": "2013-12-31", "validation": ("2014-01-01", None)}
    task = define_task("example", MODEL, exclude="2014-03-01:2014-03-31", **period)
    assert task.validation is not None
    assert task.validation.catchment.Q is not None
    observed = np.isfinite(define_task("example", MODEL, **period).validation.catchment.Q)
    assert (observed & np.isnan(task.validation.catchment.Q)).sum() == 31


@pytest.mark.parametrize(
    ("exclude", "says"),
    [
        ("2013-02-01", "'2013-02-01' is not a span of days; write it as FIRST:LAST"),
        ("a:b", "'a' is not a date"),
        ("2013-02-10:2013-02-01", "the end 2013-02-01 is before the start 2013-02-10"),
        ("2030-01-01:2030-01-02", "2030-01-01 is outside the data"),
        (3, "3 is not a span of days"),
        ([("2013-02-01",)], "is not a span of days"),
    ],
)
def test_what_is_no_span_is_refused(exclude: object, says: str) -> None:
    with pytest.raises(InputError, match=r"--exclude \(exclude=\)") as refused:
        define_task("example", MODEL, exclude=exclude)
    assert says in str(refused.value)


def test_a_fault_that_is_left_out_is_no_longer_said() -> None:
    data = load_dataset("example")
    assert data.Q is not None
    assert data.dates is not None
    Q = data.Q.copy()
    Q[500:800] = Q[499]
    stuck = Catchment("stuck", data.P, data.E, Q, data.dates)
    (fault,) = [each for each in stuck.remarks if each.code == "equal_flows"]
    rest = stuck.without(fault.dates)
    assert [each.code for each in rest.remarks if each.code == "equal_flows"] == []


def test_a_manifest_has_them_in_a_cell(tmp_path) -> None:
    path = tmp_path / "manifest.csv"
    path.write_text(f"id,file,exclude\na,b.csv,{SPAN};2014-01-01:2014-01-02\n")
    assert read_manifest(path)[0].options == {"exclude": (SPAN, "2014-01-01:2014-01-02")}
