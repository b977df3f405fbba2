"""Write a program that needs nothing but CmdStan."""

import shutil
from argparse import Namespace

from gr4jstan.cli.commands.shared import model_of, record_of, say_notes
from gr4jstan.cmdstan.compiler import compile_program
from gr4jstan.files import output_folder, write_json
from gr4jstan.model.programs import HEADER_NAME, PROGRAM_NAME, render_program
from gr4jstan.model.task import define_task
from gr4jstan.reading.spans import split_spans
from gr4jstan.sampling.inits import screened_inits


def run(options: Namespace) -> int:
    """Write a program that needs nothing but CmdStan."""
    model = model_of(options)
    with output_folder(options.output, force=options.force) as work:
        task = define_task(
            record_of(options),
            model,
            start=options.start,
            end=options.end,
            warmup=options.warmup,
            exclude=split_spans(options.exclude),
        )
        say_notes(task.catchment)
        program = render_program(model.spec)
        built = compile_program(program.code, program.header)
        (work / f"{PROGRAM_NAME}.stan").write_text(program.code, encoding="utf-8")
        write_json(work / "data.json", task.data)
        # Stan's own start has stores of metres, where the flow says nothing of their size
        write_json(work / "inits.json", screened_inits(task, 1, seed=1)[0])
        readme = _EXPORT_README
        if program.header is not None:
            (work / HEADER_NAME).write_text(program.header, encoding="utf-8")
            readme = _EXPORT_README_WITH_HEADER
        (work / "README.txt").write_text(
            readme.format(program=PROGRAM_NAME, header=HEADER_NAME), encoding="utf-8"
        )
        # last: make takes a program that is older than its source for out of date
        shutil.copy(built.path, work / PROGRAM_NAME)
    print(f"Program, data and executable are in {options.output}; see README.txt there.")
    return 0


_EXPORT_README = """\
{program}.stan samples the posterior of GR4J, a rainfall-runoff model, given data.json, whose
numbers its data block explains. The executable {program} is bound to the CmdStan it was built with:

  ./{program} sample algorithm=hmc metric=dense_e data file=data.json init=inits.json \
    output file=draws.csv

inits.json is a plausible start, the best of many draws from the prior. Stan's own are not.

To build it again, with FOLDER the path of this folder, in the folder of CmdStan:

  make FOLDER/{program}

or in Python, and likewise in R with cmdstanr:

  model = cmdstanpy.CmdStanModel(stan_file="{program}.stan")
  model.sample("data.json", inits="inits.json", metric="dense_e")
"""

_EXPORT_README_WITH_HEADER = (
    _EXPORT_README.replace(
        "make FOLDER/{program}",
        "make STANCFLAGS=--allow-undefined USER_HEADER=FOLDER/{header} FOLDER/{program}",
    ).replace(
        '(stan_file="{program}.stan")', '(stan_file="{program}.stan", user_header="{header}")'
    )
    + """
The program declares functions that {header} defines; it must keep the name {program}.stan.
"""
)
