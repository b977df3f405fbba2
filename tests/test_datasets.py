"""The built-in data sets are what their notes say."""

from importlib.resources import files

import numpy as np
import pytest

from gr4jstan.errors import InputError
from gr4jstan.reading.datasets import SYNTHETIC_TRUTH, dataset_names, load_dataset
from gr4jstan.structures.simulation import simulate

# Rows of the source file: date, rain [mm], Turc evapotranspiration [mm/d], discharge [l/s].
SOURCE_ROWS = [
    ("2013-01-01", 2.052861283, 0.35, 24.418331),
    ("2013-01-03", 0.58456085, 0.37, 15.542923),
    ("2013-07-17", 0.0, 5.13, 1.783579),
    ("2016-12-31", 0.0, 0.0, 2.959312),
]


def test_example_covers_five_years_and_misses_the_flow_of_the_first() -> None:
    example = load_dataset("example")
    assert example.name == "example"
    assert len(example) == 1827
    assert (example.label(0), example.label(1826)) == ("2012-01-01", "2016-12-31")
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(example.Q)), np.arange(366))
    assert example.notes == ("366 of 1827 days have no Q (first 2012-01-01)",)


@pytest.mark.parametrize(("date", "rain", "evapotranspiration", "litres"), SOURCE_ROWS)
def test_example_is_the_source_in_mm_per_day(
    date: str, rain: float, evapotranspiration: float, litres: float
) -> None:
    day = load_dataset("example").select(date, date)
    assert day.P[0] == rain
    assert day.E[0] == evapotranspiration
    # litres a day, spread over 1.783 million square metres
    assert day.Q[0] == pytest.approx(litres * 86400 / 1.783e6, rel=1e-14)


def test_synthetic_is_gr4j_at_the_true_values_on_doubled_rain() -> None:
    synthetic = load_dataset("synthetic")
    part = load_dataset("example").select("2012-06-09", "2012-07-28")
    assert len(synthetic) == 50
    assert synthetic.notes == ()
    assert synthetic.columns[2] == "modeled_Q"
    assert synthetic.dates.equals(part.dates)
    np.testing.assert_array_equal(synthetic.P, 2 * part.P)
    np.testing.assert_array_equal(synthetic.E, part.E)
    flows = simulate(
        2 * part.P, part.E, 320.11, 2.42, 69.63, 1.39, s0=0.6 * 320.11, r0=0.7 * 69.63
    ).Q
    np.testing.assert_allclose(synthetic.Q, flows, rtol=1e-12)


def test_the_truth_is_that_of_the_post() -> None:
    truth = SYNTHETIC_TRUTH
    assert [truth[name] for name in ("x1", "x2", "x3", "x4")] == [320.11, 2.42, 69.63, 1.39]
    assert truth["S0"] / truth["x1"] == pytest.approx(0.6)
    assert truth["R0"] / truth["x3"] == pytest.approx(0.7)


def test_names_and_an_unknown_name() -> None:
    assert dataset_names() == ("example", "synthetic")
    with pytest.raises(InputError, match=r"no data set 'exmaple'.*'example' and 'synthetic'"):
        load_dataset("exmaple")


def test_source_and_licence_travel_with_the_data() -> None:
    folder = files("gr4jstan") / "data"
    assert "Tobias Houska" in (folder / "README.md").read_text()
    assert "The MIT License" in (folder / "LICENSE-spotpy.md").read_text()
