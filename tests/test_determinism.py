"""The same seed, data and versions give the same numbers, to the last bit.

Whatever number of chains runs at once, in another process, and with programs compiled anew.
"""

import os
import subprocess
import sys
from pathlib import Path
from shlex import split
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gr4jstan
from gr4jstan.cli.main import main
from gr4jstan.fitting.inference_data import dataset, group_names
from gr4jstan.fitting.loading import load_fit
from gr4jstan.fitting.results import Fit
from seeds import shifted

OPTIONS = split(
    f"--priors uniform --sigma 0.1 --seed {shifted(7)} --iter-sampling 50 --no-progress"
)


def short_fit(**settings: Any) -> Fit:
    chosen: dict[str, Any] = {"seed": shifted(7), "iter_sampling": 50} | settings
    return gr4jstan.fit("synthetic", priors="uniform", sigma=0.1, show_progress=False, **chosen)


@pytest.fixture(scope="module")
def first() -> Fit:
    """Two chains at a time, in this process."""
    return short_fit(parallel_chains=2)


def assert_same_fit(one: Fit, other: Fit) -> None:
    """Draws, statistics of the sampler, data, tables and predictions."""
    assert group_names(one.idata) == group_names(other.idata)
    for group in group_names(one.idata):
        assert dataset(one.idata, group).equals(dataset(other.idata, group)), group
    assert one.data == other.data
    assert one.run["start"] == other.run["start"]
    assert one.run["sha256"] == other.run["sha256"]
    pd.testing.assert_frame_equal(one.summary(), other.summary(), check_exact=True)
    pd.testing.assert_frame_equal(one.scores(), other.scores(), check_exact=True)
    forcing = gr4jstan.load_dataset("example").select("2012-07-29", "2012-09-30")
    for ours, theirs in zip(both(one, forcing), both(other, forcing), strict=True):
        np.testing.assert_array_equal(ours.flow, theirs.flow)
        np.testing.assert_array_equal(ours.total, theirs.total)


def both(fit: Fit, forcing: gr4jstan.Catchment) -> list[Any]:
    """Predictions that continue the calibration, and that spin up."""
    return [fit.predict(forcing), fit.predict(forcing, states="spin-up", warmup=10)]


@pytest.mark.parametrize("parallel_chains", [1, 4])
def test_the_number_of_chains_at_once_changes_nothing(first: Fit, parallel_chains: int) -> None:
    assert_same_fit(first, short_fit(parallel_chains=parallel_chains))


def test_a_second_process_gives_the_same_files(first: Fit, tmp_path: Path) -> None:
    """`gr4jstan fit --seed` here, and there with sets and dicts hashed in another way."""
    here, there = tmp_path / "here", tmp_path / "there"
    command = ["fit", "synthetic", *OPTIONS]
    # 50 draws are too few to have converged
    assert main([*command, "--parallel-chains", "1", "-o", str(here)]) == 3
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "gr4jstan.cli.main",
            *command,
            "--parallel-chains",
            "4",
            "-o",
            there,
        ],
        env=os.environ | {"PYTHONHASHSEED": "1", "OPENBLAS_NUM_THREADS": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3, done.stderr
    for folder in (here, there):
        assert_same_fit(first, load_fit(folder))
    for name in ("summary.csv", "scores.csv", "data.json", "model.stan", "gr4j_external.hpp"):
        assert (here / name).read_bytes() == (there / name).read_bytes(), name


def test_programs_compiled_anew_give_the_same_draws(
    first: Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GR4JSTAN_CACHE", str(tmp_path / "cold"))
    cold = short_fit()
    assert list((tmp_path / "cold" / "programs").glob("*/gr4j"))
    assert_same_fit(first, cold)


def test_another_seed_gives_other_draws(first: Fit) -> None:
    """What is compared above does depend on the seed."""
    other = short_fit(seed=shifted(8))
    ours, theirs = (dataset(fit.idata, "posterior") for fit in (first, other))
    for name in ours.data_vars:
        assert (ours[name] != theirs[name]).all(), name
    assert (first.predict("example").total != other.predict("example").total).any()
