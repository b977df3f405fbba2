"""Log density and gradient of a compiled program, with all their digits."""

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gr4jstan.cmdstan.compiler import (
    build_once,
    compile_program,
    precompiled_header,
    readable_errors,
)
from gr4jstan.cmdstan.processes import make_environment, run_tool
from gr4jstan.cmdstan.toolchain import compiler, make_program, require_cmdstan
from gr4jstan.errors import ToolchainError
from gr4jstan.model.programs import Program, render_program, stan_folder
from gr4jstan.model.task import Task

Array = NDArray[np.float64]
Evaluate = Callable[[Array], tuple[float, Array]]


@dataclass(frozen=True)
class LogDensity:
    """A program's log density on the unconstrained scale.

    It keeps the constants that NUTS drops and includes the Jacobian of the constraining transforms.

    Parameters
    ----------
    executable : Path
        Program linked with ``cpp/log_density.cpp``; `compile_log_density` makes it.
    data : mapping
        Values of its data block.
    """

    executable: Path
    data: Mapping[str, Any]

    def unconstrain(self, point: Mapping[str, float]) -> Array:
        """Coordinates of a point that is given by the names of the parameters.

        Returns
        -------
        array, shape (D,)
        """
        with tempfile.TemporaryDirectory() as folder:
            inits = Path(folder) / "inits.json"
            inits.write_text(json.dumps(dict(point)), encoding="utf-8")
            return np.array(self._run("unconstrain", str(inits)).split(), dtype=float)

    def evaluate(self, points: ArrayLike) -> tuple[Array, Array]:
        """Log density and gradient at unconstrained points.

        Parameters
        ----------
        points : array_like, shape (n, D) or (D,)

        Returns
        -------
        log_density : array, shape (n,)
            NaN where the program rejects the point.
        gradient : array, shape (n, D)
        """
        rows = np.atleast_2d(np.asarray(points, dtype=float))
        lines = self._run("evaluate", rows=rows).splitlines()
        values = np.array([_values(line, rows.shape[1]) for line in lines])
        return values[:, 0], values[:, 1:]

    @contextmanager
    def session(self) -> Iterator[Evaluate]:
        """Keep the program running for evaluations one by one.

        Yields
        ------
        callable
            Takes an unconstrained point, gives log density and gradient, NaN where rejected.
        """
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(
                [str(self.executable), str(self._write_data(folder)), "evaluate"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            with process:
                assert process.stdin is not None
                assert process.stdout is not None

                def evaluate(point: Array) -> tuple[float, Array]:
                    if not np.isfinite(point).all():
                        return np.nan, np.full_like(point, np.nan)
                    process.stdin.write(_line(point))  # type: ignore[union-attr]
                    process.stdin.flush()  # type: ignore[union-attr]
                    values = _values(process.stdout.readline(), len(point))  # type: ignore[union-attr]
                    return float(values[0]), values[1:]

                yield evaluate
                process.stdin.close()

    def seconds(self, point: ArrayLike, repeats: int) -> tuple[float, float]:
        """Mean seconds of one value, and of one value with its gradient."""
        rows = np.atleast_2d(np.asarray(point, dtype=float))
        value, gradient = self._run("time", str(repeats), rows=rows).split()
        return float(value), float(gradient)

    def _run(self, *command: str, rows: Iterable[Array] = ()) -> str:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [str(self.executable), str(self._write_data(folder)), *command],
                input="".join(_line(row) for row in rows),
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode != 0:
            raise ToolchainError(f"{self.executable.name} failed: {done.stderr.strip()}")
        return done.stdout

    def _write_data(self, folder: str) -> Path:
        path = Path(folder) / "data.json"
        path.write_text(json.dumps(dict(self.data)), encoding="utf-8")
        return path


def _line(point: Array) -> str:
    return " ".join(map(repr, point.tolist())) + "\n"


def _values(line: str, dimensions: int) -> Array:
    """Log density and gradient in a line of output; NaN where it is an error."""
    if line.startswith("error"):
        return np.full(dimensions + 1, np.nan)
    values = np.array(line.split(), dtype=float)
    if len(values) != dimensions + 1:
        raise ToolchainError(f"The program of the log density stopped; it said {line!r}.")
    return values


def compile_log_density(
    program: Program, data: Mapping[str, Any], *, progress: bool = False
) -> LogDensity:
    """Compile a program for `LogDensity`.

    Parameters
    ----------
    program : Program
    data : mapping
        Values of its data block.
    progress : bool
        Say on standard error what takes time.

    Raises
    ------
    ToolchainError
        If there is no CmdStan or the compilation fails.
    """
    cmdstan = require_cmdstan()
    source = (stan_folder() / "cpp" / _MAIN).read_text(encoding="utf-8")
    model = compile_program(program.code, program.header, progress=progress).path

    def compile_main(folder: Path) -> None:
        (folder / _MAIN).write_text(source, encoding="utf-8")
        command = [make_program(), str((folder / _MAIN).with_suffix(".o"))]
        with precompiled_header(folder, cmdstan) as cxxflags:
            _run(command, cmdstan, cxxflags)

    def link(folder: Path) -> None:
        tbb = cmdstan / "stan/lib/stan_math/lib/tbb"
        objects = [f"{model}.o", str(main), *sorted(map(str, tbb.glob("libtbb.so.*")))[:1]]
        flags = [f"-Wl,-rpath,{tbb}", "-pthread", "-o", str(folder / model.name)]
        _run([*compiler().split(), *objects, *flags], cmdstan)

    what = "what evaluates a posterior (some 10 s, once)" if progress else None
    object_name = Path(_MAIN).with_suffix(".o").name
    main = build_once([source], object_name, compile_main, what=what)[0] / object_name
    linked, _ = build_once([source, program.code, program.header], model.name, link, what=None)
    return LogDensity(linked / model.name, data)


def exact_density(task: Task, *, progress: bool = False) -> LogDensity:
    """The posterior of a task with its exact gradient, whatever gradient NUTS is given.

    Raises
    ------
    ToolchainError
        If there is no CmdStan or the compilation fails.
    """
    structure = replace(task.model.spec, gradient="adjoint", truncate_mode=None)
    return compile_log_density(render_program(structure), task.data, progress=progress)


_MAIN = "log_density.cpp"


def _run(command: list[str], cmdstan: Path, cxxflags: str = "") -> None:
    status, output = run_tool(command, cwd=cmdstan, env=make_environment(cxxflags))
    if status != 0:
        raise ToolchainError(f"{_MAIN} cannot be built:\n{readable_errors(output)}")
