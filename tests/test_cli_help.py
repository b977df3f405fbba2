"""The command line's help: complete, true to the code, readable; and completion by the tab key."""

import argparse
import inspect
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

import gr4jstan
from gr4jstan.cli.help_texts import COMMANDS
from gr4jstan.cli.main import main
from gr4jstan.cli.options import DATASETS
from gr4jstan.cli.parser import build_parser
from gr4jstan.cmdstan.install import install_cmdstan
from gr4jstan.experiment.variants import define_variants
from gr4jstan.fitting.calibration import LONG_WARMUP, SHORT_WARMUP
from gr4jstan.fitting.prediction import Prediction
from gr4jstan.fitting.results import Fit, Start
from gr4jstan.model.definition import define_model
from gr4jstan.model.programs import CHOICES
from gr4jstan.model.warmup import warmup_days
from gr4jstan.reading import datasets, flow_units
from gr4jstan.reading.options import FLOW_UNITS
from gr4jstan.sampling.settings import SamplerSettings
from gr4jstan.structures.simulation import simulate


def commands() -> dict[str, argparse.ArgumentParser]:
    (found,) = (a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(found.choices)


ACTIONS = {
    f"{name} {action.dest}": action
    for name, parser in commands().items()
    for action in parser._actions
    if action.dest != "help"
}


def default_of(function: Any, name: str) -> Any:
    return inspect.signature(function).parameters[name].default


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 0
    return capsys.readouterr().out


def help_of(name: str) -> str:
    """The help of a command in one line, as wide as it is."""
    return " ".join(commands()[name].format_help().split())


# --- every option ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIONS)
def test_every_option_says_what_it_is(name: str) -> None:
    action = ACTIONS[name]
    text = action.help or ""
    assert len(text) > 10
    if action.type in (int, float):
        assert re.search(r"\[[^]]+\]|number", text), "a unit, or what it counts"
    if action.option_strings and not action.required and action.nargs != 0:
        optional = ("area", "latitude")  # without a default: needed or not, as the text says
        assert "(default: " in text or action.dest in optional
    if action.default not in (None, False, []) and action.nargs != 0:
        assert "%(default)s" in text, "the default that is used, not one that is typed again"


@pytest.mark.parametrize("name", COMMANDS)
def test_no_line_is_wider_than_80_columns(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for text in (shown(capsys, name, "--help"), shown(capsys, "--help")):
        assert [line for line in text.splitlines() if len(line) > 80] == []


# --- defaults ----------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["fit", "fit-many", "compare"])
def test_defaults_of_the_sampler(command: str) -> None:
    options = vars(
        build_parser().parse_args([command, *(["x"] if command != "compare" else []), "-o", "y"])
    )
    for name, default in SamplerSettings().as_dict().items():
        if name not in ("parallel_chains", "seed"):
            assert options[name] == default == default_of(gr4jstan.fit, name), name
    # these are chosen later
    assert options["parallel_chains"] is options["seed"] is None
    text = f"{SHORT_WARMUP} where the metric is known beforehand, else {LONG_WARMUP}"
    assert text in help_of(command)


@pytest.mark.parametrize("command", ["fit", "fit-many", "export"])
def test_defaults_of_the_model(command: str) -> None:
    options = vars(build_parser().parse_args([command, "x", "-o", "y"]))
    for name, parameter in inspect.signature(define_model).parameters.items():
        # the command has no choice among structures
        if name not in ("prior_settings", "structure"):
            assert options[name] == parameter.default, name
    text = help_of(command)
    for given, said in (
        ({}, "(default: {error_model}; "),
        ({"sigma": 0.1}, "; {error_model} with --sigma and with"),
        ({"priors": "airgr-sls"}, "--sigma and with priors airgr-sls)"),
        ({}, "(default: {initial_states}; "),
        ({"priors": "airgr-sls"}, "; {initial_states} with priors airgr-sls)"),
    ):
        model = define_model(**given)
        assert said.format(**vars(model.spec)) in text
    assert define_model(priors="airgr-sls").spec.error_model == "gaussian"
    truncated = define_model(gradient="truncated")
    assert f"(chunk) (default: {truncated.spec.truncate_mode})" in text
    assert f"reaches back (default: {truncated.truncate_steps})" in text


def test_defaults_of_the_warm_up() -> None:
    catchment = gr4jstan.load_dataset("example")
    estimated, fixed = define_model(), define_model(initial_states="fixed")
    assert warmup_days(estimated, catchment, None) == 0
    assert warmup_days(fixed, catchment, None) == warmup_days(fixed, catchment, "1Y")
    assert "(default: 0; 1Y with fixed initial states)" in help_of("fit")


def test_defaults_of_the_experiment() -> None:
    options = vars(build_parser().parse_args(["compare", "-o", "x"]))
    for name in ("sigma", "truncate_steps", "subsample", "truncated_draws"):
        assert options[name] == default_of(define_variants, name), name
    assert options["data"] == "synthetic"


def test_defaults_of_the_other_commands() -> None:
    options = vars(build_parser().parse_args(["predict", "x", "y", "-o", "z"]))
    assert options["level"] == default_of(Prediction.bands, "level")
    assert options["warmup"] == default_of(Fit.predict, "warmup")
    assert options["states"] is default_of(Fit.predict, "states")
    options = vars(build_parser().parse_args(["install-cmdstan"]))
    assert options["source"] == default_of(install_cmdstan, "source")
    P, E = np.array([5.0, 0.0]), np.array([1.0, 2.0])
    x1, x3 = 300.0, 80.0
    stores = {"s0": 0.3 * x1, "r0": 0.5 * x3}
    np.testing.assert_array_equal(
        simulate(P, E, x1, 0.5, x3, 1.5).Q, simulate(P, E, x1, 0.5, x3, 1.5, **stores).Q
    )
    assert "(default: 0.3 x1)" in help_of("simulate")
    assert "(default: 0.5 x3)" in help_of("simulate")


def test_choices_are_those_of_the_code() -> None:
    assert datasets.dataset_names() == DATASETS
    assert flow_units.FLOW_UNITS == FLOW_UNITS
    for name, choices in CHOICES.items():
        assert ACTIONS[f"fit {name}"].choices == choices
    assert ACTIONS["predict states"].choices == get_args(Start)


# --- examples and first steps ------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_is_a_command_line(name: str) -> None:
    assert COMMANDS[name].examples
    for example in COMMANDS[name].examples:
        program, *words = shlex.split(example.replace("\\\n", " "))
        assert program == "gr4jstan"
        assert build_parser().parse_args(words).command == name
        # what stands there is what is shown
        assert " ".join(example.split()) in help_of(name)


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_a_newcomer_is_told_where_to_start(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if arguments:
        text = shown(capsys, *arguments)
    else:
        # a usage error all the same: a script that forgot the command should stop
        assert main([]) == 2
        text = capsys.readouterr().err
    first = text.partition("start here:")[2].partition("\n\n")[0]
    lines = [line.partition("  ")[0] for line in map(str.strip, first.splitlines())]
    steps = [shlex.split(line)[1:] for line in lines if line.startswith("gr4jstan")]
    assert [build_parser().parse_args(words).command for words in steps] == ["doctor", "fit", "fit"]


@pytest.mark.parametrize("number", ["-1e-3", "-0.25", "-.5", "-2", "-1E2"])
def test_negative_numbers_follow_their_option(number: str, tmp_path: Path) -> None:
    out, joined = tmp_path / "out.csv", tmp_path / "joined.csv"
    words = shlex.split("simulate synthetic --x1 154 --x3 43 --x4 1.33 -o")
    assert main([*words, str(out), "--x2", number]) == 0
    assert main([*words, str(joined), f"--x2={number}"]) == 0
    assert out.read_text() == joined.read_text()


def test_a_negative_number_of_another_kind_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = shlex.split("simulate synthetic --x1 154 --x3 43 --x4 1.33 --x2 -inf -o")
    assert main([*words, str(tmp_path / "out.csv")]) == 2
    assert "x2" in capsys.readouterr().err


# --- completion --------------------------------------------------------------------------------

# Bash fills COMPREPLY as on a terminal: the words, the last of them being typed.
DRIVER = """
shopt -s extglob
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
complete -p gr4jstan >/dev/null
_shtab_gr4jstan
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def bash_script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = subprocess.run(
        [sys.executable, "-m", "gr4jstan.cli.main", "--print-completion", "bash"],
        capture_output=True,
        text=True,
        check=True,
    )
    path = tmp_path_factory.mktemp("completion") / "gr4jstan.bash"
    path.write_text(run.stdout)
    return path


def completed(script: Path, folder: Path, *words: str) -> set[str]:
    run = subprocess.run(
        ["bash", "-c", DRIVER, "bash", str(script), "gr4jstan", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.split())


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_script_is_one_of_the_shell(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script"
    script.write_text(shown(capsys, "--print-completion", shell))
    assert "--error-model" in script.read_text()
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    subprocess.run([shell, "-n", str(script)], check=True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["fi"], {"fit", "fit-many"}),
        (["pre"], {"predict"}),
        (["fit", "example", "--error-model", ""], set(CHOICES["error_model"])),
        (["fit", "example", "--priors", "air"], {"airgr-sls"}),
        (["fit", "example", "--validation-"], {"--validation-start", "--validation-end"}),
        (["simulate", "example", "--x"], {"--x1", "--x2", "--x3", "--x4"}),
        # DATA: the built-in data sets, and files
        (["fit", "ex"], {"example", "extra.csv"}),
        (["compare", "syn"], {"synthetic"}),
        # files, and folders only
        (["fit-many", "e"], {"extra.csv"}),
        (["report", ""], {"my_fit"}),
        (["predict", "my"], {"my_fit"}),
        (["predict", "my_fit", "e"], {"extra.csv"}),
        (["export", "-o", "m"], {"my_fit"}),
        (["simulate", "example", "-o", "m"], {"my_fit", "my.csv"}),
    ],
)
def test_bash_completes(
    words: list[str], expected: set[str], bash_script: Path, tmp_path: Path
) -> None:
    (tmp_path / "my_fit").mkdir()
    for name in ("my.csv", "extra.csv"):
        (tmp_path / name).touch()
    assert completed(bash_script, tmp_path, *words) == expected


def test_completion_costs_nothing_before_it_is_asked_for() -> None:
    code = (
        "import sys, gr4jstan.cli.parser as c; c.build_parser(); sys.exit('shtab' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("fit", "gr4jstan fit: error: the following arguments are required: DATA, -o/--output"),
        ("fit a.csv -o b --sead 1", "gr4jstan fit: error: unrecognized arguments: --sead 1"),
        ("fit a.csv -o b --seed x", "gr4jstan fit: error: argument --seed: invalid int value: 'x'"),
        ("simulate a.csv -o b", "gr4jstan simulate: error: the following arguments are required: "),
        ("fit-many", "gr4jstan fit-many: error: the following arguments are required: MANIFEST"),
        ("--sead 1", "gr4jstan: error: "),
    ],
)
def test_a_usage_error_begins_with_the_command(
    words: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words.split())
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(says)
    program = says.partition(":")[0]
    assert line.endswith(f"; `{program} --help` says more.")
