"""The command line: options, exit codes, messages and files."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from shlex import split

import numpy as np
import pandas as pd
import pytest

from gr4jstan import load_dataset
from gr4jstan.cli.main import main
from gr4jstan.cmdstan.toolchain import require_cmdstan
from gr4jstan.fitting.inference_data import dataset
from gr4jstan.fitting.loading import load_fit
from gr4jstan.fitting.results import Fit
from gr4jstan.structures.simulation import simulate
from seeds import shifted

FORCING = (
    "--date-column --precip-column --pet-column --precip-unit --pet-unit --temperature-column "
    "--latitude --date-format"
)
DATA = f"{FORCING} --discharge-column --flow-unit --area --start --end"
MODEL = (
    "--gradient --truncate-mode --truncate-steps --subsample --error-model --sigma --priors "
    "--initial-states --warmup"
)
SAMPLER = (
    "--chains --parallel-chains --iter-warmup --iter-sampling --adapt-delta --max-treedepth --seed "
    "--no-progress"
)
OPTIONS = {
    "doctor": "--json",
    "install-cmdstan": "--source --dir --force auto github index",
    "simulate": f"DATA {DATA} --output --x1 --x2 --x3 --x4 --s0 --r0 --force",
    "fit": f"DATA {DATA} {MODEL} {SAMPLER} --exclude --validation-start --validation-end --output "
    "--force",
    "predict": f"DIR FORCING.csv {FORCING} --output --level --states --warmup --force",
    "report": "DIR --force",
    "compare": f"[DATA] {DATA} {SAMPLER} --output --sigma --truncate-steps --subsample --force",
    "export": f"[DATA] {DATA} {MODEL} --exclude --output --force",
}
PARAMETERS = split("--x1 154 --x2 -0.25 --x3 43 --x4 1.33")
THE_POST = split("--priors uniform --sigma 0.1 --no-progress")


def run(*arguments: str | Path) -> int:
    """The exit code, argparse's own included."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as stop:
        assert isinstance(stop.code, int)
        return stop.code


