"""The report: its numbers are those of the fit, and it needs nothing but itself."""

import base64
import json
import re
import shlex
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

import gr4jstan
from gr4jstan.cli.main import build_parser
from gr4jstan.errors import InputError
from gr4jstan.fitting.inference_data import dataset
from gr4jstan.fitting.loading import load_fit
from gr4jstan.fitting.results import Fit
from gr4jstan.numerals import decimals, number, readable
from gr4jstan.report.page import render_report, write_report
from gr4jstan.report.reproduction import command_line, fit_options, python_call
from gr4jstan.report.text import prior_words
from gr4jstan.scoring.scores import SCORES


class Page(HTMLParser):
    """Tables by their id, texts by theirs, headings, and all tags with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.texts: dict[str, str] = {}
        self.headings: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag in ("meta", "img"):
            return
        self._open.append((tag, attributes.get("id")))
        table = self._inside("table")
        if tag == "table":
            self.tables[str(attributes["id"])] = []
        elif tag == "tr":
            self.tables[str(table)].append([])
        elif tag in ("td", "th"):
            self.tables[str(table)][-1].append("")
        elif tag in ("h1", "h2"):
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1][0] == tag, (tag, self._open)
        self._open.pop()

    def handle_data(self, data: str) -> None:
        open_tags = [tag for tag, _ in self._open]
        if "td" in open_tags or "th" in open_tags:
            self.tables[str(self._inside("table"))][-1][-1] += data
        if "h1" in open_tags or "h2" in open_tags:
            self.headings[-1] += data
        for _, name in self._open:
            if name is not None:
                self.texts[name] = self.texts.get(name, "") + data

    def _inside(self, tag: str) -> str | None:
        return next((name for found, name in reversed(self._open) if found == tag), None)


@pytest.fixture(scope="module")
def folder(split_fit: Fit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "fit"
    split_fit.save(path)
    return path


@pytest.fixture(scope="module")
def html(split_fit: Fit) -> str:
    return render_report(split_fit)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_it_begins_with_the_verdict_and_ends_with_the_time(page: Page) -> None:
    assert page.headings == [
        "GR4J on example",
        "What was fitted",
        "Parameters",
        "Where the water goes",
        "Scores",
        "Where the bands hold",
        "Figures",
        "Whether to trust it, and why",
        "How to reproduce it",
        "Time",
    ]
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert ids[0] == "verdict"


def test_all_warnings_and_reasons_are_in_the_verdict(split_fit: Fit) -> None:
    reasons = ["R-hat of x1 is 1.200, not below 1.01"]
    lost = replace(
        split_fit, diagnostics=split_fit.diagnostics | {"converged": False, "reasons": reasons}
    )
    page = Page(render_report(lost))
    for text in [*reasons, "Not converged", *(finding.text for finding in lost.findings)]:
        assert text in page.texts["verdict"]
    classes = {attributes.get("class") for tag, attributes in page.tags if tag == "section"}
    assert classes == {"verdict bad"}


def test_parameters_are_those_of_the_saved_summary(page: Page, folder: Path) -> None:
    saved = pd.read_csv(folder / "summary.csv", index_col="parameter")
    header, *rows = page.tables["parameters"]
    assert header[:4] == ["Parameter", "Unit", "Median", "90 % interval"]
    assert [row[0] for row in rows] == list(saved.index)
    units = ["mm", "mm/d", "mm", "d", "mm", "mm", "(mm/d)^0.2"]
    assert [row[1] for row in rows] == units
    for name, _, median, interval, _, rhat, ess, _ in rows:
        expected = saved.loc[name]
        # rounded, but to far less than the uncertainty
        near = 0.06 * expected["sd"]
        assert float(median) == pytest.approx(expected["median"], abs=near)
        low, high = interval.split(" to ")
        assert float(low) == pytest.approx(expected["q5"], abs=near)
        assert float(high) == pytest.approx(expected["q95"], abs=near)
        assert float(rhat) == pytest.approx(expected["r_hat"], abs=6e-4)
        assert float(ess) == pytest.approx(expected[["ess_bulk", "ess_tail"]].min(), abs=0.6)


def test_priors_are_told_in_words(page: Page) -> None:
    priors = {row[0]: row[4] for row in page.tables["parameters"][1:]}
    assert priors["x1"] == "80 % in 100 to 1200"
    assert priors["x2"] == "80 % in -5 to 3"
    assert priors["x3"] == "80 % in 20 to 300"
    assert priors["x4"] == "80 % in 1.1 to 2.9"
    assert priors["S0"] == "Beta(2, 2) times x1"
    assert priors["sigma"].startswith("half-normal, scale ")


@pytest.mark.parametrize(
    ("options", "name", "words"),
    [
        ({"priors": "uniform", "sigma": 0.1}, "x1", "uniform, 50 to 2000"),
        ({"priors": "airgr-sls"}, "x1", "flat in log x1, "),
        ({"priors": "airgr-sls"}, "x2", "flat in asinh x2, "),
        ({"priors": "airgr-sls"}, "x4", "flat in x4, 0.5 to 20"),
        ({"priors": "airgr-sls"}, "sigma", "flat in log sigma"),
        ({"error_model": "student_t"}, "nu", "Gamma(2, 0.1) above 1"),
    ],
)
def test_priors_of_every_kind_have_words(
    synthetic_fit: Fit, options: dict[str, Any], name: str, words: str
) -> None:
    fit = replace(synthetic_fit, run=synthetic_fit.run | {"model": options})
    assert prior_words(name, fit).startswith(words)


def test_scores_are_those_that_were_saved(page: Page, folder: Path) -> None:
    saved = pd.read_csv(folder / "scores.csv", index_col=["period", "score"])
    header, *rows = page.tables["scores"]
    assert header == ["Score", "calibration", "validation", "Meaning"]
    assert len(rows) == len(SCORES)
    for (name, score), row in zip(SCORES.items(), rows, strict=True):
        assert row[0].startswith(score.label) and row[3] == score.meaning
        for period, cell in zip(header[1:3], row[1:3], strict=True):
            numbers = cell.replace("(", "").replace(")", "").replace("to ", "").split()
            found = saved.loc[(period, name)].dropna()
            np.testing.assert_allclose([float(n) for n in numbers], found, atol=5.1e-4)


def test_checks_are_those_of_the_saved_diagnostics(page: Page, folder: Path) -> None:
    saved = json.loads((folder / "diagnostics.json").read_text())
    found = [row[1] for row in page.tables["checks"][1:]]
    assert found == [
        f"R-hat {saved['max_rhat']:.4f}",
        f"bulk ESS {saved['min_ess_bulk']:.0f}",
        f"tail ESS {saved['min_ess_tail']:.0f}",
        f"{saved['divergences']} of {saved['draws']} draws diverged",
        f"{saved['max_treedepth_hits']} of {saved['draws']} draws at the maximum tree depth",
        f"{saved['modes_found']}",
        f"E-BFMI {min(saved['ebfmi']):.2f}",
    ]
    assert {row[3] for row in page.tables["checks"][1:]} == {"yes"}


def test_a_failed_check_is_told(synthetic_fit: Fit) -> None:
    worse = {"max_rhat": None, "min_ess_bulk": 399.0, "divergences": 41, "modes_found": 2}
    page = Page(
        render_report(replace(synthetic_fit, diagnostics=synthetic_fit.diagnostics | worse))
    )
    passed = [row[3] for row in page.tables["checks"][1:]]
    assert passed == ["no", "no", "yes", "no", "yes", "no", "yes"]


def test_what_was_fitted_is_told(split_fit: Fit, page: Page, html: str) -> None:
    facts = dict(page.tables["facts"])
    assert facts["Catchment"] == "example"
    assert facts["Calibration"] == "2012-01-01 to 2014-12-31, 1096 days"
    observed = gr4jstan.load_dataset("example").select(end="2014-12-31").Q
    assert facts["Observations"] == f"on {np.isfinite(observed).sum()} of these 1096 days"
    assert facts["Validation"].startswith("2015-01-01 to 2016-12-31, ")
    assert facts["Error model"].startswith("boxcox")
    told = [finding["text"] for finding in split_fit.run["findings"]]
    assert told == ["366 of 1096 days have no Q (first 2012-01-01)"]
    assert f"For information: {told[0]}" in html


def test_it_needs_nothing_but_itself(html: str, page: Page) -> None:
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "iframe", "a", "object"}
    assert not re.findall(r"https?:|url\(|@import", html)
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(images) == 4
    for attributes in images:
        kind, _, content = str(attributes["src"]).partition(",")
        assert kind == "data:image/png;base64"
        assert imread(BytesIO(base64.b64decode(content))).size > 1e5
        assert attributes["alt"]


def test_words_from_the_data_are_never_markup(synthetic_fit: Fit) -> None:
    evil = "<script>alert('x')</script>"
    noticed = {"code": "data", "severity": "note", "text": f"column {evil}: 3 days", "dates": []}
    run = synthetic_fit.run | {"catchment": evil, "findings": [noticed]}
    html = render_report(replace(synthetic_fit, run=run))
    assert "<script" not in html
    page = Page(html)
    assert page.headings[0] == f"GR4J on {evil}"
    assert f"column {evil}: 3 days" in unescape(html)


def test_a_loaded_fit_gives_the_same_report(html: str, folder: Path) -> None:
    assert render_report(load_fit(folder)) == html


def test_the_call_gives_the_same_draws(synthetic_fit: Fit) -> None:
    call = python_call(synthetic_fit)
    assert call in Page(render_report(synthetic_fit)).texts["call"]
    again = gr4jstan.fit("synthetic", **fit_options(synthetic_fit), show_progress=False)
    assert eval(call.replace("gr4jstan.fit", "dict").replace("'synthetic',", "")) == fit_options(
        synthetic_fit
    )
    assert again.run["sha256"] == synthetic_fit.run["sha256"]
    assert dataset(again.idata, "posterior").equals(dataset(synthetic_fit.idata, "posterior"))


def test_the_command_says_the_same_as_the_call(split_fit: Fit, page: Page) -> None:
    changed = dict(split_fit.run["model"]["prior_settings"], x1_upper=3000.0)
    run = split_fit.run | {"model": split_fit.run["model"] | {"prior_settings": changed}}
    fit = replace(split_fit, run=run)
    assert command_line(split_fit) in page.texts["command"]
    words = shlex.split(command_line(fit).replace("\\\n", " "))
    assert words[:2] == ["gr4jstan", "fit"]
    options = vars(build_parser().parse_args(words[1:]))
    assert options["data"] == "example"
    assert options["prior"] == ["x1_upper=3000.0"]
    assert (options["validation_start"], options["validation_end"]) == ("2015-01-01", "2016-12-31")
    for name, value in fit_options(fit).items():
        if name not in ("validation", "prior_settings"):
            assert str(options[name]) == str(value), name


def test_a_file_has_a_placeholder(split_fit: Fit) -> None:
    fit = replace(split_fit, run=split_fit.run | {"catchment": "river"})
    assert command_line(fit).startswith("gr4jstan fit DATA.csv -o DIR")
    assert "DATA.csv stands for" in " ".join(
        text for text in render_report(fit).replace("</code>", "").split("<code>")
    )


def test_it_is_written_whole_and_not_over_another(synthetic_fit: Fit, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("older")
    with pytest.raises(InputError, match="exists"):
        write_report(synthetic_fit, path)
    assert path.read_text() == "older"
    write_report(synthetic_fit, path, force=True)
    assert path.read_text(encoding="utf-8") == render_report(synthetic_fit)
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("value", "spread", "text"),
    [
        (123.456, 9.6, "123.5"),
        (123.456, 12.0, "123"),
        (1.23456, 0.021, "1.235"),
        (3273.18, 250.0, "3273"),
        (-0.0004, 0.5, "0.00"),
        (float("nan"), 1.0, "–"),
    ],
)
def test_numbers_show_two_digits_of_their_spread(value: float, spread: float, text: str) -> None:
    assert number(value, decimals(spread)) == text


@pytest.mark.parametrize(
    ("value", "text"), [(9.96921e36, "9.97e+36"), (-3e6, "-3e+06"), (999999.4, "999999.4")]
)
def test_numbers_beyond_reason_are_short(value: float, text: str) -> None:
    assert number(value, 1) == text


def test_the_bands_stand_beside_what_right_ones_would_hold(page: Page, split_fit: Fit) -> None:
    header, *rows = page.tables["verification"]
    table = split_fit.verification()
    assert [row[0] for row in rows][:2] == ["all days", "highest 5 % of flows"]
    for label, *cells in rows:
        for period, cell in zip(("calibration", "validation"), cells[1::3], strict=True):
            if (period, label) in table.index and cell != "–":
                row = table.loc[(period, label)]
                assert cell.startswith(f"{row['pit_mean']:.2f} ({row['pit_mean_lower']:.2f} to ")
    assert len(header) == 7


def test_the_exchange_and_the_independent_days_stand_beside_the_parameters(
    page: Page, split_fit: Fit
) -> None:
    (row,) = (row for row in page.tables["balance"] if row[0] == "aexch")
    found = split_fit.water_balance().loc["aexch"]
    assert row[1] == f"{found['median']:.3f}" and row[3] == f"{100 * found['share']:.1f} %"
    days, phi = split_fit.run["observed_days"], np.median(split_fit.end.memory.phi)
    worth = round(days * (1 - phi) / (1 + phi))
    assert (
        f"the {days} observed days are worth about {worth} independent ones" in page.texts["worth"]
    )


def test_the_report_says_what_its_intervals_allow_for(split_fit: Fit, synthetic_fit: Fit) -> None:
    """The promise of nine in ten is unconditional nowhere."""
    robust, model = (
        Page(render_report(fit)).texts["intervals"] for fit in (split_fit, synthetic_fit)
    )
    widening = split_fit.summary()["widening"]
    assert "allow for errors that last" in robust
    assert f"{readable(widening.min())} to {readable(widening.max())} times" in robust
    assert "if the errors of different days are independent" in model
