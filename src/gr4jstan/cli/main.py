"""The command line: words in, exit code out.

Its options are in `gr4jstan.cli.parser`, what the commands do in `gr4jstan.cli.commands`.
"""

import importlib
import io
import re
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from gr4jstan.cli.parser import build_parser
from gr4jstan.errors import InputError, ToolchainError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns
    -------
    int
        The exit code.
    """
    parser = build_parser()
    words = _joined(sys.argv[1:] if arguments is None else arguments)
    options, unknown = parser.parse_known_args(words)
    if unknown:
        refuse = getattr(options, "refuse", parser.error)
        refuse(f"unrecognized arguments: {' '.join(unknown)}")
    # names of files may be of any bytes, and a terminal of any encoding
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if options.command is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        with _ended_in_order():
            name = options.command.replace("-", "_")
            code: int = importlib.import_module(f"gr4jstan.cli.commands.{name}").run(options)
            return code
    except InputError as error:
        print(f"gr4jstan: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("gr4jstan"):
            raise
        print(
            f"gr4jstan: the package {error.name} is not installed; `gr4jstan doctor` says more.",
            file=sys.stderr,
        )
        return 1
    except (ToolchainError, OSError) as error:
        print(f"gr4jstan: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("gr4jstan: interrupted; nothing was written.", file=sys.stderr)
        return 1


def _joined(words: Sequence[str]) -> list[str]:
    """Write ``--x2 -1e-3`` as ``--x2=-1e-3``: argparse takes -1e-3 and -inf for options."""
    joined: list[str] = []
    for word in words:
        option = re.fullmatch("--[a-z][^=]*", joined[-1]) if joined else None
        if option and word.startswith("-") and _is_number(word):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Clean up as for Ctrl-C when the process is told to end or loses its terminal."""
    usual = (signal.SIG_DFL, signal.default_int_handler)
    ends = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    # what is ignored, as by nohup, stays so; and only the main thread may set handlers
    heeded = {number: found for number in ends if (found := signal.getsignal(number)) in usual}
    if threading.current_thread() is not threading.main_thread():
        heeded = {}

    def interrupt(number: int, frame: FrameType | None) -> None:
        # impatient hands should not interrupt the cleaning up
        for each in heeded:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for each in heeded:
        signal.signal(each, interrupt)
    try:
        yield
    finally:
        for each, handler in heeded.items():
            signal.signal(each, handler)


if __name__ == "__main__":
    sys.exit(main())
