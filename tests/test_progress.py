"""Progress bars: seen where a person looks, and nowhere else."""

import re
import sys
import time

import pytest

from gr4jstan import progress
from gr4jstan.progress import can_show_bars, progress_bar


def test_bars_are_for_terminals_and_notebooks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    assert not can_show_bars()
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    assert can_show_bars()


def test_a_bar_shows_title_and_progress(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar(True, "CmdStan, build", total=4, unit=" steps") as bar:
        bar.update(4)
    shown = capsys.readouterr().err
    assert "CmdStan, build: 100%" in shown
    assert "4/4 steps" in shown


@pytest.mark.parametrize(("progress", "delay"), [(False, 0), (True, 60)])
def test_nothing_is_shown_if_not_wanted_or_quickly_done(
    progress: bool, delay: float, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress_bar(progress, "report", delay=delay, total=2) as bar:
        bar.update(2)
    assert capsys.readouterr().err.strip() == ""


# --- signs of life -----------------------------------------------------------------------------


def test_where_no_bar_can_be_shown_time_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "can_show_bars", lambda: False)
    with progress.signs_of_life(True, "sampling", interval=0.01):
        time.sleep(0.2)
    told = capsys.readouterr().err.splitlines()
    assert told
    assert all(re.fullmatch(r"gr4jstan: sampling, \d+ s \.\.\.", line) for line in told)
    with progress.signs_of_life(False, "sampling", interval=0.01):
        time.sleep(0.1)
    monkeypatch.setattr(progress, "can_show_bars", lambda: True)
    with progress.signs_of_life(True, "sampling", interval=0.01):
        time.sleep(0.1)
    assert capsys.readouterr().err == ""
