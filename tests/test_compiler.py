"""Compiling Stan programs, and the cache of what was compiled."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gr4jstan.cmdstan import compiler
from gr4jstan.cmdstan.toolchain import require_cmdstan
from gr4jstan.errors import InputError, ToolchainError

PROGRAM = "parameters { real x; } model { x ~ normal(0, 1); }\n"
DECLARED = "functions { real f(real x); }\nparameters { real x; } model { target += f(x); }\n"
HEADER = """#include <stan/model/model_header.hpp>
namespace own_model_namespace {
inline double f(const double& x, std::ostream*) { return -0.5 * x * x; }
inline stan::math::var f(const stan::math::var& x, std::ostream*) { return -0.5 * x * x; }
}
"""
COMPILE_AND_REPORT = """
import json, sys
from gr4jstan.cmdstan.compiler import compile_program
result = compile_program(sys.argv[1], name="one", progress=True)
print(json.dumps([str(result.path), result.cached]))
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("GR4JSTAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def fake_cmdstan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CmdStan whose makefile copies a shell script instead of compiling, and counts."""
    folder = tmp_path_factory.mktemp("cmdstan")
    (folder / "bin").mkdir()
    (folder / "src" / "cmdstan").mkdir(parents=True)
    (folder / "bin" / "stanc").touch(mode=0o755)
    (folder / "src" / "cmdstan" / "main.o").touch()
    (folder / "makefile").write_text(
        "CMDSTAN_VERSION := 2.27.0\n"
        "%: %.stan\n\techo call >> calls; echo working; sleep $${SLOW:-0}\n"
        "\tgrep -v error: $< && cp $< $@ && chmod +x $@\n"
    )
    return folder


@pytest.fixture
def quick(cache: Path, fake_cmdstan: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The fake CmdStan in use; `calls` in it has a line per compilation."""
    monkeypatch.setenv("CMDSTAN", str(fake_cmdstan))
    (fake_cmdstan / "calls").write_text("")
    return fake_cmdstan


def calls(cmdstan: Path) -> int:
    return len((cmdstan / "calls").read_text().split())


def gradient_check(executable: Path) -> str:
    """What CmdStan's own comparison with finite differences prints for a compiled model."""
    return subprocess.run(
        [executable, "diagnose"], cwd=executable.parent, capture_output=True, text=True, check=True
    ).stdout


def test_program_with_a_header_is_compiled_once_and_runs(cache: Path) -> None:
    first = compiler.compile_program(DECLARED, HEADER, name="own", progress=False)
    again = compiler.compile_program(DECLARED, HEADER, name="own", progress=False)
    assert not first.cached
    assert first.seconds > 0
    assert again == compiler.Executable(first.path, first.stan_file, 0.0, True)
    assert "TEST GRADIENT MODE" in gradient_check(first.path)
    assert first.stan_file.read_text() == DECLARED
    assert first.path.with_suffix(".o").is_file()
    leftovers = [p.name for p in (cache / "programs").iterdir() if p.name != f"{p.stem}.lock"]
    assert leftovers == [first.path.parent.name]


def test_undefined_function_is_a_loud_failure_with_a_log(cache: Path) -> None:
    # by the linker, or since Stan 2.33 by the compiler
    says = r"undefined reference to .*f|error: .*\bf\b"
    with pytest.raises(ToolchainError, match=says) as caught:
        compiler.compile_program(
            DECLARED, "#include <stan/model/model_header.hpp>\n", name="own", progress=False
        )
    log = Path(str(caught.value).rpartition("The full log: ")[2])
    assert "g++" in log.read_text()
    assert log.is_relative_to(cache)
    assert not [p for p in (cache / "programs").iterdir() if p.is_dir()]


def test_error_in_the_stan_program_shows_line_and_reason(cache: Path) -> None:
    with pytest.raises(ToolchainError) as caught:
        compiler.compile_program("parameters { real x }\n", name="typo", progress=False)
    message = str(caught.value)
    assert "Syntax error in 'typo.stan', line 1" in message
    assert "parameters { real x }" in message
    assert "make" not in message.partition("\nThe full log")[0]


def test_space_in_the_cache_path_is_no_obstacle(
    tmp_path: Path, quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GR4JSTAN_CACHE", str(tmp_path / "my cache"))
    result = compiler.compile_program("#!/bin/sh\n", progress=False)
    assert result.path.is_relative_to(tmp_path / "my cache")
    assert os.access(result.path, os.X_OK)
    assert compiler.compile_program("#!/bin/sh\n", progress=False).cached


@pytest.mark.parametrize("damage", ["truncate", "replace", "no marker", "no executable"])
def test_damaged_entry_is_compiled_anew(quick: Path, damage: str) -> None:
    program = f"#!/bin/sh\n# {damage}\n"
    path = compiler.compile_program(program, progress=False).path
    match damage:
        case "truncate":
            os.truncate(path, 5)
        case "replace":
            path.write_text("#!/bin/sh\nexit 1\n")
        case "no marker":
            (path.parent / "ok").unlink()
        case _:
            path.unlink()
    again = compiler.compile_program(program, progress=False)
    assert not again.cached
    assert again.path.read_text() == program
    assert calls(quick) == 2


def test_every_input_makes_another_entry(quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [
        compiler.compile_program("#a\n", progress=False).path,
        compiler.compile_program("#b\n", progress=False).path,
        compiler.compile_program("#a\n", "", progress=False).path,
        compiler.compile_program("#a\n", "//\n", progress=False).path,
        compiler.compile_program("#a\n", name="other", progress=False).path,
    ]
    (quick / "make").mkdir()
    (quick / "make" / "local").write_text("O = 2\n")
    paths.append(compiler.compile_program("#a\n", progress=False).path)
    makefile = quick / "makefile"
    makefile.write_text(makefile.read_text().replace("2.27.0", "2.28.0"))
    paths.append(compiler.compile_program("#a\n", progress=False).path)
    monkeypatch.setenv("CXX", "g++ -DX")
    paths.append(compiler.compile_program("#a\n", progress=False).path)
    assert len({path.parent for path in paths}) == len(paths) == calls(quick)


def test_two_processes_compile_a_program_once(
    quick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOW", "4")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", COMPILE_AND_REPORT, "#two processes\n"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = [process.communicate() for process in processes]
    results = [json.loads(out) for out, _ in outputs]
    assert results[0][0] == results[1][0]
    assert sorted(cached for _, cached in results) == [False, True]
    assert calls(quick) == 1
    assert "waiting for another process" in "".join(err for _, err in outputs)


def test_threads_compile_several_programs_at_once(quick: Path) -> None:
    before = dict(os.environ)
    with ThreadPoolExecutor(4) as pool:
        codes = [f"#{i % 3}\n" for i in range(6)]
        results = list(pool.map(lambda code: compiler.compile_program(code, progress=False), codes))
    assert calls(quick) == 3
    assert [result.path.read_text() for result in results] == codes
    assert dict(os.environ) == before


def test_ctrl_c_leaves_neither_folder_nor_entry(
    quick: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOW", "60")
    process = subprocess.Popen(
        [sys.executable, "-c", COMPILE_AND_REPORT, "#ctrl-c\n"], stderr=subprocess.DEVNULL
    )
    while not calls(quick):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) != 0
    assert not [path for path in (cache / "programs").iterdir() if path.is_dir()]


def test_killed_compilation_is_cleared_away_by_the_next(
    quick: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOW", "2")
    process = subprocess.Popen(
        [sys.executable, "-c", COMPILE_AND_REPORT, "#killed\n"], stderr=subprocess.DEVNULL
    )
    while not calls(quick):
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert [path for path in (cache / "programs").iterdir() if path.is_dir()]
    monkeypatch.setenv("SLOW", "0")
    result = compiler.compile_program("#killed\n", name="one", progress=False)
    folders = [path for path in (cache / "programs").iterdir() if path.is_dir()]
    assert folders == [result.path.parent]


def test_unusable_cache_names_the_variable(
    quick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GR4JSTAN_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(ToolchainError, match="set GR4JSTAN_CACHE"):
        compiler.compile_program("#\n", progress=False)


def test_missing_make_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMDSTAN", str(require_cmdstan()))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolchainError, match=r"make and g\+\+ not found"):
        compiler.compile_program(PROGRAM, progress=False)


def test_name_must_be_an_identifier(cache: Path) -> None:
    with pytest.raises(InputError, match="only letters"):
        compiler.compile_program(PROGRAM, name="../x")


def test_errors_of_the_system_are_explained() -> None:
    assert "disk is full" in compiler.readable_errors("as: No space left on device\nmake: *** x\n")
    killed = "g++: fatal error: Killed signal terminated program cc1plus\n"
    assert "lack of memory" in compiler.readable_errors(killed)
    assert compiler.readable_errors("a\nx.hpp:1:2: error: b\nc\n") == "x.hpp:1:2: error: b"


def test_the_cause_is_not_hidden_by_a_summary() -> None:
    """What make prints where the linker lacks an object file."""
    output = (
        "g++ -o scratch/gr4j gr4j.o log_density.o\n"
        "/usr/bin/ld: cannot find /cache/gr4j.o: No such file or directory\n"
        "collect2: error: ld returned 1 exit status\n"
    )
    assert compiler.readable_errors(output) == output.splitlines()[1]
    undefined = (
        "/usr/bin/ld: gr4j.o: in function `main':\n"
        "gr4j.cpp:(.text+0x9): undefined reference to `f(double)'\n"
        "/usr/bin/ld: warning: gr4j.o: missing .note.GNU-stack section\n"
        "collect2: error: ld returned 1 exit status\n"
    )
    assert compiler.readable_errors(undefined) == "gr4j.cpp: undefined reference to `f(double)'"
    assert "No rule" in compiler.readable_errors("make: *** No rule to make target 'x'.  Stop.\n")
