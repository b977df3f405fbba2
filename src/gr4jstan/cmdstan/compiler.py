"""Compile Stan programs with CmdStan's make, once each: results are kept in the cache folder."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gr4jstan.cmdstan.processes import locked, make_environment, run_tool, scratch_folder
from gr4jstan.cmdstan.toolchain import (
    cache_dir,
    cmdstan_version,
    compiler,
    make_program,
    require_cmdstan,
    require_tools,
)
from gr4jstan.errors import InputError, ToolchainError
from gr4jstan.files import output_file
from gr4jstan.progress import say


@dataclass(frozen=True)
class Executable:
    """A compiled Stan program.

    Attributes
    ----------
    path : Path
        The executable.
    stan_file : Path
        The Stan program beside it. The user header, if any, is ``<name>_user.hpp``, the C++ that
        stanc made of the program ``<name>.hpp``, and the model's object file ``<name>.o``.
    seconds : float
        Time spent compiling [s]; 0 when the cache had it.
    cached : bool
        Whether the cache had it.
    """

    path: Path
    stan_file: Path
    seconds: float
    cached: bool


def compile_program(
    code: str, header: str | None = None, *, name: str = "gr4j", progress: bool = True
) -> Executable:
    """Compile a Stan program, or take it from the cache.

    An executable is found again by its code, its header, CmdStan (path, version, local make
    settings) and the compiler, and only used if its hash is the one noted when it was made.
    Two processes or threads that want the same program wait for one compilation. CXXFLAGS in the
    environment have no effect; CmdStan's ``make/local`` has.

    Parameters
    ----------
    code : str
        The Stan program.
    header : str, optional
        C++ that defines the functions which `code` declares without a body.
    name : str
        File name of the program without ``.stan``; stanc derives the namespace
        ``<name>_model_namespace`` from it.
    progress : bool
        Say on standard error what takes time.

    Raises
    ------
    InputError
        If `name` is not an identifier.
    ToolchainError
        If CmdStan, make or the compiler is missing, the program does not compile, or the cache
        folder cannot be written to.
    """
    if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
        raise InputError(f"name = {name!r}: a program's name has only letters, digits and _.")
    cmdstan = require_cmdstan()
    require_tools("make", "g++")
    folder, seconds = build_once(
        [code, header, _make_arguments(Path(), header, name)],
        name,
        lambda scratch: _make(scratch, code, header, name, cmdstan),
        what=f"the Stan program '{name}' (some 10 s, once)" if progress else None,
    )
    return Executable(folder / name, folder / f"{name}.stan", seconds, seconds == 0)


def build_once(
    ingredients: list[Any], name: str, build: Callable[[Path], None], *, what: str | None
) -> tuple[Path, float]:
    """A folder of the cache with what `build` makes, made by the first who asks for it.

    Parameters
    ----------
    ingredients : list
        What decides the result beside CmdStan, the compiler and their settings; JSON takes it.
    name : str
        The file whose hash says whether the folder is intact.
    build : callable
        Fills the empty folder that it is given.
    what : str or None
        What a person at the terminal is told is compiled; None to be silent.

    Returns
    -------
    folder : Path
    seconds : float
        Time spent building [s]; 0 when the cache had it.

    Raises
    ------
    ToolchainError
        If the cache folder cannot be written to.
    """
    key = _key(ingredients, require_cmdstan())
    programs = cache_dir() / "programs"
    entry = programs / key
    if _is_intact(entry, name):
        return entry, 0.0
    with _writing_to(programs):
        programs.mkdir(parents=True, exist_ok=True)
        waiting = f"waiting for another process that compiles {what}" if what else None
        with locked(programs / f"{key}.lock", waiting):
            if _is_intact(entry, name):
                return entry, 0.0
            # only a killed process leaves these: the lock is ours
            for leftover in (entry, *programs.glob(f".{key}-*")):
                shutil.rmtree(leftover, ignore_errors=True)
            if entry.exists():
                # something else than a folder
                entry.unlink()
            if what:
                say(f"compiling {what}")
            start = time.monotonic()
            with scratch_folder(programs, f".{key}-") as folder:
                build(folder)
                shutil.copytree(folder, entry)
            _write_marker(entry, name)
            return entry, time.monotonic() - start


def _key(ingredients: list[Any], cmdstan: Path) -> str:
    """Hash of all that decides what comes out of a compilation."""
    version = subprocess.run(
        [*compiler().split(), "--version"], capture_output=True, text=True, check=False
    ).stdout
    local = [
        path.read_text(errors="replace") if path.is_file() else ""
        for path in (
            cmdstan / "make" / "local",
            Path(os.environ.get("HOME", "/")) / ".config/stan/make.local",
        )
    ]
    parts = [
        ingredients,
        str(cmdstan),
        cmdstan_version(cmdstan),
        compiler(),
        version,
        os.environ.get("LDFLAGS"),
        local,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]


def _make_arguments(folder: Path, header: str | None, name: str) -> list[str]:
    """Arguments for CmdStan's make that build the program `name` in `folder`."""
    # the file name in messages: a run-time error should not name a scratch folder
    stanc_flags = f"--filename-in-msg={name}.stan"
    # make removes the model's object file, which programs of ours link against: up to CmdStan
    # 2.33 by a command, since then as an intermediate file
    arguments = ["KEEP_OBJECT=true", "RM=true"]
    if header is not None:
        stanc_flags += " --allow-undefined"
        arguments.append(f"USER_HEADER={folder / f'{name}_user.hpp'}")
    return [*arguments, f"STANCFLAGS={stanc_flags}", str(folder / name)]


