"""A structure with a fifth parameter needs its row, and its routing in three languages.

It is GR4J with the exchange F = x2 (R / x3 - x5). Its Stan and C++ are those of GR4J with that
line changed; everything else follows from the table.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gr4jstan
from gr4jstan.fitting.results import Fit
from gr4jstan.model.definition import define_model
from gr4jstan.model.programs import render_program, stan_folder
from gr4jstan.model.stan_data import stan_data
from gr4jstan.model.transforms import supports, unconstrain
from gr4jstan.reading.catchment import Catchment
from gr4jstan.report.page import write_report
from gr4jstan.sampling.density import LogDensity, compile_log_density
from gr4jstan.structures.catalogue import GR4J, STRUCTURES
from gr4jstan.structures.simulation import run, run_flow
from gr4jstan.structures.structure import Parameter, Structure
from seeds import shifted

X5 = Parameter(
    name="x5",
    unit="-",
    title="level of the routing store without exchange",
    meaning="filling of the routing store at which nothing is exchanged",
    domain="any number",
    central=(0.1, 0.9),
    positive=False,
    wide=(-2, 3),
    uniform=(0, 1),
    airgr=(-2, 2),
)
TRUTH = {"x1": 320.0, "x2": -1.2, "x3": 70.0, "x4": 1.7, "x5": 0.3}
OPTIONS: dict[str, Any] = {"structure": "toy", "sigma": 0.05, "initial_states": "fixed"}


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Structure]:
    """The structure, in the table."""
    folder = tmp_path_factory.mktemp("toy")
    changes = {
        "structures/{}.stan": (
            ("F = x2 * (R / x3) ^ 3.5;", "F = x2 * (R / x3 - theta[5]);"),
            *((f"gr4j_{name}(", f"toy_{name}(") for name in ("state", "run", "flow")),
        ),
        "cpp/routing/{}.hpp": (
            ("routing_gr4j", "routing_toy"),
            ("parameters = 4", "parameters = 5"),
            ("x3, inverse_x3, exchange;", "x3, inverse_x3, exchange, x5;"),
            ("exchange(theta[1] / theta[2])", "exchange(theta[1] / theta[2]), x5(theta[4])"),
            ("power = r * r_2_5;", "power = r - x5;"),
            ("3.5 * exchange * r_2_5", "exchange + 0 * r_2_5"),
            ("x2_sum = 0,", "x2_sum = 0, x5_sum = 0,"),
            ("x2_sum += f * day.power;", "x2_sum += f * day.power; x5_sum -= f * exchange;"),
            ("theta_adjoint[1] +=", "theta_adjoint[4] += x5_sum; theta_adjoint[1] +="),
        ),
    }
    for name, pairs in changes.items():
        text = (stan_folder() / name.format("gr4j")).read_text(encoding="utf-8")
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        place = folder / name.format("toy")
        place.parent.mkdir(parents=True)
        place.write_text(text, encoding="utf-8")
    STRUCTURES["toy"] = replace(
        GR4J,
        name="toy",
        title="Toy",
        parameters=(*GR4J.parameters, X5),
        module="toy_routing",
        folder=str(folder),
    )
    yield STRUCTURES["toy"]
    del STRUCTURES["toy"]


@pytest.fixture(scope="module")
def catchment(toy: Structure) -> Catchment:
    """Two years with the flows of the truth, and no errors."""
    days = gr4jstan.load_dataset("example").select("2013-01-01", "2014-12-31")
    flow, _ = run_flow(toy, days.P, days.E, TRUTH, {})
    return replace(days, name="toy", Q=flow)


def density(gradient: Any, catchment: Catchment) -> tuple[LogDensity, Any]:
    model = define_model(gradient=gradient, **OPTIONS)
    return compile_log_density(render_program(model.spec), stan_data(model, catchment)), model


def test_the_simulation_conserves_water_and_can_be_taken_up_again(
    toy: Structure, catchment: Catchment
) -> None:
    P, E = catchment.P, catchment.E
    whole = run(toy, P, E, TRUTH, {})
    first, state = run_flow(toy, P[:300], E[:300], TRUTH, {})
    last, end = run_flow(toy, P[300:], E[300:], TRUTH, state)
    np.testing.assert_allclose(np.concatenate([first, last]), whole.Q, rtol=1e-12)
    stored = sum(float(np.sum(end[name])) for name in end) - (0.3 * 320 + 0.5 * 70)
    balance = np.sum(P + whole.aexch - whole.ae - whole.Q) - stored
    assert balance == pytest.approx(0, abs=1e-9)
    assert set(whole.to_frame().columns) == {
        "day",
        *(flux.name for flux in toy.fluxes),
    }


def test_the_program_has_the_flows_of_numpy_and_the_gradient_of_the_tape(
    catchment: Catchment,
) -> None:
    exact, model = density("adjoint", catchment)
    tape, _ = density("autodiff", catchment)
    rng = np.random.default_rng(shifted(4))
    n = 20
    values = {name: value * rng.uniform(0.8, 1.2, n) for name, value in TRUTH.items()}
    points = unconstrain(model, {name: values[name] for name in supports(model)})
    for found, expected in zip(exact.evaluate(points), tape.evaluate(points), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * np.abs(expected).max())

    # the likelihood of the true flows has no residuals, so that another flow would be seen
    truth = {name: np.array([value]) for name, value in TRUTH.items()}
    at_truth, away = (
        float(exact.evaluate(unconstrain(model, values))[0][0])
        for values in (truth, truth | {"x5": np.array([0.31])})
    )
    N = len(catchment)
    expected = -N * (np.log(0.05) + 0.5 * np.log(2 * np.pi)) + log_prior(model, truth)
    assert at_truth == pytest.approx(expected, abs=1e-6)
    assert away < at_truth - 0.1


def log_prior(model: Any, values: dict[str, np.ndarray]) -> float:
    """Log of the default priors' densities and of the slopes of the transforms."""
    found = 0.0
    for name, (lower, upper) in supports(model).items():
        x = float(values[name][0])
        numbers = model.numbers
        found += np.log((x - lower) * (upper - x) / (upper - lower))
        log = f"{name}_log_mean" in numbers
        mean, sd = (numbers[f"{name}{'_log' if log else ''}_{what}"] for what in ("mean", "sd"))
        z = (np.log(x) if log else x) - mean
        found += -0.5 * (z / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)
        found -= np.log(x) if log else 0
    return found


