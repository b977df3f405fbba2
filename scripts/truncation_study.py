"""Why a truncated gradient does not make NUTS faster, and why fewer observations do not either.

The post's experiment: GR4J on 50 days with uniform priors and a known error of 0.1 mm/d. The
folder then holds small tables (CSV) and figures (PNG); docs/truncation.md says what they mean.

    python scripts/truncation_study.py -o docs/truncation         some 10 minutes on two cores
    python scripts/truncation_study.py -o output/truncation --quick         about a minute

All but the times is reproduced by running it again.
"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gr4jstan import InputError, ToolchainError
from gr4jstan.sampling.settings import SamplerSettings

_BEGIN = time.perf_counter()


@dataclass(frozen=True)
class Effort:
    """How much is computed: k of the forces and of NUTS, cases of the energies, and draws.

    ``saturated_draws`` are those of chains whose trees are saturated.
    """

    force_steps: tuple[int, ...]
    force_draws: int
    energy_cases: tuple[tuple[str, int], ...]
    energy_draws: int
    nuts_steps: tuple[int, ...]
    nuts_draws: int
    saturated_draws: int
    depths: tuple[int, ...]
    every: tuple[int, ...]
    warmup: int


FULL = Effort(
    force_steps=(1, 2, 3, 5, 7, 10, 15, 20, 25, 30, 35, 40, 45, 47, 49, 50),
    force_draws=400,
    energy_cases=(
        ("exact", 50),
        *(("last", k) for k in (5, 25, 40, 45, 49)),
        *(("chunk", k) for k in (5, 10, 25, 40, 45, 49)),
    ),
    energy_draws=100,
    nuts_steps=(1, 5, 10, 20, 25, 30, 35, 40, 45, 47, 49),
    nuts_draws=1000,
    saturated_draws=100,
    depths=(1, 2, 3, 4, 5, 6, 8),
    every=(1, 2, 5, 8),
    warmup=100,
)
QUICK = Effort(
    force_steps=(1, 5, 25, 49, 50),
    force_draws=50,
    energy_cases=(("exact", 50), ("last", 5), ("chunk", 5), ("chunk", 49)),
    energy_draws=20,
    nuts_steps=(5, 49),
    nuts_draws=250,
    saturated_draws=10,
    depths=(2, 5),
    every=(1, 5),
    warmup=50,
)

# The post's k, whose trees are limited to other depths.
STEPS = 5

STEP_SIZES = (0.8, 0.4, 0.2, 0.1, 0.05, 0.025)
LENGTH, LONGEST, SMALL_STEP = 1.6, 6.0, 0.02

# Of the 1095 days of the real catchment.
REAL_STEPS = (1, 5, 10, 30, 100, 200, 365, 548, 730, 913, 1095)


def main() -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", default="output/truncation", metavar="DIR")
    parser.add_argument("--quick", action="store_true", help="fewer cases and draws")
    options = parser.parse_args()
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    tables = measure(QUICK if options.quick else FULL)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.5g")

    from studies.truncation_figures import draw

    # drawn from the files, so that figures and tables cannot differ
    for name, figure in draw(
        {name: pd.read_csv(folder / f"{name}.csv") for name in tables}
    ).items():
        figure.savefig(folder / f"{name}.png", dpi=130)
    _announce(f"done: {folder}")


def measure(effort: Effort) -> dict[str, pd.DataFrame]:
    """All tables, under the names of their files."""
    from studies.energy import study_length, study_step_size
    from studies.force import study_forces, study_rotation
    from studies.post import (
        MODES,
        SEED,
        compile_programs,
        exact_posterior,
        post_task,
        real_task,
        truncated_real_task,
        truncated_task,
    )
    from studies.subsampling import study_subsampling
    from studies.truncated_nuts import gradient_costs, study_depth, study_nuts

    _announce("compiling what is not in the cache")
    compile_programs()
    settings = SamplerSettings(seed=SEED, iter_warmup=effort.warmup)
    posterior = exact_posterior(post_task(), settings)
    _announce("times of gradients")
    costs = gradient_costs(posterior, effort.nuts_steps)
    observation_costs, widths, runs = study_subsampling(effort.every, effort.nuts_draws, _announce)
    nuts = study_nuts(
        posterior, effort.nuts_steps, effort.nuts_draws, effort.saturated_draws, costs, _announce
    )
    depth = study_depth(
        posterior,
        STEPS,
        effort.depths,
        effort.nuts_draws,
        effort.saturated_draws,
        costs,
        _announce,
    )
    _announce("forces and energies")
    cases = list(effort.energy_cases)
    lengths = list(
        dict.fromkeys([("exact", 50), *((mode, k) for mode in MODES for k in effort.nuts_steps)])
    )
    with ThreadPoolExecutor(max_workers=2) as pool:
        forces = pool.submit(
            study_forces, posterior, truncated_task, effort.force_steps, effort.force_draws
        )
        real = pool.submit(
            study_forces,
            exact_posterior(real_task(), settings),
            truncated_real_task,
            REAL_STEPS,
            effort.energy_draws,
        )
        rotation = pool.submit(study_rotation, posterior, effort.force_steps, 50)
        steps = pool.submit(
            study_step_size, posterior, cases, STEP_SIZES, LENGTH, effort.energy_draws
        )
        growth = pool.submit(
            study_length, posterior, lengths, SMALL_STEP, LONGEST, effort.energy_draws
        )
        return {
            "forces": forces.result()[0],
            "parameters": forces.result()[1],
            "forces_real": real.result()[0],
            "rotation": rotation.result(),
            "step_size": steps.result(),
            "growth": growth.result()[0],
            "longest": growth.result()[1],
            "nuts": nuts,
            "depth": depth,
            "gradient_costs": costs,
            "observation_costs": observation_costs,
            "subsample_widths": widths,
            "subsample_runs": runs,
        }


def _announce(what: str) -> None:
    print(f"{time.perf_counter() - _BEGIN:6.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except (InputError, ToolchainError) as error:
        sys.exit(f"truncation_study.py: {error}")