def _make(folder: Path, code: str, header: str | None, name: str, cmdstan: Path) -> None:
    """Compile the program in `folder`, an empty one, or raise ToolchainError."""
    (folder / f"{name}.stan").write_text(code, encoding="utf-8")
    if header is not None:
        (folder / f"{name}_user.hpp").write_text(header, encoding="utf-8")
    command = [make_program(), *_make_arguments(folder, header, name)]
    with precompiled_header(folder, cmdstan) as cxxflags:
        status, output = run_tool(command, cwd=cmdstan, env=make_environment(cxxflags))
    executable = folder / name
    if status == 0 and executable.is_file():
        return
    output = output.replace(f"{folder}/", "")
    log = cache_dir() / "logs" / f"{name}-{folder.name.strip('.')}.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"{' '.join(command)}\n{output}\n{code}", encoding="utf-8")
        where = f"\nThe full log: {log}"
    except OSError:
        where = ""
    raise ToolchainError(
        f"The Stan program '{name}' does not compile:\n{readable_errors(output)}{where}"
    )


@contextlib.contextmanager
def precompiled_header(folder: Path, cmdstan: Path) -> Iterator[str]:
    """The option by which g++ takes CmdStan's precompiled model header, whatever its name.

    g++ uses a precompiled header only if nothing comes before it, and make includes a user header
    first. The file is called ``model_header.hpp.gch``, or has threads or the compiler's version in
    its name, or stands in a folder of that name. Of a folder beside the header that it is told to
    include g++ takes the first file that it has made itself, with the same options, or none.

    Parameters
    ----------
    folder : Path
        An empty one, in which such a header and folder exist for a while.
    cmdstan : Path
        Folder of CmdStan.

    Yields
    ------
    str
        Flags for CXXFLAGS; empty where nothing is precompiled, and with clang, which make tells.
    """
    headers = (cmdstan / "stan/src/stan/model").rglob("model_header*.hpp.gch")
    made = sorted(path for path in headers if path.is_file())
    if not made or "clang" in compiler():
        yield ""
        return
    with tempfile.TemporaryDirectory(dir=folder) as beside:
        header = Path(beside) / "model_header.hpp"
        header.write_text("#include <stan/model/model_header.hpp>\n", encoding="ascii")
        choices = header.with_name("model_header.hpp.gch")
        choices.mkdir()
        for path in made:
            (choices / path.name).symlink_to(path)
        yield f"-include {header}"


_CAUSE = re.compile(r"\berror: |\bld(\.\w+)?: |undefined reference to")
# Lines of the linker that name no cause: its warnings, the place of what follows, its last word.
_NO_CAUSE = re.compile(r": warning: |: in function |\bld returned \d|linker command failed")

_SECTION = re.compile(r"\(\.[^)]*\):")


def readable_errors(output: str) -> str:
    """The lines of make's output that say what is wrong.

    The first error of stanc with its excerpt of the program; or else the first errors of the C++
    compiler and the linker; or else the last lines.
    """
    if "No space left on device" in output:
        return "the disk is full: free some space, or set GR4JSTAN_CACHE to a folder elsewhere."
    if "Killed signal terminated program" in output:
        return "the compiler was killed, most likely for lack of memory (it needs about 1.5 GB)."
    lines = output.splitlines()
    for i, line in enumerate(lines):
        if re.match(r"(Syntax|Semantic|Lexing|Parsing|Type) error|Error\b", line):
            rest = "\n".join(lines[i:])
            return re.split(r"\nmake\b.*?: \*\*\*", rest)[0].strip()
    # the linker names a section at length, over and over, before it names what it does not find
    errors = dict.fromkeys(
        _SECTION.sub("", line)
        for line in lines
        if _CAUSE.search(line) and not _NO_CAUSE.search(line)
    )
    chosen = list(errors)[:8] if errors else lines[-15:]
    return "\n".join(line[:1000] for line in chosen)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_marker(entry: Path, name: str) -> None:
    """Note the executable's hash in ``ok``, which makes `entry` valid."""
    with output_file(entry / "ok", force=True) as work:
        work.write_text(_sha256(entry / name), encoding="ascii")


def _is_intact(entry: Path, name: str) -> bool:
    """Whether `entry` was completed and its executable is still the one that was made."""
    try:
        noted = (entry / "ok").read_text(encoding="ascii")
        return noted == _sha256(entry / name)
    except (OSError, UnicodeDecodeError):
        return False


@contextlib.contextmanager
def _writing_to(folder: Path) -> Iterator[None]:
    """Turn a failure to write below `folder` into advice."""
    try:
        yield
    except (OSError, InputError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ToolchainError(
            f"The cache folder {folder} cannot be used ({reason}); "
            "set GR4JSTAN_CACHE to a folder that can be written to and has space."
        ) from error
