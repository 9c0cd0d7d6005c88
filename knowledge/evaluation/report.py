"""The report of an evaluation: one HTML file that needs nothing else."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from knowledge.models import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from knowledge.evaluation.metrics import Bin
    from knowledge.evaluation.run import EvaluationReport, Outcome

_WORST = 12
_SIDE = 220
_EXCERPT = 280
_NAMES = {
    "recall_at_1": "Recall@1",
    "recall_at_5": "Recall@5",
    "mrr_at_10": "MRR@10",
    "ndcg_at_10": "nDCG@10",
    "auroc": "AUROC of the gate",
    "precision": "Precision of declining",
    "recall": "Recall of declining",
}


def html_report(report: EvaluationReport, title: str) -> str:
    """Write the report as HTML. Questions and articles are escaped; nothing is loaded from elsewhere."""
    style = files("knowledge.evaluation").joinpath("report.css").read_text(encoding="utf-8")
    sections = [
        _summary(report),
        _reliability(report),
        _worst(report),
        _table(report.outcomes),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body><main>"
        f"<h1>{escape(title)}</h1>{''.join(sections)}</main></body></html>\n"
    )


def _summary(report: EvaluationReport) -> str:
    measures = {**report.ranking(), **(report.abstention() or {})}
    cards = [_card(_NAMES[name], f"{value:.3f}") for name, value in measures.items()]
    cards += [_card(f"Latency {name}", f"{value:.1f} ms") for name, value in report.latency_ms().items()]
    count, answerable = len(report.outcomes), len(report.answerable)
    return (
        f"<p>{count} questions, {answerable} of them answerable. Ranking is measured over articles, for the "
        "answerable ones. A question is declined when the gate's confidence is below both thresholds. "
        "Latency is embedding, retrieval and gate.</p>"
        f'<div class="cards">{"".join(cards)}</div>'
    )


def _card(name: str, value: str) -> str:
    return f'<div class="card"><span>{escape(name)}</span><strong>{escape(value)}</strong></div>'


def _reliability(report: EvaluationReport) -> str:
    table = report.reliability()
    rows = [
        f"<tr><td>{b.low:.1f}-{b.high:.1f}</td><td>{b.count}</td><td>{b.confidence:.2f}</td><td>{b.right:.2f}</td></tr>"
        for b in table
    ]
    return (
        "<h2>Is the confidence right?</h2>"
        "<p>Of the questions with this confidence, how many had an article that answers them among the first "
        f"three. Expected calibration error: {report.calibration_error():.3f}.</p>"
        f'<div class="side">{_diagram(table)}<table><thead><tr><th>Confidence</th><th>Questions</th>'
        f"<th>Mean</th><th>Right</th></tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _diagram(table: Sequence[Bin]) -> str:
    """Draw the reliability diagram: bars of accuracy by confidence against the diagonal."""
    bars = []
    for entry in table:
        height = entry.right * _SIDE
        left, width = entry.low * _SIDE + 1, (entry.high - entry.low) * _SIDE - 2
        label = f"{entry.low:.1f}-{entry.high:.1f}: {entry.right:.2f} of {entry.count}"
        bars.append(
            f'<rect x="{left:.1f}" y="{_SIDE - height:.1f}" width="{width:.1f}" height="{height:.1f}">'
            f"<title>{label}</title></rect>"
        )
    return (
        f'<svg viewBox="-30 -10 {_SIDE + 45} {_SIDE + 45}" role="img" aria-label="Reliability diagram">'
        f'<path class="axis" d="M0 0V{_SIDE}H{_SIDE}"/><path class="ideal" d="M0 {_SIDE}L{_SIDE} 0"/>'
        f"{''.join(bars)}"
        f'<text x="{_SIDE / 2}" y="{_SIDE + 28}" text-anchor="middle">confidence</text>'
        f'<text x="-10" y="{_SIDE / 2}" text-anchor="middle" '
        f'transform="rotate(-90 -10 {_SIDE / 2})">right</text>'
        f'<text x="0" y="{_SIDE + 13}">0</text><text x="{_SIDE - 6}" y="{_SIDE + 13}">1</text></svg>'
    )


def _worst(report: EvaluationReport) -> str:
    """Show the questions that went most wrong beside what was found for them."""
    lost = [o for o in report.answerable if o.reciprocal_rank < 1 or o.verdict is Verdict.UNANSWERED]
    lost.sort(key=lambda o: (o.reciprocal_rank, o.confidence))
    told = [o for o in report.outcomes if not o.row.answerable and o.verdict is not Verdict.UNANSWERED]
    told.sort(key=lambda o: -o.confidence)
    parts = []
    if lost:
        parts.append("<h2>Answerable, but not found first or declined</h2>" + "".join(_cases(lost[:_WORST])))
    if told:
        parts.append("<h2>Not answerable, but not declined</h2>" + "".join(_cases(told[:_WORST])))
    return "".join(parts)


def _cases(outcomes: Iterable[Outcome]) -> Iterable[str]:
    for outcome in outcomes:
        found = "".join(
            f"<li{_marked(name, outcome)}><b>{escape(scored.passage.title)}</b> <code>{escape(name)}</code> "
            f"<small>{scored.score:.3f}</small><p>{escape(scored.passage.text[:_EXCERPT])}</p></li>"
            for name, scored in list(zip(outcome.ranked, outcome.found, strict=True))[:3]
        )
        gold = ", ".join(f"<code>{escape(name)}</code>" for name in sorted(outcome.row.gold)) or "none"
        yield (
            f'<section class="case"><div><p class="question">{escape(outcome.row.text)}</p>'
            f"<p>Wanted: {gold}<br>Rank: {_rank(outcome)} · {outcome.verdict.value}, "
            f"{outcome.confidence:.2f}</p></div><ol>{found}</ol></section>"
        )


def _marked(name: str, outcome: Outcome) -> str:
    return ' class="gold"' if name in outcome.row.gold else ""


def _rank(outcome: Outcome) -> str:
    return f"{1 / outcome.reciprocal_rank:.0f}" if outcome.reciprocal_rank else "not in 10"


def _table(outcomes: Iterable[Outcome]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(o.row.id)}</code></td><td>{escape(o.row.text[:160])}</td>"
        f"<td>{'yes' if o.row.answerable else 'no'}</td><td>{_rank(o) if o.row.answerable else ''}</td>"
        f"<td>{o.verdict.value}</td><td>{o.confidence:.2f}</td><td>{o.milliseconds:.1f}</td></tr>"
        for o in outcomes
    )
    return (
        "<h2>All questions</h2><table><thead><tr><th>Id</th><th>Question</th><th>Answerable</th><th>Rank</th>"
        f"<th>Verdict</th><th>Confidence</th><th>ms</th></tr></thead><tbody>{rows}</tbody></table>"
    )
