"""Predict streamflow from a saved fit."""

from argparse import Namespace
from pathlib import Path

from gr4jstan.cli.commands.shared import chosen, say, say_notes
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
        prediction = result.predict(forcing, states=options.states, warmup=options.warmup)
        bands = prediction.bands(options.level)
        bands.to_csv(work, date_format="%Y-%m-%d")
    begin, *odd = prediction.findings
    for finding in odd:
        say(f"{finding.severity.upper()}: {finding.text}")
    print(f"{len(bands)} days written to {options.output}, {begin.text}")
    return 0
