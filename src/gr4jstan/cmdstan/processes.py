"""How a build tool is run: its environment, its folder, its end; and locks between processes."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from gr4jstan.errors import ToolchainError
from gr4jstan.progress import say

# Flags from the environment would invalidate the precompiled header, and some (-march=native)
# change the layout of Eigen types between CmdStan's objects and the model. The rest would hand
# on the options of a make that happens to run us.
_DROPPED_VARIABLES = (
    "CXXFLAGS",
    "CPPFLAGS",
    "CFLAGS",
    "MAKEFLAGS",
    "MFLAGS",
    "GNUMAKEFLAGS",
    "MAKELEVEL",
)


def make_can_handle(path: Path) -> bool:
    """Whether `path` has only characters that survive make and the shell it calls."""
    return re.fullmatch(r"[\w./+@,-]+", str(path)) is not None


def make_environment(cxxflags: str = "") -> dict[str, str]:
    """Environment for make: the user's, without compiler flags, plus `cxxflags`."""
    environment = {k: v for k, v in os.environ.items() if k not in _DROPPED_VARIABLES}
    # compiler messages are searched for English words
    environment["LC_ALL"] = "C"
    if cxxflags:
        environment["CXXFLAGS"] = cxxflags
    return environment


def run_tool(
    command: Sequence[str],
    *,
    cwd: Path,
    env: dict[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> tuple[int, str]:
    """Run `command` without a shell; return its exit code and what it printed.

    It runs in a process group of its own, which is killed when anything (Ctrl-C, say) interrupts
    the wait, so that no compiler is left behind. `on_line` sees each line as it comes.
    """
    lines: list[str] = []
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        with process.stdout:
            for line in process.stdout:
                lines.append(line)
                if on_line is not None:
                    on_line(line)
        return process.wait(), "".join(lines)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


@contextlib.contextmanager
def locked(path: Path, waiting: str | None) -> Iterator[None]:
    """Hold the lock file `path`; print `waiting`, if any, when that takes more than 2 s."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=2.0)
    except Timeout:
        if waiting:
            say(waiting)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def scratch_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A fresh folder that make can work in, removed at the end; in `parent` if its path allows.

    Raises
    ------
    ToolchainError
        If neither the path of `parent` nor of the system's temporary folder suits make.
    """
    if not make_can_handle(parent):
        parent = Path(tempfile.gettempdir()).absolute()
    if not make_can_handle(parent):
        raise ToolchainError(
            f"make cannot handle the spaces or special characters of '{parent}'; "
            "set TMPDIR or GR4JSTAN_CACHE to a folder with a plain path."
        )
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def last_line(output: str) -> str:
    """The last line of `output` that says something."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no output"


def cores() -> int:
    """Number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
