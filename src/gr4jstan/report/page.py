"""The report of a fit: one HTML file that needs nothing else."""

from pathlib import Path

from gr4jstan.files import output_file
from gr4jstan.findings import gravest
from gr4jstan.fitting.results import Fit
from gr4jstan.progress import can_show_bars, progress_bar
from gr4jstan.report.pages import embed, render_page
from gr4jstan.report.plots import plot_fit, plot_pit
from gr4jstan.report.posterior_plots import plot_pairs, plot_traces
from gr4jstan.report.reproduction import FILE, command_line, is_built_in, python_call
from gr4jstan.report.tables import balance_rows, verification_rows
from gr4jstan.report.text import (
    checks,
    facts,
    interval_words,
    parameter_rows,
    score_rows,
    times,
    trust_words,
    worth_words,
)

_COLOURS: dict[str | None, str] = {"unfit": "bad", "warning": "doubtful"}

_CAPTIONS = {
    plot_fit: (
        "Rain and streamflow",
        "Observations should lie within the light band on all but one day in ten, in floods and in "
        "droughts; the dark band, of the parameters alone, is narrow in a long record. In the "
        "lower panels look for what the model gets wrong every year: a season (regime), high or "
        "low flows (duration curve), a cloud beside the line (observed against simulated).",
    ),
    plot_pit: (
        "Reliability of the bands",
        "Where observations fall among the draws of the prediction. If the bands are right, the "
        "histogram is flat and the curve on the right stays in the shaded band. A heap in the "
        "middle means bands too wide, heaps at both ends too narrow; a slope means that the model "
        "gives too much or too little water.",
    ),
    plot_pairs: (
        "Posterior",
        "Each point is a set of parameters that explains the data. A narrow diagonal cloud means "
        "that two parameters make up for each other, and should not be read one by one; separate "
        "clouds would be several explanations.",
    ),
    plot_traces: (
        "Chains",
        "The colours should overlap like grass, without steps or drifts, and the densities should "
        "agree. In the last panel the line should be about as wide as the filled histogram.",
    ),
}


def render_report(fit: Fit) -> str:
    """The report as HTML: warnings first, then the fit, figures, reasons and how to repeat it.

    Parameters
    ----------
    fit : Fit
        A fit, or one that `gr4jstan.load_fit` read: the report is the same.

    Returns
    -------
    str
        A document with its style and figures inside, without scripts and links.
    """
    converged = fit.diagnostics["converged"]
    worst = gravest(fit.findings) if converged else "unfit"
    periods, scores = score_rows(fit)
    _, verified = verification_rows(fit)
    return render_page(
        "report.html.j2",
        run=fit.run,
        verdict=fit.verdict,
        colour=_COLOURS.get(worst, "good"),
        reasons=[] if converged else fit.diagnostics["reasons"],
        findings=fit.findings,
        facts=facts(fit),
        parameters=parameter_rows(fit),
        periods=periods,
        scores=scores,
        verified=verified,
        balance=balance_rows(fit),
        worth=worth_words(fit),
        intervals=interval_words(fit),
        figures=_figures(fit),
        checks=checks(fit),
        trust=trust_words(fit),
        command=command_line(fit),
        call=python_call(fit),
        placeholder=None if is_built_in(fit) else FILE,
        times=times(fit),
    )


def write_report(fit: Fit, path: str | Path, *, force: bool = False) -> None:
    """Write the report, whole or not at all.

    Raises
    ------
    InputError
        If the file exists (without ``force``) or cannot be written.
    """
    with output_file(path, force=force) as work:
        work.write_text(render_report(fit), encoding="utf-8")


def _figures(fit: Fit) -> list[tuple[str, str, str]]:
    """Title, caption and image of each figure."""
    figures = []
    with progress_bar(can_show_bars(), "report", delay=2, total=len(_CAPTIONS), unit="") as bar:
        for draw, (title, text) in _CAPTIONS.items():
            figures.append((title, text, embed(draw(fit))))
            bar.update()
    return figures
