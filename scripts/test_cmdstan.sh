#!/usr/bin/env bash
# Run the tests that meet CmdStan with the CmdStan of a folder, which is built, of any version from
# 2.27 on; arguments after the folder go to pytest (default: all tests that compile or sample).
#
#   scripts/test_cmdstan.sh ~/.cmdstan/cmdstan-2.36.0
#   scripts/test_cmdstan.sh ~/.cmdstan/cmdstan-2.36.0 tests/test_gradients.py
set -euo pipefail
(($#)) || { sed -n '2,7s/^# \?//p' "${BASH_SOURCE[0]}" >&2 && exit 2; }
CMDSTAN=$(cd "$1" && pwd)
export CMDSTAN
shift
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_up test
cd "$root"
"$venv/bin/gr4jstan" doctor
if ((!$#)); then
  set -- --numprocesses auto --maxprocesses 8 --dist loadgroup \
    tests/test_{adjoint,calibration,cli,cmdstan_versions,comparison,compiler,density}.py \
    tests/test_{determinism,doctor,error_models,faults,geometry,gradients}.py \
    tests/test_{independent_sampler,inference_data,model,programs,reference_posteriors}.py \
    tests/test_{results,stan_parity,truncation_study}.py
fi
exec "$venv/bin/python" -m pytest "$@"
