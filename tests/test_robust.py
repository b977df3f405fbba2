"""Intervals that allow for errors with memory: the sandwich posterior."""

import json
import re

import numpy as np
import pandas as pd
import pytest

import gr4jstan
from gr4jstan.fitting.error_memory import simulate_ar1
from gr4jstan.fitting.inference_data import dataset, group_names
from gr4jstan.fitting.results import Fit
from gr4jstan.fitting.robust import WINDOW, prior_curvature, robust_draws, sandwich
from gr4jstan.model.definition import define_model
from gr4jstan.model.task import define_task
from gr4jstan.model.transforms import supports, unconstrain
from gr4jstan.reading.datasets import load_dataset
from gr4jstan.scoring.long_run import fixed_b_factor, long_run_covariance
from seeds import shifted
from stan_programs import KINDS, case_of


class Regression:
    """y = X b + errors with the variance 1, whose posterior under a normal prior is known."""

    length, prior = 1500, np.diag([4.0, 1.0, 0.25])

    def __init__(self, phi: float, seed: int) -> None:
        self.rng = np.random.default_rng(shifted(seed))
        T = self.length
        # a level, a season and a slow wave, which errors with memory are taken for
        t = np.arange(T)
        self.X = np.stack([np.ones(T), np.sin(t / 58), np.cos(t / 200)], axis=1)
        self.truth = np.array([1.0, -0.5, 0.3])
        self.y = self.X @ self.truth + simulate_ar1(np.array([phi]), T, self.rng)[0]
        self.C = np.linalg.inv(self.X.T @ self.X + self.prior)
        self.mean = self.C @ self.X.T @ self.y

    def draws(self, n: int) -> np.ndarray:
        """Of exactly that mean and covariance."""
        z = self.rng.standard_normal((n, 3))
        z -= z.mean(axis=0)
        z = z @ np.linalg.inv(np.linalg.cholesky(np.cov(z, rowvar=False))).T
        return self.mean + z @ np.linalg.cholesky(self.C).T

    def scores(self) -> np.ndarray:
        return (self.y - self.X @ self.mean)[:, None] * self.X

    def moved(self, n: int = 500, window: int = WINDOW) -> np.ndarray:
        days = np.arange(self.length)
        none = np.zeros(3, dtype=bool)
        return sandwich(self.draws(n), self.scores(), days, self.prior, none, window)


