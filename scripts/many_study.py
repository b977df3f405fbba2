"""Many catchments: what a kill loses, what a second core gains, what one costs, what memory takes.

Catchments are made from `example` by shifting periods and parameters. The folder then holds the
tables (CSV), and all of them in many.md.

    python scripts/many_study.py -o output/many               some 15 minutes on two idle cores
    python scripts/many_study.py -o output/many resume        one of resume, speed, long, memory
"""

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from gr4jstan.many.worker import Job, calibrate
from studies.many import (
    Cluster,
    complete,
    fit_many_command,
    make_catchments,
    resident_megabytes,
    wait_until,
)

FIVE_YEARS, TWENTY_YEARS = 1826, 7305
PAPER_CATCHMENTS = 671


def main() -> None:
    """Run the studies that were asked for."""
    studies = {"resume": resume, "speed": speed, "long": long_record, "memory": memory}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", default="output/many", metavar="DIR")
    parser.add_argument("study", nargs="*", help=f"among {', '.join(studies)} (default: all)")
    options = parser.parse_args()
    if unknown := set(options.study) - set(studies):
        parser.error(f"there is no study {unknown.pop()}")
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    for name in options.study or studies:
        with tempfile.TemporaryDirectory() as work:
            table = studies[name](Path(work))
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.4g")
        print(f"{name}\n{table.to_string(index=False)}\n", flush=True)
    found = {
        name: pd.read_csv(path) for name in studies if (path := folder / f"{name}.csv").exists()
    }
    if {"speed", "long"} <= set(found):
        found["paper"] = on_paper(found["speed"], found["long"])
        found["paper"].to_csv(folder / "paper.csv", index=False, float_format="%.3g")
    (folder / "many.md").write_text(
        "\n".join(f"### {name}\n\n{as_markdown(table)}\n" for name, table in found.items()),
        encoding="utf-8",
    )


def resume(work: Path) -> pd.DataFrame:
    """50 catchments on two workers: a worker is killed, then the client; then the same command."""
    manifest, out = make_catchments(work / "data", 50, FIVE_YEARS), work / "out"
    cluster = Cluster(work, workers=2)
    command = fit_many_command(manifest, out, "--scheduler", cluster.address)
    begin, rows = time.monotonic(), []

    def note(what: str, before: dict[str, int]) -> dict[str, int]:
        now = complete(out)
        touched = sum(now.get(name) != written for name, written in before.items())
        seconds = time.monotonic() - begin
        rows.append(
            {"after": what, "seconds": seconds, "complete": len(now), "lost or done twice": touched}
        )
        return now

    try:
        client = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: len(complete(out)) >= 10)
        victim = cluster.workers.pop()
        victim.kill()
        victim.wait()
        found = note("a worker was killed", {})
        wait_until(lambda: len(complete(out)) >= 15)
        cluster.workers.append(cluster.add_worker())
        found = note("another was added", found)
        wait_until(lambda: len(complete(out)) >= 25)
        os.kill(client.pid, signal.SIGKILL)
        client.wait()
        found = note("the client was killed", found)
        last = subprocess.run(command, capture_output=True, text=True)
        note(f"the same command again, exit code {last.returncode}", found)
    finally:
        cluster.close()
    print(last.stdout)
    if len(complete(out)) != 50 or any(row["lost or done twice"] for row in rows):
        sys.exit("many_study.py: catchments were lost, or done twice")
    return pd.DataFrame(rows)


