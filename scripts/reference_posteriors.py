"""Reference posteriors: what long runs find, which the tests hold the fast default to.

In the manner of posteriordb (Magnusson et al. 2024, arXiv:2407.04967): 10 long chains of the
program without the hand-written adjoint, started at screened prior draws; the metric is found in a
long warm-up, and nothing comes from the search for modes. Means, standard deviations and quantiles
of the thinned draws are kept with their Monte-Carlo errors, in one small file for each posterior,
which is written only if every R-hat is below 1.01 and no draw diverged.

    python scripts/reference_posteriors.py                  all of them: ten minutes on two cores
    python scripts/reference_posteriors.py synthetic        the post's problem: a minute
    python scripts/reference_posteriors.py --show           the stored ones, as Markdown tables
"""

import argparse
import hashlib
import json
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cmdstanpy
import numpy as np
import pandas as pd
import xarray as xr

from gr4jstan import InputError, ToolchainError
from gr4jstan.cmdstan.compiler import compile_program
from gr4jstan.cmdstan.toolchain import require_cmdstan
from gr4jstan.error_models.error_model import LIMIT
from gr4jstan.files import output_file, write_json
from gr4jstan.fitting.calibration import describe_run
from gr4jstan.fitting.diagnostics import MAX_RHAT
from gr4jstan.fitting.inference_data import summary
from gr4jstan.model.definition import define_model
from gr4jstan.model.programs import render_program
from gr4jstan.model.task import Task, define_task
from gr4jstan.sampling.inits import screened_inits
from gr4jstan.sampling.settings import SamplerSettings

with warnings.catch_warnings():
    # 0.23 announces on import that 1.0 will be different
    warnings.simplefilter("ignore", FutureWarning)
    import arviz as az

FOLDER = Path(__file__).parents[1] / "tests" / "reference"

