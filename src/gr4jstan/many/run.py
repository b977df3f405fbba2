"""Many catchments: calibrated on a Dask cluster, resumed where a run stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from filelock import FileLock, Timeout

from gr4jstan.errors import InputError
from gr4jstan.files import output_folder, write_json
from gr4jstan.fitting.options import FitOptions
from gr4jstan.many.cluster import connect
from gr4jstan.many.manifest import Entry, read_manifest
from gr4jstan.many.table import write_table
from gr4jstan.many.worker import Job, Outcome, calibrate
from gr4jstan.model.definition import define_model
from gr4jstan.model.options import ModelOptions
from gr4jstan.options import picked, table_of, takes
from gr4jstan.progress import progress_bar
from gr4jstan.sampling.settings import SamplerOptions, settings_of

if TYPE_CHECKING:
    import pandas as pd
    from distributed import Client, Future

STATUS = "status.json"
_MARK = "gr4jstan-many.json"
_LOCK = ".gr4jstan-many.lock"

# Catchments handed to the cluster for each of its cores: one at work, one waiting.
_AHEAD = 2


@dataclass(frozen=True)
class Many:
    """The result of `fit_many`.

    Parameters
    ----------
    table : DataFrame
        One row a catchment, in the order of the manifest: see catchments.csv.
    folder : Path
        Where everything is.
    calibrated, kept, failed : int
        Catchments calibrated in this run, found complete, and failed.
    """

    table: pd.DataFrame
    folder: Path
    calibrated: int
    kept: int
    failed: int

    @property
    def converged(self) -> bool:
        """Whether every catchment was calibrated and converged."""
        return not self.failed and bool(self.table["converged"].fillna(False).all())


@takes(FitOptions)
def fit_many(
    manifest: str | Path,
    folder: str | Path,
    *,
    scheduler: str | None = None,
    full: bool = False,
    force: bool = False,
    show_progress: bool = True,
    announce: Callable[[str], None] | None = None,
    **options: Unpack[FitOptions],
) -> Many:
    """Calibrate many catchments.

    Parameters
    ----------
    manifest : str or path
        See `gr4jstan.many.manifest.read_manifest`.
    folder : str or path
        Gets a folder for each catchment, catchments.csv, catchments.parquet and overview.html. A
        run that stopped goes on in its folder: a catchment that is complete is not calibrated again
        unless its data, its options or the version of gr4jstan have changed.
    scheduler : str, optional
        Address of a Dask scheduler, such as ``tcp://host:8786``, whose workers have gr4jstan and
        CmdStan. By default a cluster of as many processes as this machine has cores.
    full : bool
        Write report.html, calibration.csv and validation.csv (bands of the flow) for each.
    force : bool
        Use a folder that holds something else, too.
    show_progress : bool
    announce : callable, optional
        Told where the dashboard is, and which catchments fail.
    **options
        For all catchments, where a row does not set them: the options of `gr4jstan.read_csv` and
        `gr4jstan.fit`, with ``validation_start`` and ``validation_end`` for the validation period.
        ``parallel_chains`` is by default one, and more where there are fewer catchments than cores.

    Returns
    -------
    Many

    Raises
    ------
    InputError
        If manifest, folder or an option cannot be used, or another run is at work in the folder.
        What is wrong with a catchment is in the table.
    ToolchainError
        If there is no cluster, or its workers have no CmdStan.
    """
    say = announce or (lambda text: None)
    given = {name: value for name, value in options.items() if value is not None}
    # what would fail for every catchment is refused at once
    settings_of(picked(SamplerOptions, given))
    define_model(**picked(ModelOptions, given))
    parallel_chains = options.get("parallel_chains")
    common = {name: value for name, value in given.items() if name != "parallel_chains"}
    entries = read_manifest(manifest)
    place = _open_folder(Path(folder), force)
    try:
        with FileLock(place / _LOCK, timeout=0):
            return _complete(
                place, entries, common, scheduler, full, parallel_chains, show_progress, say
            )
    except Timeout:
        raise InputError(f"Another fit-many is at work in {folder}; wait until it ends.") from None


def _complete(
    place: Path,
    entries: Sequence[Entry],
    common: Mapping[str, Any],
    scheduler: str | None,
    full: bool,
    parallel_chains: int | None,
    show_progress: bool,
    say: Callable[[str], None],
) -> Many:
    """Calibrate what is not there yet, and write the table."""
    kept = failed = 0
    records: dict[str, dict[str, Any]] = {}
    todo: list[Entry] = []
    for entry in entries:
        record = _finished(place, entry, common, full)
        if record is None:
            todo.append(entry)
        else:
            records[entry.id] = record
            kept += 1
    if todo:
        with (
            connect(scheduler, say) as client,
            progress_bar(show_progress, "catchments", total=len(todo)) as bar,
        ):
            for job, outcome in _run(client, todo, common, full, parallel_chains):
                _store(place, job, outcome)
                records[job.id] = outcome.record | {"error": outcome.error}
                if outcome.error is not None:
                    failed += 1
                    say(f"{job.id}: {outcome.error}")
                    bar.set_postfix_str(f"{failed} failed")
                bar.update()
    table = write_table([records[entry.id] for entry in entries], place)
    return Many(table, place, len(todo) - failed, kept, failed)


def _chosen(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that differ from the defaults: said or not, a default is the same calibration."""
    defaults = {name: option.default for name, option in table_of(FitOptions).items()}
    return {name: value for name, value in options.items() if value != defaults.get(name)}


