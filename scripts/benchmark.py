"""Measure gr4jstan beside its peers: kernel, samplers, and the stages of a fit.

Everything is measured in one run, on the same data and priors. The folder then holds
benchmark.md, the tables that are also printed, and benchmark.json. The peers come with

    pip install gr4jstan[bench]

    python scripts/benchmark.py               some 25 minutes
    python scripts/benchmark.py --quick       under 3 minutes: fewer cases, shorter runs
"""

import argparse
import importlib.util
import math
import os
import platform
import sys
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gr4jstan import InputError, ToolchainError
from gr4jstan.files import write_json

PEERS = ("hydrogr", "emcee", "numpyro", "jax", "pymc", "nutpie", "numba")

_BEGIN = time.perf_counter()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", default="output/benchmark", metavar="DIR")
    parser.add_argument("--quick", action="store_true", help="finish in 3 minutes")
    options = parser.parse_args()
    missing = [name for name in PEERS if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(f"{', '.join(missing)} not installed; pip install gr4jstan[bench]")

    from benchmarks.kernel import kernel_targets, measure_kernel
    from benchmarks.sampling import measure_sampling, sampling_targets
    from benchmarks.stages import measure_stages, stage_targets
    from benchmarks.table import describe

    results = {
        "machine": _machine(),
        "versions": {name: version(name) for name in ("gr4jstan", *PEERS)},
        "quick": options.quick,
        "kernel": measure_kernel(options.quick, _announce),
        "stages": measure_stages(options.quick, _announce),
        "sampling": measure_sampling(options.quick, _announce),
    }
    targets = [
        *kernel_targets(results["kernel"]),
        *sampling_targets(results["sampling"]),
        *stage_targets(results["stages"]),
    ]
    results["targets"] = [
        asdict(target) | {"reached": target.reached, "verdict": target.verdict}
        for target in targets
    ]
    text = describe(results, targets)
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    print(text)
    (folder / "benchmark.md").write_text(text + "\n", encoding="utf-8")
    write_json(folder / "benchmark.json", _finite(results))


def _machine() -> str:
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {platform.machine()}, Python {platform.python_version()}"


def _finite(content: Any) -> Any:
    """The same with null in place of what JSON has no number for."""
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def _announce(what: str) -> None:
    print(f"{time.perf_counter() - _BEGIN:6.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except (InputError, ToolchainError) as error:
        sys.exit(f"benchmark.py: {error}")
