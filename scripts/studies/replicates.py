"""Replicates of a study: run side by side, and kept as they come."""

import multiprocessing
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from gr4jstan.files import write_json
from gr4jstan.progress import progress_bar


def run_missing(
    files: Mapping[tuple[Any, ...], Path], run_replicate: Callable[..., Any], workers: int
) -> None:
    """Run the replicates that have no file yet, and write each as it comes.

    Parameters
    ----------
    files : mapping of tuple to Path
        By the arguments of a replicate, its JSON file.
    run_replicate : callable
        Gives what JSON takes.
    workers : int
        Replicates at a time.
    """
    missing = [key for key, path in files.items() if not path.exists()]
    with (
        ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool,
        progress_bar(True, "replicates", total=len(missing)) as bar,
    ):
        running = {pool.submit(run_replicate, *key): files[key] for key in missing}
        try:
            for done in as_completed(running):
                path = running[done]
                unfinished = path.with_suffix(".tmp")
                write_json(unfinished, done.result())
                unfinished.replace(path)
                bar.update()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
