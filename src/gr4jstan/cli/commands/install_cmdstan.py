"""Install CmdStan."""

from argparse import Namespace
from pathlib import Path

from gr4jstan.cmdstan.install import install_cmdstan


def run(options: Namespace) -> int:
    """Install CmdStan."""
    folder = None if options.dir is None else Path(options.dir)
    path = install_cmdstan(options.source, folder, force=options.force)
    print(f"CmdStan is in {path}")
    return 0
