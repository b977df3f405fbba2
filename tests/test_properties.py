"""What holds for any input, looked for with random ones.

The examples follow from the seed: they are the same in every run.
"""

import contextlib
import datetime as dt
import io
import math
from collections.abc import Callable
from pathlib import Path
from shlex import split
from typing import TypeVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from gr4jstan.cli.main import main
from gr4jstan.errors import InputError
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.csvfile import read_csv
from gr4jstan.reading.datasets import load_dataset
from gr4jstan.structures.catalogue import LONGEST_X4
from gr4jstan.structures.simulation import simulate
from seeds import shifted

Test = TypeVar("Test", bound=Callable[..., None])


def random(examples: int) -> Callable[[Test], Test]:
    profile = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    return lambda test: seed(shifted(1))(profile(test))


# --- readers -----------------------------------------------------------------------------------


def read_or_refuse(path: Path, **options: object) -> Catchment | None:
    """A valid catchment, or None and a message that names the file: nothing else can happen."""
    try:
        catchment = read_csv(path, **options)  # type: ignore[arg-type]
    except InputError as refusal:
        assert path.name in str(refusal) or "--" in str(refusal), refusal
        return None
    for series in (catchment.P, catchment.E):
        assert np.isfinite(series).all()
        assert (series >= 0).all()
    if catchment.Q is not None:
        assert len(catchment.Q) == len(catchment)
        assert not (catchment.Q < 0).any()
        assert not np.isinf(catchment.Q).any()
    if catchment.dates is not None:
        assert (np.diff(catchment.dates.to_numpy().astype("M8[D]").astype(int)) == 1).all()
    return catchment


@random(200)
@given(content=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_by_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "basin.csv"
    path.write_bytes(content)
    read_or_refuse(path)


ODD_CELLS = [
    "", "NA", "nan", "-999", "inf", "-inf", "1e999", "1.5", "1,5", "1.234,5", "0x10", "1_0", "१२",
    "--", "'", '"', "2012-01-01", "2012-1-1", "0000-01-01", "9999-12-31", "20120101", "2012-02-30",
    "31.12.2011", "01/02/2012", "2012-01-01 12:00", "24:00", "%d", ";", "#", "\x0b", "\x1c",
    "\u2028", "\ud7ff", "\ufeff", "9" * 5000,
]  # fmt: skip
CELLS = st.one_of(
    st.sampled_from(ODD_CELLS),
    st.floats(allow_nan=True, allow_infinity=True).map(str),
    st.floats(-9, 99).map(str),
    st.integers(-(10**9), 10**9).map(str),
    st.dates().map(str),
    st.text(max_size=6),
)
NAMES = st.one_of(
    st.sampled_from(["Q [m3/s]", "P [in]", "E [mm]", ""]),
    st.sampled_from(split("date P E Q T PET tsd_date Qls year month day Q_obs Q_sim temp")),
    st.text(max_size=6),
)


@st.composite
def tables(draw: st.DrawFn) -> str:
    """A table of random cells, or a good one with a few cells replaced or a day left out."""
    separator = draw(st.sampled_from(",;\t"))
    if draw(st.booleans()):
        header = draw(st.lists(NAMES, min_size=1, max_size=6))
        width = len(header)
        rows = draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=5))
    else:
        header = ["date", "P", "E", "Q"]
        days = pd.date_range(draw(st.dates(dt.date(2001, 1, 1), dt.date(2001, 12, 31))), periods=12)
        rows = [[str(day.date()), "1.5", "0.5", "2.5"] for day in days]
        for _ in range(draw(st.integers(0, 3))):
            rows[draw(st.integers(0, 11))][draw(st.integers(0, 3))] = draw(CELLS)
        if draw(st.booleans()):
            header[draw(st.integers(0, 3))] = draw(NAMES)
        if draw(st.booleans()):
            del rows[draw(st.integers(0, 11))]
    return "\n".join(separator.join(row) for row in [header, *rows])


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "date_column": NAMES,
        "precip_column": NAMES,
        "pet_column": NAMES,
        "discharge_column": NAMES,
        "temperature_column": NAMES,
        "date_format": st.sampled_from(["%d/%m/%Y", "%", "%Q", "(", "%d%d", "yyyy-mm-dd", "\\", ""])
        | st.text(max_size=5),
        "latitude": st.floats(),
        "area": st.floats(),
        "flow_unit": st.sampled_from(["mm/d", "m3/s", "l/s", "cfs"]),
        "forcing_only": st.booleans(),
    },
)


