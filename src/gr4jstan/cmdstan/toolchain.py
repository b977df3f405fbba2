"""Where CmdStan, the build tools and the cache are."""

import contextlib
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import platformdirs

from gr4jstan.cmdstan.processes import make_can_handle
from gr4jstan.errors import ToolchainError

INSTALL_HINT = "run `gr4jstan install-cmdstan`"

# The programs that a build calls, and the system packages that hold them.
_TOOLS = {"make": "make", "g++": "g++", "gcc": "gcc", "bash": "bash"}


def cache_dir() -> Path:
    """Folder of compiled programs and logs: ``GR4JSTAN_CACHE``, or the user's cache folder.

    The folder is not created.

    Raises
    ------
    ToolchainError
        If there is neither ``GR4JSTAN_CACHE`` nor a home folder.
    """
    chosen = os.environ.get("GR4JSTAN_CACHE")
    path = Path(os.path.expanduser(chosen or platformdirs.user_cache_dir("gr4jstan")))  # noqa: PTH111
    if chosen:
        return path.absolute()
    if not path.is_absolute():
        raise ToolchainError(
            "There is no home folder to keep compiled programs in; "
            "set GR4JSTAN_CACHE to a folder that can be written to."
        )
    return path


def default_install_dir() -> Path | None:
    """Folder that holds CmdStan installations, shared with cmdstanpy; None without a home."""
    path = Path(os.path.expanduser("~/.cmdstan"))  # noqa: PTH111 - Path.home() raises without one
    return path if path.is_absolute() else None


def cmdstan_version(path: Path) -> tuple[int, int, int]:
    """Version of the CmdStan in `path`, read from its makefile.

    Raises
    ------
    ToolchainError
        If the folder has no makefile that states a version.
    """
    try:
        makefile = (path / "makefile").read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ToolchainError(f"{path} is not a CmdStan: it has no readable makefile.") from error
    found = re.search(r"^CMDSTAN_VERSION\s*:?=\s*(\d+)\.(\d+)\.(\d+)", makefile, re.MULTILINE)
    if found is None:
        raise ToolchainError(f"{path} is not a CmdStan: its makefile names no CMDSTAN_VERSION.")
    major, minor, patch = (int(part) for part in found.groups())
    return major, minor, patch


def is_built(path: Path) -> bool:
    """Whether `path` holds a CmdStan that compiles a model without building itself first.

    The Stan compiler alone does not prove it, as it comes ready-made with CmdStan; the main
    object file (with a suffix if threads are on) takes longest to build.
    """
    return (
        (path / "makefile").is_file()
        and os.access(path / "bin" / "stanc", os.X_OK)
        and any((path / "src" / "cmdstan").glob("main*.o"))
    )


def installed_cmdstans(folder: Path) -> list[Path]:
    """Built CmdStan installations ``cmdstan-*`` in `folder`, the newest version first."""
    found = []
    for path in folder.glob("cmdstan-*"):
        if is_built(path):
            with contextlib.suppress(ToolchainError):
                found.append((cmdstan_version(path), path))
    return [path for _, path in sorted(found, reverse=True)]


def find_cmdstan() -> Path | None:
    """Find a built CmdStan; nothing is downloaded.

    Looked at in this order: the environment variable ``CMDSTAN``, then the folder that
    ``gr4jstan install-cmdstan`` and cmdstanpy install to (``~/.cmdstan``), newest version first.

    Raises
    ------
    ToolchainError
        If ``CMDSTAN`` is set to something that is not a built CmdStan.
    """
    chosen = os.environ.get("CMDSTAN")
    if chosen:
        path = Path(os.path.expanduser(chosen)).absolute()  # noqa: PTH111
        if not path.is_dir():
            raise ToolchainError(
                f"CMDSTAN is set to {chosen}, which is not a folder. "
                f"Set it to a CmdStan folder, or unset it and {INSTALL_HINT}."
            )
        version = ".".join(map(str, cmdstan_version(path)))
        if not is_built(path):
            raise ToolchainError(
                f"CMDSTAN is set to {path}, a CmdStan {version} that is not built. "
                f"Run `make build` in that folder, or unset CMDSTAN and {INSTALL_HINT}."
            )
        return path
    folder = default_install_dir()
    return next(iter(installed_cmdstans(folder)), None) if folder else None


def require_cmdstan() -> Path:
    """Find a built CmdStan that make can work with.

    Raises
    ------
    ToolchainError
        If there is none, or its path has characters that make cannot handle.
    """
    path = find_cmdstan()
    if path is None:
        raise ToolchainError(
            f"CmdStan was not found: {INSTALL_HINT}, or set CMDSTAN to its folder."
        )
    if not make_can_handle(path):
        raise ToolchainError(
            f"CmdStan is in '{path}': make cannot handle the spaces or special characters of that "
            f"path. Move it, or {INSTALL_HINT} with --dir and a plain path."
        )
    return path


def compiler() -> str:
    """Name of the C++ compiler: the environment variable ``CXX``, or ``g++``."""
    return os.environ.get("CXX") or "g++"


def make_program() -> str:
    """Name of the make program: the environment variable ``MAKE``, or ``make``."""
    return os.environ.get("MAKE") or "make"


def missing_tools(*tools: str) -> list[str]:
    """Those of the build tools `tools` (``make``, ``g++``, ...) that PATH does not hold."""
    named = {"make": make_program(), "g++": compiler().split()[0]}
    return [tool for tool in tools if shutil.which(named.get(tool, tool)) is None]


def tool_advice(tools: Sequence[str]) -> str:
    """What to do to get the missing build tools `tools`."""
    packages = " ".join(_TOOLS[tool] for tool in tools)
    return (
        f"install {' and '.join(tools)}: `apt-get install {packages}` "
        "or your distribution's equivalent"
    )


def require_tools(*tools: str) -> None:
    """Raise ToolchainError unless all of the build tools `tools` are on PATH.

    Raises
    ------
    ToolchainError
        Naming what is missing and how to get it.
    """
    missing = missing_tools(*tools)
    if missing:
        raise ToolchainError(f"{' and '.join(missing)} not found; {tool_advice(missing)}.")
