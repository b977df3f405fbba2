#!/usr/bin/env bash
# Set everything up and run the tests: all of them on all cores, or as the arguments tell pytest.
#
#   scripts/test.sh
#   PYTHON=python3.13 scripts/test.sh -k diagnostics
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_up test
cd "$root"
(($#)) || set -- --numprocesses auto --maxprocesses 8 --dist loadgroup
exec "$venv/bin/python" -m pytest "$@"
