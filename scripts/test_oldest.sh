#!/usr/bin/env bash
# Run tests with the oldest versions that pyproject.toml allows of everything gr4jstan needs,
# on the oldest Python; arguments go to pytest (default: the tests that meet these packages).
#
#   scripts/test_oldest.sh
#   scripts/test_oldest.sh tests/test_plots.py
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

python=$(find_python python3.11) || fail "python3.11 does not run; it is the oldest that is allowed."
venv=$root/.venv-oldest
[[ -x $venv/bin/python ]] || "$python" -m venv "$venv"

# a>=1.2 becomes a==1.2, for the requirements and for those of the extra "many"
"$python" - "$root/pyproject.toml" >"$venv/oldest.txt" <<'PYTHON'
import sys
import tomllib

with open(sys.argv[1], "rb") as file:
    project = tomllib.load(file)["project"]
for requirement in project["dependencies"] + project["optional-dependencies"]["many"]:
    name, bound, version = requirement.partition(">=")
    if not bound or "," in version:
        sys.exit(f"{requirement}: write it as NAME>=VERSION, or teach this script more.")
    print(f"{name}=={version}")
PYTHON
echo "Installing into $venv (a minute or so):" $(<"$venv/oldest.txt")
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  --constraint "$venv/oldest.txt" --editable "$root[many]" hatchling hypothesis pytest
"$venv/bin/python" -m pip check

cd "$root"
"$venv/bin/gr4jstan" doctor
tests=("$@")
if ((!$#)); then
  tests=(tests/test_{catchment,cli,cli_help,cli_predict,comparison,comparison_plots,csvfile}.py)
  tests+=(tests/test_{datasets,flow_units,imports,inference_data,many,packaging,plots}.py)
  tests+=(tests/test_{programs,report,results,scores,simulator,task}.py)
fi
# what old packages warn of among themselves is not ours to mend
exec "$venv/bin/python" -m pytest -q -p no:cacheprovider -o filterwarnings=default "${tests[@]}"
