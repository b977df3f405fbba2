"""The list of catchments."""

from pathlib import Path

import pytest

from gr4jstan.errors import InputError
from gr4jstan.many.manifest import read_manifest


def write(folder: Path, text: str) -> Path:
    path = folder / "manifest.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_name_files_beside_the_manifest_and_set_options(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "id,file,area,flow_unit,latitude,seed,priors,prior_settings,validation_start\n"
        "a,one.csv,12.5,m3/s,-33.5,,uniform,x1_upper=3000 x4_upper=6,\n"
        f"b,{tmp_path}/two.csv,,,,7,,,2010-01-01\n",
    )
    first, second = read_manifest(path)
    assert (first.id, first.file) == ("a", tmp_path / "one.csv")
    assert first.options == {
        "area": 12.5,
        "flow_unit": "m3/s",
        "latitude": -33.5,
        "priors": "uniform",
        "prior_settings": {"x1_upper": 3000, "x4_upper": 6},
    }
    assert second.file == tmp_path / "two.csv"
    assert second.options == {"seed": 7, "validation_start": "2010-01-01"}


@pytest.mark.parametrize("text", ["\ufeffid;file\na;one.csv\n", "id,file\r\na,one.csv\r\n\r\n"])
def test_semicolons_byte_order_mark_and_empty_lines_are_no_obstacle(
    tmp_path: Path, text: str
) -> None:
    (entry,) = read_manifest(write(tmp_path, text))
    assert entry.id == "a"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no column 'id'"),
        ("id,area\na,3\n", "no column 'file'"),
        ("id,file\n", "lists no catchments"),
        ("id,file,sedd\na,b.csv,1\n", "column 'sedd' is unknown.*seed"),
        ("id,file,file\na,b.csv,c.csv\n", "column 'file' stands twice"),
        ("id,file\na,b.csv\nA,c.csv\n", "line 3: the id 'A' stands twice"),
        ("id,file\n../a,b.csv\n", "line 2: the id '../a' cannot name a folder"),
        ("id,file\n,b.csv\n", "the id '' cannot name a folder"),
        ("id,file\na,\n", "line 2: the file of a is missing"),
        ("id,file,area\na,b.csv,large\n", "line 2, column area: 'large' is not a number"),
        ("id,file,seed\na,b.csv,1.5\n", "line 2, column seed: '1.5' is not a number"),
        ("id,file,priors\na,b.csv,flat\n", "column priors: 'flat'; choose one of default"),
        ("id,file,prior_settings\na,b.csv,x1=\n", "column prior_settings: 'x1=': write it as"),
        ("id,file\na,b.csv,c\n", "line 2: 3 cells, but the header has 2"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_manifest(write(tmp_path, text))


def test_a_manifest_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_manifest(tmp_path / "nowhere.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00id")
    with pytest.raises(InputError, match="not a text file"):
        read_manifest(tmp_path / "binary.csv")