@random(200)
@given(text=tables(), options=st.just({}) | OPTIONS)
def test_any_table_is_read_or_refused_by_name(
    text: str, options: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "basin.csv"
    path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    read_or_refuse(path, **options)


RAIN = st.floats(0, 1800)  # of a day, on Earth [mm]
THIRST = st.floats(0, 99)
FLOW = RAIN | st.just(math.nan)


@random(50)
@given(
    rows=st.lists(st.tuples(RAIN, THIRST, FLOW), min_size=13, max_size=40),
    start=st.dates(pd.Timestamp("1800-01-01").date(), pd.Timestamp("2200-01-01").date()),
    separator=st.sampled_from([",", ";", "\t"]),
    comma=st.booleans(),
    date=st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%Y/%m/%d 00:00"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
    order=st.permutations(["date", "P", "E", "Q"]),
)
def test_a_table_is_the_same_in_every_dialect(
    rows: list[tuple[float, float, float]],
    start: object,
    separator: str,
    comma: bool,
    date: str,
    end: str,
    encoding: str,
    order: list[str],
    tmp_path: Path,
) -> None:
    frame = pd.DataFrame(rows, columns=["P", "E", "Q"], dtype=float)
    dates = pd.date_range(str(start), periods=len(rows))
    # a word with an accent, so that encodings differ
    frame["Débit"] = 1.5
    frame["date"] = dates.strftime(date)
    if separator == ",":
        comma = False
    text = frame[[*order, "Débit"]].to_csv(
        sep=separator, decimal="," if comma else ".", index=False, lineterminator=end
    )
    path = tmp_path / "basin.csv"
    path.write_bytes(text.encode(encoding))
    back = read_csv(path, date_format=date if date == "%d/%m/%Y" else None, discharge_column="Q")
    assert back.dates is not None
    assert list(back.dates) == list(dates)
    for name in "PEQ":
        np.testing.assert_array_equal(getattr(back, name), frame[name])


# --- simulator ---------------------------------------------------------------------------------


@random(150)
@given(
    weather=st.lists(
        st.tuples(
            st.sampled_from([0.0, 1e-300, 1e-9, 1825.0, 1e5]) | st.floats(0, 1e5),
            st.sampled_from([0.0, 1e-300, 30.0, 1e5]) | st.floats(0, 1e5),
        ),
        min_size=1,
        max_size=30,
    ),
    x1=st.sampled_from([1e-3, 1.0, 1e5]) | st.floats(1e-3, 1e5),
    x2=st.sampled_from([-1e3, 0.0, 1e3]) | st.floats(-1e3, 1e3),
    x3=st.sampled_from([1e-3, 1.0, 1e5]) | st.floats(1e-3, 1e5),
    x4=st.sampled_from([0.5, 1.0, 2.0, 100.0, float(LONGEST_X4)]) | st.floats(0.5, 20),
    filling=st.tuples(
        st.sampled_from([0.0, 1.0]) | st.floats(0, 1), st.sampled_from([0.0, 1.0]) | st.floats(0, 1)
    ),
)
def test_the_simulator_survives_any_weather_and_catchment(
    weather: list[tuple[float, float]],
    x1: float,
    x2: float,
    x3: float,
    x4: float,
    filling: tuple[float, float],
) -> None:
    """Far beyond what test_simulator takes: forcing to 100 m a day, stores from 1 um to 100 m."""
    P, E = np.array(weather).T
    s0, r0 = filling[0] * x1, filling[1] * x3
    got = simulate(P, E, x1, x2, x3, x4, s0=s0, r0=r0)
    for name, series in got.to_frame().items():
        assert np.isfinite(series).all(), name
    size = max(1.0, P.sum() + s0 + r0 + np.abs(got.aexch).sum())
    assert (got.Q >= 0).all()
    assert (got.S >= 0).all()
    assert (x1 * (1 + 1e-12) >= got.S).all()
    assert (got.R >= 0).all()
    assert (x3 * (1 + 1e-12) >= got.R).all()
    stored = got.S[-1] - s0 + got.R[-1] - r0 + got.uh1.sum() + got.uh2.sum()
    gained = math.fsum([*P, *got.aexch, *-got.ae, *-got.Q])
    assert gained == pytest.approx(stored, rel=0, abs=1e-12 * size)


# --- command line ------------------------------------------------------------------------------

WORDS = st.one_of(
    st.sampled_from(
        [
            "", " ", "0", "-1", "1", "nan", "inf", "-inf", "1e400", "-0", "1e-320", "9" * 25,
            "9" * 5000, "1Y", "9" * 5000 + "Y", "²Y", "١Y", "2012-06-10", "2012-13-45", "day 3",
            "0000-00-00", "x1_upper=3000", "x1_upper=", "=", "x4_upper=nan", "example", "synthetic",
            ".", "/",
            "~", "~nobody-like-that/x", "/dev/null", "adjoint", "truncated", "last", "airgr-sls",
            "gaussian", "boxcox", "fixed", "cfs", "%d/%m/%Y", "%", "\udcff", "a\nb", "$(touch x)",
            "-", "--", "-o", "@file", "x" * 300,
        ]
    ),
    st.integers(-(2**70), 2**70).map(str),
    st.floats().map(str),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
)  # fmt: skip
FORCING = split(
    "--date-column --precip-column --pet-column --precip-unit --pet-unit --temperature-column "
    "--latitude --date-format"
)
DATA = [*FORCING, *split("--discharge-column --flow-unit --area --start --end")]
MODEL = split(
    "--gradient --truncate-mode --truncate-steps --subsample --error-model --sigma --priors "
    "--initial-states --warmup --prior"
)
SAMPLER = split(
    "--chains --parallel-chains --iter-warmup --iter-sampling --adapt-delta --max-treedepth --seed"
)
LEFT_OUT = split("--exclude --validation-start --validation-end")
X = split("--x1 154 --x2 -0.25 --x3 43 --x4 1.33")
COMMANDS = {
    "simulate": (["synthetic", *X], [*DATA, "--x1", "--x2", "--x3", "--x4", "--s0", "--r0"]),
    "fit": (["synthetic"], [*DATA, *MODEL, *SAMPLER, *LEFT_OUT]),
    "compare": (
        [],
        [*DATA, *SAMPLER, "--sigma", "--truncate-steps", "--subsample", "--truncated-draws"],
    ),
    "export": (["synthetic"], [*DATA, *MODEL]),
}


def outcome(arguments: list[str]) -> int:
    """The exit code; a traceback would be an exception here."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        try:
            code = main(arguments)
        except SystemExit as stop:
            code = stop.code  # type: ignore[assignment]
    assert "Traceback" not in shown.getvalue()
    assert code == 0 or shown.getvalue().strip(), "a refusal says why"
    return code


@pytest.mark.parametrize("command", ["simulate", "fit", "compare", "export"])
@random(60)
@given(choice=st.data())
def test_no_option_brings_a_traceback(
    command: str, choice: st.DataObject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without CmdStan, so that what passes all checks goes no further."""
    monkeypatch.setenv("CMDSTAN", str(tmp_path / "no-cmdstan"))
    monkeypatch.setenv("GR4JSTAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    first, options = COMMANDS[command]
    arguments = [command, *first]
    for option in choice.draw(st.lists(st.sampled_from(options), max_size=4)):
        # with = , so that words that look like options reach their option
        arguments.append(f"{option}={choice.draw(WORDS)}")
    arguments += ["-o", str(tmp_path / "out"), "--force"]
    assert outcome(arguments) in (0, 1, 2)
    assert not list(tmp_path.glob(".gr4jstan-*"))


@random(15)
@given(choice=st.data())
def test_no_option_of_predict_brings_a_traceback(
    choice: st.DataObject, fit_folder: Path, tmp_path: Path
) -> None:
    forcing = tmp_path / "forcing.csv"
    load_dataset("example").select("2012-07-29", "2012-08-20").to_frame().to_csv(forcing)
    arguments = ["predict", str(fit_folder), str(forcing), "-o", str(tmp_path / "out"), "--force"]
    for option in choice.draw(
        st.lists(st.sampled_from([*FORCING, "--level", "--states", "--warmup"]), max_size=3)
    ):
        arguments.append(f"{option}={choice.draw(WORDS)}")
    assert outcome(arguments) in (0, 2)


@pytest.mark.parametrize("word", ["9" * 5000, "9" * 5000 + "Y", "1e400", "\udcff", "nan", ""])
@pytest.mark.parametrize("option", ["--warmup", "--start", "--seed", "--sigma", "--prior"])
def test_odd_words_bring_no_traceback(option: str, word: str, tmp_path: Path) -> None:
    assert outcome(["fit", "synthetic", f"{option}={word}", "-o", str(tmp_path / "a" / "b")]) == 2


@random(60)
@given(
    command=st.sampled_from([*COMMANDS, "predict", "report", "fit-many", ""]),
    words=st.lists(WORDS, max_size=4),
)
def test_no_words_bring_a_traceback(
    command: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMDSTAN", str(tmp_path / "no-cmdstan"))
    monkeypatch.chdir(tmp_path)
    assert outcome([command, *words, "-o", str(tmp_path / "out")]) in (0, 1, 2)
