"""The defects that scripts/defects.py puts in can still be put in."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from studies.defects import DEFECTS, Defect  # noqa: E402

ALL = [defect for defects in DEFECTS.values() for defect in defects]


@pytest.mark.parametrize("defect", ALL, ids=lambda defect: defect.what)
def test_a_defect_changes_one_text_and_names_tests_that_exist(defect: Defect) -> None:
    text = (ROOT / defect.file).read_text(encoding="utf-8")
    assert text.count(defect.old) == 1
    assert defect.new != defect.old
    for test in defect.tests.split():
        file, _, rest = test.partition("::")
        function = rest.partition("[")[0]
        assert f"def {function}(" in (ROOT / "tests" / file).read_text(encoding="utf-8")


def test_the_page_lists_them_all() -> None:
    page = (ROOT / "docs" / "trust" / "defects.md").read_text(encoding="utf-8")
    for defect in ALL:
        assert f"| {defect.what} (" in page
    assert "**none**" not in page
