"""The documentation is followed, literally, and what it restates is held against the code.

Every fenced block of every page falls under one rule:

    bash, python   run in order, in a folder of the page's own that holds the files which the page
                   links to; Python blocks share a namespace, seeds are shifted, and `NOT_RUN` lists
                   the exceptions
    text           the output of the block before it: words are equal, and numbers of lines
                   without decimals; the other numbers are within `SLACK`; `...` stands for anything
    csv            the first lines of a file of docs/files
    stan, cpp      lines of the program, or of its header, that `export` has written
    floors         the map of the code
    r              declared in `NOT_RUN`, with another check
"""

import ast
import contextlib
import graphlib
import io
import json
import os
import re
import runpy
import shlex
import socket
import stat
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

import gr4jstan
from gr4jstan.cli.main import main
from gr4jstan.cli.parser import build_parser
from gr4jstan.cmdstan.toolchain import cache_dir, require_cmdstan
from gr4jstan.errors import InputError
from gr4jstan.fitting import diagnostics
from gr4jstan.fitting.results import Fit
from gr4jstan.many.manifest import CALIBRATING, READING
from gr4jstan.model.definition import define_model
from gr4jstan.model.priors import prior_numbers
from gr4jstan.model.programs import CHOICES, ProgramSpec, render_program
from gr4jstan.reading.gauge import GAUGE_CODES
from gr4jstan.scoring.scores import SCORES
from gr4jstan.structures.catalogue import GR4J
from seeds import shifted

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SOURCES = ROOT / "src" / "gr4jstan"
PAGES = [*sorted(DOCS.rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

# Draws depend on the seed, the compiler and CmdStan's version. Their Monte-Carlo errors are a few
# per cent of the numbers shown or below 0.02; their effective number, a whole number beside those
# with decimals, varies by 8 %, so that one run's is another's within a factor of 2.
SLACK = {"relative": 0.35, "absolute": 0.1, "factor": 2.0}

MARKDOWN = MarkdownIt("commonmark").enable("table")


# --- what is not run ---------------------------------------------------------------------------


def names_what_exists(line: str, folder: Path) -> None:
    """Scripts and tests are there, scripts can be executed, and they know the options named."""
    words = shlex.split(line, comments=True)
    paths = [ROOT / word for word in words if word.startswith(("scripts/", "tests/"))]
    assert paths, line
    script = paths[0].read_text(encoding="utf-8")
    for path in paths:
        assert path.is_file(), path
        assert path.suffix != ".sh" or path.stat().st_mode & stat.S_IXUSR, path
    if paths[0].suffix == ".py" and paths[0].parent.name == "scripts":
        for word in words:
            assert not word.startswith("-") or f'"{word}"' in script, (line, word)


def can_be_parsed(line: str, folder: Path) -> None:
    build_parser().parse_args(shlex.split(line, comments=True)[1:])


def installs_what_exists(line: str, folder: Path) -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for extra in re.findall(r"\[(.*?)\]", line):
        assert set(extra.split(",")) <= set(project["optional-dependencies"])


def fits_the_exported_program(code: str, folder: Path) -> None:
    """Files and parameters that the R code names are those of the folder; so is the start."""
    for path in re.findall(r'"(program/[^"]*)"', code):
        assert (folder / path).is_file(), path
    text = (folder / "program" / "gr4j.stan").read_text(encoding="utf-8")
    start = json.loads((folder / "program" / "inits.json").read_text(encoding="utf-8"))
    assert set(start) == set(block(text, "parameters"))
    (summary,) = re.findall(r"summary\(c\((.*?)\)\)", code)
    written = {*block(text, "parameters"), *block(text, "transformed parameters")}
    assert set(re.findall(r'"(\w+)"', summary)) <= written


def gives_a_table_that_is_read(code: str, folder: Path) -> None:
    """What R writes of airGR's table: the columns that the page names, quoted, dates as ISO."""
    lines = ['"DatesR","P","T","E","Qls","Qmm"', "1984-01-01,4.1,2,0.2,2640,0.6336"]
    (folder / "basin.csv").write_text("\n".join(lines))
    catchment = gr4jstan.read_csv(folder / "basin.csv")
    assert catchment.Q is not None
    assert (catchment.P[0], catchment.E[0], catchment.Q[0]) == (4.1, 0.2, 0.6336)


# What a block's line, or an R block, begins with; why it is not run here; what is checked instead.
NOT_RUN: tuple[tuple[str, str, Callable[[str, Path], None]], ...] = (
    ("pip install", "changes the environment", installs_what_exists),
    ("pre-commit ", "changes the checkout", lambda line, folder: None),
    ("gr4jstan install-cmdstan", "downloads 170 MB", can_be_parsed),
    ("gr4jstan compare -o experiment", "takes a minute; see test_comparison", can_be_parsed),
    ("gr4jstan fit gauge.csv", "a file that only the reader has", can_be_parsed),
    ("gr4jstan fit-many manifest.csv -o many  ", "run in many-catchments.md", can_be_parsed),
    ("scripts/", "sets everything up, or runs these tests", names_what_exists),
    (".ci/run", "runs these tests", lambda line, folder: None),
    ("python scripts/", "takes minutes", names_what_exists),
    ("PYTHON=", "runs these tests", lambda line, folder: None),
    ("for shift in", "runs these tests", lambda line, folder: None),
    ("GLIBC_TUNABLES=", "runs these tests", lambda line, folder: None),
    ("pytest ", "run by themselves", names_what_exists),
    (".venv/bin/python -m coverage", "runs these tests", lambda line, folder: None),
    ("mkdocs ", "builds the site; .ci/run does", lambda line, folder: None),
    ("library(cmdstanr)", "needs R and CmdStanR", fits_the_exported_program),
    ("data(L0123001", "needs R and airGR", gives_a_table_that_is_read),
)


def why_not(text: str) -> Callable[[str, Path], None] | None:
    """The other check of what is declared not to be run."""
    return next((check for start, _, check in NOT_RUN if text.startswith(start)), None)


# --- reading pages -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Block:
    """A fenced block: where it is, its language, and its text."""

    place: str
    language: str
    text: str


def tokens_of(page: Path) -> list[Token]:
    return MARKDOWN.parse(page.read_text(encoding="utf-8"))


def walks(page: Path) -> list[list[Block]]:
    """The blocks of a page that are followed one after the other; sections of the README stand
    alone."""
    found: list[list[Block]] = [[]]
    for token in tokens_of(page):
        if token.type == "heading_open" and token.tag == "h2" and page.name == "README.md":
            found.append([])
        if token.type == "fence":
            assert token.map is not None
            place = f"{page.relative_to(ROOT)}:{token.map[0] + 1}"
            found[-1].append(Block(place, token.info or "bash", token.content))
    return [blocks for blocks in found if blocks]


def inline(page: Path, kind: str) -> Iterator[Token]:
    for token in tokens_of(page):
        yield from (child for child in token.children or [] if child.type == kind)


def tables(page: str) -> dict[str, list[dict[str, str]]]:
    """The rows of all tables, by the text of their first header cell; cells by header."""
    found: dict[str, list[dict[str, str]]] = {}
    header: list[str] = []
    row: list[str] = []
    for token in tokens_of(DOCS / page):
        if token.type == "tr_open":
            row = []
        elif token.type == "inline" and token.level >= 4:
            row.append(token.content)
        elif token.type == "thead_close":
            header = row
            found.setdefault(header[0], [])
        elif token.type == "tr_close" and header and row is not header:
            if row and token.level > 1 and len(row) == len(header) and row != header:
                found[header[0]].append(dict(zip(header, row, strict=True)))
        elif token.type == "table_close":
            header = []
    return found


def code(cell: str) -> list[str]:
    """The code spans of a cell."""
    return re.findall(r"`([^`]*)`", cell)


# --- following them ----------------------------------------------------------------------------


class Reader:
    """Someone who follows a page in a folder of their own."""

    def __init__(self, folder: Path, page: Path) -> None:
        self.folder = folder
        self.namespace: dict[str, Any] = {"__name__": "__main__"}
        linked = [str(token.attrs["href"]) for token in inline(page, "link_open")]
        files = [page.parent / link for link in linked if link.startswith("files/")]
        if page.name == "README.md":
            files = list((DOCS / "files").glob("*.csv"))
        for file in files:
            (folder / file.name).write_bytes(file.read_bytes())
        if page.name == "README.md":
            # the reader's own: longer than a spin-up
            whole = gr4jstan.load_dataset("example").to_frame()
            whole[["P", "E"]].to_csv(folder / "forcing.csv")
        commands = folder.parent / "bin"
        commands.mkdir(exist_ok=True)
        modules = {"python": "", "gr4jstan": "-m gr4jstan.cli.main", "dask": "-m dask"}
        for name, arguments in modules.items():
            shim = commands / name
            shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {arguments} "$@"\n')
            shim.chmod(0o755)
        self.path = f"{commands}{os.pathsep}{os.environ['PATH']}"

    def follow(self, block: Block) -> str:
        """Run a block; what it says."""
        block = replace(block, text=with_shifted_seeds(block.text))
        if block.language == "python":
            return self._python(block)
        assert block.language == "bash", f"{block.place}: a block of unknown kind"
        lines = [line for line in logical_lines(block.text) if not line.startswith("#")]
        for line in lines:
            if check := why_not(line):
                check(line, self.folder)
        lines = [line for line in lines if not why_not(line)]
        # what has jobs, variables or alternatives is one script
        if any(re.search(r"&$|\$|\|\||<<", line) for line in lines):
            return self._bash(block.place, block.text)
        return "".join(
            self._command(block.place, line)
            if line.startswith("gr4jstan ")
            else self._bash(block.place, line)
            for line in lines
        )

    def _python(self, block: Block) -> str:
        said = io.StringIO()
        with contextlib.redirect_stdout(said), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # those of other packages, which a reader sees
            exec(compile(block.text, block.place, "exec"), self.namespace)
        return said.getvalue()

    def _command(self, place: str, line: str) -> str:
        """Run one of our commands in this process, which has its imports behind it."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            status = main(shlex.split(line, comments=True)[1:])
        # whether a fit converged is a matter of its draws: where a page tells, its output does
        expected = (0, 3) if line.startswith("gr4jstan fit ") else (0,)
        assert status in expected, f"{place}: {line} ended with {status}:\n{said.getvalue()}"
        return said.getvalue()

    def _bash(self, place: str, text: str) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        run = subprocess.run(
            ["bash", "-eu", "-c", text.replace("8786", port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            env=os.environ | {"PATH": self.path},
            check=False,
        )
        assert run.returncode == 0, f"{place}: ended with {run.returncode}:\n{run.stdout}"
        return run.stdout


def with_shifted_seeds(text: str) -> str:
    """The text with another number after each `--seed` and `seed=`."""
    return re.sub(r"(?<=\bseed[ =])\d+", lambda found: str(shifted(int(found[0]))), text)


def logical_lines(text: str) -> list[str]:
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def agrees(expected: str, found: str) -> bool:
    """Whether an output is what a page shows."""

    def match(want: list[str], have: list[str]) -> bool:
        if not want:
            return not have
        if want[0] == "...":
            return any(match(want[1:], have[i:]) for i in range(len(have) + 1))
        return bool(have) and line_agrees(want[0], have[0]) and match(want[1:], have[1:])

    return match(
        *([line.strip() for line in text.strip().splitlines()] for text in (expected, found))
    )


NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)")


def line_agrees(expected: str, found: str) -> bool:
    shown = NUMBER.findall(expected)
    parts = [re.escape(part).replace(r"\.\.\.", ".*") for part in NUMBER.split(expected)]
    pattern = f"({NUMBER.pattern})".join(re.sub(r"(\\? )+", r"\\s+", part) for part in parts)
    matched = re.fullmatch(pattern, found)
    if matched is None:
        return False
    decimal = any("." in number for number in shown)
    pairs = zip(shown, matched.groups(), strict=True)
    return all(close(a, float(b)) if decimal else float(a) == float(b) for a, b in pairs)


def close(shown: str, found: float) -> bool:
    """Whether a number that stands in a line with decimals is that of a page."""
    value = float(shown)
    if "." not in shown and value > 0:
        return bool(1 / SLACK["factor"] <= found / value <= SLACK["factor"])
    return abs(value - found) <= max(SLACK["absolute"], SLACK["relative"] * abs(value))


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_reader_can_follow_the_page(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMDSTAN", str(require_cmdstan()))
    monkeypatch.setenv("GR4JSTAN_CACHE", str(cache_dir()))
    monkeypatch.setenv("HOME", str(tmp_path))
    for number, blocks in enumerate(walks(page)):
        folder = tmp_path / f"reader{number}"
        folder.mkdir()
        monkeypatch.chdir(folder)
        reader = Reader(folder, page)
        said = ""
        for block in blocks:
            if block.language == "text":
                assert agrees(block.text, said), f"{block.place}: what came was\n{said}"
            elif block.language == "csv":
                heads = [f.read_text() for f in (DOCS / "files").glob("*.csv")]
                assert any(head.startswith(block.text) for head in heads), block.place
            elif block.language == "floors":
                pass  # it has a test of its own
            elif block.language in ("stan", "cpp"):
                program = render_program(define_model().spec)
                source = program.code if block.language == "stan" else program.header
                assert source is not None
                for line in block.text.splitlines():
                    assert line in source.splitlines(), f"{block.place}: {line}"
            elif block.language == "r":
                check = why_not(block.text)
                assert check is not None, f"{block.place}: R code that is not declared"
                check(block.text, folder)
            else:
                said = reader.follow(block)


def test_an_output_that_differs_is_noticed() -> None:
    table = "      mean  ess\nx1  160.4 5341\n...\nConverged, in ... s."
    assert agrees(table, "mean ess\nx1 161.0 5000\nx2 1.0 3\n\nConverged, in 7.7 s.\n")
    assert not agrees(table, "mean ess\nx1 16.1 5000\nConverged, in 7.7 s.\n")
    assert not agrees(table, "mean ess\nx1 161.0 5000\nNot converged, in 7.7 s.\n")
    assert not agrees(table, "mean ess\nx1 161.0 2500\nConverged, in 7.7 s.\n")
    assert not agrees("3 catchments", "4 catchments")


def test_the_quick_start_needs_four_commands() -> None:
    commands = [
        line
        for block in walks(DOCS / "index.md")[0]
        if block.language == "bash"
        for line in logical_lines(block.text)
    ]
    assert commands[3].startswith("gr4jstan fit catchment.csv")


def maker_of_files(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What scripts/make_docs_files.py defines."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return runpy.run_path(str(ROOT / "scripts" / "make_docs_files.py"))


def test_the_files_that_pages_offer_are_those_that_the_script_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = maker_of_files(monkeypatch)
    script["write_files"](tmp_path)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in (DOCS / "files").glob("*.csv")}


# --- links and options -------------------------------------------------------------------------


def slugs(page: Path) -> set[str]:
    """Anchors of the headings, as MkDocs makes them."""
    tokens = tokens_of(page)
    titles = [b.content for a, b in pairwise(tokens) if a.type == "heading_open"]
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", t).strip().lower()) for t in titles}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_and_images_lead_somewhere(page: Path) -> None:
    links = [str(token.attrs["href"]) for token in inline(page, "link_open")]
    links += [str(token.attrs["src"]) for token in inline(page, "image")]
    for link in links:
        path, _, anchor = link.partition("#")
        if re.match(r"https?:", path):
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in slugs(target), link


def commands_and_options() -> dict[str, set[str]]:
    parser = build_parser()
    (commands,) = (a.choices for a in parser._actions if isinstance(a.choices, dict))
    found = {name: set(each._option_string_actions) for name, each in commands.items()}
    return found | {"": set(parser._option_string_actions)}


# Options of other programs: pip, make, stanc, git, mkdocs, pytest, Dask and our own scripts.
FOREIGN = {
    "--allow-undefined",
    "--halves",
    "--host",
    "--nthreads",
    "--nworkers",
    "--no-dashboard",
    "--port",
    "--quick",
    "--show",
    "--strict",
    "--tables",
}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_options_that_are_named_exist(page: Path) -> None:
    known = set().union(*commands_and_options().values(), FOREIGN)
    texts = [token.content for token in inline(page, "code_inline")]
    texts += [token.content for token in tokens_of(page) if token.type == "fence"]
    for text in texts:
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", text))
        assert named <= known, named - known


# --- tables that restate the code --------------------------------------------------------------


def specs() -> list[tuple[ProgramSpec, bool]]:
    """All specs, and whether sigma is known."""
    found = []
    axes = [*(CHOICES[n] for n in ("gradient", "error_model", "priors", "initial_states"))]
    for (gradient, error_model, priors, states), known in product(product(*axes), (False, True)):
        mode = "last" if gradient == "truncated" else None
        with contextlib.suppress(InputError):
            spec = ProgramSpec(gradient, mode, error_model, known, priors, states)  # type: ignore[arg-type]
            found.append((spec, known))
    return found


def block(program: str, name: str) -> dict[str, str]:
    """Variables that a block of a Stan program declares, each with its type."""
    found = re.search(rf"^{name} {{\n(.*?)^}}", program, re.MULTILINE | re.DOTALL)
    declared = re.findall(
        r"^\s+((?:array\[\w+\] )?(?:int|real|vector)(?:<[^>]*>)?(?:\[\w+\])?) (\w+)(?: =[^;]*)?;",
        found[1] if found else "",
        re.MULTILINE,
    )
    return {name: kind for kind, name in declared}


def belongs(cell: str, spec: ProgramSpec, known: bool) -> bool:
    """Whether a spec is among the programs that a cell names."""
    values = {f.name: getattr(spec, f.name) for f in fields(spec)}
    values["sigma"] = "known" if known else "estimated"
    conditions = [] if cell == "all" else code(cell)
    assert conditions or cell == "all", cell
    return all(
        values[name] in choices.split("/")
        for name, choices in (condition.split("=") for condition in conditions)
    )


def test_variables_of_the_programs() -> None:
    page = tables("for-stan-users.md")
    for spec, known in specs():
        program = render_program(spec).code
        data = {
            code(row["variable"])[0]: code(row["declared as"])[0]
            for row in page["variable"]
            if belongs(row["program"], spec, known)
        }
        assert data == block(program, "data")
        for name in ("parameters", "transformed parameters"):
            rows = [row for row in page["name"] if code(row["block"]) == [name]]
            named = {code(r["name"])[0] for r in rows if belongs(r["program"], spec, known)}
            assert named == set(block(program, name))


def test_numbers_of_the_priors() -> None:
    rows = tables("for-stan-users.md")["number"]
    for priors in CHOICES["priors"]:
        numbers = prior_numbers(ProgramSpec(priors=priors))  # type: ignore[arg-type]
        stated = {code(row["number"])[0]: row[f"`{priors}`"] for row in rows if row[f"`{priors}`"]}
        of_parameters = {name: x for name, x in numbers.items() if re.match(r"x\d", name)}
        assert stated == {name: f"{x:.4g}" for name, x in of_parameters.items()}


def test_choices_of_the_model() -> None:
    rows = {code(row["axis"])[0]: row for row in tables("for-stan-users.md")["axis"]}
    for name, choices in CHOICES.items():
        assert sorted(choices) == sorted(
            choice for choice in code(rows[name]["choices"]) if not choice.startswith("-")
        )


def test_error_models() -> None:
    rows = {code(row["error model"])[0]: row for row in tables("error-models.md")["error model"]}
    assert set(rows) == set(CHOICES["error_model"])
    for name, row in rows.items():
        model = define_model(error_model=name)  # type: ignore[arg-type]
        assert tuple(code(row["parameters"])) == model.error_parameters
        for number, value in model.numbers.items():
            if number in ("boxcox_lambda", "sigma_slope_scale", "nu_alpha", "nu_beta"):
                assert f"{value:g}" in row["prior of the parameters"]
    assert "(default)" in rows[define_model().spec.error_model]["error model"]


def test_columns_of_airgr() -> None:
    rows = tables("from-airgr.md")
    ours = {code(row["gr4jstan"])[0] for row in rows["airGR"] if code(row["gr4jstan"])}
    units = {flux.name: flux.unit for flux in GR4J.fluxes}
    units |= {parameter.name: parameter.unit for parameter in GR4J.parameters}
    assert ours >= units.keys() | {"date"}
    for row in rows["airGR"]:
        for name in code(row["gr4jstan"]):
            assert row.get("unit") in (None, units.get(name, row.get("unit"))), name


def test_diagnostics(synthetic_fit: Fit) -> None:
    page = tables("diagnostics.md")
    judged = [
        code(row["number in diagnostics.json"])[0] for row in page["number in diagnostics.json"]
    ]
    others = [code(row["number"])[0] for row in page["number"]]
    assert sorted(judged + others) == sorted(synthetic_fit.diagnostics)
    text = (DOCS / "diagnostics.md").read_text(encoding="utf-8")
    for name in synthetic_fit.diagnostics["seconds"]:
        assert f"`{name}`" in text
    thresholds = {
        row["number in diagnostics.json"]: row["threshold"]
        for row in page["number in diagnostics.json"]
    }
    assert thresholds["`max_rhat`"] == f"below {diagnostics.MAX_RHAT}"
    for name in ("bulk", "tail"):
        assert thresholds[f"`min_ess_{name}`"] == f"at least {diagnostics.MIN_ESS}"
    for name in ("max_treedepth_hits", "divergences"):
        assert thresholds[f"`{name}`"] == f"at most {100 * diagnostics.MAX_SHARE:g} % of the draws"


def test_scores() -> None:
    rows = tables("diagnostics.md")["score"]
    assert [(code(row["score"])[0], row["unit"]) for row in rows] == [
        (name, score.unit) for name, score in SCORES.items()
    ]


def test_columns_of_a_manifest() -> None:
    named = [name for row in tables("many-catchments.md")["what"] for name in code(row["columns"])]
    assert sorted(named) == sorted(READING | CALIBRATING)


def test_measured_tables_are_those_of_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    script = maker_of_files(monkeypatch)
    page = (DOCS / "how-fast.md").read_text(encoding="utf-8")
    found = script["speed_tables"]((DOCS / "benchmark.md").read_text(encoding="utf-8"))
    assert set(found) == {"rates", "kernel", "goals"}
    for table in found.values():
        assert table in page, "run: python scripts/make_docs_files.py --tables"


def test_the_reference_lists_every_public_name() -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    listed = re.findall(r"^::: gr4jstan\.([\w.]+)\.(\w+)$", page, re.MULTILINE)
    found = {
        getattr(__import__(f"gr4jstan.{module}", fromlist=[name]), name) for module, name in listed
    }
    for name in set(gr4jstan.__all__) - {"__version__"}:
        assert getattr(gr4jstan, name) in found, name
        assert f"[`{name}`]" in page


# --- messages ----------------------------------------------------------------------------------

GAP = "…"

# The modules that make findings about a fit.
JUDGES = (
    "fitting/verdict",
    *(f"fitting/judging_{of}" for of in ("skill", "bands", "parameters", "errors")),
)


def templates(path: Path) -> list[str]:
    """Texts of a module, with `GAP` for what is filled in."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = [p.value if isinstance(p, ast.Constant) else GAP for p in node.values]
            found.append("".join(str(part) for part in parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
    return found


def said_in(message: str, texts: list[str]) -> bool:
    """Whether the words of a message, in order, are those of one text."""
    words = [part for part in message.split(GAP) if part.strip(" ;:,.'()")]
    assert sum(map(len, words)) > 8, f"{message!r} says too little to be looked up"
    pattern = ".*".join(re.escape(part.rstrip()) for part in words)
    return any(re.search(pattern, text, re.DOTALL) for text in texts)


def test_messages_are_those_of_the_code() -> None:
    texts = [text for path in SOURCES.rglob("*.py") for text in templates(path)]
    texts.append((ROOT / "stan" / "cpp" / "adjoint.hpp").read_text(encoding="utf-8"))
    for row in tables("troubleshooting.md")["message"]:
        message = code(row["message"])[0]
        assert said_in(message, texts), message


def test_reasons_and_findings_are_those_of_the_code() -> None:
    page = tables("diagnostics.md")
    reasons = [text for row in page["reason"] for text in code(row["reason"])]
    texts = templates(SOURCES / "fitting" / "diagnostics.py")
    for reason in reasons:
        assert reason in ("bulk ESS", "tail ESS", "diverged") or said_in(reason, texts), reason
    findings = [code(row["finding"])[0] for row in page["finding"]]
    judged = [text for name in JUDGES for text in templates(SOURCES / f"{name}.py")]
    for finding in findings:
        assert said_in(finding, judged), finding


def test_all_reasons_and_findings_are_explained() -> None:
    page = tables("diagnostics.md")
    explained = [text for row in page["reason"] for text in code(row["reason"])]
    explained += [code(row["finding"])[0] for row in page["finding"]]
    makers = {"fitting/diagnostics": {"append"}}
    makers |= {name: {"Finding", "warning", "note"} for name in JUDGES}
    for module, maker in makers.items():
        tree = ast.parse((SOURCES / f"{module}.py").read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef) or function.name == "judge":
                continue
            made = [
                node
                for node in ast.walk(function)
                if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in maker
            ]
            texts = [
                "".join(p.value if isinstance(p, ast.Constant) else GAP for p in node.values)
                for node in ast.walk(function)
                if isinstance(node, ast.JoinedStr)
            ] + [
                node.value
                for node in ast.walk(function)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            ]
            if made:
                assert any(len(e) > 12 and said_in(e, texts) for e in explained), function.name


def test_every_code_of_a_finding_is_explained() -> None:
    made = set()
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("note", "warning"):
                made |= {n.value for n in node.args[:1] if isinstance(n, ast.Constant)}
    made |= set(GAUGE_CODES)
    rows = tables("diagnostics.md")["code"]
    explained = {each for row in rows for each in code(row["code"])} - {"unfit"}
    assert explained == made


# --- the map of the code -----------------------------------------------------------------------


def map_of_the_code() -> list[dict[str, str]]:
    """The floors of the map, the lowest last: the words about each folder and module, by path."""
    (picture,) = (
        token.content
        for token in tokens_of(ROOT / "CONTRIBUTING.md")
        if token.type == "fence" and token.info == "floors"
    )
    floors: list[dict[str, str]] = []
    for block in picture.strip().split("\n\n"):
        floors.append({})
        path: list[str] = []
        for line in block.splitlines():
            name, words = line.split(maxsplit=1)
            depth = (len(line) - len(line.lstrip())) // 2
            path = [*path[:depth], name.rstrip("/")]
            floors[-1]["/".join(path)] = words
    return floors


def modules() -> dict[str, ast.Module]:
    """The source of each module and folder, by its path; that of the package has none."""
    found = {}
    for file in SOURCES.rglob("*.py"):
        path = file.relative_to(SOURCES).with_suffix("").as_posix()
        found[path.removesuffix("__init__").rstrip("/")] = ast.parse(file.read_text("utf-8"))
    return {path: tree for path, tree in found.items() if path}


def imports(tree: ast.Module) -> set[str]:
    """Paths of our own modules that a module imports, at its top or later."""
    return {
        str(node.module).removeprefix("gr4jstan").strip(".").replace(".", "/")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("gr4jstan")
    }


def test_the_map_of_the_code_shows_every_module_with_the_words_of_its_docstring() -> None:
    drawn = {path: words for floor in map_of_the_code() for path, words in floor.items()}
    said = {path: str(ast.get_docstring(tree)).splitlines()[0] for path, tree in modules().items()}
    assert drawn == said


def test_no_module_imports_from_above_or_from_beside() -> None:
    floors = map_of_the_code()
    height = {path: -i for i, floor in enumerate(floors) for path in floor}
    for path, tree in modules().items():
        for below in imports(tree) - {""}:
            own_folder = "/" in path and below.split("/")[0] == path.split("/")[0]
            assert own_folder or height[below] < height[path], (path, below)


def test_no_imports_run_in_a_circle() -> None:
    graph = {path: imports(tree) for path, tree in modules().items()}
    graphlib.TopologicalSorter(graph).prepare()


def test_the_hooks_before_a_commit_are_the_checks_of_ci() -> None:
    """The same tools on the same folders; CI only looks, hooks mend."""

    def tool(command: str) -> list[str]:
        looks = {"--check", "--fix", "--dry-run", "--Werror", "-i", "$(git", "ls-files"}
        return [word for word in command.split() if word not in looks and "'" not in word]

    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    entries = re.findall(r"entry: \.venv/bin/(.*)", hooks)
    checks = re.findall(r"^check (.*)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert [*map(tool, entries)] == [tool(line) for line in checks if "mkdocs" not in line]
