# Sourced by the other scripts. `set_up` makes a virtual environment with gr4jstan in it and sees
# that CmdStan is there; afterwards $venv is the environment and $root the checkout.
#
# PYTHON names the interpreter (default: python3). Each Python version has its own environment:
# .venv for the version of python3, .venv-3.13 and the like for others.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

fail() {
  echo "$*" >&2
  exit 1
}

# The path of an interpreter that runs. Under pyenv a version that is not active has a shim that
# refuses to run; pyenv then knows where the interpreter itself is.
find_python() {
  local version
  if "$1" -c '' 2>/dev/null; then
    echo "$1"
  elif version=$(pyenv whence "$1" 2>/dev/null | tail -n 1) && [[ -n $version ]]; then
    echo "$(pyenv prefix "$version")/bin/$1"
  else
    return 1
  fi
}

minor_version() {
  "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

# set_up [EXTRA]: install gr4jstan, with an optional dependency group such as "test".
set_up() {
  local extra=${1:-} python version tool stamp state
  python=$(find_python "${PYTHON:-python3}") ||
    fail "${PYTHON:-python3} does not run; set PYTHON to a Python 3.11 or newer."
  version=$(minor_version "$python")
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$python is Python $version; set PYTHON to a Python 3.11 or newer."
  for tool in make g++; do
    command -v "$tool" >/dev/null ||
      fail "$tool is not installed: apt-get install $tool, or your distribution's equivalent."
  done

  venv=$root/.venv
  [[ $version == "$(minor_version python3)" ]] || venv=$venv-$version
  if [[ ! -w ${HOME:-} ]]; then
    export HOME=$venv/home
  fi
  if [[ $(minor_version "$venv/bin/python") != "$version" || ! -f $venv/made ]]; then
    echo "Making $venv with Python $version ..."
    "$python" -m venv --clear "$venv" || fail "Python's venv module does not work; see above."
    touch "$venv/made"
  fi
  mkdir -p "$HOME"

  # a stamp holds what was installed, so that the next run can skip it
  stamp=$venv/installed${extra:+-$extra}
  state="$root $(sha256sum <"$root/pyproject.toml")"
  if [[ ! -f $stamp || $(<"$stamp") != "$state" ]]; then
    echo "Installing gr4jstan and what it needs into $venv (a minute or so) ..."
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
      --editable "$root${extra:+[$extra]}"
    echo "$state" >"$stamp"
  fi

  local code=0
  "$venv/bin/python" - <<'PYTHON' || code=$?
import sys

from gr4jstan.errors import ToolchainError
from gr4jstan.cmdstan.toolchain import find_cmdstan

try:
    sys.exit(3 if find_cmdstan() is None else 0)
except ToolchainError as error:
    sys.exit(str(error))
PYTHON
  if ((code == 3)); then
    "$venv/bin/gr4jstan" install-cmdstan
  elif ((code != 0)); then
    exit "$code"
  fi
}