def _open_folder(folder: Path, force: bool) -> Path:
    """The folder, marked as one of this kind."""
    mark = folder / _MARK
    try:
        if folder.is_dir() and any(folder.iterdir()) and not mark.exists() and not force:
            raise InputError(
                f"{folder} holds something else than a run of fit-many; choose another folder or "
                "use --force."
            )
        folder.mkdir(parents=True, exist_ok=True)
        write_json(mark, {"format": 1})
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}.") from None
    return folder


def _job(entry: Entry, common: Mapping[str, Any], full: bool) -> Job:
    content = entry.file.read_bytes()
    return Job(entry.id, entry.file.name, content, _chosen({**common, **entry.options}), full)


def _finished(
    place: Path, entry: Entry, common: Mapping[str, Any], full: bool
) -> dict[str, Any] | None:
    """The record of a catchment that is complete; None if it has to be calibrated."""
    try:
        status = json.loads((place / entry.id / STATUS).read_text(encoding="utf-8"))
        if status["error"] is not None or "severity" not in status["record"]:
            return None
        same = status["fingerprint"] == _job(entry, common, full).fingerprint
        return dict(status["record"]) if same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _store(place: Path, job: Job, outcome: Outcome) -> None:
    """Write a catchment's folder at once: it is there as a whole, or not."""
    final = place / job.id
    record = outcome.record | {"error": outcome.error}
    status = {"fingerprint": job.fingerprint, "error": outcome.error, "record": record}
    if final.exists():
        shutil.rmtree(final)
    with output_folder(final) as work:
        for name, content in outcome.files.items():
            (work / name).write_bytes(content)
        write_json(work / STATUS, status)


def _run(
    client: Client,
    todo: list[Entry],
    common: Mapping[str, Any],
    full: bool,
    parallel_chains: int | None,
) -> Iterator[tuple[Job, Outcome]]:
    """Outcomes as they come; only a few catchments are in memory at a time."""
    from distributed import as_completed

    waiting = iter(todo)
    left = len(todo)
    running: dict[Future, Job] = {}
    completed = as_completed()

    def submit() -> Iterator[tuple[Job, Outcome]]:
        nonlocal left
        slots = sum(client.nthreads().values()) or 1
        while len(running) < _AHEAD * slots:
            entry = next(waiting, None)
            if entry is None:
                return
            # few catchments for many cores: the chains of each share them
            share = parallel_chains or max(1, slots // left)
            left -= 1
            try:
                job = _job(entry, common, full)
            except OSError as error:
                job = Job(entry.id, entry.file.name, b"", {}, full)
                reason = f"{entry.file}: {error.strerror}"
                yield job, Outcome({}, {"id": entry.id}, reason)
                continue
            # one name for all: the scheduler never forgets a name that it has seen
            key = ("calibrate", job.id, job.fingerprint[:16])
            future = client.submit(calibrate, job, share, key=key, pure=False)
            running[future] = job
            completed.add(future)

    yield from submit()
    while running:
        future = next(completed)
        job = running.pop(future)
        try:
            outcome = future.result()
        except Exception as error:
            # a worker that dies again and again, or one whose installation is broken
            outcome = Outcome({}, {"id": job.id}, f"{type(error).__name__}: {error}")
        future.release()
        yield job, outcome
        yield from submit()