def everything_in(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


@pytest.mark.parametrize("command", OPTIONS)
def test_help_names_every_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == 0
    shown = capsys.readouterr().out
    for option in OPTIONS[command].split():
        assert option in shown, option
    assert "examples:" in shown
    assert "exit codes:" in shown


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    shown = capsys.readouterr().out
    for command in OPTIONS:
        assert command in shown


def test_no_command_and_an_unknown_one_are_usage_errors() -> None:
    assert run() == 2
    assert run("calibrate") == 2


# --- bad input ---------------------------------------------------------------------------------


def csv(
    header: str = "date,P,E,Q",
    days: int = 30,
    row: Callable[[int, str], str] = lambda i, day: f"{day},{i % 5},1.5,{1 + i % 3}",
    changes: dict[int, str | None] | None = None,
    date: str = "{y}-{m:02d}-{d:02d}",
) -> str:
    """A table of 30 days from 2001-01-01, some rows replaced or (None) left out."""
    rows = [row(i, date.format(y=2001, m=1, d=i + 1)) for i in range(days)]
    rows = [text for i, t in enumerate(rows) if (text := (changes or {}).get(i, t)) is not None]
    return "\n".join([header, *rows]) + "\n"


def swapped(first: int, second: int) -> dict[int, str | None]:
    rows = csv().splitlines()[1:]
    return {first: rows[second], second: rows[first]}


# what is wrong: (the file, words of the message)
BAD_DATA = {
    "empty file": ("", ["basin.csv", "empty"]),
    "no rows": ("date,P,E,Q\n", ["basin.csv", "no data"]),
    "one column": ("date\n2001-01-01\n", ["basin.csv", "comma"]),
    "no P": (csv("date,E,Q", row=lambda i, day: f"{day},1,2"), ["basin.csv", "precipitation P"]),
    "no E": (csv("date,P,Q", row=lambda i, day: f"{day},1,2"), ["basin.csv", "evapotranspiration"]),
    "no Q": (csv("date,P,E", row=lambda i, day: f"{day},1,2"), ["--discharge-column"]),
    "missing P": (csv(changes={4: "2001-01-05,,1.5,1"}), ["'P'", "missing", "2001-01-05"]),
    "missing E": (csv(changes={4: "2001-01-05,1,NaN,1"}), ["'E'", "missing", "2001-01-05"]),
    "sentinel in P": (csv(changes={4: "2001-01-05,-9999,1.5,1"}), ["'P'", "2001-01-05"]),
    "negative P": (csv(changes={4: "2001-01-05,-1,1.5,1"}), ["'P'", "negative", "2001-01-05"]),
    "negative E": (csv(changes={4: "2001-01-05,1,-0.5,1"}), ["'E'", "negative", "2001-01-05"]),
    "negative Q": (csv(changes={4: "2001-01-05,1,1.5,-0.5"}), ["'Q'", "negative", "2001-01-05"]),
    "infinite P": (csv(changes={4: "2001-01-05,inf,1.5,1"}), ["'P'", "infinite", "2001-01-05"]),
    "infinite Q": (csv(changes={4: "2001-01-05,1,1.5,inf"}), ["'Q'", "infinite", "2001-01-05"]),
    "not a number": (
        csv(changes={4: "2001-01-05,dry,1.5,1"}),
        ["line 6", "2001-01-05", "'P'", "'dry'", "not a number"],
    ),
    "gap": (csv(changes={4: None}), ["'date'", "gap", "2001-01-04", "2001-01-06"]),
    "duplicate": (csv(changes={5: "2001-01-05,1,1.5,1"}), ["'date'", "duplicate", "2001-01-05"]),
    "disorder": (csv(changes=swapped(4, 5)), ["'date'", "not in order", "2001-01-05"]),
    "no date": (csv(changes={4: "someday,1,1.5,1"}), ["line 6", "'date'", "'someday'"]),
    "ambiguous dates": (
        csv(days=12, date="{d:02d}/{m:02d}/{y}"),
        ["'date'", "'01/01/2001'", "--date-format"],
    ),
    "sub-daily": (
        csv(days=24, row=lambda i, day: f"2001-01-01 {i:02d}:00,1,1.5,1"),
        ["'date'", "sub-daily", "2001-01-01 01:00"],
    ),
    "monthly": (
        csv(days=12, row=lambda i, day: f"2001-{i + 1:02d}-01,1,1.5,1"),
        ["'date'", "monthly", "2001-02-01"],
    ),
    "too few days": (csv(days=5), ["too few days", "'Q'", "5 days"]),
    "too few observed": (
        csv(row=lambda i, day: f"{day},1,1.5,{i if i < 4 else ''}"),
        ["too few days", "'Q'", "4 days"],
    ),
    "all Q missing": (
        csv(row=lambda i, day: f"{day},1,1.5,"),
        ["'Q'", "missing on all 30 days"],
    ),
    "all Q a sentinel": (
        csv(row=lambda i, day: f"{day},1,1.5,-999"),
        ["'Q'", "missing on all 30 days"],
    ),
    "constant Q": (csv(row=lambda i, day: f"{day},1,1.5,2"), ["2 mm/d on all 30 days"]),
    "two Q": (
        csv("date,P,E,Q_obs,Q_sim", row=lambda i, day: f"{day},1,1.5,{i},{i}"),
        ["'Q_obs'", "'Q_sim'", "--discharge-column"],
    ),
}


@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_data_are_refused_by_name(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, words = BAD_DATA[case]
    (tmp_path / "basin.csv").write_text(content)
    refuse(tmp_path, capsys, ["fit", str(tmp_path / "basin.csv")], words)


FIT = ["fit", "synthetic"]
SIMULATE = ["simulate", "synthetic", *PARAMETERS]
BAD_OPTIONS = {
    "unknown data set": (["fit", "exmaple"], ["exmaple"]),
    "no such file": (["fit", "nowhere/basin.csv"], ["nowhere/basin.csv"]),
    "a folder": (["fit", "."], ["folder"]),
    "a column of a built-in": ([*FIT, "--precip-column", "rain"], ["precip_column"]),
    "start after end": (
        [*FIT, "--start", "2012-07-01", "--end", "2012-06-20"],
        ["2012-06-20", "before", "2012-07-01"],
    ),
    "start outside": ([*FIT, "--start", "2011-07-01"], ["--start", "2011-07-01", "2012-06-09"]),
    "end outside": ([*FIT, "--end", "2013-07-01"], ["--end", "2013-07-01", "2012-07-28"]),
    "start not a date": ([*FIT, "--start", "June"], ["--start", "'June'", "YYYY-MM-DD"]),
    "too short a period": ([*FIT, "--end", "2012-06-12"], ["too few days", "4 days"]),
    "warm-up too long": ([*FIT, "--warmup", "50"], ["50 days", "warm"]),
    "warm-up of a year": ([*FIT, "--warmup", "1Y"], ["1Y", "365 days", "50 days"]),
    "warm-up for fixed stores": ([*FIT, "--initial-states", "fixed"], ["1Y", "50 days"]),
    "warm-up in words": ([*FIT, "--warmup", "long"], ["'long'", "1Y"]),
    "subsample 0": ([*FIT, "--subsample", "0"], ["subsample is 0"]),
    "subsample too large": ([*FIT, "--subsample", "51"], ["subsample is 51", "50 days"]),
    "subsample leaves too few": ([*FIT, "--subsample", "20"], ["subsample 20", "3 observed days"]),
    "truncation of nothing": ([*FIT, "--truncate-steps", "5"], ["truncate_steps is 5"]),
    "mode of nothing": ([*FIT, "--truncate-mode", "last"], ["truncate_mode", "'last'"]),
    "truncation 0": (
        [*FIT, "--gradient", "truncated", "--truncate-steps", "0"],
        ["truncate_steps is 0"],
    ),
    "unknown gradient": ([*FIT, "--gradient", "numerical"], ["--gradient", "numerical"]),
    "sigma 0": ([*FIT, "--sigma", "0"], ["sigma is 0"]),
    "sigma nan": ([*FIT, "--sigma", "nan"], ["sigma is nan"]),
    "prior without number": ([*FIT, "--prior", "x1_upper"], ["'x1_upper'", "NAME=NUMBER"]),
    "prior in words": ([*FIT, "--prior", "x1_upper=big"], ["'x1_upper=big'", "NAME=NUMBER"]),
    "unknown prior": ([*FIT, "--prior", "x9_upper=1"], ["'x9_upper'", "x1_upper"]),
    "crossed bounds": ([*FIT, "--prior", "x1_upper=-1"], ["x1_upper is -1"]),
    "chains 0": ([*FIT, "--chains", "0"], ["chains is 0"]),
    "chains in words": ([*FIT, "--chains", "many"], ["--chains", "'many'"]),
    "adapt-delta 1.5": ([*FIT, "--adapt-delta", "1.5"], ["adapt_delta is 1.5"]),
    "iter-sampling 0": ([*FIT, "--iter-sampling", "0"], ["iter_sampling is 0"]),
    "seed -1": ([*FIT, "--seed", "-1"], ["seed is -1"]),
    "compare: subsample 60": (["compare", "--subsample", "60"], ["subsample is 60", "50 days"]),
    "compare: truncation 0": (["compare", "--truncate-steps", "0"], ["truncate_steps is 0"]),
    "compare: sigma -1": (["compare", "--sigma", "-1"], ["sigma is -1"]),
    "compare: truncated draws 0": (["compare", "--truncated-draws", "0"], ["iter_sampling is 0"]),
    "export: warm-up": (["export", "synthetic", "--warmup", "80"], ["80 days", "50 days"]),
    "simulate: x1 0": ([*SIMULATE, "--x1", "0"], ["x1", "0"]),
    "simulate: x4 0.4": ([*SIMULATE, "--x4", "0.4"], ["x4", "0.4", "0.5"]),
    "simulate: s0 -1": ([*SIMULATE, "--s0", "-1"], ["s0", "-1"]),
    "simulate: x3 nan": ([*SIMULATE, "--x3", "nan"], ["x3", "nan"]),
}


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_bad_options_are_refused_by_name(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse(tmp_path, capsys, *BAD_OPTIONS[case])


def refuse(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: Sequence[str], words: Sequence[str]
) -> None:
    """Exit code 2, a message with these words, no traceback, and nothing written."""
    before = everything_in(folder)
    assert run(*arguments, "-o", folder / "new" / "out") == 2
    shown = capsys.readouterr()
    for word in words:
        assert word in shown.err, shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""
    assert everything_in(folder) == before


COMMANDS = {
    "simulate": SIMULATE,
    "fit": FIT,
    "compare": ["compare"],
    "export": ["export", "synthetic"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_exists_is_not_overwritten(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    if command == "simulate":
        out.write_text("mine")
    else:
        out.mkdir()
        (out / "notes.txt").write_text("mine")
    before = everything_in(tmp_path)
    assert run(*COMMANDS[command], "-o", out) == 2
    message = capsys.readouterr().err
    assert "out exists" in message
    assert "--force" in message
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_an_output_that_cannot_be_written_is_named(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    assert run(*COMMANDS[command], "-o", tmp_path / "file" / "out") == 2
    assert "file/out cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["fit", "compare", "export"])
def test_without_cmdstan_nothing_is_written_or_downloaded(
    command: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CMDSTAN", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GR4JSTAN_CACHE", str(tmp_path / "cache"))
    assert run(*COMMANDS[command], "-o", tmp_path / "new" / "out") == 1
    message = capsys.readouterr().err
    assert "gr4jstan install-cmdstan" in message
    assert "Traceback" not in message
    assert everything_in(tmp_path) == []


# --- simulate ----------------------------------------------------------------------------------


@pytest.mark.parametrize("stores", [{}, {"s0": 100.0, "r0": 20.0}])
def test_simulate_writes_what_the_simulator_gives(stores: dict[str, float], tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    options = [word for name, value in stores.items() for word in (f"--{name}", str(value))]
    assert run("simulate", "example", "-o", out, *PARAMETERS, *options) == 0
    written = pd.read_csv(out, parse_dates=["date"])
    assert list(written.columns[:4]) == ["date", "Q", "S", "R"]
    assert {"pn", "ps", "ae", "perc", "q9", "q1", "exch", "aexch", "qr", "qd"} <= set(written)
    catchment = load_dataset("example")
    np.testing.assert_array_equal(written["date"], catchment.dates)
    expected = simulate(catchment.P, catchment.E, 154, -0.25, 43, 1.33, **stores)
    for name in written.columns[1:]:
        np.testing.assert_allclose(written[name], getattr(expected, name), rtol=1e-12, atol=1e-15)
    assert everything_in(tmp_path) == [out]


def test_simulate_refuses_what_is_not_finite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wild = ["--x1", "1e308", "--x2", "1e308", "--x3", "1e-300", "--x4", "1.5"]
    assert run("simulate", "example", "-o", tmp_path / "out.csv", *wild) == 2
    assert "not finite from 2012-01-0" in capsys.readouterr().err
    assert everything_in(tmp_path) == []


def test_simulate_without_dates_or_streamflow_counts_days(tmp_path: Path) -> None:
    (tmp_path / "forcing.csv").write_text(csv("P,E", row=lambda i, day: f"{i % 5},1.5"))
    assert run("simulate", tmp_path / "forcing.csv", "-o", tmp_path / "out.csv", *PARAMETERS) == 0
    written = pd.read_csv(tmp_path / "out.csv")
    assert list(written.columns[:4]) == ["day", "Q", "S", "R"]
    assert written["day"].tolist() == list(range(30))


# --- fit ---------------------------------------------------------------------------------------


def test_fit_that_converges(
    tmp_path: Path, synthetic_fit: Fit, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "out"
    options = split(f"--seed {shifted(1)} --parallel-chains 1")
    code = run("fit", "synthetic", "-o", out, *THE_POST, *options)
    shown = capsys.readouterr()
    assert code == 0, shown
    assert "Converged" in shown.out
    assert "50 observed days" in shown.err
    written = {path.name for path in out.iterdir()}
    assert {
        "posterior.nc",
        "states.nc",
        "summary.csv",
        "scores.csv",
        "verification.csv",
        "diagnostics.json",
        "run.json",
        "model.stan",
        "data.json",
        "report.html",
    } <= written
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    table = pd.read_csv(out / "summary.csv")
    assert ",".join(table.columns) == (
        "parameter,mean,sd,median,q5,q95,mcse_mean,ess_bulk,ess_tail,r_hat,widening"
    )
    # the Python interface with the same seed, two chains at a time, drew the same
    loaded = dataset(load_fit(out).idata, "posterior")
    assert loaded.equals(dataset(synthetic_fit.idata, "posterior"))


def test_fit_that_does_not_converge_is_written_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = split(f"--seed {shifted(1)} --iter-warmup 100 --iter-sampling 50")
    assert run("fit", "synthetic", "-o", tmp_path / "out", *THE_POST, *options) == 3
    shown = capsys.readouterr().out
    assert "\nNot converged" in shown
    found = json.loads((tmp_path / "out" / "diagnostics.json").read_text())
    assert found["converged"] is False
    assert found["reasons"]
    for reason in found["reasons"]:
        assert reason in shown
    assert not load_fit(tmp_path / "out").diagnostics["converged"]
    # --force replaces it
    assert run("fit", "synthetic", "-o", tmp_path / "out", *THE_POST, *options, "--force") == 3


def test_fit_tells_what_was_noticed_in_the_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = csv(row=lambda i, day: f"{day};{i % 5},5;1,5;{1 + i % 3 if i != 7 else -999}").replace(
        "date,P,E,Q", "\ufeffDatesR;P;E;Qmm"
    )
    (tmp_path / "basin.csv").write_text(text, encoding="utf-8")
    short = split(
        "--chains 1 --iter-warmup 10 --iter-sampling 4 --sigma 0.5 --priors uniform "
        f"--seed {shifted(1)}"
    )
    assert run("fit", tmp_path / "basin.csv", "-o", tmp_path / "out", *short, "--no-progress") == 3
    message = capsys.readouterr().err
    assert "-999 read as missing" in message
    assert "1 of 30 days has no Q (first 2001-01-08)" in message
    assert "29 observed days count, of 30 from 2001-01-01 to 2001-01-30" in message
    assert json.loads((tmp_path / "out" / "run.json").read_text())["observed_days"] == 29


# --- compare -----------------------------------------------------------------------------------


def test_compare_takes_modeled_flow_of_the_posts_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catchment = load_dataset("synthetic")
    assert catchment.Q is not None
    rows = zip(catchment.P, catchment.E, catchment.Q, catchment.Q + 1, strict=True)
    lines = ["P,ET,modeled_Q,obs_Q", *(",".join(map(repr, map(float, row))) for row in rows)]
    (tmp_path / "post.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    out = tmp_path / "out"
    few = split(
        f"--chains 2 --iter-warmup 20 --iter-sampling 10 --max-treedepth 5 --seed {shifted(1)}"
    )
    assert run("compare", tmp_path / "post.csv", "-o", out, *few, "--no-progress") == 0
    assert "Expected time" in capsys.readouterr().err
    data = json.loads((out / "full" / "data.json").read_text())
    assert data["Q_obs"] == catchment.Q.tolist()
    assert {path.name for path in out.glob("*.*")} == {
        "comparison.csv",
        "comparison.md",
        "comparison.json",
        "execution_time.png",
        "posterior_x1.png",
        "energy.png",
        "tree_depth.png",
    }
    # the true value is not known of a file
    assert json.loads((out / "comparison.json").read_text())["true_x1"] is None
    # fit does not choose for the user
    assert run("fit", tmp_path / "post.csv", "-o", tmp_path / "fit") == 2
    message = capsys.readouterr().err
    assert "modeled_Q" in message
    assert "obs_Q" in message


# --- export, doctor ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "program"
    options = split("--priors uniform --sigma 0.1 --gradient truncated --truncate-steps 7")
    assert run("export", "synthetic", "-o", out, *options) == 0
    return out


def sample_with(program: Path) -> list[str]:
    """Run an exported program by itself; return the lines of draws."""
    command = (
        "sample num_warmup=5 num_samples=6 algorithm=hmc metric=dense_e "
        f"random seed={shifted(1)} data"
    )
    run = subprocess.run(
        [str(program), *command.split(), "file=data.json", "output", "file=draws.csv"],
        cwd=program.parent,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    lines = (program.parent / "draws.csv").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_an_exported_program_runs_by_itself(exported: Path) -> None:
    names = {path.name for path in exported.iterdir()}
    assert names == {
        *("gr4j.stan", "gr4j", "gr4j_external.hpp", "data.json", "inits.json", "README.txt")
    }
    assert json.loads((exported / "data.json").read_text())["truncate_steps"] == 7
    header, *draws = sample_with(exported / "gr4j")
    assert {"x1", "x2", "x3", "x4"} <= set(header.split(","))
    assert len(draws) == 6


def test_an_exported_program_can_be_made_again_as_its_readme_says(exported: Path) -> None:
    before = sample_with(exported / "gr4j")
    readme = (exported / "README.txt").read_text().replace("FOLDER", str(exported))
    command = re.search(r"^ +(make .*)$", readme, re.MULTILINE)
    assert command is not None
    (exported / "gr4j").unlink()
    cmdstan = require_cmdstan()
    # the flag brings CmdStan's precompiled header back, which the external header shuts out
    precompiled = cmdstan / "stan" / "src" / "stan" / "model" / "model_header.hpp"
    run = subprocess.run(
        command[1],
        shell=True,
        cwd=cmdstan,
        env=os.environ | {"CXXFLAGS": f"-include {precompiled}"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert sample_with(exported / "gr4j") == before


def test_a_program_without_truncation_has_no_header(tmp_path: Path) -> None:
    options = split("--priors uniform --sigma 0.1 --gradient autodiff")
    assert run("export", "synthetic", "-o", tmp_path / "out", *options) == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "gr4j",
        "gr4j.stan",
        "data.json",
        "inits.json",
        "README.txt",
    }


def test_an_exported_program_finds_the_posterior_when_run_as_its_readme_says(
    synthetic_fit: Fit, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run("export", "synthetic", "-o", out, *split("--priors uniform --sigma 0.1")) == 0
    assert (out / "gr4j").stat().st_mtime >= (out / "gr4j.stan").stat().st_mtime
    readme = (out / "README.txt").read_text()
    command = re.search(r"^ +(\./gr4j sample .*\n.*)$", readme, re.MULTILINE)
    assert command is not None
    expected = synthetic_fit.summary().loc["x1"]
    for seed in (1, 2, 3):
        words = [*command[1].replace("\\\n", " ").split(), "random", f"seed={shifted(seed)}"]
        subprocess.run(words, cwd=out, check=True, capture_output=True)
        x1 = pd.read_csv(out / "draws.csv", comment="#")["x1"]
        assert x1.mean() == pytest.approx(expected["mean"], abs=expected["sd"])
        assert x1.std() == pytest.approx(expected["sd"], rel=0.5)


def test_doctor_is_content_and_json_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("doctor", "--json") == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
    assert run("doctor") == 0
    assert "CmdStan" in capsys.readouterr().out


def test_doctor_without_cmdstan_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMDSTAN", str(tmp_path))
    assert run("doctor") == 1
    assert "install-cmdstan" in capsys.readouterr().out
