#!/usr/bin/env bash
# Build the sdist and from it the wheel, install the wheel into an empty environment for each Python
# named, and use it there, away from the checkout: doctor, simulate, fit, report and predict.
#
#   scripts/test_wheel.sh                       python3.11, python3.12, python3.13, as far as they exist
#   scripts/test_wheel.sh python3.12
#
# It may be started in any folder. CmdStan is that of CMDSTAN, or is installed where it is missing;
# programs are compiled anew, into a temporary folder.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

pythons=("$@")
if ((!$#)); then
  for name in python3.11 python3.12 python3.13; do
    ! find_python "$name" >/dev/null || pythons+=("$name")
  done
  ((${#pythons[@]})) || fail "There is none of python3.11, python3.12 and python3.13 here."
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GR4JSTAN_CACHE=$work/cache PIP_DISABLE_PIP_VERSION_CHECK=1
unset PYTHONPATH

python_of() {
  find_python "$1" || fail "$1 does not run."
}

build() {
  local log=$work/build.log
  "$(python_of "${pythons[0]}")" -m venv "$work/build"
  "$work/build/bin/python" -m pip install --quiet build hatchling twine
  # the wheel is built from the sdist
  "$work/build/bin/python" -m build --no-isolation --outdir "$work/dist" "$root" >"$log" 2>&1 ||
    fail "$(<"$log")"
  ! grep -iE 'warning|deprecat' "$log" || fail "The build has warnings; see above."
  "$work/build/bin/python" -m twine check --strict "$work"/dist/*
  ls -l "$work/dist"
}

# expect CODE COMMAND...: run a command of gr4jstan in the current folder.
expect() {
  local wanted=$1 code=0
  shift
  echo "gr4jstan $*"
  "$venv/bin/gr4jstan" "$@" >log 2>&1 || code=$?
  ((code == wanted)) || fail "$(<log)"$'\n'"exit code $code instead of $wanted"
  ! grep -q Traceback log || fail "$(<log)"
}

expect_files() {
  local name
  for name in "$@"; do
    [[ -s $name ]] || fail "$name was not written"
  done
}

try() {
  local python=$1 begin=$SECONDS
  venv=$work/$("$python" -c 'import platform; print(platform.python_version())')
  echo
  "$python" --version
  "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet "$work"/dist/*.whl
  "$venv/bin/python" -m pip check
  echo "installed after $((SECONDS - begin)) s"

  mkdir "$venv/elsewhere"
  cd "$venv/elsewhere"
  "$venv/bin/python" - "$venv" <<'PYTHON'
import sys
from pathlib import Path

import gr4jstan
from gr4jstan.model.programs import stan_folder

for path in (Path(gr4jstan.__file__), stan_folder()):
    assert path.is_relative_to(sys.argv[1]), f"{path} is not in the environment"
assert (Path(gr4jstan.__file__).parent / "py.typed").is_file()
PYTHON
  if [[ -z ${CMDSTAN:-} ]]; then
    expect 0 install-cmdstan
  fi
  expect 0 doctor
  expect 0 simulate example -o out.csv --x1 154 --x2 -0.25 --x3 43 --x4 1.33
  (($(wc -l <out.csv) == 1828)) || fail "out.csv should have 1827 days"
  expect 0 fit example -o my_fit --seed 1 --end 2015-12-31
  expect_files my_fit/{posterior.nc,states.nc,summary.csv,scores.csv,report.html,model.stan} \
    my_fit/{data,run,diagnostics}.json
  expect 0 report my_fit --force
  "$venv/bin/python" -c 'import gr4jstan
gr4jstan.load_dataset("example").select("2016-01-01").to_frame().to_csv("forcing.csv")'
  expect 0 predict my_fit forcing.csv -o bands.csv
  (($(wc -l <bands.csv) == 367)) || fail "bands.csv should have 366 days"
  expect 2 fit nothing.csv -o nowhere
  [[ ! -e nowhere ]] || fail "a folder was left behind"
  echo "done after $((SECONDS - begin)) s"
}

build
for name in "${pythons[@]}"; do
  # in a shell of its own, so that the folder is left again
  (try "$(python_of "$name")")
done
