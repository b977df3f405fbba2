"""Write the report of a saved fit."""

from argparse import Namespace
from pathlib import Path

from gr4jstan.fitting.loading import load_fit
from gr4jstan.report.page import write_report


def run(options: Namespace) -> int:
    """Write the report of a saved fit."""
    path = Path(options.folder) / "report.html"
    write_report(load_fit(options.folder), path, force=options.force)
    print(f"Written to {path}")
    return 0
