"""The calibration of one catchment of many, wherever it runs: bytes in, files out."""

import hashlib
import json
import math
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gr4jstan.errors import InputError, ToolchainError


@dataclass(frozen=True)
class Job:
    """What a worker needs.

    Parameters
    ----------
    id : str
    file_name : str
        Name of the data file, for messages.
    content : bytes
        The data file.
    options : dict
        Options of the calibration, see `gr4jstan.many.manifest.Entry`.
    full : bool
        Write the report and the bands of the flow, too.
    """

    id: str
    file_name: str
    content: bytes
    options: Mapping[str, Any]
    full: bool

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the result may: hash of data, options and version."""
        options = json.dumps([dict(self.options), self.full], sort_keys=True)
        text = f"{version('gr4jstan')}\n{self.id}\n{options}\n".encode()
        return hashlib.sha256(text + self.content).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """What a worker gives back.

    Parameters
    ----------
    files : dict of str to bytes
        The folder of the fit; empty where it failed.
    record : dict
        The catchment's row of the table.
    error : str or None
        Why it failed.
    """

    files: dict[str, bytes]
    record: dict[str, Any]
    error: str | None


def calibrate(job: Job, parallel_chains: int) -> Outcome:
    """Calibrate a catchment; what is wrong with it is in the outcome, not raised."""
    begin, busy = time.perf_counter(), time.process_time()
    try:
        with tempfile.TemporaryDirectory(prefix="gr4jstan-") as folder:
            files, record, sampling = _calibrate(job, parallel_chains, Path(folder))
    except (InputError, ToolchainError, OSError) as error:
        return Outcome({}, {"id": job.id, "seconds": time.perf_counter() - begin}, str(error))
    own = time.process_time() - busy
    record |= {
        "seconds": time.perf_counter() - begin,
        "seconds_python": own,
        "seconds_cmdstan": sampling,
    }
    return Outcome(files, record, None)


def _calibrate(
    job: Job, parallel_chains: int, folder: Path
) -> tuple[dict[str, bytes], dict[str, Any], float]:
    import warnings

    from gr4jstan.errors import FitWarning
    from gr4jstan.fitting.calibration import fit

    data = folder / job.file_name
    data.write_bytes(job.content)
    settings = {**job.options, "parallel_chains": parallel_chains}
    try:
        # the verdict stands in the table
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FitWarning)
            result = fit(data, show_progress=False, **settings)
    except InputError as error:
        raise InputError(str(error).replace(f"{folder}/", "")) from None
    saved = folder / "fit"
    saved.mkdir()
    result.write(saved)
    if job.full:
        from gr4jstan.report.page import write_report

        write_report(result, saved / "report.html")
        for name, prediction in (
            ("calibration", result.calibration),
            ("validation", result.validation),
        ):
            if prediction is not None:
                prediction.bands().to_csv(saved / f"{name}.csv", date_format="%Y-%m-%d")
    files = {path.name: path.read_bytes() for path in saved.iterdir()}
    chains = result.diagnostics["seconds"]["chains"]
    return files, _record(job.id, result), sum(chain["total"] for chain in chains)


def _record(name: str, result: Any) -> dict[str, Any]:
    """The row of the table: parameters with quantiles, scores, diagnostics."""
    from gr4jstan.findings import gravest

    found = result.diagnostics
    record: dict[str, Any] = {
        "id": name,
        "converged": found["converged"],
        "verdict": result.verdict,
        "severity": gravest(result.findings),
        "findings": " ".join(dict.fromkeys(finding.code for finding in result.findings)),
        "reasons": "; ".join(found["reasons"]),
        "observed_days": result.run["observed_days"],
    }
    for parameter, row in result.summary().iterrows():
        record |= {f"{parameter}_{key}": float(row[key]) for key in ("median", "q5", "q95")}
    for (period, score), value in result.scores()["value"].items():
        record[f"{period}_{score}"] = float(value) if math.isfinite(value) else None
    for key in ("max_rhat", "min_ess_bulk", "min_ess_tail", "divergences", "max_treedepth_hits"):
        record[key] = found[key]
    return record
