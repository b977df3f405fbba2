"""The project's own `fit`, and CmdStan with its defaults on the program without the adjoint."""

import tempfile
import time
from pathlib import Path

import cmdstanpy
import numpy as np

import gr4jstan
from benchmarks.cases import CHAINS, CORES, PARAMETERS, Case
from benchmarks.rates import Run, affordable_draws
from gr4jstan.cmdstan.compiler import compile_program
from gr4jstan.cmdstan.toolchain import require_cmdstan
from gr4jstan.files import write_json
from gr4jstan.fitting.inference_data import dataset
from gr4jstan.model.programs import render_program
from gr4jstan.sampling.density import compile_log_density
from gr4jstan.sampling.inits import screened_inits

_LEAPFROGS = 80


def sample_gr4jstan(case: Case, budget: float, seed: int) -> Run:
    """Sample a case with all defaults; the budget is not needed."""
    task = case.task()
    program = render_program(task.model.spec)
    start = time.perf_counter()
    compile_program(program.code, program.header, progress=False)
    compile_log_density(program, task.data)
    compile_seconds = time.perf_counter() - start
    fit = gr4jstan.fit(
        case.catchment,
        priors="uniform",
        sigma=case.sigma,
        chains=CHAINS,
        parallel_chains=CORES,
        seed=seed,
        show_progress=False,
    )
    posterior = dataset(fit.idata, "posterior")
    found = fit.diagnostics
    total = found["draws"]
    return Run(
        np.stack([posterior[name].to_numpy() for name in PARAMETERS], axis=-1),
        seconds=sum(found["seconds"][stage] for stage in ("setup", "nuts_wall", "reading")),
        compile_seconds=compile_seconds,
        warmup=fit.run["sampler"]["iter_warmup"],
        saturated=found["max_treedepth_hits"] / total,
        divergent=found["divergences"] / total,
        settings=f"defaults of fit; metric: {fit.run['start']['metric']}",
    )


def sample_cmdstan(case: Case, budget: float, seed: int) -> Run:
    """Sample a case with CmdStan's defaults, with fewer iterations if the budget asks for it."""
    task = case.task(gradient="autodiff")
    program = render_program(task.model.spec)
    start = time.perf_counter()
    executable = compile_program(program.code, program.header, progress=False)
    density = compile_log_density(program, task.data)
    compile_seconds = time.perf_counter() - start
    inits = screened_inits(task, CHAINS, seed)
    _, gradient_seconds = density.seconds(density.unconstrain(inits[0]), 10)
    draws = affordable_draws(budget, gradient_seconds, _LEAPFROGS)

    cmdstanpy.set_cmdstan_path(str(require_cmdstan()))
    cmdstanpy.disable_logging()
    model = cmdstanpy.CmdStanModel(exe_file=str(executable.path))
    with tempfile.TemporaryDirectory() as folder:
        write_json(Path(folder) / "data.json", task.data)

        def run(inits):  # type: ignore[no-untyped-def]
            start = time.perf_counter()
            mcmc = model.sample(
                data=str(Path(folder) / "data.json"),
                chains=CHAINS,
                parallel_chains=CORES,
                iter_warmup=draws,
                iter_sampling=draws,
                seed=seed,
                inits=inits,
                output_dir=folder,
                show_progress=False,
            )
            columns = mcmc.draws().transpose(1, 0, 2)
            return mcmc, columns, time.perf_counter() - start

        how = "default inits"
        try:
            mcmc, columns, seconds = run(None)
        except RuntimeError:
            how = "inits screened, as CmdStan's own failed"
            mcmc, columns, seconds = run(inits)
        names = list(mcmc.column_names)
    return Run(
        columns[:, :, [names.index(name) for name in PARAMETERS]],
        seconds=seconds,
        compile_seconds=compile_seconds,
        warmup=draws,
        saturated=float(np.mean(columns[:, :, names.index("treedepth__")] >= 10)),
        divergent=float(np.mean(columns[:, :, names.index("divergent__")])),
        settings=f"autodiff, diagonal metric, {how}",
    )
