"""A fit that an earlier version has saved is read as it was, or refused with what to do."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gr4jstan
from gr4jstan.report.page import write_report

SAVED = Path(__file__).parent / "saved"


@pytest.mark.parametrize("version", [path.name for path in sorted(SAVED.iterdir())])
def test_a_fit_of_each_version_is_read_as_it_was(version: str, tmp_path: Path) -> None:
    """Tables that follow from the draws are those that were saved with them."""
    fit = gr4jstan.load_fit(SAVED / version)
    assert fit.run["versions"]["gr4jstan"] == version
    assert fit.model.structure.name == "gr4j"
    summary = pd.read_csv(SAVED / version / "summary.csv", index_col="parameter")
    pd.testing.assert_frame_equal(fit.summary()[summary.columns], summary, rtol=1e-9)
    scores = pd.read_csv(SAVED / version / "scores.csv", index_col=["period", "score"])
    pd.testing.assert_frame_equal(fit.scores(), scores, rtol=1e-9)

    forcing = gr4jstan.load_dataset("example").select("2012-07-29", "2012-09-01")
    bands = fit.predict(forcing).bands()
    assert np.isfinite(bands).all(axis=None)
    assert (bands["Q_total_lower"] <= bands["Q_total_upper"]).all()
    write_report(fit, tmp_path / "report.html")
    fit.save(tmp_path / "again")
    pd.testing.assert_frame_equal(gr4jstan.load_fit(tmp_path / "again").summary(), fit.summary())


def test_another_format_is_refused_with_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    shutil.copytree(SAVED / "0.1.0", folder)
    run = json.loads((folder / "run.json").read_text(encoding="utf-8")) | {"format": 3}
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    with pytest.raises(gr4jstan.InputError, match="in format 3, not 2; run the fit again"):
        gr4jstan.load_fit(folder)
