"""What a recorded 0 means: the limit of a gauge, given or found, from reading to prediction."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gr4jstan.cli.main import main
from gr4jstan.errors import InputError
from gr4jstan.fitting.inference_data import dataset
from gr4jstan.fitting.loading import load_fit
from gr4jstan.many.manifest import read_manifest
from gr4jstan.model.definition import define_model
from gr4jstan.model.task import define_task
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.csvfile import read_csv
from gr4jstan.reading.datasets import load_dataset
from gr4jstan.report.reproduction import fit_options
from seeds import shifted

T = 400


def gauge(step: float, least: float = 0.0) -> np.ndarray:
    """Flows as a gauge records them: in steps, and 0 for what is below the least."""
    rng = np.random.default_rng(shifted(1))
    true = np.exp(np.cumsum(rng.normal(0, 0.3, T)) * 0.4 - 3)
    recorded = np.round(true / step) * step
    return np.where(recorded < least, 0, recorded)


def catchment(Q: Any, **options: Any) -> Catchment:
    rng = np.random.default_rng(shifted(2))
    return Catchment("river", rng.gamma(0.3, 8, T), np.full(T, 1.0), Q, **options)


def codes(found: Catchment) -> list[str]:
    return [each.code for each in found.remarks]


def text_of(found: Catchment, code: str) -> str:
    return next(each.text for each in found.remarks if each.code == code)


# Found


def test_of_a_gauge_that_records_all_multiples_of_its_step_the_limit_is_half_of_it() -> None:
    Q = gauge(0.02)
    Q[:3], Q[3:6] = 0, [0.02, 0.04, 0.06]
    found = catchment(Q)
    assert found.flow_limit == pytest.approx(0.01)
    assert (found.Q == Q).all()
    assert f"Q is 0 on {(Q == 0).sum()} days of {T}" in text_of(found, "no_flow")


def test_of_a_gauge_with_a_detection_limit_it_is_half_a_step_below_the_smallest_flow() -> None:
    Q = gauge(0.001, 0.05)
    Q[:5] = [0, 0.05, 0.051, 0.052, 0.053]
    found = catchment(Q)
    assert found.flow_limit == pytest.approx(0.0495)
    assert "otherwise 0.05 mm/d or more, in steps of 0.001" in text_of(found, "no_flow")
    assert "up to 0.0495 mm/d" in text_of(found, "no_flow")


@pytest.mark.parametrize("Q", [gauge(1e-9) + 0.01, None, np.zeros(T), np.full(T, np.nan)])
def test_without_zeros_or_flows_there_is_none(Q: Any) -> None:
    found = catchment(Q, examined=True)
    assert found.flow_limit == 0
    assert "no_flow" not in codes(found)


def test_a_limit_lies_between_zero_and_the_smallest_flow_whatever_the_record() -> None:
    rng = np.random.default_rng(shifted(3))
    for power in rng.uniform(-6, 3, 50):
        Q = rng.gamma(0.5, 10.0**power, T) * (rng.random(T) > 0.3)
        Q[:2] = 0, 10.0**power
        found = catchment(Q, examined=True)
        assert found.flow_limit is not None
        assert 0 < found.flow_limit < Q[Q > 0].min()


def test_zeros_that_are_left_out_leave_no_limit() -> None:
    Q = gauge(0.001) + 0.3
    Q[20:30] = 0
    found = catchment(Q)
    assert found.flow_limit is not None and found.flow_limit > 0.2
    rest = found.without("20:29")
    assert rest.flow_limit == 0
    assert "no_flow" not in codes(rest)


def test_a_part_of_a_record_has_the_limit_of_the_whole() -> None:
    Q = gauge(0.02)
    Q[:3], Q[3:200], Q[200:203] = 0, 1, [0.02, 0.04, 0.06]
    whole = catchment(Q, examined=True)
    part = whole.select(0, 100)
    assert part.flow_limit == whole.flow_limit == pytest.approx(0.01)


# Given


def test_a_limit_that_is_given_is_in_the_unit_of_the_file(tmp_path: Path) -> None:
    base = catchment(gauge(0.02) + 0.02, examined=True).to_frame()
    factor = 86.4 / 50
    recorded = base.assign(Q=base["Q"] / factor).rename(columns={"Q": "Q [m3/s]"})
    recorded.to_csv(tmp_path / "a.csv", index_label="day")
    limit = float(np.quantile(recorded["Q [m3/s]"], 0.2))
    found = read_csv(tmp_path / "a.csv", area=50, flow_limit=limit, no_dates=True)
    assert found.flow_limit == pytest.approx(limit * factor)
    below = (recorded["Q [m3/s]"] <= limit).to_numpy()
    assert ((found.Q == 0) == below).all()
    np.testing.assert_allclose(found.Q[~below], base["Q"][~below], rtol=1e-12)
    assert f"at or below {limit:g} m3/s" in text_of(found, "flow_limit")
    assert f"on {below.sum()} days of {T}" in text_of(found, "flow_limit")


def test_arrays_and_frames_take_one_as_well_and_zero_stands_for_none() -> None:
    Q = gauge(0.02)
    Q[:2] = 0, 0.02
    given = catchment(Q, flow_limit=0.05)
    assert given.flow_limit == 0.05
    assert ((given.Q == 0) == (Q <= 0.05)).all()
    frame = given.to_frame().assign(Q=Q)
    assert (Catchment.from_frame(frame, flow_limit=0.05).Q == given.Q).all()
    none = catchment(Q, flow_limit=0.0)
    assert none.flow_limit == 0
    assert (none.Q == Q).all()
    assert "no_flow" not in codes(none)


@pytest.mark.parametrize("limit", [-1, np.nan, np.inf, "low", [1]])
def test_what_cannot_be_a_limit_is_refused_by_name(limit: Any) -> None:
    with pytest.raises(InputError, match=r"--flow-limit \(flow_limit=\) is .* 0 or more"):
        catchment(gauge(0.02), flow_limit=limit)
    with pytest.raises(InputError, match=r"--flow-limit \(flow_limit=\) is .* 0 or more"):
        read_csv("nothing.csv", flow_limit=limit)


def test_a_limit_above_all_flows_is_refused_with_the_largest() -> None:
    Q = gauge(0.02)
    with pytest.raises(InputError, match=f"the largest is {Q.max():g}"):
        catchment(Q, flow_limit=Q.max())


# From the data to the model


def test_the_limit_of_the_data_is_a_number_of_the_model_and_no_structure() -> None:
    Q = gauge(0.02)
    Q[:3], Q[3:6] = 0, [0.02, 0.04, 0.06]
    model = define_model()
    task = define_task(catchment(Q, examined=True), model)
    assert task.data["flow_limit"] == task.model.numbers["flow_limit"] == pytest.approx(0.01)
    assert task.model.spec == model.spec
    assert model.numbers["flow_limit"] == 0


def test_a_limit_among_the_settings_stands_before_that_of_the_data() -> None:
    Q = gauge(0.02)
    Q[:3] = 0
    model = define_model(prior_settings={"flow_limit": 0.07})
    assert define_task(catchment(Q, examined=True), model).data["flow_limit"] == 0.07
    with pytest.raises(InputError, match="flow_limit is -1; it must not be negative"):
        define_model(prior_settings={"flow_limit": -1})


# From the command to a prediction


@pytest.fixture(scope="module")
def dried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fit of two years of the example's flows as a gauge sees them that knows none below 0.2."""
    folder = tmp_path_factory.mktemp("limit")
    days = load_dataset("example").to_frame().iloc[:731]
    days = days.assign(Q=np.round(days["Q"], 3).where(~(days["Q"] < 0.2), 0))
    days.to_csv(folder / "dry.csv")
    options = "--flow-limit 0.25 --chains 2 --iter-sampling 150 --error-model linear"
    words = f"fit {folder}/dry.csv -o {folder}/fit {options} --seed {shifted(1)}"
    main(words.split())
    return folder