@pytest.fixture(scope="module")
def fit(catchment: Catchment) -> Fit:
    few = {"chains": 2, "iter_sampling": 100, "seed": shifted(1), "show_progress": False}
    return gr4jstan.fit(catchment, warmup=0, **few, **OPTIONS)


def test_it_is_sampled_saved_loaded_predicted_and_reported(
    fit: Fit, toy: Structure, catchment: Catchment, tmp_path: Path
) -> None:
    assert fit.parameters == ("x1", "x2", "x3", "x4", "x5")
    summary = fit.summary()
    # without errors the posterior is around the truth: seven standard deviations are no chance
    distance = (summary["mean"] - [TRUTH[name] for name in summary.index]) / summary["sd"]
    assert (distance.abs() < 7).all()

    fit.save(tmp_path / "fit")
    loaded = gr4jstan.load_fit(tmp_path / "fit")
    assert loaded.model.structure is toy
    forcing = gr4jstan.load_dataset("example").select("2015-01-01", "2015-03-31")
    bands = loaded.predict(forcing).bands()
    np.testing.assert_array_equal(bands, fit.predict(forcing).bands())
    later, _ = run_flow(toy, forcing.P, forcing.E, TRUTH, whole_state(toy, catchment))
    # a band of the parameters holds the truth, on all but a few days
    inside = (bands["Q_total_lower"] <= later) & (later <= bands["Q_total_upper"])
    assert inside.mean() > 0.9

    write_report(loaded, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Toy (Perrin et al. 2003), daily, five parameters" in page
    assert X5.meaning in page
    assert set(fit.fluxes(["perc", "aexch1"], draws=4)) == {"perc", "aexch1"}


def whole_state(toy: Structure, catchment: Catchment) -> Any:
    return run_flow(toy, catchment.P, catchment.E, TRUTH, {})[1]


def test_a_structure_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(gr4jstan.InputError, match="structure is 'gr7j'; choose one of gr4j"):
        define_model(structure="gr7j")
