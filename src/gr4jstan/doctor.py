"""What is installed, whether a model can be compiled, and what to do if not."""

import importlib.metadata
import json
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from gr4jstan.compiler import compile_program
from gr4jstan.errors import ToolchainError
from gr4jstan.install import github_reachable
from gr4jstan.toolchain import (
    INSTALL_HINT,
    cache_dir,
    cmdstan_version,
    compiler,
    find_cmdstan,
    make_program,
    missing_tools,
    require_cmdstan,
    tool_advice,
)
from gr4jstan.wheel import index_reachable

_PACKAGES = ("gr4jstan", "cmdstanpy", "arviz", "numpy", "pandas", "xarray", "matplotlib")
_PROGRAM = "parameters {\n  real x;\n}\nmodel {\n  x ~ normal(0, 1);\n}\n"
_LEAST_SPACE = 200e6  # bytes: some programs of about 10 MB with what the compiler puts aside


@dataclass(frozen=True)
class Check:
    """
    One finding.

    Attributes
    ----------
    name : str
        What was looked at.
    ok : bool
        Whether it is as it must be.
    detail : str
        What was found.
    advice : str
        What to do; empty if `ok`.
    """

    name: str
    ok: bool
    detail: str
    advice: str = ""


def examine(*, compile: bool = True) -> list[Check]:
    """
    Look at everything that a calibration needs; raises nothing and downloads nothing.

    Parameters
    ----------
    compile : bool
        Compile a small program at the end, if all before it is well. The compile cache keeps it,
        so only the first time takes long.

    Returns
    -------
    list of Check
        The network is looked at only if CmdStan is missing, as nothing else needs it.
    """
    cmdstan = _check_cmdstan()
    checks = [
        _check_python(),
        _check_packages(),
        _check_tool("make", make_program()),
        _check_tool("g++", compiler()),
        cmdstan,
        _check_cache(),
    ]
    if not cmdstan.ok:
        checks.append(_check_network())
    if compile:
        checks.append(_check_compiling([check.name for check in checks if not check.ok]))
    return checks


def all_ok(checks: Sequence[Check]) -> bool:
    """Whether a model can be fitted: every check is well."""
    return all(check.ok for check in checks)


def format_report(checks: Sequence[Check]) -> str:
    """The findings as plain text, one a line, advice below the finding it belongs to."""
    width = max((len(check.name) for check in checks), default=0)
    lines = []
    for check in checks:
        detail = check.detail.replace("\n", "\n" + " " * (width + 10))
        lines.append(f"{'ok' if check.ok else 'PROBLEM':<8}{check.name:<{width}}  {detail}")
        if check.advice:
            lines.append(f"{'':<{width + 10}}-> {check.advice}")
    return "\n".join(lines) + "\n"


def to_json(checks: Sequence[Check]) -> str:
    """The findings as JSON: ``ok`` for all, and ``checks`` with name, ok, detail and advice."""
    return json.dumps({"ok": all_ok(checks), "checks": [asdict(c) for c in checks]}, indent=2)


def _check_python() -> Check:
    return Check("Python", True, f"{platform.python_version()} on {platform.platform()}")


def _check_packages() -> Check:
    found: list[str] = []
    missing: list[str] = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            # gr4jstan itself may run from a checkout that was not installed
            (found if name == "gr4jstan" else missing).append(name)
    if missing:
        advice = "install gr4jstan with its dependencies: `pip install gr4jstan`"
        return Check("packages", False, f"not installed: {', '.join(missing)}", advice)
    return Check("packages", True, ", ".join(found))


def _check_tool(tool: str, command: str) -> Check:
    if missing_tools(tool):
        return Check(tool, False, f"{command} is not on PATH", tool_advice([tool]))
    try:
        answer = subprocess.run(
            [*command.split(), "--version"], capture_output=True, text=True, check=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Check(tool, False, f"{command} does not run: {error}", tool_advice([tool]))
    return Check(tool, True, answer.stdout.partition("\n")[0])


def _check_cmdstan() -> Check:
    try:
        path = find_cmdstan()
        if path is None:
            return Check("CmdStan", False, "not found", INSTALL_HINT)
        version = ".".join(map(str, cmdstan_version(require_cmdstan())))
    except ToolchainError as error:
        return Check("CmdStan", False, str(error), f"see the line above, or {INSTALL_HINT}")
    return Check("CmdStan", True, f"{version} in {path}")


def _check_cache() -> Check:
    advice = "set GR4JSTAN_CACHE to a folder that can be written to and has space"
    try:
        folder = cache_dir()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except (OSError, ToolchainError) as error:
        return Check("cache", False, str(error), advice)
    detail = f"{folder}, {free / 1e9:.1f} GB free"
    return (
        Check("cache", True, detail)
        if free > _LEAST_SPACE
        else Check("cache", False, detail, advice)
    )


def _check_network() -> Check:
    """Whether CmdStan can be downloaded: one of its two sources is enough."""
    found = {"GitHub": github_reachable(), "package index": index_reachable()}
    detail = ", ".join(f"{name} {'answers' if ok else 'unreachable'}" for name, ok in found.items())
    if any(found.values()):
        return Check("network", True, detail)
    advice = "check network and proxy, or install CmdStan by hand and set CMDSTAN to its folder"
    return Check("network", False, detail, advice)


def _check_compiling(missing: Sequence[str]) -> Check:
    if missing:
        detail = "not tried, because of: " + ", ".join(missing)
        return Check(
            "compiling", False, detail, "follow the advice above, then ask the doctor again"
        )
    try:
        result = compile_program(_PROGRAM, name="doctor", progress=False)
        run = subprocess.run(
            [result.path, "diagnose", "output", "file=/dev/null"],
            cwd=Path(result.path).parent,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except (OSError, ToolchainError, subprocess.SubprocessError) as error:
        return Check("compiling", False, str(error), "remove CmdStan's folder and install it again")
    if run.returncode != 0:
        said = (run.stderr or run.stdout).strip().splitlines()[-1:]
        detail = f"a compiled program does not run: {' '.join(said) or run.returncode}"
        return Check("compiling", False, detail, f"{INSTALL_HINT} with --force")
    how = "from the cache" if result.cached else f"in {result.seconds:.0f} s"
    return Check("compiling", True, f"a small program compiles ({how}) and runs")
