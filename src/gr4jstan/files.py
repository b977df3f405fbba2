"""Writing results: whole or not at all."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gr4jstan.errors import InputError


@contextmanager
def output_folder(target: str | Path, *, force: bool = False) -> Iterator[Path]:
    """Give a temporary folder whose files move to the target when all went well.

    It is made beside the target at once, so that a folder that cannot be written is refused
    before the work begins.

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
    if final.is_dir() and any(final.iterdir()) and not force:
        raise InputError(f"{target} exists and is not empty; choose another folder or use --force.")
    beside = final if final.is_dir() else final.parent
    with _made_folder(beside, target):
        try:
            work = Path(tempfile.mkdtemp(prefix=".gr4jstan-", dir=beside))
        except OSError as error:
            raise InputError(f"{target} cannot be written: {error.strerror}.") from error
        try:
            yield work
            final.mkdir(exist_ok=True)
            for source in sorted(path for path in work.rglob("*") if path.is_file()):
                place = final / source.relative_to(work)
                place.parent.mkdir(parents=True, exist_ok=True)
                source.replace(place)
        finally:
            shutil.rmtree(work, ignore_errors=True)


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
    with _made_folder(final.parent, target):
        try:
            handle, name = tempfile.mkstemp(
                prefix=".gr4jstan-", suffix=final.suffix, dir=final.parent
            )
        except OSError as error:
            raise InputError(f"{target} cannot be written: {error.strerror}.") from error
        os.close(handle)
        work = Path(name)
        try:
            yield work
            work.chmod(0o666 & ~_umask())
            work.replace(final)
        finally:
            work.unlink(missing_ok=True)


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


def _absolute(target: str | Path) -> Path:
    try:
        return Path(target).expanduser().absolute()
    except RuntimeError as error:
        raise InputError(f"{target} cannot be written: {error}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
