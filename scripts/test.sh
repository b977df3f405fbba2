#!/usr/bin/env bash
# Set everything up and run the tests; arguments go to pytest.
#
#   scripts/test.sh
#   PYTHON=python3.13 scripts/test.sh -k diagnostics
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_up test
cd "$root"
exec "$venv/bin/python" -m pytest "$@"
