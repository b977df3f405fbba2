"""The calendar-day climatology, against a search through the calendar day by day."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from gr4jstan.errors import InputError
from gr4jstan.scoring import climatology as module
from gr4jstan.scoring.climatology import HALF_WINDOW, MEMBERS, climatology
from seeds import shifted


def flow_of(dates, seed=0, missing=0.2):
    rng = np.random.default_rng(shifted(seed))
    flow = rng.gamma(2, 1, len(dates))
    flow[rng.random(len(dates)) < missing] = np.nan
    return flow


def pool_by_search(known, day):
    """Observations at most a week from the anniversaries of `day`."""
    pool = []
    for year in set(range(1965, 2010)) - {day.year}:
        try:
            same = day.date().replace(year=year)
        except ValueError:
            same = dt.date(year, 3, 1)
        near = (same + dt.timedelta(k) for k in range(-HALF_WINDOW, HALF_WINDOW + 1))
        pool += [known[d] for d in near if d in known]
    return np.array(pool)


@pytest.mark.parametrize(
    ("record", "target"),
    [
        (("1998-08-20", "2005-03-02"), ("1998-08-20", "2005-03-02")),
        (("1999-01-01", "2002-12-31"), ("1999-12-10", "2000-03-15")),
        (("1999-01-01", "2002-12-31"), ("2003-12-20", "2004-03-10")),
        (("1969-12-25", "1971-01-05"), ("1960-02-20", "1961-01-10")),
    ],
)
def test_against_a_search_through_the_calendar(record, target):
    dates, days = pd.date_range(*record), pd.date_range(*target)
    obs = flow_of(dates)
    result = climatology(dates, obs, days)
    known = {d.date(): q for d, q in zip(dates, obs, strict=True) if not np.isnan(q)}
    pools = [pool_by_search(known, day) for day in days]
    probabilities = (np.arange(MEMBERS) + 0.5) / MEMBERS
    for t, pool in enumerate(pools):
        if not pool.size:
            assert np.isnan(result.mean[t])
            assert np.isnan(result.members[:, t]).all()
            continue
        assert result.mean[t] == pytest.approx(pool.mean(), rel=1e-12)
        quantiles = np.quantile(pool, probabilities, method="hazen")
        np.testing.assert_allclose(result.members[:, t], quantiles, rtol=1e-12)


def test_a_year_says_nothing_about_itself():
    dates = pd.date_range("2000-01-01", "2003-12-31")
    obs = np.where(dates.year == 2001, 100.0, 1.0)
    mean = climatology(dates, obs, dates).mean
    inside = (dates.month > 1) & (dates.month < 12)
    assert (mean[inside & (dates.year == 2001)] == 1).all()
    assert np.allclose(mean[inside & (dates.year != 2001)], 34)  # (100 + 1 + 1) / 3


def test_one_year_has_no_climatology_of_its_own_days():
    dates = pd.date_range("2001-03-01", "2001-11-30")
    assert np.isnan(climatology(dates, np.ones(len(dates)), dates).mean).all()
    later = climatology(dates, np.ones(len(dates)), dates + pd.DateOffset(years=5))
    assert (later.mean == 1).all()


def test_days_left_out_are_missing_observations():
    dates = pd.date_range("2000-01-01", "2004-12-31")
    obs = flow_of(dates)
    there = ~np.isnan(obs)
    full, sparse = climatology(dates, obs, dates), climatology(dates[there], obs[there], dates)
    np.testing.assert_array_equal(full.mean, sparse.mean)
    np.testing.assert_array_equal(full.members, sparse.members)


def test_as_many_values_as_members_are_the_members():
    obs = np.random.default_rng(shifted(1)).gamma(2, 1, MEMBERS)
    members = climatology(None, obs, 1).members[:, 0]
    np.testing.assert_allclose(members, np.sort(obs), rtol=1e-12)


@pytest.mark.parametrize("target", [4, np.int64(4), [0, 1, 2, 3]])
def test_without_dates_every_day_gets_all_observations(target):
    obs = flow_of(range(200))
    result = climatology(None, obs, target)
    np.testing.assert_allclose(result.mean, np.full(4, np.nanmean(obs)), rtol=1e-12)
    probabilities = (np.arange(MEMBERS) + 0.5) / MEMBERS
    expected = np.nanquantile(obs, probabilities, method="hazen")
    np.testing.assert_allclose(result.members, np.tile(expected[:, None], 4), rtol=1e-12)


@pytest.mark.parametrize("obs", [[], [np.nan, np.nan]])
@pytest.mark.parametrize("dated", [True, False])
def test_no_observation_no_climatology(obs, dated):
    dates = pd.date_range("2000-01-01", periods=len(obs)) if dated else None
    days = pd.date_range("2001-01-01", periods=3)
    result = climatology(dates, obs, days)
    assert result.mean.shape == (3,)
    assert result.members.shape == (MEMBERS, 3)
    assert np.isnan(result.mean).all()
    assert np.isnan(result.members).all()


def test_blocks_of_days_change_nothing(monkeypatch):
    dates = pd.date_range("2000-01-01", "2003-12-31")
    obs = flow_of(dates)
    whole = climatology(dates, obs, dates)
    monkeypatch.setattr(module, "_BLOCK", 1000)
    parts = climatology(dates, obs, dates)
    np.testing.assert_array_equal(whole.mean, parts.mean)
    np.testing.assert_array_equal(whole.members, parts.members)


DAYS = ["2000-01-01", "2000-01-02"]


@pytest.mark.parametrize(
    ("dates", "obs", "target", "message"),
    [
        (DAYS, [1, 2, 3], DAYS, "2 dates for 3 observations"),
        (DAYS, [1, np.inf], DAYS, "infinite"),
        (DAYS, [[1, 2]], DAYS, r"series of days, got shape \(1, 2\)"),
        (DAYS, [1, 2], 5, "need the dates of the target, got 5"),
        (DAYS, [1, 2], ["2000-01-01", "NaT"], "target: a date is missing"),
        ([DAYS], [1, 2], DAYS, r"dates must be a series of days, got shape \(1, 2\)"),
        ([DAYS[0], DAYS[0]], [1, 2], DAYS, "stands twice"),
    ],
)
def test_unusable_series_are_refused(dates, obs, target, message):
    with pytest.raises(InputError, match=message):
        climatology(dates, obs, target)
