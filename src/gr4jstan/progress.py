"""Progress bars, and signs of life where there are none."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any


def can_show_bars() -> bool:
    """In a terminal or a notebook; a log file would be littered with them."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules


@contextlib.contextmanager
def progress_bar(progress: bool, title: str, delay: float = 0, **options: Any) -> Iterator[Any]:
    """A progress bar whose clock goes on while nothing is reported.

    It is not shown at all for what takes less than `delay` seconds.
    """
    from tqdm import tqdm

    done = threading.Event()
    # in a log file, every update is a line
    interval = 1.0 if sys.stderr.isatty() else 20.0
    layout = "{desc}: {percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt}{unit} {elapsed}"
    layout += ", {remaining} left{postfix}"
    if "total" in options:
        options["bar_format"] = layout
    with tqdm(
        desc=title, disable=not progress, mininterval=interval / 4, delay=delay, **options
    ) as bar:

        def tick() -> None:
            pause = max(delay, interval)
            while not done.wait(pause):
                bar.refresh()
                pause = interval

        thread = threading.Thread(target=tick, daemon=True)
        if progress:
            thread.start()
        try:
            yield bar
        finally:
            done.set()
            if progress:
                thread.join()


@contextlib.contextmanager
def signs_of_life(progress: bool, title: str, interval: float = 30) -> Iterator[None]:
    """Say every half minute that work goes on, where no bar can be shown."""
    done = threading.Event()
    start = time.perf_counter()

    def tell() -> None:
        while not done.wait(interval):
            say(f"{title}, {time.perf_counter() - start:.0f} s ...")

    thread = threading.Thread(target=tell, daemon=True)
    if progress and not can_show_bars():
        thread.start()
    try:
        yield
    finally:
        done.set()
        if thread.is_alive():
            thread.join()


def say(message: str) -> None:
    """Print `message` for the person at the terminal."""
    print(f"gr4jstan: {message}", file=sys.stderr, flush=True)
