"""What the doctor finds, and advises."""

import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gr4jstan.cli import doctor
from gr4jstan.cli.doctor import Check
from gr4jstan.cmdstan import install, wheel
from test_toolchain import fake_cmdstan


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No CmdStan, no network, an empty cache."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GR4JSTAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CMDSTAN", raising=False)
    monkeypatch.setattr(install, "github_reachable", lambda: False)
    monkeypatch.setattr(wheel, "index_reachable", lambda: False)
    return tmp_path


def test_working_installation_compiles_and_runs_a_program() -> None:
    checks = doctor.examine()
    assert doctor.all_ok(checks), doctor.format_report(checks)
    assert by_name(checks)["compiling"].ok
    assert "network" not in by_name(checks)
    assert not any(check.advice for check in checks)


def test_missing_cmdstan_is_answered_by_the_command_that_installs_it(nothing: Path) -> None:
    checks = by_name(doctor.examine())
    assert not checks["CmdStan"].ok
    assert "gr4jstan install-cmdstan" in checks["CmdStan"].advice
    assert "because of: CmdStan" in checks["compiling"].detail
    assert not checks["network"].ok


@pytest.mark.parametrize(("github", "index", "ok"), [(True, False, True), (False, True, True)])
def test_one_source_of_cmdstan_is_enough(
    nothing: Path, monkeypatch: pytest.MonkeyPatch, github: bool, index: bool, ok: bool
) -> None:
    monkeypatch.setattr(install, "github_reachable", lambda: github)
    monkeypatch.setattr(wheel, "index_reachable", lambda: index)
    assert by_name(doctor.examine(compile=False))["network"].ok is ok


def test_missing_compiler_names_the_package(nothing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(nothing))
    checks = by_name(doctor.examine())
    assert "apt-get install g++" in checks["g++"].advice
    assert "apt-get install make" in checks["make"].advice


# the packages that gr4jstan cannot do without, by its metadata
NEEDED = [
    re.split(r"[^\w.-]", line)[0]
    for line in importlib.metadata.requires("gr4jstan") or []
    if "extra ==" not in line
]


def without(package: str, folder: Path) -> list[str]:
    """A search path for modules on which all installed packages are but one."""
    gone = importlib.metadata.distribution(package)
    files = [str(path) for path in gone.files or []]
    removed = {file.partition("/")[0] for file in files if not file.startswith("..")}
    for entry in gone.locate_file("").iterdir():
        if entry.name not in removed and entry.suffix != ".pth":
            (folder / entry.name).symlink_to(entry)
    standard = [path for path in sys.path if path and "site-packages" not in path]
    return [*standard, str(Path(doctor.__file__).parents[1]), str(folder)]


def run_without(package: str, folder: Path, words: list[str]) -> subprocess.CompletedProcess[str]:
    """Our command where a package is missing."""
    code = (
        "import sys; sys.path[:] = sys.argv[1:];"
        f"from gr4jstan.cli.main import main; sys.exit(main({words!r}))"
    )
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, *without(package, folder)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("package", NEEDED)
def test_whatever_package_is_missing_the_doctor_names_it(package: str, tmp_path: Path) -> None:
    run = run_without(package, tmp_path, ["doctor"])
    assert run.returncode == 1, run.stderr
    assert run.stderr == ""
    (problem, *_) = [line for line in run.stdout.splitlines() if line.startswith("PROBLEM")]
    assert problem.split()[1] == "packages"
    assert re.search(rf"\b{package}\b", problem)
    assert "pip install gr4jstan" in run.stdout


def test_a_command_that_lacks_a_package_says_so_in_a_line(tmp_path: Path) -> None:
    run = run_without("jinja2", tmp_path, ["report", "nowhere"])
    assert run.returncode == 1
    assert run.stderr == (
        "gr4jstan: the package jinja2 is not installed; `gr4jstan doctor` says more.\n"
    )


def test_package_that_is_too_old_is_named(nothing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.metadata.version

    def version(name: str) -> str:
        return "0.1" if name == "arviz" else found(name)

    monkeypatch.setattr(doctor.importlib.metadata, "version", version)
    packages = by_name(doctor.examine())["packages"]
    assert packages.detail == "arviz is 0.1, not >=0.20"
    assert "pip install gr4jstan" in packages.advice


def test_tool_that_does_not_run_is_a_problem(
    nothing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = nothing / "make"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("MAKE", str(broken))
    make = by_name(doctor.examine(compile=False))["make"]
    assert make.detail.startswith(f"{broken} does not run")
    assert "apt-get install make" in make.advice


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ("#!/bin/sh\\necho no libtbb >&2; exit 1\\n", "does not run: no libtbb"),
        ("#!/bin/sh\\nexit 7\\n", "does not run: 7"),
        ("no program", "Exec format error"),
    ],
)
def test_compiled_program_that_does_not_run_is_a_problem(
    nothing: Path, monkeypatch: pytest.MonkeyPatch, made: str, says: str
) -> None:
    cmdstan = fake_cmdstan(nothing / "cmdstan")
    with (cmdstan / "makefile").open("a") as makefile:
        makefile.write(f"%: %.stan\n\tprintf '{made}' > $@; chmod +x $@\n")
    monkeypatch.setenv("CMDSTAN", str(cmdstan))
    compiling = by_name(doctor.examine())["compiling"]
    assert not compiling.ok
    assert says in compiling.detail
    assert "install" in compiling.advice


def test_wrong_environment_variable_is_named(
    nothing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMDSTAN", str(nothing / "gone"))
    assert "CMDSTAN is set to" in by_name(doctor.examine())["CmdStan"].detail


def test_unusable_cache_and_full_disk_name_the_variable(
    nothing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_LEAST_SPACE", 1e18)
    assert not by_name(doctor.examine())["cache"].ok
    (nothing / "file").touch()
    monkeypatch.setenv("GR4JSTAN_CACHE", str(nothing / "file" / "cache"))
    assert "GR4JSTAN_CACHE" in by_name(doctor.examine())["cache"].advice


def test_report_has_advice_below_what_it_belongs_to_and_json_has_all() -> None:
    checks = [Check("make", True, "GNU Make 4"), Check("g++", False, "absent", "install g++")]
    lines = doctor.format_report(checks).splitlines()
    assert lines[0].split() == ["ok", "make", "GNU", "Make", "4"]
    assert lines[1].split() == ["PROBLEM", "g++", "absent"]
    assert lines[2].strip() == "-> install g++"
    found = json.loads(doctor.to_json(checks))
    assert found["ok"] is False
    assert found["checks"][1] == {
        "name": "g++",
        "ok": False,
        "detail": "absent",
        "advice": "install g++",
    }
