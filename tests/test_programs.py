"""The rendered Stan programs: which there are, what is in them, what they refuse."""

import re
from itertools import product

import pytest

from gr4jstan.cmdstan.compiler import compile_program
from gr4jstan.errors import InputError, ToolchainError
from gr4jstan.model.programs import CHOICES, ProgramSpec, render_program, stan_folder
from stan_programs import model_of


def specs():
    variants = [(gradient, None) for gradient in CHOICES["gradient"] if gradient != "truncated"]
    variants += [("truncated", mode) for mode in CHOICES["truncate_mode"]]
    rest = ("error_model", "priors", "initial_states")
    for (gradient, mode), sigma, *chosen in product(
        variants, (True, False), *(CHOICES[name] for name in rest)
    ):
        if chosen[0] != "gaussian" and (sigma or chosen[1] == "airgr-sls"):
            continue  # refused, see below
        yield ProgramSpec(gradient, mode, known_sigma=sigma, **dict(zip(rest, chosen, strict=True)))


def name_of(spec):
    parts = [spec.truncate_mode or spec.gradient, spec.error_model]
    parts += [spec.priors, spec.initial_states]
    return "-".join([*parts, "known" if spec.known_sigma else "unknown"])


def block(code, name):
    """Text of a block; a program's blocks end with a brace at the start of a line."""
    return re.search(rf"^{name} {{$(.*?)^}}$", code, re.MULTILINE | re.DOTALL)[1]


every_spec = pytest.mark.parametrize("spec", list(specs()), ids=name_of)


@every_spec
def test_program_is_plain_stan_without_a_template_s_leftovers(spec):
    code = render_program(spec).code
    assert not re.search(r"{{|}}|{%|%}|{#|#}|#include|Undefined|\bNone\b", code)
    assert code.endswith("}\n")
    assert code.count("{") == code.count("}")


@every_spec
def test_program_has_its_blocks_in_order(spec):
    code = render_program(spec).code
    blocks = re.findall(r"^([a-z ]+) {$", code, re.MULTILINE)
    order = ["functions", "data", "transformed data", "parameters"]
    order += ["transformed parameters", "model"]
    assert blocks == [name for name in order if name in blocks]
    assert {"functions", "data", "parameters", "model"} <= set(blocks)


@every_spec
def test_every_function_called_is_in_the_program_or_in_its_header(spec):
    program = render_program(spec)
    code = re.sub(r"//[^\n]*|/\*.*?\*/", "", program.code, flags=re.DOTALL)
    defined = re.findall(r"^  (?:int|real|vector) (\w+)\([^)]*\) {$", code, re.MULTILINE)
    declared = re.findall(r"^  (?:int|real|vector) (\w+)\([^)]*\);$", code, re.MULTILINE)
    called = set(re.findall(r"\b((?:gr4j|stop)_\w+)\(", code))
    assert called and called <= {*defined, *declared}
    assert not declared or all(f"{name}(" in program.header for name in declared)
    assert bool(declared) == bool(program.header)


@every_spec
def test_every_variable_of_the_data_block_is_used(spec):
    code = render_program(spec).code
    names = re.findall(r"(\w+);", block(code, "data"))
    assert {"T", "P", "E", "N", "obs_day", "Q_obs"} <= set(names)
    without_comments = re.sub(r"//.*", "", code)
    unused = [name for name in names if len(re.findall(rf"\b{name}\b", without_comments)) < 2]
    assert not unused


@every_spec
def test_only_programs_with_c_plus_plus_of_their_own_have_a_header(spec):
    header = render_program(spec).header
    assert (header is None) == (spec.gradient == "autodiff")
    if spec.gradient == "truncated":
        assert header == (stan_folder() / "cpp" / "stop_gradient.hpp").read_text()


def test_all_programs_differ():
    codes = [render_program(spec).code for spec in specs()]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("kind", "gradient", "one", "other"),
    [
        ("post", "autodiff", {"sigma": 0.1}, {"sigma": 0.25}),
        ("post", "autodiff", {}, {"prior_settings": {"x1_upper": 3210.5, "x4_upper": 7.5}}),
        ("default", "autodiff", {"subsample": 1}, {"subsample": 5}),
        ("default", "autodiff", {}, {"prior_settings": {"x2_sd": 1.75}}),
        ("fixed", "autodiff", {}, {"prior_settings": {"S0_fraction": 0.7}}),
        ("default", "adjoint", {}, {"prior_settings": {"boxcox_lambda": 0.5, "sigma_scale": 2}}),
        ("linear", "adjoint", {}, {"prior_settings": {"sigma_slope_scale": 0.5}}),
        ("student_t", "adjoint", {}, {"prior_settings": {"nu_alpha": 3, "nu_beta": 0.2}}),
        ("airgr", "adjoint", {}, {"prior_settings": {"x1_upper": 3210.5, "x2_lower": -9}}),
        ("post", "last", {"truncate_steps": 5}, {"truncate_steps": 17}),
        ("post", "chunk", {"truncate_steps": 5}, {"truncate_steps": 17}),
    ],
)
def test_numbers_are_data_and_never_change_the_program(kind, gradient, one, other):
    programs = [
        render_program(model_of(kind, gradient, **options).spec) for options in (one, other)
    ]
    assert programs[0] == programs[1]


@pytest.mark.parametrize("name", CHOICES)
def test_unknown_choice_is_refused_with_those_there_are(name):
    with pytest.raises(InputError, match=f"{name} is 'guess'; choose one of ") as error:
        ProgramSpec(**{name: "guess"})
    assert all(choice in str(error.value) for choice in CHOICES[name])


@pytest.mark.parametrize(("gradient", "mode"), [("truncated", None), ("autodiff", "last")])
def test_truncation_mode_goes_with_a_truncated_gradient_only(gradient, mode):
    with pytest.raises(InputError, match=r"truncate_mode is .* a truncated gradient needs a mode"):
        ProgramSpec(gradient, mode)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"error_model": "boxcox", "known_sigma": True}, "sigma is known .* 'boxcox'; .* gaussian"),
        ({"error_model": "linear", "priors": "airgr-sls"}, "'linear' .* 'airgr-sls'.* gaussian"),
    ],
)
def test_known_sigma_and_priors_of_airgr_go_with_gaussian_errors_only(options, words):
    with pytest.raises(InputError, match=words):
        ProgramSpec(**options)


def test_sources_are_where_the_package_looks_for_them():
    folder = stan_folder()
    assert (folder / "calibrate.stan.j2").is_file()
    for name, kind in (("likelihoods", "error_model"), ("priors", "priors")):
        present = {file.name.removesuffix(".stan.j2") for file in (folder / name).glob("*.j2")}
        assert present == set(CHOICES[kind])
    kernels = {file.stem for file in (folder / "likelihoods").glob("*.hpp")}
    assert kernels == set(CHOICES["error_model"])


def test_header_that_does_not_define_what_the_program_declares_fails_to_build():
    program = render_program(model_of("post", "last").spec)
    with pytest.raises(ToolchainError, match="does not compile") as error:
        compile_program(program.code, "// nothing here\n", progress=False)
    assert "stop_gradient" in str(error.value)
    assert len(str(error.value)) < 5000
