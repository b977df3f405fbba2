"""NUTS on a compiled program, through cmdstanpy."""

import json
import logging
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gr4jstan.cmdstan.toolchain import require_cmdstan
from gr4jstan.errors import ToolchainError
from gr4jstan.progress import can_show_bars
from gr4jstan.sampling.settings import SamplerSettings

if TYPE_CHECKING:
    from cmdstanpy import CmdStanMCMC


@dataclass(frozen=True)
class Draws:
    """What NUTS drew.

    Parameters
    ----------
    parameters, stats : dict of str to array, shape (chains, iter_sampling)
        Parameters and transformed parameters under their names in Stan, and CmdStan's columns
        without their trailing underscores.
    warmup_leapfrogs : array, shape (chains, iter_warmup / thin)
        Leapfrog steps of each warm-up iteration that is kept.
    step_size : array, shape (chains,)
        Adapted step size.
    chain_seconds : list of dict
        CmdStan's own ``warmup`` and ``sampling`` seconds of each chain.
    wall_seconds : float
        From the start of the first process to the end of the last.
    """

    parameters: dict[str, NDArray[np.float64]]
    stats: dict[str, NDArray[np.float64]]
    warmup_leapfrogs: NDArray[np.float64]
    step_size: NDArray[np.float64]
    chain_seconds: list[dict[str, float]]
    wall_seconds: float


def sample(
    executable: Path,
    data: Mapping[str, Any],
    inits: Sequence[Mapping[str, float]],
    settings: SamplerSettings,
    *,
    inv_metric: NDArray[np.float64] | None = None,
    adapt_metric: bool = False,
    thin: int = 1,
    show_progress: bool = True,
) -> Draws:
    """Sample a program with NUTS and a dense metric.

    Parameters
    ----------
    executable : Path
        Compiled program.
    data : mapping
        Values of its data block.
    inits : sequence of mapping
        Starting point of each chain.
    settings : SamplerSettings
        With ``iter_warmup``. The draws depend on ``seed`` and on the other settings, but not on
        ``parallel_chains``.
    inv_metric : array, shape (D, D), optional
        Inverse metric on the unconstrained scale. It is kept, and warm-up adapts the step size
        alone; without it, warm-up starts from the unit metric and adapts both.
    adapt_metric : bool
        Let warm-up adapt a given metric, too.
    thin : int
        Iterations for each of the ``iter_sampling`` draws, the last of which is the draw.
    show_progress : bool
        Show a progress bar for each chain.

    Raises
    ------
    ToolchainError
        If a chain fails, with the last words of its console output.
    """
    adaptation: dict[str, Any] = {"adapt_engaged": False}
    if settings.iter_warmup:
        adaptation = {"adapt_delta": settings.adapt_delta}
    if inv_metric is not None:
        adaptation["inv_metric"] = inv_metric
    if inv_metric is not None and settings.iter_warmup and not adapt_metric:
        # with no slow windows, the metric is never estimated anew
        adaptation |= {
            "adapt_init_phase": 0,
            "adapt_metric_window": 0,
            "adapt_step_size": settings.iter_warmup,
        }
    with _run(
        executable,
        data,
        seed=settings.seed,
        chains=settings.chains,
        parallel_chains=settings.workers,
        inits=[dict(init) for init in inits],
        iter_warmup=settings.iter_warmup,
        iter_sampling=settings.iter_sampling * thin,
        thin=thin,
        save_warmup=True,
        **adaptation,
        max_treedepth=settings.max_treedepth,
        metric="dense_e",
        show_progress=show_progress and can_show_bars(),
    ) as (mcmc, seconds):
        columns = mcmc.column_names
        draws = mcmc.draws(inc_warmup=True)
        warmup, kept = np.split(draws, [len(draws) - settings.iter_sampling])
        return Draws(
            parameters={
                name: kept[:, :, i].T for i, name in enumerate(columns) if not name.endswith("__")
            },
            stats={
                name[:-2]: kept[:, :, i].T for i, name in enumerate(columns) if name.endswith("__")
            },
            warmup_leapfrogs=warmup[:, :, columns.index("n_leapfrog__")].T,
            step_size=np.asarray(mcmc.step_size),
            chain_seconds=mcmc.time,
            wall_seconds=seconds,
        )


