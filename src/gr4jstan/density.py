"""Log density and gradient of a compiled program, with all their digits."""

import hashlib
import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gr4jstan.compiler import compile_program, readable_errors
from gr4jstan.errors import ToolchainError
from gr4jstan.programs import Program, stan_folder
from gr4jstan.toolchain import (
    cache_dir,
    cmdstan_version,
    compiler,
    locked,
    make_environment,
    make_program,
    require_cmdstan,
    run_tool,
    scratch_folder,
)


@dataclass(frozen=True)
class LogDensity:
    """A program's log density on the unconstrained scale.

    It is normalised and includes the Jacobian of the constraining transforms.

    Parameters
    ----------
    executable : Path
        Program linked with ``cpp/log_density.cpp``; `compile_log_density` makes it.
    data : mapping
        Values of its data block.
    """

    executable: Path
    data: Mapping[str, Any]

    def unconstrain(self, point: Mapping[str, float]) -> NDArray[np.float64]:
        """Coordinates of a point that is given by the names of the parameters.

        Returns
        -------
        array, shape (D,)
        """
        with tempfile.TemporaryDirectory() as folder:
            inits = Path(folder) / "inits.json"
            inits.write_text(json.dumps(dict(point)), encoding="utf-8")
            return np.array(self._run("unconstrain", str(inits)).split(), dtype=float)

    def evaluate(self, points: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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
        values = np.full((len(rows), rows.shape[1] + 1), np.nan)
        for value, line in zip(values, self._run("evaluate", rows=rows).splitlines(), strict=True):
            if not line.startswith("error"):
                value[:] = [float(cell) for cell in line.split()]
        return values[:, 0], values[:, 1:]

    def seconds(self, point: ArrayLike, repeats: int) -> tuple[float, float]:
        """Mean seconds of one value, and of one value with its gradient."""
        rows = np.atleast_2d(np.asarray(point, dtype=float))
        value, gradient = self._run("time", str(repeats), rows=rows).split()
        return float(value), float(gradient)

    def _run(self, *command: str, rows: Sequence[Any] | NDArray[np.float64] = ()) -> str:
        points = "".join(" ".join(repr(float(cell)) for cell in row) + "\n" for row in rows)
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "data.json"
            data.write_text(json.dumps(dict(self.data)), encoding="utf-8")
            done = subprocess.run(
                [str(self.executable), str(data), *command],
                input=points,
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode != 0:
            raise ToolchainError(f"{self.executable.name} failed: {done.stderr.strip()}")
        return done.stdout


def compile_log_density(program: Program, data: Mapping[str, Any]) -> LogDensity:
    """Compile a program for `LogDensity`.

    Raises
    ------
    ToolchainError
        If there is no CmdStan or the compilation fails.
    """
    cmdstan = require_cmdstan()
    main = _compile_main(cmdstan)
    model = compile_program(program.code, program.header, progress=False).path
    executable = model.with_name(f"{model.name}_log_density")
    tbb = cmdstan / "stan/lib/stan_math/lib/tbb"
    with scratch_folder(model.parent, ".link-") as folder:
        linked = folder / executable.name
        objects = [f"{model}.o", str(main), *sorted(map(str, tbb.glob("libtbb.so.*")))[:1]]
        flags = [f"-Wl,-rpath,{tbb}", "-pthread", "-o", str(linked)]
        _run([*compiler().split(), *objects, *flags], cmdstan)
        linked.replace(executable)
    return LogDensity(executable, data)


def _compile_main(cmdstan: Path) -> Path:
    """Object file of ``cpp/log_density.cpp``, compiled once for a CmdStan."""
    source = (stan_folder() / "cpp" / "log_density.cpp").read_text(encoding="utf-8")
    key = hashlib.sha256(f"{source}{cmdstan}{cmdstan_version(cmdstan)}".encode()).hexdigest()[:40]
    entry = cache_dir() / "mains" / key
    target = entry / "log_density.o"
    entry.mkdir(parents=True, exist_ok=True)
    with locked(entry / "lock", None):
        if not target.exists():
            with scratch_folder(entry, ".make-") as folder:
                (folder / "log_density.cpp").write_text(source, encoding="utf-8")
                built = folder / target.name
                _run([make_program(), str(built)], cmdstan)
                built.replace(target)
    return target


def _run(command: list[str], cmdstan: Path) -> None:
    status, output = run_tool(command, cwd=cmdstan, env=make_environment())
    if status != 0:
        raise ToolchainError(f"log_density.cpp cannot be built:\n{readable_errors(output)}")
