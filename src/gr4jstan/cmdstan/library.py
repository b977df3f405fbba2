"""C++ without Stan: compiled into a shared library, once, and loaded into this process."""

import ctypes
import functools
from pathlib import Path

from gr4jstan.cmdstan.compiler import build_once, readable_errors
from gr4jstan.cmdstan.processes import make_environment, run_tool
from gr4jstan.cmdstan.toolchain import compiler
from gr4jstan.errors import ToolchainError

_NAME = "library.so"
_FLAGS = ("-std=c++14", "-O3", "-fPIC", "-shared")


@functools.cache
def load_library(source: str) -> ctypes.CDLL:
    """Compile C++ source, or take its library from the cache, and load it.

    Raises
    ------
    ToolchainError
        If it does not compile, or the cache folder cannot be written to.
    """

    def build(folder: Path) -> None:
        (folder / "library.cpp").write_text(source, encoding="utf-8")
        command = [*compiler().split(), *_FLAGS, "library.cpp", "-o", _NAME]
        status, output = run_tool(command, cwd=folder, env=make_environment())
        if status != 0:
            raise ToolchainError(f"A library cannot be built:\n{readable_errors(output)}")

    folder, _ = build_once([source, _FLAGS], _NAME, build, what=None)
    return ctypes.CDLL(str(folder / _NAME))