QUANTILES = {"q5": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
STATISTICS = ("mean", "sd", *QUANTILES)


@dataclass(frozen=True)
class Problem:
    """A posterior, and how long it is sampled.

    Parameters
    ----------
    title : str
    data : str
        Name of a built-in data set.
    options : dict
        Of `gr4jstan.fit`; what is not named has its default.
    iter_warmup, iter_sampling, thin : int
        Iterations of each chain; every ``thin``-th draw is kept.
    """

    title: str
    data: str
    options: dict[str, Any]
    iter_warmup: int
    iter_sampling: int
    thin: int

    def task(self, **options: Any) -> Task:
        """Data and model, with further options of the model."""
        return define_task(self.data, define_model(**self.options, **options))


PROBLEMS = {
    "synthetic": Problem(
        "the post's 50 days: uniform priors, known errors of 0.1 mm/d",
        "synthetic",
        {"priors": "uniform", "sigma": 0.1},
        iter_warmup=1000,
        iter_sampling=5000,
        thin=5,
    ),
    "example-boxcox": Problem(
        "`example` with all defaults: Box-Cox errors",
        "example",
        {},
        iter_warmup=400,
        iter_sampling=1000,
        thin=2,
    ),
    "example-gaussian": Problem(
        "`example` with Gaussian errors",
        "example",
        {"error_model": "gaussian"},
        iter_warmup=400,
        iter_sampling=1000,
        thin=2,
    ),
}

CHAINS = 10
ADAPT_DELTA = 0.9
MAX_TREEDEPTH = 10

# First phase and first window of the warm-up. With the unit metric trees are 300 leapfrogs large,
# with a metric from a few draws 10: CmdStan's 75 and 25 iterations would take most of the time.
INIT_PHASE, FIRST_WINDOW = 10, 10


def main() -> None:
    """Regenerate reference posteriors, or show the stored ones."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="name", help=f"among {', '.join(PROBLEMS)}")
    parser.add_argument("-o", "--output", type=Path, default=FOLDER, metavar="DIR")
    parser.add_argument("--seed", type=int, default=2018)
    parser.add_argument("--parallel-chains", type=int, default=2)
    parser.add_argument("--show", action="store_true", help="print what is stored in DIR")
    options = parser.parse_args()
    names = options.names or list(PROBLEMS)
    if unknown := [name for name in names if name not in PROBLEMS]:
        parser.error(f"{unknown[0]} is none of {', '.join(PROBLEMS)}")
    for name in names:
        if not options.show:
            reference = sample_reference(PROBLEMS[name], options.seed, options.parallel_chains)
            with output_file(options.output / f"{name}.json", force=True) as path:
                write_json(path, reference)
    print(markdown({name: load_reference(name, options.output) for name in names}))


def sample_reference(problem: Problem, seed: int, parallel_chains: int) -> dict[str, Any]:
    """Sample a posterior at length.

    Returns
    -------
    dict
        What a file holds: title, data, options, run (settings, versions and hashes), diagnostics,
        posterior (see `estimate`, by parameter).

    Raises
    ------
    ToolchainError
        If there is no CmdStan, sampling fails, or the draws are no reference (see `faults`).
    """
    task = problem.task(gradient="autodiff")
    settings = SamplerSettings(
        chains=CHAINS,
        parallel_chains=parallel_chains,
        iter_warmup=problem.iter_warmup,
        iter_sampling=problem.iter_sampling,
        adapt_delta=ADAPT_DELTA,
        max_treedepth=MAX_TREEDEPTH,
        seed=seed,
    )
    program = render_program(task.model.spec)
    executable = compile_program(program.code, program.header)
    posterior, stats = _sample(executable.path, task, settings)
    names = task.model.parameters
    thinned = posterior.isel(draw=slice(problem.thin - 1, None, problem.thin))[list(names)]
    table = estimate(thinned)
    described = describe_run(task, settings, require_cmdstan(), program.code)
    sampler = {
        key: value for key, value in described["sampler"].items() if key != "parallel_chains"
    }
    reference = {
        "title": problem.title,
        "data": problem.data,
        "options": problem.options,
        "model": described["model"],
        "sampler": {
            **sampler,
            "thin": problem.thin,
            "adapt_init_phase": INIT_PHASE,
            "adapt_metric_window": FIRST_WINDOW,
            "metric": "dense_e, found in the warm-up from the unit metric",
            "inits": "the best prior draws of 1000, by their squared error",
        },
        "versions": described["versions"],
        "sha256": {
            "data": fingerprint(task.data),
            "program": described["sha256"]["program"],
        },
        "diagnostics": {
            "draws": int(thinned.sizes["chain"] * thinned.sizes["draw"]),
            "max_rhat": float(table["r_hat"].max()),
            "min_ess_bulk": float(table["ess_bulk"].min()),
            "min_ess_tail": float(table["ess_tail"].min()),
            "divergences": int(stats["divergent__"].sum()),
            "max_treedepth_hits": int((stats["treedepth__"] >= MAX_TREEDEPTH).sum()),
            "n_leapfrog": int(stats["n_leapfrog__"].sum()),
        },
        "posterior": table.to_dict(orient="index"),
    }
    if found := faults(reference):
        raise ToolchainError(f"{problem.title}: no reference, as {' and '.join(found)}")
    return reference


def faults(reference: Mapping[str, Any]) -> list[str]:
    """Why the draws are no reference; nothing for those that are."""
    found = reference["diagnostics"]
    reasons = []
    if not found["max_rhat"] < MAX_RHAT:
        reasons.append(f"R-hat is {found['max_rhat']:.4f}, not below {MAX_RHAT}")
    for key, what in (
        ("divergences", "diverged"),
        ("max_treedepth_hits", "reached the maximum tree depth"),
    ):
        if found[key]:
            reasons.append(f"{found[key]} draws {what}")
    return reasons


def estimate(posterior: xr.Dataset) -> pd.DataFrame:
    """Statistics of a posterior, each with its Monte-Carlo error.

    Parameters
    ----------
    posterior : Dataset
        Variables on chain and draw.

    Returns
    -------
    DataFrame
        Index parameter; columns mean, sd, q5, q25, q50, q75, q95, each with its standard error
        under mcse_mean and so on, then ess_bulk, ess_tail and r_hat (rank-normalised, split). The
        error of the sd is that of the mean squared deviation by the delta method; the errors of
        quantiles are those of Vehtari et al. (2021), doi:10.1214/20-BA1221.
    """
    along = ("chain", "draw")
    names = [str(name) for name in posterior.data_vars]
    sd = posterior.std(along, ddof=1)
    squares = (posterior - posterior.mean(along)) ** 2
    statistics = {"mean": posterior.mean(along), "sd": sd}
    errors = {
        "mean": az.mcse(posterior, method="mean"),
        "sd": az.mcse(squares, method="mean") / (2 * sd),
    }
    for label, probability in QUANTILES.items():
        statistics[label] = posterior.quantile(probability, along)
        errors[label] = az.mcse(posterior, method="quantile", prob=probability)
    columns = {}
    for label in STATISTICS:
        columns[label] = [float(statistics[label][name]) for name in names]
        columns[f"mcse_{label}"] = [float(errors[label][name]) for name in names]
    table = pd.DataFrame(columns, index=pd.Index(names, name="parameter"))
    judged = summary({"posterior": posterior}, names)
    return table.join(judged[["ess_bulk", "ess_tail", "r_hat"]])


def z_scores(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Differences between two tables of `estimate`, in units of their joint Monte-Carlo error.

    Returns
    -------
    DataFrame
        Index parameter, columns mean, sd and the quantiles: about standard normal where both are
        samples of the same posterior.
    """
    return pd.DataFrame(
        {
            name: (one[name] - other[name]) / np.hypot(one[f"mcse_{name}"], other[f"mcse_{name}"])
            for name in STATISTICS
        }
    )


def load_reference(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    """Read a stored reference, ``posterior`` as the table of `estimate`.

    Raises
    ------
    InputError
        If there is none.
    """
    path = folder / f"{name}.json"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; sample it first.") from None
    table = pd.DataFrame.from_dict(content["posterior"], orient="index")
    return content | {"posterior": table.rename_axis("parameter")}


def fingerprint(data: Mapping[str, Any]) -> str:
    """Hash of a program's data to 12 digits: numpy rounds sums of squares as the machine does.

    A limit of 0 is left out: it changes no posterior of a river that never falls dry.
    """

    def rounded(value: Any) -> Any:
        if isinstance(value, float):
            return f"{value:.12g}"
        return [rounded(item) for item in value] if isinstance(value, list) else value

    counted = {key: rounded(value) for key, value in data.items() if key != LIMIT or value}
    text = json.dumps(counted, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def markdown(references: Mapping[str, Mapping[str, Any]]) -> str:
    """Tables of stored references for people to read."""
    blocks = []
    for name, reference in references.items():
        sampler, found = reference["sampler"], reference["diagnostics"]
        versions = reference["versions"]
        blocks.append(
            f"### {name}: {reference['title']}\n\n"
            f"{sampler['chains']} chains of {sampler['iter_warmup']} + {sampler['iter_sampling']} "
            f"iterations, adapt_delta {sampler['adapt_delta']}, seed {sampler['seed']}; one "
            f"draw in {sampler['thin']} kept, {found['draws']} in all. "
            f"Largest R-hat {found['max_rhat']:.4f}; smallest bulk ESS "
            f"{found['min_ess_bulk']:.0f}, tail ESS {found['min_ess_tail']:.0f}; "
            f"{found['divergences']} divergences, {found['max_treedepth_hits']} draws at maximum "
            f"tree depth. CmdStan {versions['cmdstan']}; data "
            f"{reference['sha256']['data'][:12]}, program {reference['sha256']['program'][:12]}.\n"
        )
        rows = [
            [parameter, *(_with_error(row[key], row[f"mcse_{key}"]) for key in STATISTICS)]
            for parameter, row in reference["posterior"].iterrows()
        ]
        blocks.append(_table(["", "mean", "sd", "5 %", "25 %", "50 %", "75 %", "95 %"], rows))
    return "\n".join(blocks)


def _sample(
    executable: Path, task: Task, settings: SamplerSettings
) -> tuple[xr.Dataset, dict[str, Any]]:
    """All draws after the warm-up, and CmdStan's own columns."""
    cmdstanpy.set_cmdstan_path(str(require_cmdstan()))
    cmdstanpy.disable_logging()
    with tempfile.TemporaryDirectory() as folder:
        write_json(Path(folder) / "data.json", task.data)
        try:
            mcmc = cmdstanpy.CmdStanModel(exe_file=str(executable)).sample(
                data=str(Path(folder) / "data.json"),
                inits=screened_inits(task, settings.chains, settings.seed),
                chains=settings.chains,
                parallel_chains=settings.workers,
                iter_warmup=settings.iter_warmup,
                iter_sampling=settings.iter_sampling,
                adapt_delta=settings.adapt_delta,
                adapt_init_phase=INIT_PHASE,
                adapt_metric_window=FIRST_WINDOW,
                max_treedepth=settings.max_treedepth,
                metric="dense_e",
                seed=settings.seed,
                sig_figs=17,
                output_dir=folder,
                show_progress=sys.stderr.isatty(),
            )
        except RuntimeError as error:
            raise ToolchainError(f"sampling failed: {error}") from error
        draws = {
            name: column.T
            for name, column in zip(mcmc.column_names, np.moveaxis(mcmc.draws(), 2, 0), strict=True)
        }
    stats = {name: draws.pop(name) for name in mcmc.column_names if name.endswith("__")}
    return xr.Dataset({name: (("chain", "draw"), x) for name, x in draws.items()}), stats


def _with_error(value: float, error: float) -> str:
    """A number to the second digit of its error, and that error."""
    digits = max(0, 1 - int(np.floor(np.log10(error))))
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    try:
        main()
    except (InputError, ToolchainError) as error:
        sys.exit(f"reference_posteriors.py: {error}")
