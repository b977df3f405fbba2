"""One truth in random guises: it is read exactly, or refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from gr4jstan.errors import InputError
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.csvfile import read_csv
from seeds import shifted

RANDOM = settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@st.composite
def truths(draw: st.DrawFn) -> pd.DataFrame:
    """Daily P, E and Q, some of Q missing, with days left out in some."""
    n = draw(st.integers(25, 450))
    rng = np.random.default_rng(shifted(draw(st.integers(0, 999))))
    start = draw(st.dates(pd.Timestamp("1950-01-01").date(), pd.Timestamp("2020-12-31").date()))
    dates = pd.date_range(start, periods=n, name="date")
    frame = pd.DataFrame(rng.gamma(1.0, 2.0, (n, 3)).round(3), columns=list("PEQ"), index=dates)
    frame.loc[rng.random(n) < 0.1, "Q"] = np.nan
    if draw(st.booleans()):
        first = draw(st.integers(1, n - 10))
        frame = frame.drop(dates[first : first + draw(st.integers(1, 8))])
    return frame


FORMS = [
    "%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y-%j",
    "%Y%j", "%Y-%m-%d 00:00", "%Y-%m-%d 12:00", "%Y-%m-%dT00:00:00Z", "%Y-%m-%d 23:59:59",
    "%d.%m.%Y 24:00", "%d/%m/%y", "%d %b %Y", "%Y", "%Y-%m", "%Y-%m-%dT23:00Z",
]  # fmt: skip
NAMES = ["date", "Datum", "AAAAMMJJ", "date_obs_elab", "Fecha", "when", "time", "x", "", "Messtag"]
PARTS = [("year", "month", "day"), ("Jahr", "Monat", "Tag"), ("annee", "mois", "jour"),
         ("YR", "MNTH", "DY"), ("ano", "mes", "dia")]  # fmt: skip
# Not New Zealand, whose midnight is noon of UTC: that is taken for noon, and said.
ZONES = ["Europe/Berlin", "America/Chicago", "Asia/Tokyo", "Australia/Sydney",
         "America/Sao_Paulo"]  # fmt: skip


@st.composite
def date_columns(draw: st.DrawFn, index: pd.DatetimeIndex) -> dict[str, Any]:
    kind = draw(st.sampled_from(["one", "one", "parts", "day of year", "zone"]))
    if kind == "parts":
        return dict(
            zip(draw(st.sampled_from(PARTS)), (index.year, index.month, index.day), strict=True)
        )
    if kind == "day of year":
        name = draw(st.sampled_from(["DOY", "jday", "yday", "day_of_year", "day"]))
        return {draw(st.sampled_from(["YEAR", "Jahr"])): index.year, name: index.day_of_year}
    name = draw(st.sampled_from(NAMES))
    if kind == "zone":
        try:
            local = index.tz_localize(draw(st.sampled_from(ZONES)))
        except ValueError:  # midnights that there are not
            local = index.tz_localize("UTC")
        form = draw(st.sampled_from(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M%z"]))
        return {
            name: local.tz_convert(draw(st.sampled_from(["UTC", str(local.tz)]))).strftime(form)
        }
    return {name: index.strftime(draw(st.sampled_from(FORMS)))}


def assert_exact_or_refused(truth: pd.DataFrame, read: Any) -> None:
    try:
        made = read()
    except InputError as refusal:
        assert str(refusal)
        return
    assert made.dates is not None, "days were counted, though there were dates"
    assert list(made.dates) == list(truth.index)
    for name in "PEQ":
        np.testing.assert_array_equal(getattr(made, name), truth[name])


@seed(shifted(1))
@RANDOM
@given(truth=truths(), choice=st.data())
def test_a_file_is_read_exactly_or_refused(
    truth: pd.DataFrame, choice: st.DataObject, tmp_path: Path
) -> None:
    draw = choice.draw
    columns = draw(date_columns(truth.index))
    columns |= {name: truth[name].to_numpy() for name in "PEQ"}
    if draw(st.booleans()):
        columns["quality"] = draw(st.sampled_from(["A", 1, "2021-05-05", "X2010"]))
    order = draw(st.permutations(list(columns)))
    separator = draw(st.sampled_from([",", ";", "\t"]))
    comma = "," if separator != "," and draw(st.booleans()) else "."
    frame = pd.DataFrame(columns)[order]
    text = frame.to_csv(sep=separator, decimal=comma, index=False,
                        na_rep=draw(st.sampled_from(["", "NA", "-999"])))  # fmt: skip
    header, body = text.split("\n", 1)
    shape = draw(st.sampled_from(["plain", "comments", "metadata", "behind #", "units", "rdb"]))
    if shape == "comments":
        text = f"# gauge 3\n#\n{text}"
    elif shape == "metadata":
        text = f"Station: Upper Mill\nElevation {separator} 312\n\n{text}"
    elif shape == "behind #":
        text = f"#station;7\n#{header}\n{body}"
    elif shape in ("units", "rdb"):
        cells = ["mm/d" if shape == "units" else f"{3 + i}n" for i in range(len(order))]
        text = f"{header}\n{separator.join(cells)}\n{body}"
    path = tmp_path / "basin.csv"
    path.write_text(text, encoding="utf-8")
    assert_exact_or_refused(truth, lambda: read_csv(path))


@seed(shifted(1))
@RANDOM
@given(truth=truths(), choice=st.data())
def test_a_frame_is_read_exactly_or_refused(truth: pd.DataFrame, choice: st.DataObject) -> None:
    index = truth.index
    kind = choice.draw(
        st.sampled_from(["same", "text", "objects", "periods", "levels", "gauge", "zone", "int"])
    )
    indexes = {
        "same": lambda: index,
        "text": lambda: index.strftime(choice.draw(st.sampled_from(FORMS))),
        "objects": lambda: pd.Index(list(index.date), dtype=object),
        "periods": lambda: index.to_period("D"),
        "levels": lambda: pd.MultiIndex.from_arrays(
            [index.year, index.month, index.day], names=choice.draw(st.sampled_from(PARTS))
        ),
        "gauge": lambda: pd.MultiIndex.from_product([["X2010"], index]),
        "zone": lambda: index.tz_localize("UTC").tz_convert(choice.draw(st.sampled_from(ZONES))),
        "int": lambda: pd.Index([int(day) for day in index.strftime("%Y%m%d")]),
    }
    frame = truth.set_axis(indexes[kind](), axis=0)
    if choice.draw(st.booleans()):
        frame = frame.convert_dtypes()
    if choice.draw(st.booleans()):
        frame = frame[choice.draw(st.permutations(["P", "E", "Q"]))]
    assert_exact_or_refused(truth, lambda: Catchment.from_frame(frame))


@seed(shifted(1))
@RANDOM
@given(truth=truths(), choice=st.data())
def test_arrays_are_taken_exactly_or_refused(truth: pd.DataFrame, choice: st.DataObject) -> None:
    rng = np.random.default_rng(shifted(choice.draw(st.integers(0, 99))))

    def guise(name: str) -> Any:
        series = truth[name]
        kind = choice.draw(st.sampled_from(["array", "series", "shuffled", "masked", "nullable"]))
        if kind == "masked":
            missing = series.isna().to_numpy()
            return np.ma.masked_array(series.fillna(1e20).to_numpy(), missing)
        if kind == "shuffled":
            return series.iloc[rng.permutation(len(series))]
        return {
            "array": series.to_numpy(), "series": series, "nullable": series.convert_dtypes()
        }[kind]  # fmt: skip

    series = {name: guise(name) for name in "PEQ"}
    dates = choice.draw(st.sampled_from([truth.index, list(truth.index), pd.Series(truth.index)]))
    assert_exact_or_refused(truth, lambda: Catchment("basin", **series, dates=dates))
