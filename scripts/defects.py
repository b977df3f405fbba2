"""Put defects into a copy of the sources, one at a time, and see which tests fail.

The defects are in scripts/studies/defects.py. The chosen tests first have to pass without any.
Writes a table; the exit code is 1 if a defect goes unnoticed.

    python scripts/defects.py                   all, some ten minutes on two cores
    python scripts/defects.py --only cache      those with this word, shown and not written
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from studies.defects import DEFECTS, Defect

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "trust" / "defects.md"
HEAD = """# Defects put in, and the tests that noticed

`python scripts/defects.py` copies the sources, checks that the tests below pass, changes one text
in one file at a time, runs the tests that should notice, and writes this page.

Some tests put in defects of their own: a prior without its Jacobian, a variance for a standard
deviation and data that are ignored, against simulation-based calibration
(`test_sbc: a_wrong_program_is_noticed`); a posterior that is moved or too wide, against the
reference posteriors (`test_reference_posteriors: a_posterior_that_is_off_would_be_noticed`).
"""
WHERE = (
    "import gr4jstan, gr4jstan.model.programs as p; print(gr4jstan.__file__); "
    "print(p.stan_folder())"
)


def main() -> int:
    """Try all defects, or some, and write or show the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", metavar="WORD")
    word = parser.parse_args().only
    chosen = {
        title: [defect for defect in defects if word in f"{title} {defect.what} {defect.file}"]
        for title, defects in DEFECTS.items()
    }
    chosen = {title: found for title, found in chosen.items() if found}
    with tempfile.TemporaryDirectory(prefix="gr4jstan-defects-") as folder:
        copy = copy_sources(Path(folder) / "copy")
        tests = {t for found in chosen.values() for defect in found for t in defect.tests.split()}
        if failing := failing_tests(copy, tests):
            sys.exit(f"These tests fail without any defect: {', '.join(failing)}")
        noticed = {
            defect: try_defect(copy, defect) for found in chosen.values() for defect in found
        }
    page = "\n".join([HEAD, *(table(title, found, noticed) for title, found in chosen.items())])
    if word:
        print(page)
    else:
        PAGE.write_text(page, encoding="utf-8")
    return 0 if all(noticed.values()) else 1


def copy_sources(copy: Path) -> Path:
    """A copy of all that the tests need, which they are sure to take in place of the original."""
    for name in ("src", "stan", "tests", "scripts", "docs"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, copy)
    found = subprocess.run(
        [sys.executable, "-c", WHERE], env=environment(copy), cwd=copy, text=True, **CAUGHT
    )
    if not all(Path(line).is_relative_to(copy) for line in found.stdout.splitlines()):
        sys.exit(f"The copy is not what Python imports: {found.stdout}")
    return copy


CAUGHT = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "check": False}


def environment(copy: Path) -> dict[str, str]:
    # bytecode of a file that changes twice in a second would be stale
    return os.environ | {"PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"}


def try_defect(copy: Path, defect: Defect) -> list[str]:
    """The tests that fail with a defect put in."""
    file = copy / defect.file
    text = file.read_text(encoding="utf-8")
    if text.count(defect.old) != 1:
        sys.exit(f"{defect.file}: {defect.old!r} stands {text.count(defect.old)} times, not once")
    file.write_text(text.replace(defect.old, defect.new), encoding="utf-8")
    failing = failing_tests(copy, defect.tests.split())
    file.write_text(text, encoding="utf-8")
    print(f"{defect.what}: {', '.join(failing) or 'NOT NOTICED'}", file=sys.stderr, flush=True)
    return failing


def failing_tests(copy: Path, tests: set[str] | list[str]) -> list[str]:
    """Names of the test functions that fail, as ``test_file: name``."""
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *sorted(f"tests/{test}" for test in tests)],
        env=environment(copy),
        cwd=copy,
        text=True,
        **CAUGHT,
    )
    if done.returncode not in (0, 1):
        sys.exit(f"pytest could not run {', '.join(tests)}:\n{done.stdout}")
    failed = re.findall(r"^(?:FAILED|ERROR) tests/(\w+)\.py::test_(\w+)", done.stdout, re.MULTILINE)
    return [f"{file}: {name}" for file, name in dict.fromkeys(failed)]


def table(title: str, defects: list[Defect], noticed: dict[Defect, list[str]]) -> str:
    """A section of the page."""
    rows = [
        f"| {defect.what} (`{defect.file.removeprefix('src/gr4jstan/')}`) | "
        + (", ".join(f"`{test}`" for test in noticed[defect]) or "**none**")
        + " |"
        for defect in defects
    ]
    return "\n".join([f"## {title}", "", "| defect | test that fails |", "|---|---|", *rows, ""])


if __name__ == "__main__":
    sys.exit(main())
