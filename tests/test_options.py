"""Options: stated once, typed, and refused by name where they are unknown."""

import inspect
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import gr4jstan
from gr4jstan.cli.commands.shared import chosen
from gr4jstan.cli.parser import build_parser
from gr4jstan.errors import InputError
from gr4jstan.fitting.options import FitOptions, IntervalOptions, PeriodOptions, validation_period
from gr4jstan.many.manifest import CALIBRATING, READING
from gr4jstan.model.definition import define_model
from gr4jstan.model.options import ModelOptions
from gr4jstan.model.programs import CHOICES, ProgramSpec
from gr4jstan.options import completed, flag_of, picked, table_of
from gr4jstan.reading.catchment import Catchment
from gr4jstan.reading.options import ForcingOptions, ReadingOptions
from gr4jstan.reading.request import Request
from gr4jstan.reading.sources import as_catchment
from gr4jstan.sampling.settings import SamplerOptions, SamplerSettings, settings_of
from seeds import shifted

TABLES = (ReadingOptions, PeriodOptions, ModelOptions, IntervalOptions, SamplerOptions)

# Functions, what they have of their own, and their tables.
OWN = {"validation", "show_progress"}
MANY = {"scheduler", "full", "force", "show_progress", "announce"}
FUNCTIONS: dict[str, tuple[Callable[..., Any], set[str], tuple[type, ...]]] = {
    "fit": (gr4jstan.fit, OWN, TABLES),
    "fit_many": (gr4jstan.fit_many, MANY, TABLES),
    "read_csv": (gr4jstan.read_csv, {"forcing_only"}, (ReadingOptions,)),
    "as_catchment": (as_catchment, {"forcing_only"}, (ReadingOptions,)),
    "from_frame": (Catchment.from_frame, {"name", "forcing_only"}, (ReadingOptions,)),
    "define_model": (define_model, set(), (ModelOptions,)),
    "predict": (gr4jstan.Fit.predict, {"states", "warmup"}, (ReadingOptions,)),
}


