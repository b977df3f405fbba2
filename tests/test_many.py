"""Many catchments, on a real scheduler with real worker processes."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

import gr4jstan
from gr4jstan.cli.main import main
from gr4jstan.errors import InputError, ToolchainError
from gr4jstan.fitting.inference_data import dataset
from gr4jstan.fitting.loading import load_fit
from gr4jstan.many import cluster as dask_cluster
from gr4jstan.many import run as many
from gr4jstan.many.run import fit_many
from seeds import shifted

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from studies.many import Cluster, complete, wait_until

OPTIONS = {"seed": shifted(3), "error_model": "gaussian", "iter_sampling": 250}
FLAGS = ["--seed", str(shifted(3)), "--error-model", "gaussian", "--iter-sampling", "250"]
FLAGS += ["--no-progress"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    running = Cluster(tmp_path_factory.mktemp("dask"), workers=2)
    yield running
    running.close()


def write_manifest(folder: Path, n: int, *more: str) -> Path:
    """Catchments made from `example` by shifting the period and scaling the rain."""
    example = gr4jstan.load_dataset("example").to_frame()
    lines = ["id,file,error_model"]
    for i in range(n):
        part = example.iloc[400 + 60 * i : 760 + 60 * i].copy()
        part["P"] *= 1 + 0.03 * i
        part.to_csv(folder / f"c{i}.csv")
        lines.append(f"c{i},c{i}.csv,")
    path = folder / "manifest.csv"
    path.write_text("\n".join([*lines, *more]) + "\n")
    return path


def draws_of(folder: Path) -> np.ndarray:
    return dataset(load_fit(folder).idata, "posterior").to_array().to_numpy()


def test_results_are_those_of_single_fits_and_broken_catchments_stop_nothing(
    cluster: Cluster, tmp_path: Path
) -> None:
    (tmp_path / "bad.csv").write_text("date,P,E,Q\n2001-01-01,1,1,1\n2001-01-02,-3,1,1\n")
    manifest = write_manifest(
        tmp_path, 2, "broken,bad.csv,", "absent,nowhere.csv,", "tailed,c0.csv,linear"
    )
    said: list[str] = []
    result = fit_many(
        manifest,
        tmp_path / "out",
        scheduler=cluster.address,
        show_progress=False,
        announce=said.append,
        **OPTIONS,
    )
    assert (result.calibrated, result.kept, result.failed) == (3, 0, 2)
    assert not result.converged
    table = result.table.set_index("id")
    assert list(table.index) == ["c0", "c1", "broken", "absent", "tailed"]
    assert "bad.csv" in table.loc["broken", "error"]
    assert "2001-01-02" in table.loc["broken", "error"]
    assert str(tmp_path) not in table.loc["broken", "error"]
    assert "nowhere.csv: No such file" in table.loc["absent", "error"]
    assert any(text.startswith("broken: ") for text in said)
    assert any("dashboard" in text for text in said)

    single = gr4jstan.fit(tmp_path / "c1.csv", show_progress=False, **OPTIONS)
    expected = dataset(single.idata, "posterior").to_array().to_numpy()
    np.testing.assert_array_equal(draws_of(tmp_path / "out" / "c1"), expected)
    assert table.loc["c1", "x1_median"] == pytest.approx(single.summary().loc["x1", "median"])
    assert table.loc["c1", "calibration_nse"] == pytest.approx(
        single.scores().loc[("calibration", "nse"), "value"]
    )
    assert "sigma_slope" in load_fit(tmp_path / "out" / "tailed").parameters

    saved = pd.read_csv(tmp_path / "out" / "catchments.csv")
    parquet = pd.read_parquet(tmp_path / "out" / "catchments.parquet")
    assert list(saved["id"]) == list(parquet["id"]) == list(table.index)
    np.testing.assert_allclose(saved["x2_q95"], parquet["x2_q95"].astype(float))
    page = (tmp_path / "out" / "overview.html").read_text()
    assert "broken" in page and "nowhere.csv" in page
    assert not (tmp_path / "out" / "c0" / "report.html").exists()


def test_a_worker_that_dies_loses_nothing(cluster: Cluster, tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path, 5)
    out = tmp_path / "out"
    victim = cluster.workers.pop()

    def kill() -> None:
        wait_until(lambda: bool(complete(out)), seconds=300)
        victim.kill()
        victim.wait()
        cluster.workers.append(cluster.add_worker())

    killer = threading.Thread(target=kill)
    killer.start()
    result = fit_many(manifest, out, scheduler=cluster.address, show_progress=False, **OPTIONS)
    killer.join()
    assert (result.calibrated, result.failed) == (5, 0)
    assert set(complete(out)) == {f"c{i}" for i in range(5)}


def test_a_killed_run_goes_on_where_it_was(cluster: Cluster, tmp_path: Path) -> None:
    manifest, out = write_manifest(tmp_path, 6), tmp_path / "out"
    command = ["fit-many", str(manifest), "-o", str(out), "--scheduler", cluster.address, *FLAGS]
    client = subprocess.Popen(
        [sys.executable, "-m", "gr4jstan.cli.main", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: len(complete(out)) >= 2, seconds=300)
    os.kill(client.pid, signal.SIGKILL)
    client.wait()
    before = complete(out)
    assert 2 <= len(before) < 6

    result = fit_many(manifest, out, scheduler=cluster.address, show_progress=False, **OPTIONS)
    assert result.kept == len(before)
    assert result.calibrated == 6 - len(before)
    now = complete(out)
    assert {name: now[name] for name in before} == before, "done twice"
    assert set(now) == {f"c{i}" for i in range(6)}
    assert not list(out.glob(".gr4jstan-work-*"))
    single = gr4jstan.fit(tmp_path / "c5.csv", show_progress=False, **OPTIONS)
    expected = dataset(single.idata, "posterior").to_array().to_numpy()
    np.testing.assert_array_equal(draws_of(out / "c5"), expected)


def test_the_command_uses_all_cores_and_says_how_it_went(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    manifest, out = write_manifest(tmp_path, 2), tmp_path / "out"
    code = main(["fit-many", str(manifest), "-o", str(out), "--full", *FLAGS])
    shown = capfd.readouterr()
    converged = pd.read_csv(out / "catchments.csv")["converged"].sum()
    assert code == (0 if converged == 2 else 3)
    assert f"2 catchments: {converged} converged" in shown.out
    assert "dashboard: http" in shown.err
    assert (out / "c0" / "report.html").exists()
    assert pd.read_csv(out / "c1" / "calibration.csv")["Q_median"].notna().all()
    # all is done: no cluster is started
    assert main(["fit-many", str(manifest), "-o", str(out), "--full", *FLAGS]) == code
    shown = capfd.readouterr()
    assert "2 were complete before" in shown.out
    assert "dashboard" not in shown.err


def test_a_catchment_is_done_again_when_its_data_or_options_change(
    cluster: Cluster, tmp_path: Path
) -> None:
    manifest, out = write_manifest(tmp_path, 2), tmp_path / "out"

    def run(**options: object) -> tuple[int, int]:
        result = fit_many(
            manifest,
            out,
            scheduler=cluster.address,
            show_progress=False,
            **(OPTIONS | {"iter_sampling": 50} | options),
        )
        return result.calibrated, result.kept

    assert run() == (2, 0)
    assert run() == (0, 2)
    text = (tmp_path / "c1.csv").read_text()
    (tmp_path / "c1.csv").write_text(text.replace(",0.0,", ",0.1,", 1))
    assert run() == (1, 1)
    assert run(seed=shifted(4)) == (2, 0)
    assert run(seed=shifted(4), chains=4, priors="default") == (0, 2), (
        "a default said aloud is the default"
    )
    status = json.loads((out / "c0" / "status.json").read_text())
    (out / "c0" / "status.json").write_text(json.dumps(status)[:-20])
    assert run(seed=shifted(4)) == (1, 1), "a damaged one, too"


def test_what_concerns_all_catchments_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = write_manifest(tmp_path, 1)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds something else"):
        fit_many(manifest, tmp_path / "mine", show_progress=False)
    (tmp_path / "busy").mkdir()
    (tmp_path / "busy" / many._MARK).touch()
    with (
        FileLock(tmp_path / "busy" / many._LOCK),
        pytest.raises(InputError, match="Another fit-many is at work in"),
    ):
        fit_many(manifest, tmp_path / "busy", show_progress=False)
    with pytest.raises(InputError, match="chains is 0"):
        fit_many(manifest, tmp_path / "out", chains=0)
    with pytest.raises(InputError, match="no option 'chain'"):
        fit_many(manifest, tmp_path / "out", chain=4)
    monkeypatch.setattr(dask_cluster, "_PATIENCE", 1)
    with pytest.raises(ToolchainError, match=r"tcp://127\.0\.0\.1:9 cannot be reached"):
        fit_many(manifest, tmp_path / "out", scheduler="tcp://127.0.0.1:9", show_progress=False)
    assert main(["fit-many", str(tmp_path / "none.csv"), "-o", str(tmp_path / "out")]) == 2