def gradient_seconds(executable: Path, data: Mapping[str, Any], init: Mapping[str, float]) -> float:
    """Measured seconds of one leapfrog step, from a few trees that a tiny step size fills."""
    with _run(
        executable,
        data,
        seed=1,
        chains=1,
        inits=dict(init),
        iter_warmup=0,
        iter_sampling=2,
        adapt_engaged=False,
        step_size=1e-9,
        max_treedepth=8,
        show_progress=False,
    ) as (mcmc, _):
        steps = float(mcmc.method_variables()["n_leapfrog__"].sum())
        return float(mcmc.time[0]["sampling"]) / steps


@contextmanager
def _run(
    executable: Path, data: Mapping[str, Any], **arguments: Any
) -> Iterator[tuple["CmdStanMCMC", float]]:
    """Run a program's sampler in a temporary folder; the result can be read while it exists."""
    import cmdstanpy

    cmdstanpy.set_cmdstan_path(str(require_cmdstan()))
    with (
        tempfile.TemporaryDirectory(prefix="gr4jstan-", ignore_cleanup_errors=True) as folder,
        _quiet_cmdstanpy(),
    ):
        data_file = Path(folder) / "data.json"
        data_file.write_text(json.dumps(dict(data)), encoding="utf-8")
        model = cmdstanpy.CmdStanModel(exe_file=str(executable))

        def run() -> "CmdStanMCMC":
            return model.sample(data=str(data_file), output_dir=folder, sig_figs=17, **arguments)

        start = time.perf_counter()
        try:
            mcmc = _interruptible(run, Path(folder))
        except (RuntimeError, ValueError) as error:
            raise ToolchainError(_last_words(error, Path(folder), arguments["chains"])) from error
        yield mcmc, time.perf_counter() - start


def _interruptible(run: Callable[[], "CmdStanMCMC"], folder: Path) -> "CmdStanMCMC":
    """Run the chains, and end them when Ctrl-C, say, interrupts the wait."""
    # an interrupt reaches the main thread only; in a thread of its own cmdstanpy ends in order
    with ThreadPoolExecutor(max_workers=1) as pool:
        result = pool.submit(run)
        try:
            # a signal that another thread takes, or that comes just before, does not end a wait
            while not wait([result], timeout=0.2).done:
                pass
            return result.result()
        except BaseException:
            while not result.done():
                # chains that wait for their turn find no folder to start in
                shutil.rmtree(folder, ignore_errors=True)
                _end_processes(folder)
                time.sleep(0.05)
            raise


def _end_processes(folder: Path) -> None:
    """Kill those children of this process whose command names the folder."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and os.fsencode(folder) in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)


def _last_words(error: Exception, folder: Path, chains: int) -> str:
    """What the console of each chain that did not come to its end said last."""
    consoles = {
        path.name: path.read_text(errors="replace").strip().splitlines()
        for path in sorted(folder.glob("*stdout*.txt"))
    }
    failed = [
        f"{name}: {lines[-1] if lines else 'no output'}"
        for name, lines in consoles.items()
        if not any("Elapsed Time:" in line for line in lines)
    ]
    counted = f" in {len(failed)} of {chains} chains" if failed else ""
    return "\n".join([f"Sampling failed{counted}.", *(failed or [str(error)])])


@contextmanager
def _quiet_cmdstanpy() -> Iterator[None]:
    """Silence cmdstanpy's log: what it would say is in the diagnostics or in the error."""
    logger = logging.getLogger("cmdstanpy")
    # a filter of its own for each fit, so that fits in several threads undo what they did alone
    silence = logging.Filter()
    silence.filter = lambda record: False  # type: ignore[method-assign]
    logger.addFilter(silence)
    try:
        yield
    finally:
        logger.removeFilter(silence)
