"""Results are written whole or not at all."""

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from gr4jstan.errors import InputError
from gr4jstan.files import output_file, output_folder, write_json

Writer = Callable[..., AbstractContextManager[Path]]


def write(writer: Writer, target: Path, text: str, *, force: bool = False) -> None:
    with writer(target, force=force) as work:
        (work / "sub").mkdir() if work.is_dir() else None
        (work / "sub" / "a.txt" if work.is_dir() else work).write_text(text)


def everything_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("deep", ["out", "new/deeper/out"])
def test_a_folder_and_a_file_arrive_with_nothing_beside_them(tmp_path: Path, deep: str) -> None:
    folder, file = tmp_path / "1" / deep, tmp_path / "2" / deep
    write(output_folder, folder, "hello")
    assert (folder / "sub" / "a.txt").read_text() == "hello"
    assert list(folder.parent.iterdir()) == [folder]
    write(output_file, file, "hello")
    assert file.read_text() == "hello"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("writer", [output_folder, output_file])
@pytest.mark.parametrize("error", [InputError, KeyboardInterrupt])
@pytest.mark.parametrize("deep", ["out", "new/deeper/out"])
def test_an_error_leaves_nothing_behind(
    tmp_path: Path, writer: Writer, error: type[BaseException], deep: str
) -> None:
    with pytest.raises(error), writer(tmp_path / deep) as work:
        (work / "a.txt" if work.is_dir() else work).write_text("half")
        raise error
    assert everything_in(tmp_path) == []


@pytest.mark.parametrize("writer", [output_folder, output_file])
def test_the_home_of_nobody_is_refused(writer: Writer) -> None:
    with pytest.raises(InputError, match="cannot be written"), writer("~no-such-user/out"):
        pass


def test_what_exists_is_kept_unless_forced(tmp_path: Path) -> None:
    for writer, target, text in (
        (output_folder, tmp_path / "folder", "folder/sub/a.txt"),
        (output_file, tmp_path / "file", "file"),
    ):
        write(writer, target, "first")
        with pytest.raises(InputError, match="--force"):
            write(writer, target, "second")
        assert (tmp_path / text).read_text() == "first"
        write(writer, target, "second", force=True)
        assert (tmp_path / text).read_text() == "second"


def test_force_keeps_the_users_other_files_and_an_empty_folder_needs_none(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    write(output_folder, tmp_path / "mine", "first")
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    write(output_folder, tmp_path / "mine", "second", force=True)
    assert (tmp_path / "mine" / "notes.txt").read_text() == "mine"


def test_an_error_under_force_leaves_the_old_files(tmp_path: Path) -> None:
    write(output_folder, tmp_path / "out", "first")
    before = everything_in(tmp_path)
    with (
        pytest.raises(RuntimeError),
        output_folder(tmp_path / "out", force=True) as work,
    ):
        (work / "b.txt").write_text("half")
        raise RuntimeError
    assert everything_in(tmp_path) == before


def test_files_can_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    umask = os.umask(0o022)
    try:
        write(output_file, tmp_path / "file", "x")
        write(output_folder, tmp_path / "folder", "x")
    finally:
        os.umask(umask)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o755


def test_places_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    for writer, target, words in (
        (output_folder, "file", "is a file"),
        (output_folder, "file/out", "cannot be written"),
        (output_folder, "/proc/nowhere/out", "cannot be written"),
        (output_file, "folder", "is a folder"),
        (output_file, "file/out.csv", "cannot be written"),
    ):
        with pytest.raises(InputError, match=f"{target}.*{words}"), writer(tmp_path / target):
            pytest.fail("got in")


def test_json_has_no_nan(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"station": "Ötztal", "value": None})
    assert json.loads((tmp_path / "a.json").read_text()) == {"station": "Ötztal", "value": None}
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "b.json", {"value": float("nan")})
    assert not (tmp_path / "b.json").exists()
