"""Run GR4J once."""

from argparse import Namespace

import numpy as np

from gr4jstan.cli.commands.shared import catchment_of
from gr4jstan.errors import InputError
from gr4jstan.files import output_file
from gr4jstan.structures.catalogue import GR4J
from gr4jstan.structures.simulation import run as simulate


def run(options: Namespace) -> int:
    """Run GR4J once."""
    with output_file(options.output, force=options.force) as work:
        catchment = catchment_of(options, forcing_only=True)
        parameters = {name: getattr(options, name) for name in GR4J.names}
        stores = {store.name: getattr(options, store.option) for store in GR4J.stores}
        simulation = simulate(GR4J, catchment.P, catchment.E, parameters, stores)
        if not np.isfinite(simulation.Q).all():
            first = int(np.flatnonzero(~np.isfinite(simulation.Q))[0])
            raise InputError(
                f"The simulated streamflow is not finite from {catchment.label(first)} on; "
                f"these parameters are outside the range that {GR4J.title} was made for."
            )
        simulation.to_frame(catchment.dates).to_csv(work, index=False, date_format="%Y-%m-%d")
    print(f"{len(catchment)} days written to {options.output}")
    return 0
