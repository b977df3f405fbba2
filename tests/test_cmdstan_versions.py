"""CmdStan as other versions lay it out, made of the one that is there."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

import gr4jstan
from gr4jstan.cli import doctor
from gr4jstan.cmdstan import compiler
from gr4jstan.cmdstan.processes import make_environment, run_tool
from gr4jstan.cmdstan.toolchain import cmdstan_version, require_cmdstan
from seeds import shifted
from test_toolchain import fake_cmdstan

HEADERS = Path("stan/src/stan/model")
# names of the precompiled header: up to 2.32, with threads, and two from 2.33 on
PRECOMPILED = (
    "model_header.hpp.gch",
    "model_header_threads.hpp.gch",
    "model_header_12_2.hpp.gch",
    "model_header.hpp.gch/model_header_12_2.hpp.gch",
)


def linked(source: Path, target: Path, without: Iterable[Path]) -> Path:
    """A folder that holds links to all that `source` holds, but for some files below it."""
    target.mkdir(parents=True)
    for entry in source.iterdir():
        inside = {path.relative_to(entry.name) for path in without if path.parts[0] == entry.name}
        if entry.is_dir() and inside:
            linked(entry, target / entry.name, inside)
        elif not inside:
            (target / entry.name).symlink_to(entry)
    return target


def in_two_steps(rules: str) -> str:
    """make/program where a model's object file is a step of its own, so that make removes it."""
    lines = rules.splitlines()
    if any(line.startswith("%.o : %.hpp") for line in lines):
        return rules
    first = next(i for i, line in enumerate(lines) if line.startswith("%$(EXE) : %.hpp"))
    compile_ = next(i for i in range(first, len(lines)) if "-x c++ -o" in lines[i])
    remove = next(i for i in range(compile_, len(lines)) if "$(RM)" in lines[i])
    keep = ["ifeq ($(KEEP_OBJECT),true)", ".PRECIOUS: %.o", "endif"]
    link = [lines[first].replace("%.hpp", "%.o"), *lines[compile_ + 1 : remove]]
    step = ["%.o : %.hpp", lines[compile_]]
    return "\n".join([*lines[:first], *keep, *step, *link, *lines[remove + 1 :]]) + "\n"


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CmdStan with the rules of 2.34 and later, and their name of the precompiled header."""
    own = require_cmdstan()
    rules = Path("make/program")
    (precompiled,) = (
        path
        for path in (own / HEADERS).rglob("model_header*.hpp.gch")
        if path.is_file() and "threads" not in path.name
    )
    folder = tmp_path_factory.mktemp("newer") / own.name
    linked(own, folder, [rules, precompiled.relative_to(own)])
    (folder / rules).write_text(in_two_steps((own / rules).read_text()))
    (folder / HEADERS / "model_header_12_2.hpp.gch").symlink_to(precompiled)
    return folder


def test_the_copy_removes_object_files_unless_asked_not_to(newer: Path, tmp_path: Path) -> None:
    """As CmdStan does since 2.34; before, RM decided."""
    (tmp_path / "one.stan").write_text("parameters { real x; } model { x ~ normal(0, 1); }\n")
    for arguments, kept in ((["RM=true"], False), (["KEEP_OBJECT=true"], True)):
        (tmp_path / "one").unlink(missing_ok=True)
        status, output = run_tool(
            ["make", *arguments, str(tmp_path / "one")], cwd=newer, env=make_environment()
        )
        assert status == 0, output
        assert (tmp_path / "one.o").exists() is kept


def test_doctor_and_fit_work_with_the_rules_of_later_versions(
    newer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMDSTAN", str(newer))
    monkeypatch.setenv("GR4JSTAN_CACHE", str(tmp_path / "cache"))
    checks = doctor.examine()
    assert doctor.all_ok(checks), doctor.format_report(checks)
    # what the doctor has built is what a fit needs
    built = {path.name for path in (tmp_path / "cache" / "programs").iterdir()}
    fit = gr4jstan.fit(
        "example",
        end="2013-12-31",
        chains=2,
        iter_sampling=20,
        seed=shifted(1),
        show_progress=False,
    )
    assert {path.name for path in (tmp_path / "cache" / "programs").iterdir()} == built
    assert fit.run["versions"]["cmdstan"] == ".".join(map(str, cmdstan_version(newer)))


@pytest.mark.parametrize("name", PRECOMPILED)
def test_the_precompiled_header_is_used_whatever_its_name(name: str, tmp_path: Path) -> None:
    cmdstan = tmp_path / "cmdstan"
    made = cmdstan / HEADERS / name
    made.parent.mkdir(parents=True)
    (tmp_path / "header.hpp").write_text("inline int answer() { return 42; }\n")
    subprocess.run(["g++", "-o", str(made), str(tmp_path / "header.hpp")], check=True)
    (tmp_path / "main.cpp").write_text("int main() { return answer(); }\n")
    with compiler.precompiled_header(tmp_path, cmdstan) as flags:
        command = ["g++", *flags.split(), "-H", "-c", "-o", "/dev/null", str(tmp_path / "main.cpp")]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    # g++ marks a precompiled header that it takes by an exclamation mark
    assert run.stderr.startswith("! ")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("tmp")]


def test_a_precompiled_header_of_another_compiler_is_no_obstacle(tmp_path: Path) -> None:
    headers = tmp_path / HEADERS
    headers.mkdir(parents=True)
    (headers / "model_header_99_1.hpp.gch").write_text("made by another g++")
    (headers / "model_header.hpp").write_text("inline int answer() { return 42; }\n")
    (tmp_path / "main.cpp").write_text("int main() { return answer(); }\n")
    include = ["-I", str(tmp_path / "stan/src"), "-c", "-o", "/dev/null"]
    with compiler.precompiled_header(tmp_path, tmp_path) as flags:
        subprocess.run(["g++", *flags.split(), *include, str(tmp_path / "main.cpp")], check=True)


def test_two_versions_share_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes at once, each with a CmdStan of its own, get a program each."""
    code = (
        "import sys; from gr4jstan.cmdstan.compiler import compile_program;"
        "print(compile_program('same\\n', progress=False).path)"
    )
    monkeypatch.setenv("GR4JSTAN_CACHE", str(tmp_path / "cache"))
    processes = []
    for version in ("2.27.0", "2.36.0"):
        folder = fake_cmdstan(tmp_path / version, version)
        with (folder / "makefile").open("a") as makefile:
            makefile.write(f"%: %.stan\n\tsleep 1; echo {version} > $@\n")
        monkeypatch.setenv("CMDSTAN", str(folder))
        command = [sys.executable, "-c", code]
        processes.append((version, subprocess.Popen(command, stdout=subprocess.PIPE, text=True)))
    for version, process in processes:
        path = process.communicate()[0].strip()
        assert Path(path).read_text().strip() == version
