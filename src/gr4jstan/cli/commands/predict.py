"""Predict streamflow from a saved fit."""

from argparse import Namespace
from pathlib import Path

from gr4jstan.cli.commands.shared import chosen, say_notes
from gr4jstan.files import output_file
from gr4jstan.fitting.loading import load_fit
from gr4jstan.reading.options import ForcingOptions
from gr4jstan.reading.sources import as_catchment


def run(options: Namespace) -> int:
    """Predict streamflow from a saved fit."""
    with output_file(options.output, force=options.force) as work:
        result = load_fit(options.folder)
        columns = chosen(options, ForcingOptions)
        forcing = as_catchment(Path(options.forcing), forcing_only=True, **columns)
        say_notes(forcing)
        states = options.states or result.states_for(forcing)
        prediction = result.predict(forcing, states=states, warmup=options.warmup)
        bands = prediction.bands(options.level)
        bands.to_csv(work, date_format="%Y-%m-%d")
    begin = (
        f"continued from the end of the calibration, {result.run['period'][1]}"
        if states == "continued"
        else f"after a spin-up of {len(forcing) - len(bands)} days"
    )
    print(f"{len(bands)} days written to {options.output}, {begin}")
    return 0
