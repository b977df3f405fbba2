"""The page on many catchments: what is to be looked at, and why."""

from pathlib import Path
from typing import Any

import pandas as pd

from gr4jstan.many.table import _worth_a_look, write_table


def record(name: str, **others: Any) -> dict[str, Any]:
    fine = {"converged": True, "verdict": f"words on {name}", "severity": None, "error": None}
    return {"id": name, "reasons": "", "seconds": 1.0, "x1_median": 300.0} | fine | others


RECORDS = [
    record("fine"),
    record("noted", severity="note"),
    record("doubtful", severity="warning"),
    record("warning: does not fit", severity=None),
    record("bad", severity="unfit"),
    record("lost", converged=False, reasons="it wanders", severity="unfit"),
    {"id": "absent", "error": "no file", "seconds": 0.1},
]


def test_what_is_worth_a_look_is_decided_by_codes(tmp_path: Path) -> None:
    """The gravest first; words in a verdict or a name decide nothing."""
    table = write_table(RECORDS, tmp_path)
    assert _worth_a_look(table) == [
        ("absent", "failed: no file"),
        ("lost", "not converged: it wanders"),
        ("bad", "words on bad"),
        ("doubtful", "words on doubtful"),
    ]


def test_the_table_holds_the_codes_in_both_forms(tmp_path: Path) -> None:
    table = write_table(RECORDS, tmp_path)
    again = pd.read_csv(tmp_path / "catchments.csv")
    assert list(again["severity"].fillna("")) == list(table["severity"].fillna(""))
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "catchments.parquet"), table)
    assert "words on bad" in (tmp_path / "overview.html").read_text(encoding="utf-8")
    assert {path.name for path in tmp_path.iterdir()} == {
        "catchments.csv",
        "catchments.parquet",
        "overview.html",
    }
