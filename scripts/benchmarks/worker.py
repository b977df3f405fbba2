"""One sampler on one case, in a process of its own: ``python -m benchmarks.worker``."""

import importlib
import sys
from pathlib import Path

from benchmarks.cases import Case


def main(module: str, function: str, case: str, budget: str, seed: str, result: str) -> None:
    """Run a peer's ``function(case, budget, seed)`` and save what it returns."""
    sample = getattr(importlib.import_module(f"benchmarks.{module}"), function)
    sample(Case.load(Path(case)), float(budget), int(seed)).save(Path(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
