"""Writing results: whole or not at all."""

import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gr4jstan.errors import InputError

# Work in progress: one that is still being made, and one that is locked by the process it is of.
_NEW = ".gr4jstan-new-"
_WORK = ".gr4jstan-work-"


@contextmanager
def output_folder(target: str | Path, *, force: bool = False) -> Iterator[Path]:
    """Give a temporary folder whose files move to the target when all went well.

    It is made beside the target at once, so that a folder that cannot be written is refused
    before the work begins. What a killed process left there is cleared away.

    Parameters
    ----------
    target : path
        Folder to be written. An existing one is kept; with ``force``, files in it that have the
        name of a new one are replaced.
    force : bool
        Allow a target that is not empty.

    Raises
    ------
    InputError
        If the target is a file, is not empty (without ``force``) or cannot be written.
    """
    final = _absolute(target)
    if final.exists() and not final.is_dir():
        raise InputError(f"{target} is a file; name a folder.")
    beside = final if final.is_dir() else final.parent
    _clear_leftovers(beside)
    if final.is_dir() and any(final.iterdir()) and not force:
        raise InputError(f"{target} exists and is not empty; choose another folder or use --force.")
    with (
        _made_folder(beside, target),
        _work(target, lambda: tempfile.mkdtemp(prefix=_NEW, dir=beside)) as work,
    ):
        yield work
        if not final.exists():
            work.chmod(0o777 & ~_umask())
            work.rename(final)
        for source in sorted(path for path in work.rglob("*") if path.is_file()):
            place = final / source.relative_to(work)
            place.parent.mkdir(parents=True, exist_ok=True)
            source.replace(place)


@contextmanager
def output_file(target: str | Path, *, force: bool = False) -> Iterator[Path]:
    """Give a temporary file that takes the target's place when all went well.

    Raises
    ------
    InputError
        If the target exists (without ``force``), is a folder, or cannot be written.
    """
    final = _absolute(target)
    if final.is_dir():
        raise InputError(f"{target} is a folder; name a file.")
    if final.exists() and not force:
        raise InputError(f"{target} exists; choose another name or use --force.")
    _clear_leftovers(final.parent)

    def make() -> str:
        handle, name = tempfile.mkstemp(prefix=_NEW, suffix=final.suffix, dir=final.parent)
        os.close(handle)
        return name

    with _made_folder(final.parent, target), _work(target, make) as work:
        yield work
        work.chmod(0o666 & ~_umask())
        work.replace(final)


@contextmanager
def _work(target: str | Path, make: Callable[[], str]) -> Iterator[Path]:
    """A file or folder to work in, locked as long as the process lives and removed at the end."""
    try:
        new = Path(make())
        handle = os.open(new, os.O_RDONLY)
    except OSError as error:
        raise InputError(f"{target} cannot be written: {error.strerror}.") from error
    try:
        # some network file systems have no locks; there, leftovers stay
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # under the name by which others look for leftovers only now that it is locked
        work = new.rename(new.with_name(new.name.replace(_NEW, _WORK)))
        try:
            yield work
        finally:
            _remove(work)
    finally:
        os.close(handle)


def _clear_leftovers(folder: Path) -> None:
    """Remove the work of processes that were killed: nobody holds its lock."""
    with suppress(OSError):
        for path in folder.glob(f"{_WORK}*"):
            with suppress(OSError):
                handle = os.open(path, os.O_RDONLY)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    _remove(path)
                finally:
                    os.close(handle)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _made_folder(folder: Path, target: str | Path) -> Iterator[None]:
    """Make a folder and its parents, and take away again what nothing was written into."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{target} cannot be written: {error.strerror}.") from error
    try:
        yield
    finally:
        with suppress(OSError):
            for path in made:
                path.rmdir()


def write_json(path: Path, content: Any) -> None:
    """Write JSON for people and machines; NaN and infinity are errors."""
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


@contextmanager
def hdf5_errors(path: Path) -> Iterator[None]:
    """Raise as an OSError what HDF5 says in many words when a disk is full, say."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        number = re.search(r"errno = (\d+)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error


def _absolute(target: str | Path) -> Path:
    try:
        return Path(target).expanduser().absolute()
    except RuntimeError as error:
        raise InputError(f"{target} cannot be written: {error}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