def speed(work: Path) -> pd.DataFrame:
    """The command on one core and on two, with the cluster that it starts itself."""
    manifest = make_catchments(work / "data", 24, FIVE_YEARS)
    rows = []
    for cores in (1, 2):
        allowed = sorted(os.sched_getaffinity(0))[:cores]
        out = work / f"out{cores}"
        before, begin = _children(), time.monotonic()
        run = subprocess.run(
            [
                "taskset",
                "--cpu-list",
                ",".join(map(str, allowed)),
                *fit_many_command(manifest, out),
            ],
            capture_output=True,
            text=True,
        )
        wall, used = time.monotonic() - begin, _children() - before
        if run.returncode not in (0, 3):
            sys.exit(run.stderr)
        table = pd.read_csv(out / "catchments.csv")
        rows.append(
            {
                "cores": cores,
                "catchments": len(table),
                "converged": int(table["converged"].sum()),
                "seconds": wall,
                "catchments a minute": 60 * len(table) / wall,
                "core seconds a catchment": used / len(table),
                "of them in CmdStan": table["seconds_cmdstan"].mean(),
                "outside, in the worker": table["seconds_python"].mean(),
                "outside, all": used / len(table) - table["seconds_cmdstan"].mean(),
            }
        )
    return pd.DataFrame(rows)


def long_record(work: Path) -> pd.DataFrame:
    """Core time of one catchment of 20 years in a worker that has calibrated before."""
    manifest = make_catchments(work / "data", 3, TWENTY_YEARS)
    files = sorted(manifest.parent.glob("c*.csv"))
    calibrate(Job("first", files[0].name, files[0].read_bytes(), {"seed": 1}, False), 1)
    rows = []
    for delta in (0.8, 0.65):
        for path in files:
            job = Job(
                path.stem, path.name, path.read_bytes(), {"seed": 1, "adapt_delta": delta}, False
            )
            before = _children()
            record = calibrate(job, 1).record
            inside = _children() - before
            rows.append(
                {
                    "catchment": path.stem,
                    "adapt_delta": delta,
                    "converged": record["converged"],
                    "min ESS": min(record["min_ess_bulk"], record["min_ess_tail"]),
                    "core seconds": inside + record["seconds_python"],
                    "of them in CmdStan": inside,
                    "outside": record["seconds_python"],
                }
            )
    return pd.DataFrame(rows)


def memory(work: Path) -> pd.DataFrame:
    """Memory of scheduler and client while 1000 short catchments are calibrated."""
    manifest, out = make_catchments(work / "data", 1000, 60), work / "out"
    cluster = Cluster(work, workers=2)
    light = ["--chains", "1", "--iter-warmup", "20", "--iter-sampling", "20"]
    rows = []
    try:
        client = subprocess.Popen(
            fit_many_command(manifest, out, "--scheduler", cluster.address, *light),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        begin = time.monotonic()
        for goal in (10, 100, 250, 500, 750, 990):
            wait_until(lambda goal=goal: len(complete(out)) >= goal)
            rows.append(
                {
                    "catchments done": len(complete(out)),
                    "seconds": time.monotonic() - begin,
                    "scheduler MB": resident_megabytes(cluster.scheduler.pid),
                    "client MB": resident_megabytes(client.pid),
                    "worker MB": resident_megabytes(cluster.workers[0].pid),
                }
            )
        client.wait()
    finally:
        cluster.close()
    return pd.DataFrame(rows)


def on_paper(speeds: pd.DataFrame, longs: pd.DataFrame) -> pd.DataFrame:
    """Hours of 671 catchments of 20 years, at the efficiency that the second core had."""
    rates = speeds.set_index("cores")["catchments a minute"]
    efficiency = float(rates[2] / rates[1] / 2)
    rows = []
    for delta, seconds in longs.groupby("adapt_delta")["core seconds"].mean().items():
        for cores in (2, 16, 256):
            # the last catchment of each core is not a whole round for all
            rounds = -(-PAPER_CATCHMENTS // cores)
            hours = rounds * seconds / min(efficiency, 1) / 3600
            rows.append({"adapt_delta": delta, "cores": cores, "hours": hours})
    return pd.DataFrame(rows)


def _children() -> float:
    """Core time of the processes that have ended, and of theirs [s]."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def as_markdown(table: pd.DataFrame) -> str:
    """A table for the docs, numbers with three digits."""

    def text(value: object) -> str:
        return f"{value:.3g}" if isinstance(value, float) and abs(value) < 1000 else str(value)

    rows = [list(map(str, table.columns)), ["---:"] * len(table.columns)]
    rows += [[text(value) for value in row] for row in table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    main()
