"""Finding CmdStan and the build tools."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gr4jstan.cmdstan import processes, toolchain
from gr4jstan.cmdstan.install import install_cmdstan
from gr4jstan.errors import ToolchainError


def fake_cmdstan(folder: Path, version: str = "2.27.0", *, built: bool = True) -> Path:
    """A folder with those files of a CmdStan that finding one looks at."""
    (folder / "bin").mkdir(parents=True)
    (folder / "src" / "cmdstan").mkdir(parents=True)
    (folder / "makefile").write_text(f"all:\n\nCMDSTAN_VERSION := {version}\n")
    (folder / "bin" / "stanc").touch(mode=0o755)
    if built:
        (folder / "src" / "cmdstan" / "main.o").touch()
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, and no CMDSTAN."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CMDSTAN", raising=False)
    return tmp_path


def test_environment_variable_comes_before_the_home_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_cmdstan(home / ".cmdstan" / "cmdstan-2.36.0", "2.36.0")
    chosen = fake_cmdstan(home / "elsewhere")
    monkeypatch.setenv("CMDSTAN", str(chosen))
    assert toolchain.find_cmdstan() == chosen


def test_newest_built_version_is_taken(home: Path) -> None:
    for version in ("2.9.0", "2.27.0", "2.10.1"):
        fake_cmdstan(home / ".cmdstan" / f"cmdstan-{version}", version)
    fake_cmdstan(home / ".cmdstan" / "cmdstan-2.40.0", "2.40.0", built=False)
    found = toolchain.require_cmdstan()
    assert found.name == "cmdstan-2.27.0"
    assert toolchain.cmdstan_version(found) == (2, 27, 0)


def test_absent_cmdstan_names_the_command_that_installs_it(home: Path) -> None:
    assert toolchain.find_cmdstan() is None
    with pytest.raises(ToolchainError, match="gr4jstan install-cmdstan"):
        toolchain.require_cmdstan()


def test_environment_variable_pointing_nowhere_is_an_error(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_cmdstan(home / ".cmdstan" / "cmdstan-2.27.0")
    monkeypatch.setenv("CMDSTAN", str(home / "gone"))
    with pytest.raises(ToolchainError, match=r"CMDSTAN is set to .*gone, which is not a folder"):
        toolchain.find_cmdstan()


def test_environment_variable_naming_another_folder_is_an_error(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMDSTAN", str(home))
    with pytest.raises(ToolchainError, match="not a CmdStan"):
        toolchain.find_cmdstan()


def test_unbuilt_cmdstan_is_an_error_that_says_make_build(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMDSTAN", str(fake_cmdstan(home / "sources", built=False)))
    with pytest.raises(ToolchainError, match="make build"):
        toolchain.find_cmdstan()


def test_a_makefile_without_a_version_is_no_cmdstans(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMDSTAN", str(fake_cmdstan(home / "other", "next")))
    with pytest.raises(ToolchainError, match="names no CMDSTAN_VERSION"):
        toolchain.find_cmdstan()


@pytest.mark.parametrize("name", ["with space", "do$$ar", "col:on", "quo'te"])
def test_path_that_make_cannot_handle_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("CMDSTAN", str(fake_cmdstan(home / name)))
    with pytest.raises(ToolchainError, match="make cannot handle"):
        toolchain.require_cmdstan()


def test_cache_folder_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GR4JSTAN_CACHE", str(tmp_path / "cache"))
    assert toolchain.cache_dir() == tmp_path / "cache"
    monkeypatch.delenv("GR4JSTAN_CACHE")
    assert toolchain.cache_dir() != tmp_path / "cache"


def test_works_without_home_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "CMDSTAN", "GR4JSTAN_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    toolchain.find_cmdstan()
    assert toolchain.cache_dir().is_absolute()


def test_without_a_home_folder_the_variable_to_set_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither HOME nor a home in the list of users."""
    monkeypatch.delenv("GR4JSTAN_CACHE", raising=False)
    monkeypatch.delenv("CMDSTAN", raising=False)
    monkeypatch.setattr(toolchain.platformdirs, "user_cache_dir", lambda name: f"~/.cache/{name}")
    monkeypatch.setattr(toolchain.os.path, "expanduser", str)
    with pytest.raises(ToolchainError, match="set GR4JSTAN_CACHE"):
        toolchain.cache_dir()
    assert toolchain.default_install_dir() is None
    with pytest.raises(ToolchainError, match="set CMDSTAN"):
        toolchain.require_cmdstan()
    with pytest.raises(ToolchainError, match="choose one by --dir"):
        install_cmdstan("index", progress=False)


def test_no_folder_that_make_can_handle_names_the_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / "with space"
    monkeypatch.setattr(processes.tempfile, "tempdir", str(odd))
    with (
        pytest.raises(ToolchainError, match="set TMPDIR or GR4JSTAN_CACHE"),
        processes.scratch_folder(odd, "x"),
    ):
        pass


def test_missing_tools_are_named_with_the_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolchainError, match=r"make and g\+\+ not found; .*apt-get install make"):
        toolchain.require_tools("make", "g++")


def test_compiler_flags_of_the_user_do_not_reach_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXXFLAGS", "-march=native")
    monkeypatch.setenv("MAKEFLAGS", "n")
    environment = processes.make_environment("-g")
    assert environment["CXXFLAGS"] == "-g"
    assert "MAKEFLAGS" not in environment
    assert os.environ["CXXFLAGS"] == "-march=native"


def test_interrupt_kills_the_tool_and_what_it_started(tmp_path: Path) -> None:
    pids: list[int] = []

    def interrupt(line: str) -> None:
        pids.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        processes.run_tool(
            ["sh", "-c", "sleep 60 & echo $!; wait"], cwd=tmp_path, on_line=interrupt
        )
    status = Path(f"/proc/{pids[0]}/stat")
    deadline = time.monotonic() + 5
    while status.exists() and status.read_text().split()[2] != "Z" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not status.exists() or status.read_text().split()[2] == "Z"


def test_import_is_light() -> None:
    code = (
        "import sys; from gr4jstan.cmdstan import compiler, install, toolchain;"
        "from gr4jstan.cli import doctor;"
        "print([m for m in ('cmdstanpy', 'pandas', 'numpy', 'tqdm') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