def test_draws_get_the_covariance_of_the_sandwich_and_keep_their_mean() -> None:
    model = Regression(0.8, seed=1)
    scores = model.scores() - model.scores().mean(axis=0)
    J = fixed_b_factor(WINDOW, 1500) ** 2 * long_run_covariance(scores, np.arange(1500), WINDOW)
    moved = model.moved()
    expected = model.C @ (J + model.prior) @ model.C
    np.testing.assert_allclose(np.cov(moved, rowvar=False), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(moved.mean(axis=0), model.mean, rtol=1e-12, atol=1e-12)


def test_the_map_moves_the_draws_least() -> None:
    """A is symmetric in the metric of C; any other map is that after a rotation."""
    model = Regression(0.8, seed=2)
    draws, moved = model.draws(50), None
    none = np.zeros(3, dtype=bool)
    moved = sandwich(draws, model.scores(), np.arange(1500), model.prior, none)
    A = np.linalg.lstsq(draws - model.mean, moved - model.mean, rcond=None)[0].T
    np.testing.assert_allclose(A @ model.C, (A @ model.C).T, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(model.mean + (draws - model.mean) @ A.T, moved, atol=1e-10)


@pytest.mark.parametrize("phi", [0.0, 0.75, 0.9])
def test_intervals_of_a_regression_hold_its_truth_whatever_the_memory(phi: float) -> None:
    """Those of independent errors do not: with a memory of 0.9 they hold a third."""
    replicates = 150
    held, naive = np.zeros((2, 3))
    for seed in range(replicates):
        model = Regression(phi, seed=100 + seed)
        for count, draws in ((held, model.moved()), (naive, model.draws(500))):
            low, high = np.quantile(draws, [0.05, 0.95], axis=0)
            count += (low <= model.truth) & (model.truth <= high)
    error = np.sqrt(0.9 * 0.1 / replicates / 2)
    share = held.sum() / replicates / 3
    # errors that last as long as the window is wide are underestimated: some per cent
    assert abs(share - 0.9) < 5 * error + 0.03 * (phi > 0)
    if phi == 0.9:
        assert naive.sum() / replicates / 3 < 0.6


def test_without_memory_and_with_the_right_model_nothing_changes() -> None:
    """The information of the scores is then that of the draws."""
    model = Regression(0.0, seed=3)
    spread = model.moved(window=1).std(axis=0) / model.draws(500).std(axis=0)
    # the mean square of 1500 errors
    assert np.abs(spread - 1).max() < 5 * np.sqrt(2 / 1500)


def test_what_a_few_days_know_follows_the_others() -> None:
    """An effect on the first 15 days has scores that no window sees, and is widened with them."""
    replicates, inside = 150, 0
    for seed in range(replicates):
        model = Regression(0.75, seed=400 + seed)
        early = np.where(np.arange(1500) < 15, 1.0, 0.0)
        X = np.column_stack([model.X, early])
        truth = np.append(model.truth, 0.7)
        y = model.y + 0.7 * early
        prior = np.diag([*np.diag(model.prior), 0.01])
        C = np.linalg.inv(X.T @ X + prior)
        mean = C @ X.T @ y
        draws = mean + model.rng.standard_normal((500, 4)) @ np.linalg.cholesky(C).T
        scores = (y - X @ mean)[:, None] * X
        brief = np.array([False, False, False, True])
        moved = sandwich(draws, scores, np.arange(1500), prior, brief)
        low, high = np.quantile(moved[:, 3], [0.05, 0.95])
        inside += low <= truth[3] <= high
    assert abs(inside / replicates - 0.9) < 5 * np.sqrt(0.9 * 0.1 / replicates)


@pytest.mark.parametrize("kind", KINDS)
def test_the_curvature_of_the_prior_is_that_of_its_density(kind: str) -> None:
    """Against second differences of the log density of the program without observations."""
    program = case_of(kind, "adjoint")
    point = program.draw(1, seed=4)[0]
    found = prior_curvature(program.density, program.data, point)
    nothing = program.with_data(T=1, P=[0.0], E=[0.0], N=0, obs_day=[], Q_obs=[])
    D, h = len(point), 1e-3
    steps = np.eye(D) * h
    pairs = [(i, j) for i in range(D) for j in range(D)]
    corners = [
        point + a * steps[i] + b * steps[j] for i, j in pairs for a in (1, -1) for b in (1, -1)
    ]
    values = nothing.evaluate(np.array(corners))[0].reshape(D, D, 2, 2)
    signs = np.array([[1, -1], [-1, 1]])
    expected = -(values * signs).sum(axis=(2, 3)) / (4 * h**2)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * scale + 1e-6)


def test_a_fit_reports_robust_draws_beside_those_of_nuts(split_fit: Fit) -> None:
    drawn, robust = (dataset(split_fit.idata, name) for name in ("posterior", "posterior_robust"))
    assert split_fit.run["intervals"] == {
        "asked": "robust",
        "given": "robust",
        "window": WINDOW,
        "reason": None,
    }
    summary = split_fit.summary()
    for name in split_fit.parameters:
        values = robust[name].to_numpy()
        assert summary.loc[name, "sd"] == pytest.approx(values.std(ddof=1))
        assert summary.loc[name, "q95"] == pytest.approx(np.quantile(values, 0.95))
        widening = values.std() / float(drawn[name].std())
        assert summary.loc[name, "widening"] == pytest.approx(widening)
    # errors of neighbouring days are correlated by 0.9 here
    assert summary.loc["x1", "widening"] > 2


def test_robust_draws_stay_within_the_bounds_and_belong_together(split_fit: Fit) -> None:
    robust = dataset(split_fit.idata, "posterior_robust")
    numbers = split_fit.model.numbers
    for name in split_fit.model.structure.names:
        assert float(robust[name].min()) > numbers[f"{name}_lower"]
        assert float(robust[name].max()) < numbers[f"{name}_upper"]
    assert (robust["S0"] < robust["x1"]).all()
    assert (robust["R0"] < robust["x3"]).all()


def test_flows_and_bands_are_of_the_robust_draws(split_fit: Fit) -> None:
    values = split_fit._values(np.array([0]), np.array([0, 1]))
    robust = dataset(split_fit.idata, "posterior_robust")
    np.testing.assert_array_equal(values["x1"], robust["x1"].to_numpy()[0, :2])


def test_they_are_saved_and_read(split_fit: Fit, tmp_path) -> None:
    split_fit.save(tmp_path / "fit")
    again = gr4jstan.load_fit(tmp_path / "fit")
    pd.testing.assert_frame_equal(again.summary(), split_fit.summary())
    columns = pd.read_csv(tmp_path / "fit" / "summary.csv").columns
    assert list(columns)[-1] == "widening"
    assert json.loads((tmp_path / "fit" / "run.json").read_text())["intervals"]["window"] == WINDOW


@pytest.fixture(scope="module")
def example_draws() -> dict[str, np.ndarray]:
    """Some draws around a point."""
    rng = np.random.default_rng(shifted(6))
    model = define_model()
    centre = {"x1": 140, "x2": -0.2, "x3": 40, "x4": 1.3, "sigma": 0.5}
    centre |= {"S0_fraction": 0.5, "R0_fraction": 0.4}
    assert set(centre) == set(supports(model))
    return {n: v * np.exp(0.02 * rng.standard_normal((2, 200))) for n, v in centre.items()}


@pytest.mark.parametrize(
    ("options", "period", "modes", "reason"),
    [
        ({"sigma": 0.3}, {}, 1, "sigma was given"),
        ({}, {"end": "2013-11-30"}, 1, r"in 334 days the memory .* cannot be told; 360"),
        ({}, {}, 2, "2 separate places"),
    ],
)
def test_where_they_cannot_be_had_the_record_says_why(
    options, period, modes, reason, example_draws
) -> None:
    model = define_model(**options)
    task = define_task("example", model, **period)
    found = robust_draws(task, None, example_draws, "robust", modes)
    assert found.parameters is None
    assert found.record["asked"] == "robust"
    assert found.record["given"] == "model"
    assert re.search(reason, found.record["reason"])


def test_draws_without_spread_are_left_as_they_are(example_draws) -> None:
    """Chains that never moved, say."""
    stuck = {name: np.full((2, 200), values.mean()) for name, values in example_draws.items()}
    case = case_of("default", "adjoint", load_dataset("example"))
    task = define_task("example", define_model())
    found = robust_draws(task, case.density, stuck, "robust", 1)
    assert found.parameters is None
    assert "cannot be computed" in found.record["reason"]


def test_on_request_the_intervals_are_those_of_the_model(split_fit: Fit) -> None:
    task = define_task("example", define_model())
    found = robust_draws(task, None, {}, "model", 1)
    assert found.parameters is None
    assert found.record == {"asked": "model", "given": "model", "window": None, "reason": None}


def test_a_fit_of_known_errors_has_no_robust_group(synthetic_fit: Fit) -> None:
    assert "posterior_robust" not in group_names(synthetic_fit.idata)
    assert (synthetic_fit.summary()["widening"] == 1).all()


def test_subsampled_observations_count_by_their_days() -> None:
    """Every 5th day of errors with memory: the window holds as many days, not as many values."""
    model = Regression(0.9, seed=5)
    some = slice(None, None, 5)
    X, y = model.X[some], model.y[some]
    C = np.linalg.inv(X.T @ X + model.prior)
    mean = C @ X.T @ y
    draws = mean + model.rng.standard_normal((500, 3)) @ np.linalg.cholesky(C).T
    scores = (y - X @ mean)[:, None] * X
    none = np.zeros(3, dtype=bool)
    by_days = sandwich(draws, scores, np.arange(1500)[some], model.prior, none)
    by_rows = sandwich(draws, scores, np.arange(300), model.prior, none, WINDOW // 5)
    np.testing.assert_allclose(by_days.std(axis=0), by_rows.std(axis=0), rtol=0.01)


def test_unconstrained_draws_of_the_fit_keep_their_mean(split_fit: Fit) -> None:
    model, drawn = split_fit.model, dataset(split_fit.idata, "posterior")
    robust = dataset(split_fit.idata, "posterior_robust")

    def points(group):
        values = {n: group[n].to_numpy().ravel() for n in (*model.structure.names, "sigma")}
        values |= {"S0_fraction": (group["S0"] / group["x1"]).to_numpy().ravel()}
        values |= {"R0_fraction": (group["R0"] / group["x3"]).to_numpy().ravel()}
        return unconstrain(model, values)

    np.testing.assert_allclose(points(robust).mean(axis=0), points(drawn).mean(axis=0), rtol=1e-6)