def test_a_fit_records_the_limit_and_loads_with_it(dried: Path) -> None:
    run = json.loads((dried / "fit" / "run.json").read_text())
    data = json.loads((dried / "fit" / "data.json").read_text())
    assert run["model"]["prior_settings"]["flow_limit"] == data["flow_limit"] == 0.25
    assert any(each["code"] == "flow_limit" for each in run["findings"])
    fit = load_fit(dried / "fit")
    assert fit.model.numbers["flow_limit"] == 0.25
    assert fit_options(fit)["prior_settings"] == {"flow_limit": 0.25}


def test_draws_and_observations_have_the_same_share_of_censored_days(dried: Path) -> None:
    """Predictions are drawn as observations are recorded: 0, or above the limit."""
    fit = load_fit(dried / "fit")
    observed = dataset(fit.idata, "observed_data")["Q"].to_numpy()
    drawn = fit.calibration.total
    assert not ((drawn > 0) & (drawn <= 0.25)).any()
    assert 0.1 < (observed == 0).mean() < 0.9
    assert abs((drawn == 0).mean() - (observed == 0).mean()) < 0.15
    whole = fit.predictive_idata()
    again = dataset(whole, "posterior_predictive")["Q"].to_numpy()
    assert not ((again > 0) & (again <= 0.25)).any()
    # a probability is at most 1
    terms = dataset(whole, "log_likelihood")["Q"].to_numpy()
    assert (terms[..., observed == 0] <= 0).all()


def test_a_prediction_of_new_forcing_keeps_to_the_limit_of_the_fit(dried: Path) -> None:
    forcing = load_dataset("example").to_frame()[["P", "E"]].iloc[731:1000]
    found = load_fit(dried / "fit").predict(forcing)
    assert not ((found.total > 0) & (found.total <= 0.25)).any()
    assert (found.total == 0).any()
    assert (found.flow > 0).all()


def test_an_exported_program_and_a_manifest_take_the_limit(dried: Path, tmp_path: Path) -> None:
    main(f"export {dried}/dry.csv -o {tmp_path}/out --flow-limit 0.3".split())
    assert json.loads((tmp_path / "out" / "data.json").read_text())["flow_limit"] == 0.3
    (tmp_path / "list.csv").write_text(f"id,file,flow_limit\na,{dried}/dry.csv,0.3\n")
    (entry,) = read_manifest(tmp_path / "list.csv")
    assert entry.options["flow_limit"] == 0.3