def keywords(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    found = inspect.signature(function).parameters.values()
    return {each.name: each for each in found if each.kind is each.KEYWORD_ONLY}


def joined(tables: tuple[type, ...]) -> dict[str, Any]:
    return {name: option for table in tables for name, option in table_of(table).items()}


# --- tables ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*TABLES, ForcingOptions, FitOptions])
def test_every_key_has_a_row_and_none_must_be_given(kind: Any) -> None:
    assert set(table_of(kind)) == set(kind.__optional_keys__)
    assert not kind.__required_keys__


def test_no_two_tables_have_a_name_in_common() -> None:
    names = [name for table in TABLES for name in table_of(table)]
    assert len(names) == len(set(names))
    assert set(names) == set(table_of(FitOptions))


def test_tables_and_classes_that_hold_the_values_name_the_same() -> None:
    assert {*table_of(ReadingOptions), "forcing_only"} == set(Request.__dataclass_fields__)
    assert set(table_of(SamplerOptions)) == set(SamplerSettings.__dataclass_fields__)
    assert set(CHOICES) <= set(table_of(ModelOptions))
    for name, option in table_of(ModelOptions).items():
        assert option.choices == CHOICES.get(name)
        if option.default is not None and name in ProgramSpec.__dataclass_fields__:
            assert option.default == getattr(ProgramSpec(), name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_take_their_tables_by_name_and_default(name: str) -> None:
    function, own, tables = FUNCTIONS[name]
    found, table = keywords(function), joined(tables)
    assert set(found) == own | set(table)
    for option in table:
        assert found[option].default == table[option].default


def test_what_the_commands_call_by_a_name_the_functions_take_by_that_name() -> None:
    words = ["x", "-o", "y"]
    fit = vars(build_parser().parse_args(["fit", *words]))
    many = vars(build_parser().parse_args(["fit-many", *words]))
    for name, option in table_of(FitOptions).items():
        # the command has no choice among structures
        offered = name != "structure"
        assert ((option.flag or name) in fit) == ((option.flag or name) in many) == offered
    others = {"command", "data", "output", "force", "no_progress", "refuse", "print_completion"}
    flags = {option.flag or name for name, option in table_of(FitOptions).items()}
    assert set(fit) - others == flags - {"structure"}


def test_the_manifest_has_what_the_command_has_and_the_result_depends_on() -> None:
    assert set(READING | CALIBRATING) == set(table_of(FitOptions)) - {
        "structure",
        "parallel_chains",
    }


def test_what_the_command_line_chose_is_what_functions_take() -> None:
    words = "fit x -o y --prior x1_upper=3000 --prior x4_upper=6 --chains 3 --area 2 --warmup 1Y"
    options = build_parser().parse_args(words.split())
    given = chosen(options, FitOptions)
    assert given["prior_settings"] == {"x1_upper": 3000.0, "x4_upper": 6.0}
    assert (given["chains"], given["area"], given["warmup"]) == (3, 2.0, "1Y")
    defaults = chosen(build_parser().parse_args(["fit", "x", "-o", "y"]), FitOptions)
    assert completed(FitOptions, {}) == completed(FitOptions, defaults)


def test_flags_and_parts() -> None:
    assert flag_of("iter_warmup", table_of(SamplerOptions)["iter_warmup"]) == "--iter-warmup"
    assert flag_of("prior_settings", table_of(ModelOptions)["prior_settings"]) == "--prior"
    assert picked(SamplerOptions, {"seed": 1, "area": 2}) == {"seed": 1}


# --- unknown words -----------------------------------------------------------------------------

DATA = {"data": "synthetic", "forcing": "synthetic", "manifest": "m.csv", "folder": "out"}


def call(name: str, **options: Any) -> Any:
    """Call a function of the table; the word is refused before anything is looked at."""
    function = FUNCTIONS[name][0]
    needed = [
        DATA.get(each.name, "x.csv")
        for each in inspect.signature(function).parameters.values()
        if each.kind is each.POSITIONAL_OR_KEYWORD and each.default is each.empty
    ]
    return function(*needed, **options)


@pytest.mark.parametrize(
    ("name", "word", "near"),
    [
        ("fit", "error_modell", "error_model"),
        ("fit", "validation_begin", "validation_"),
        ("fit", "date_colunm", "date_column"),
        ("fit_many", "iter_sampelling", "iter_sampling"),
        ("read_csv", "aera", "area"),
        ("as_catchment", "precip_col", "precip_column"),
        ("from_frame", "date-format", "date_format"),
        ("define_model", "prior", "priors"),
        ("predict", "latitud", "latitude"),
    ],
)
def test_an_unknown_word_is_answered_with_the_nearest_and_with_all(
    name: str, word: str, near: str
) -> None:
    with pytest.raises(InputError) as caught:
        call(name, **{word: 1})
    text = str(caught.value)
    assert text.startswith(f"{name} has no option {word!r}. Did you mean '{near}")
    assert all(option in text for option in keywords(FUNCTIONS[name][0]))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_word_that_is_near_to_none_gets_no_suggestion(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} has no option 'zzz'. Its options are "):
        call(name, zzz=1)


def test_what_is_needed_may_still_be_given_by_name_and_its_lack_is_python_s_own_error() -> None:
    assert len(as_catchment(data="synthetic")) == 50
    with pytest.raises(TypeError, match="data"):
        as_catchment()  # type: ignore[call-arg]


# --- fit ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "period"),
    [
        ({}, None),
        ({"validation_start": None, "validation_end": None}, None),
        ({"validation_start": "2015-01-01"}, ("2015-01-01", None)),
        ({"validation_end": 3}, (None, 3)),
        ({"validation_start": 0, "validation_end": 3}, (0, 3)),
    ],
)
def test_the_validation_period_day_by_day(options: Any, period: Any) -> None:
    assert validation_period(options) == period
    if period is None:
        assert validation_period(options, ("a", "b")) == ("a", "b")


def test_a_validation_period_that_is_given_twice_is_refused() -> None:
    with pytest.raises(InputError, match="validation period is given twice"):
        gr4jstan.fit("example", validation=("2015-01-01", None), validation_end="2016-01-01")


@pytest.mark.parametrize("name", table_of(ReadingOptions))
def test_fit_reads_with_the_options_of_reading(name: str) -> None:
    # how they are used is said in the tests of reading; here, that they arrive
    with pytest.raises(InputError, match=f"{name} cannot be chosen"):
        gr4jstan.fit("example", **{name: 1})  # type: ignore[misc]


def test_a_seed_is_drawn_where_none_is_given() -> None:
    seed = shifted(5)
    assert settings_of({"seed": seed}) == SamplerSettings(seed=seed)
    assert settings_of({}).seed != settings_of({"seed": None}).seed


# --- types -------------------------------------------------------------------------------------

CALLS: Mapping[str, str] = {
    'fit("example", error_model="linear", validation_start="2015-01-01", area=2.0)': "",
    'fit("example", error_modell="linear")': "call-arg",
    'fit("example", error_model="linaer")': "arg-type",
    'fit("example", seed="one")': "arg-type",
    'fit_many("m.csv", "out", chain=4)': "call-arg",
    'read_csv("a.csv", date_colunm="day")': "call-arg",
    "Catchment.from_frame(frame, aera=1)": "call-arg",
    'define_model(sigma=0.1, prior="uniform")': "call-arg",
}


def test_mypy_knows_the_options(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    head = (
        "from typing import Any\n"
        "from gr4jstan import Catchment, fit, fit_many, read_csv\n"
        "from gr4jstan.model.definition import define_model\n"
        "frame: Any = None\n"
    )
    path = tmp_path / "calls.py"
    path.write_text(head + "\n".join(CALLS) + "\n")
    flags = ["--follow-imports=silent", "--ignore-missing-imports", f"--cache-dir={tmp_path}/cache"]
    run = subprocess.run(
        [sys.executable, "-m", "mypy", *flags, str(path)],
        capture_output=True,
        text=True,
    )
    errors = dict.fromkeys(range(1, len(CALLS) + 1), "")
    for line in run.stdout.splitlines():
        if ": error: " in line:
            number = int(line.split(":")[1]) - head.count("\n")
            errors[number] = line.rpartition("[")[2].rstrip("]")
    assert dict(zip(CALLS, errors.values(), strict=True)) == CALLS, run.stdout + run.stderr
