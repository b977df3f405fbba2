"""Where the time of `fit` goes, for ten years of daily data."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import gr4jstan
from benchmarks.cases import CHAINS, CORES
from benchmarks.rates import Target
from benchmarks.sampling import REAL_ERRORS
from gr4jstan.cmdstan.compiler import compile_program
from gr4jstan.model.definition import define_model
from gr4jstan.model.programs import render_program
from gr4jstan.report.page import write_report

_COMMAND = "from gr4jstan.cli.main import main; raise SystemExit(main())"
_SEEDS = (1, 2, 3)


def measure_stages(quick: bool, announce: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """Time `fit` in this Python and as a command.

    Returns
    -------
    dict of dict
        ``build``: seconds to render and, with an empty cache, to compile. ``python`` and
        ``command``: seconds of the stages (of the run whose wall time is the median), their
        ``total``, what of it is ``outside CmdStan``, and the smallest ESS as ``min_ess``.
    """
    announce("stages: build")
    found = {"build": _build(compile_afresh=not quick)}
    gr4jstan.fit(REAL_ERRORS.catchment, iter_sampling=100, seed=1, show_progress=False)
    for name, run in (("python", _in_python), ("command", _as_command)):
        announce(f"stages: fit, {name}")
        runs = [run(seed) for seed in (_SEEDS[:1] if quick else _SEEDS)]
        middle = median(stages["total"] for stages in runs)
        found[name] = next(stages for stages in runs if stages["total"] == middle)
    return found


def stage_targets(stages: dict[str, dict[str, float]]) -> list[Target]:
    """Judge the times of `measure_stages`."""
    command, python = stages["command"], stages["python"]
    fit_alone = python["outside CmdStan"] - python["report"] - python["files"]
    return [
        Target("fit of ten years as a command [s]", command["total"], 8, False),
        Target("of it outside CmdStan [s]", command["outside CmdStan"], 5, False),
        Target("gr4jstan.fit in a running Python, outside CmdStan [s]", fit_alone, 1, False),
        Target("smallest ESS of that fit", min(command["min_ess"], python["min_ess"]), 400, True),
    ]


def _build(compile_afresh: bool) -> dict[str, float]:
    render_program.cache_clear()
    start = time.perf_counter()
    program = render_program(define_model().spec)
    seconds = {"render": time.perf_counter() - start}
    if compile_afresh:
        before = os.environ.get("GR4JSTAN_CACHE")
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            os.environ["GR4JSTAN_CACHE"] = folder
            try:
                executable = compile_program(program.code, program.header, progress=False)
            finally:
                if before is None:
                    del os.environ["GR4JSTAN_CACHE"]
                else:
                    os.environ["GR4JSTAN_CACHE"] = before
        seconds["compile, once"] = executable.seconds
    return seconds


def _in_python(seed: int) -> dict[str, float]:
    catchment = REAL_ERRORS.catchment
    start = time.perf_counter()
    fit = gr4jstan.fit(
        catchment, chains=CHAINS, parallel_chains=CORES, seed=seed, show_progress=False
    )
    fitted = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        fit.save(Path(folder) / "fit")
        saved = time.perf_counter()
        write_report(fit, Path(folder) / "report.html")
    total = time.perf_counter() - start
    stages = _inner_stages(fit.diagnostics)
    stages |= {
        "data": fitted - start - fit.diagnostics["seconds"]["wall"],
        "files": saved - fitted,
        "report": total - (saved - start),
    }
    return _complete(stages, total, fit.diagnostics)


def _as_command(seed: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        data, output = Path(folder) / "ten_years.csv", Path(folder) / "fit"
        REAL_ERRORS.catchment.to_frame().to_csv(data, index=False)
        command = [sys.executable, "-c", _COMMAND, "fit", str(data), "-o", str(output)]
        command += ["--seed", str(seed), "--no-progress", "--parallel-chains", str(CORES)]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        total = time.perf_counter() - start
        if not output.is_dir():
            raise RuntimeError(f"gr4jstan fit failed: {done.stderr.strip()}")
        diagnostics = json.loads((output / "diagnostics.json").read_text())
    stages = _inner_stages(diagnostics)
    stages["start, data, files and report"] = total - diagnostics["seconds"]["wall"]
    return _complete(stages, total, diagnostics)


def _inner_stages(diagnostics: dict[str, Any]) -> dict[str, float]:
    """Stages of the call itself; the wall time of NUTS is shared out as its chains spent it."""
    seconds = diagnostics["seconds"]
    busy = sum(chain["warmup"] + chain["sampling"] for chain in seconds["chains"])
    scale = seconds["nuts_wall"] / busy if busy else 0.0
    return {
        "program from the cache": seconds["compile"],
        "setup": seconds["setup"],
        "warm-up": scale * seconds["warmup"],
        "sampling": scale * seconds["sampling"],
        "reading": seconds["reading"],
        "diagnosing": seconds["diagnosing"],
    }


def _complete(
    stages: dict[str, float], total: float, diagnostics: dict[str, Any]
) -> dict[str, float]:
    nuts = stages["warm-up"] + stages["sampling"]
    return {
        **stages,
        "total": total,
        "outside CmdStan": total - nuts,
        "min_ess": min(diagnostics["min_ess_bulk"] or 0, diagnostics["min_ess_tail"] or 0),
    }
