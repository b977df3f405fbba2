"""Examine the installation."""

from argparse import Namespace

from gr4jstan.cli.doctor import all_ok, examine, format_report, to_json


def run(options: Namespace) -> int:
    """Examine the installation."""
    checks = examine()
    print(to_json(checks) if options.json else format_report(checks))
    return 0 if all_ok(checks) else 1
