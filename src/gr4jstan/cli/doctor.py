"""What is installed, whether a model can be compiled, and what to do if not."""

import importlib.metadata
import json
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from gr4jstan.errors import ToolchainError

_LEAST_SPACE = 200e6  # bytes: some programs of about 10 MB with what the compiler puts aside


@dataclass(frozen=True)
class Check:
    """One finding.

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
    """Look at everything that a calibration needs; raises nothing and downloads nothing.

    Parameters
    ----------
    compile : bool
        Build at the end, if all before it is well, the program that ``fit`` samples by default and
        the one that evaluates its density, and run both. The cache keeps them for the first fit.

    Returns
    -------
    list of Check
        The network is looked at only if CmdStan is missing, as nothing else needs it.
    """
    checks = [_check_python(), packages := _check_packages()]
    if not packages.ok:
        # gr4jstan's own modules that look at the rest need them
        return [*checks, _not_tried("the rest", ["packages"])]
    from gr4jstan.cmdstan.toolchain import compiler, make_program

    checks += [_check_tool("make", make_program()), _check_tool("g++", compiler())]
    checks += [cmdstan := _check_cmdstan(), _check_cache()]
    if not cmdstan.ok:
        checks.append(_check_network())
    if compile:
        missing = [check.name for check in checks if not check.ok]
        checks.append(_not_tried("compiling", missing) if missing else _check_compiling())
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
    """Whether the packages are there, and recent enough, that gr4jstan's own metadata name."""
    advice = "install gr4jstan with its dependencies: `pip install gr4jstan`"
    try:
        from packaging.requirements import Requirement

        stated = importlib.metadata.requires("gr4jstan") or []
    except ImportError as error:
        return Check("packages", False, f"not installed: {error.name}", advice)
    found = [f"gr4jstan {importlib.metadata.version('gr4jstan')}"]
    wrong: list[str] = []
    for needed in map(Requirement, stated):
        if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
            continue
        try:
            version = importlib.metadata.version(needed.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{needed.name} is not installed")
            continue
        if needed.specifier.contains(version, prereleases=True):
            found.append(f"{needed.name} {version}")
        else:
            wrong.append(f"{needed.name} is {version}, not {needed.specifier}")
    if wrong:
        return Check("packages", False, ", ".join(wrong), advice)
    return Check("packages", True, ", ".join(found))


def _check_tool(tool: str, command: str) -> Check:
    from gr4jstan.cmdstan.toolchain import missing_tools, tool_advice

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
    from gr4jstan.cmdstan.toolchain import (
        INSTALL_HINT,
        cmdstan_version,
        find_cmdstan,
        require_cmdstan,
    )

    try:
        path = find_cmdstan()
        if path is None:
            return Check("CmdStan", False, "not found", INSTALL_HINT)
        version = ".".join(map(str, cmdstan_version(require_cmdstan())))
    except ToolchainError as error:
        return Check("CmdStan", False, str(error), f"see the line above, or {INSTALL_HINT}")
    return Check("CmdStan", True, f"{version} in {path}")


def _check_cache() -> Check:
    from gr4jstan.cmdstan.toolchain import cache_dir

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
    from gr4jstan.cmdstan.install import github_reachable
    from gr4jstan.cmdstan.wheel import index_reachable

    found = {"GitHub": github_reachable(), "package index": index_reachable()}
    detail = ", ".join(f"{name} {'answers' if ok else 'unreachable'}" for name, ok in found.items())
    if any(found.values()):
        return Check("network", True, detail)
    advice = "check network and proxy, or install CmdStan by hand and set CMDSTAN to its folder"
    return Check("network", False, detail, advice)


def _not_tried(name: str, missing: Sequence[str]) -> Check:
    detail = "not tried, because of: " + ", ".join(missing)
    return Check(name, False, detail, "follow the advice above, then ask the doctor again")


def _check_compiling() -> Check:
    from gr4jstan.cmdstan.toolchain import INSTALL_HINT

    try:
        how = _build_and_run()
    except (OSError, ToolchainError, subprocess.SubprocessError) as error:
        return Check("compiling", False, str(error), f"{INSTALL_HINT} with --force")
    return Check("compiling", True, f"the program of a fit compiles ({how}) and runs")


# Two days of rain and flow; of the model's numbers the one that follows from the data is there.
_DATA = {"T": 2, "P": [10, 0], "E": [1, 1], "N": 2, "obs_day": [1, 2], "Q_obs": [1, 2]}
_DATA |= {"sigma_scale": 1}


def _build_and_run() -> str:
    """Do with the default program what a fit does; say how long it took to build.

    Raises
    ------
    ToolchainError, OSError, SubprocessError
        If something cannot be built, or does not run.
    """
    import numpy as np

    from gr4jstan.cmdstan.compiler import compile_program
    from gr4jstan.model.definition import define_model
    from gr4jstan.model.programs import render_program
    from gr4jstan.sampling.density import compile_log_density

    model = define_model()
    program = render_program(model.spec)
    data = _DATA | model.numbers
    start = time.monotonic()
    built = compile_program(program.code, program.header, progress=False)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "data.json"
        file.write_text(json.dumps(data), encoding="utf-8")
        # from a fixed start, so that the outcome says something of the machine alone
        draw = ["sample", "num_warmup=0", "num_samples=1", "adapt", "engaged=0", "init=0"]
        run = subprocess.run(
            [built.path, *draw, "data", f"file={file}", "output", "file=draw.csv"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    if run.returncode != 0:
        said = (run.stderr or run.stdout).strip().splitlines()[-1:]
        raise ToolchainError(f"a compiled program does not run: {' '.join(said) or run.returncode}")
    density = compile_log_density(program, data)
    seconds = time.monotonic() - start
    value, _ = density.evaluate(np.zeros(len(model.parameters)))
    if not np.isfinite(value).all():
        raise ToolchainError("a compiled program computes a log density that is not a number")
    return "from the cache" if built.cached else f"in {seconds:.0f} s"
