"""The calibration and validation periods."""

import numpy as np
import pandas as pd
import pytest

from gr4jstan.errors import InputError
from gr4jstan.model.definition import define_model
from gr4jstan.model.task import define_task
from gr4jstan.reading.catchment import Catchment
from seeds import shifted

MODEL = define_model()
DATES = pd.date_range("2001-01-01", "2005-12-31")


@pytest.fixture(scope="module")
def record():
    rng = np.random.default_rng(shifted(1))
    n = len(DATES)
    return Catchment("five years", rng.gamma(0.5, 8, n), rng.uniform(0, 4, n), rng.random(n), DATES)


@pytest.mark.parametrize(
    ("calibration", "asked", "counts"),
    [
        ((None, "2003-12-31"), ("2004-07-01", "2005-06-30"), ("2004-07-01", "2005-06-30")),
        ((None, "2003-12-31"), ("2005-01-01", None), ("2005-01-01", "2005-12-31")),
        ((None, "2003-12-31"), (None, "2005-06-30"), ("2004-01-01", "2005-06-30")),
        ((None, "2003-12-31"), (None, None), ("2004-01-01", "2005-12-31")),
        (("2004-01-01", None), ("2002-06-01", "2003-05-31"), ("2002-06-01", "2003-05-31")),
        (("2004-01-01", None), ("2002-06-01", None), ("2002-06-01", "2003-12-31")),
        # the first year of the data is the spin-up
        (("2004-01-01", None), (None, None), ("2002-01-01", "2003-12-31")),
        (("2004-01-01", "2004-12-31"), (None, "2003-05-31"), ("2002-01-01", "2003-05-31")),
        (("2003-01-01", "2004-06-30"), ("2005-01-01", "2005-12-31"), ("2005-01-01", "2005-12-31")),
    ],
)
def test_the_validation_period_counts_where_it_was_asked_for(record, calibration, asked, counts):
    start, end = calibration
    task = define_task(record, MODEL, start=start, end=end, validation=asked)
    days = task.validation.catchment
    counted = days.dates[~np.isnan(days.Q)]
    assert (str(counted[0].date()), str(counted[-1].date())) == counts
    assert len(counted) == (counted[-1] - counted[0]).days + 1
    assert days.dates[task.validation.first] == counted[0]


def test_a_later_validation_period_is_simulated_from_the_day_after_the_calibration_on(record):
    task = define_task(record, MODEL, end="2003-12-31", validation=("2005-01-01", None))
    assert task.validation.continued
    assert str(task.validation.catchment.dates[0].date()) == "2004-01-01"


def test_an_earlier_validation_period_is_simulated_from_the_first_day_of_the_data_on(record):
    task = define_task(record, MODEL, start="2004-01-01", validation=("2003-01-01", None))
    assert not task.validation.continued
    assert task.validation.catchment.dates[0] == record.dates[0]
    assert task.validation.catchment.dates[-1] == pd.Timestamp("2003-12-31")


def test_the_calibration_does_not_see_the_validation_period(record):
    alone = define_task(record, MODEL, end="2003-12-31")
    both = define_task(record, MODEL, end="2003-12-31", validation=("2004-01-01", None))
    assert both.data == alone.data


@pytest.mark.parametrize(
    ("calibration", "asked", "says"),
    [
        ((None, "2003-12-31"), ("2003-07-01", "2004-06-30"), "2003-07-01 to 2004-06-30 overlaps"),
        (("2003-01-01", None), ("2002-01-01", "2003-01-01"), "2003-01-01 overlaps"),
        ((None, None), (None, None), "no days are left for the validation"),
        ((None, "2003-12-31"), ("2005-06-30", "2005-01-01"), "no days are left"),
        ((None, "2003-12-31"), ("2006-01-01", None), "--validation-start.*2006-01-01 is outside"),
        ((None, "2003-12-31"), (None, "soon"), "--validation-end.*soon"),
        (("2002-01-01", None), (None, None), "no observed Q to validate with.*spin-up"),
    ],
)
def test_a_validation_period_that_cannot_be_used_is_refused(record, calibration, asked, says):
    start, end = calibration
    with pytest.raises(InputError, match=says):
        define_task(record, MODEL, start=start, end=end, validation=asked)


def test_days_without_dates_are_numbered(record):
    numbered = Catchment("numbered", record.P, record.E, record.Q)
    task = define_task(numbered, MODEL, end=999, validation=(1200, None))
    assert task.validation.continued
    assert task.validation.first == 200
    assert len(task.validation.catchment) == len(record) - 1000
