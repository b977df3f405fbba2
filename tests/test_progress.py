"""Progress bars: seen where a person looks, and nowhere else."""

import sys

import pytest

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
