"""Catchments made from `example`, and a Dask cluster of processes on this machine."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import gr4jstan
from gr4jstan.model.definition import define_model
from gr4jstan.model.observations import respond
from gr4jstan.structures.simulation import simulate_flow

# Centre and spread of the parameters' logarithms, for x2 of the parameter itself.
_CENTRE = {"x1": 180.0, "x3": 45.0, "x4": 1.4}
_SPREAD = 0.4
_SIGMA = 0.3


def make_catchments(folder: Path, number: int, days: int, seed: int = 1) -> Path:
    """Write catchments made from `example`, and their manifest.

    Each has the forcing of `example` from another day on, which begins again where it ends, and
    flows of GR4J with other parameters and with Box-Cox errors.

    Parameters
    ----------
    folder : Path
    number, days : int
        Catchments, and days of each.
    seed : int

    Returns
    -------
    Path
        The manifest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    example = gr4jstan.load_dataset("example").to_frame()
    model = define_model()
    dates = pd.date_range("1990-01-01", periods=days, name="date")
    lines = ["id,file,seed"]
    for i in range(number):
        rng = np.random.default_rng([seed, i])
        x1, x3, x4 = (
            float(value * np.exp(_SPREAD * rng.standard_normal())) for value in _CENTRE.values()
        )
        x2 = float(rng.normal(0, 0.3))
        at = (np.arange(days) + 29 * i) % len(example)
        P, E = (example[name].to_numpy()[at] for name in ("P", "E"))
        flow = simulate_flow(P, E, x1, x2, x3, max(x4, 0.6), s0=0.5 * x1, r0=0.4 * x3)
        Q = respond(model, flow, rng.standard_normal(flow.shape), {"sigma": _SIGMA}).ravel()
        name = f"c{i:04d}"
        table = pd.DataFrame({"P": P, "E": E, "Q": Q.round(6)}, index=dates)
        table.to_csv(folder / f"{name}.csv")
        lines.append(f"{name},{name}.csv,{i + 1}")
    manifest = folder / "manifest.csv"
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return manifest


class Cluster:
    """A Dask scheduler and workers of one thread, each a process on loopback."""

    def __init__(self, folder: Path, workers: int) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self._folder = folder
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"
        )
        self.workers = [self.add_worker() for _ in range(workers)]

    def add_worker(self) -> "subprocess.Popen[bytes]":
        """Start a worker."""
        return self._start(
            "worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard"
        )

    def _start(self, what: str, *arguments: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def close(self) -> None:
        """End all processes."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


def fit_many_command(manifest: Path, folder: Path, *options: str) -> list[str]:
    """The command ``gr4jstan fit-many``, without a progress bar."""
    words = ["fit-many", str(manifest), "-o", str(folder), "--no-progress", *options]
    return [sys.executable, "-m", "gr4jstan.cli.main", *words]


def complete(folder: Path) -> dict[str, int]:
    """Catchments whose folder is complete, and when it was written [ns]."""
    return {path.parent.name: path.stat().st_mtime_ns for path in folder.glob("[!.]*/status.json")}


def wait_until(condition: Callable[[], bool], seconds: float = 1800) -> None:
    """Wait for a condition.

    Raises
    ------
    TimeoutError
        If it does not come true.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it took too long")
        time.sleep(0.05)


def resident_megabytes(process: int) -> float:
    """Memory of a process [MB]."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(f"there is no process {process}")
