"""The report of an evaluation: one HTML file that needs nothing else."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from knowledge.evaluation.cases import all_questions, faults, slowest, worst_cases
from knowledge.evaluation.plots import bars, reliability_diagram, roc_plot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from knowledge.evaluation.summary import EvaluationReport

_NAMES = {
    "recall_at_1": "Recall@1",
    "recall_at_5": "Recall@5",
    "mrr_at_10": "MRR@10",
    "ndcg_at_10": "nDCG@10",
    "auroc": "AUROC, all questions",
    "precision": "Precision of declining",
    "recall": "Recall of declining",
    "auroc_found": "AUROC, article found",
    "declined_at_85_answered": "Declined where 85 % are answered",
    "calibration_error": "Calibration error",
    "sentences_held": "Sentences that hold",
    "facts_found": "Facts found in what is cited",
    "answered": "Answerable ones answered",
    "ratio": "Follow-ups \u00f7 in full, R@5",
    "in_full": "In full, R@5",
    "as_said": "As said, R@5",
}
_MOST_TOPICS = 24


def html_report(report: EvaluationReport, title: str) -> str:
    """Write the report as HTML. Questions and articles are escaped; nothing is loaded from elsewhere."""
    style = files("knowledge.evaluation").joinpath("report.css").read_text(encoding="utf-8")
    intervals = report.intervals()
    sections = [
        _summary(report, intervals),
        _confidence(report, intervals),
        _topics(report),
        _grounding(report),
        _follow_ups(report),
        _personas(report),
        _time(report),
        _cost(report),
        worst_cases(report),
        all_questions(report),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body><main>"
        f"<h1>{escape(title)}</h1>{''.join(sections)}</main></body></html>\n"
    )


def _summary(report: EvaluationReport, intervals: Mapping[str, tuple[float, float]]) -> str:
    count, answerable = len(report.outcomes), len(report.answerable)
    return (
        f"<p>{count} questions, {answerable} of them answerable. Ranking is measured over articles, for the "
        "answerable ones. A question is declined when the gate's confidence is below both thresholds. In brackets: "
        "95 % of a thousand draws of as many questions.</p>"
        + _cards(report.ranking() | (report.abstention() or {}), intervals)
    )


def _cards(
    measures: Mapping[str, float], intervals: Mapping[str, tuple[float, float]] = MappingProxyType({})
) -> str:
    cards = []
    for name, value in measures.items():
        span = intervals.get(name)
        small = f"<small>[{span[0]:.3f}, {span[1]:.3f}]</small>" if span else ""
        cards.append(
            f'<div class="card"><span>{escape(_NAMES.get(name, name))}</span><strong>{value:.3f}</strong>{small}</div>'
        )
    return f'<div class="cards">{"".join(cards)}</div>'


def _confidence(report: EvaluationReport, intervals: Mapping[str, tuple[float, float]]) -> str:
    table = report.reliability()
    rows = [
        f"<tr><td>{b.low:.1f} to {b.high:.1f}</td><td>{b.count}</td><td>{b.confidence:.2f}</td>"
        f"<td>{b.right:.2f}</td></tr>"
        for b in table
    ]
    roc = report.roc()
    curve = f"<figure><figcaption>ROC</figcaption>{roc_plot(roc)}</figure>" if roc else ""
    return (
        "<h2>Is the confidence right?</h2>"
        "<p>Of the questions with this confidence, how many had an article that answers them among the first "
        f"three. The ROC curve is of those against the unanswerable.</p>{_cards(report.gate(), intervals)}"
        f'<div class="side"><figure><figcaption>Reliability</figcaption>{reliability_diagram(table)}</figure>{curve}'
        "<table><thead><tr><th>Confidence</th><th>Questions</th>"
        f"<th>Mean</th><th>Right</th></tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _topics(report: EvaluationReport) -> str:
    topics = list(report.by_topic().items())[:_MOST_TOPICS]
    if len(topics) < 2:  # noqa: PLR2004 - one topic is no comparison
        return ""
    rows = {topic: (value, f"{value:.2f} of {count}") for topic, (count, value) in topics}
    return f"<h2>Recall@5 by topic</h2>{bars('Recall by topic', rows, 1.0)}"


def _grounding(report: EvaluationReport) -> str:
    found = report.grounding()
    if not found:
        return ""
    shares = {name: value for name, value in found.items() if name not in {"sentences", "facts"}}
    return (
        "<h2>Do the answers say what they cite?</h2>"
        f"<p>{found['sentences']:.0f} sentences and {found['facts']:.0f} numbers, addresses, commands and labels in "
        f"{sum(answer.sentences > 0 for answer in report.answers)} answers, each held against the articles that it "
        f"cites.</p>{_cards(shares)}{faults(report)}"
    )


def _follow_ups(report: EvaluationReport) -> str:
    found = report.followed()
    if not found:
        return ""
    rows = "".join(
        f"<tr><td>{escape(f.said)}</td><td>{escape(f.searched[:200])}</td><td>{escape(f.standalone)}</td></tr>"
        for f in report.follow_ups
        if f.in_full and not f.found
    )
    lost = (
        "<h3>Found only when written out in full</h3>"
        '<div class="wide"><table><thead><tr><th>Said</th><th>Searched</th><th>In full</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
        if rows
        else ""
    )
    measures = {name: found[name] for name in ("ratio", "recall_at_5", "in_full", "as_said")}
    return f"<h2>Follow-ups</h2><p>{found['n']:.0f} messages within a thread.</p>{_cards(measures)}{lost}"


def _personas(report: EvaluationReport) -> str:
    if not report.personas:
        return ""
    rows = {p.persona: (p.share, f"{p.share:.2f}, {p.answers} answers") for p in report.personas}
    broken = "".join(
        f'<tr><td>{escape(p.persona)}</td><td>{escape(rule)}</td><td class="fault">{escape(text)}</td></tr>'
        for p in report.personas
        for rule, text in p.broken[:5]
    )
    told = (
        '<div class="wide"><table><thead><tr><th>Persona</th><th>Rule</th><th>Broken by</th></tr></thead>'
        f"<tbody>{broken}</tbody></table></div>"
        if broken
        else ""
    )
    return (
        "<h2>Do the personas keep to their style?</h2><p>Share of the rules of its style that a persona's answers "
        f"keep.</p>{bars('Personas', rows, 1.0)}{told}"
    )


def _time(report: EvaluationReport) -> str:
    steps = report.steps_ms()
    rows = {
        f"{name}, {which}": (values[which], f"{values[which]:.1f} ms")
        for name, values in steps.items()
        for which in ("p50", "p95")
    }
    most = max((value for value, _ in rows.values()), default=0.0)
    return f"<h2>Time by step</h2>{bars('Time by step', rows, most)}{slowest(report)}"


def _cost(report: EvaluationReport) -> str:
    cost = report.cost()
    if not cost:
        return ""
    return (
        f"<h2>Cost</h2><p>A language model was asked for {cost['answers']:.0f} answers: {cost['tokens_read']:,.0f} "
        f"tokens read, {cost['tokens_written']:,.0f} written, {cost['cost']:.4f} in all, "
        f"{cost['cost_per_answer']:.5f} an answer, by the prices of the config.</p>"
    )
