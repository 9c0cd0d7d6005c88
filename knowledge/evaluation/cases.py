"""The parts of a report that show single questions: the worst, the slowest, what was not held, and all of them."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from knowledge.models import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from knowledge.evaluation.outcomes import Outcome
    from knowledge.evaluation.summary import EvaluationReport

_WORST = 12
_SLOWEST = 8
_EXCERPT = 320
_LONGEST = 420
_RULE = re.compile(r"(?m)^\s*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t:-]*)*$")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_EDGE = re.compile(r"(?m)^[ \t]*\|[ \t]*|[ \t]*\|[ \t]*$")
_CELL = re.compile(r"[ \t]*\|[ \t]*")
_MARK = re.compile(r"(?m:^[ \t]*`{3,}.*$)|\*{1,3}|`+|(?m:^#+[ \t]*)")


def worst_cases(report: EvaluationReport) -> str:
    """Show the questions that went most wrong, what was found for them beside what should have been."""
    lost = [o for o in report.answerable if o.reciprocal_rank < 1 or o.verdict is Verdict.UNANSWERED]
    lost.sort(key=lambda o: (o.reciprocal_rank, o.confidence))
    told = [o for o in report.outcomes if not o.row.answerable and o.verdict is not Verdict.UNANSWERED]
    told.sort(key=lambda o: -o.confidence)
    parts = []
    for title, cases in (
        ("Answerable, but not found first or declined", lost),
        ("Not answerable, but not declined", told),
    ):
        if cases:
            shown = f", the worst {_WORST} of {len(cases)}" if len(cases) > _WORST else f" ({len(cases)})"
            parts.append(f"<h2>{title}{shown}</h2>{''.join(_cases(report, cases[:_WORST]))}")
    return "".join(parts)


def _cases(report: EvaluationReport, outcomes: Iterable[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        found = "".join(
            f"<li{_marked(name, outcome)}><b>{escape(scored.passage.title)}</b> <code>{escape(name)}</code>"
            f'<p class="text">{escape(excerpt(scored.passage.text))}</p></li>'
            for name, scored in list(zip(outcome.ranked, outcome.found, strict=True))[:3]
        )
        text = outcome.row.text
        text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\u2026"
        rank = f"rank {rank_of(outcome)} · " if outcome.row.answerable else ""
        yield (
            f'<section class="case"><p class="question">{escape(text)}</p>'
            f'<p class="facts">{rank}{outcome.verdict.value} at {outcome.confidence:.2f}</p>'
            f'<div class="both"><div><h4>Expected</h4>{_expected(report, outcome)}</div>'
            f"<div><h4>Found</h4><ol>{found}</ol></div></div></section>"
        )


def _expected(report: EvaluationReport, outcome: Outcome) -> str:
    if not outcome.row.gold:
        return '<p class="none">To be declined.</p>'
    parts = []
    for name in sorted(outcome.row.gold):
        article = report.expected.get(name)
        title = f"<b>{escape(article.title)}</b> " if article else ""
        text = (
            f'<p class="text">{escape(excerpt(article.text))}</p>'
            if article
            else '<p class="none">Not among the articles.</p>'
        )
        parts.append(f'<div class="gold">{title}<code>{escape(name)}</code>{text}</div>')
    return "".join(parts)


def excerpt(text: str) -> str:
    """Give the beginning of an article as people read it: without the marks of Markdown and without empty lines."""
    plain = _RULE.sub("", _LINK.sub(r"\1", text[: 2 * _EXCERPT]))
    plain = _CELL.sub(" \u00b7 ", _EDGE.sub("", _MARK.sub("", plain)))
    plain = "\n".join(line for line in plain.split("\n") if line.strip())
    return plain if len(plain) <= _EXCERPT else f"{plain[:_EXCERPT].rstrip()}\u2026"


def _marked(name: str, outcome: Outcome) -> str:
    return ' class="gold"' if name in outcome.row.gold else ""


def rank_of(outcome: Outcome) -> str:
    """Give the rank of the first gold article in words."""
    return f"{1 / outcome.reciprocal_rank:.0f}" if outcome.reciprocal_rank else "not in 10"


def faults(report: EvaluationReport) -> str:
    """List the sentences of answers that their citations do not hold."""
    rows = [
        f"<tr><td>{escape(o.row.text[:160])}</td><td>{escape(fault.sentence[:300])}</td>"
        f'<td class="fault">{escape(fault.reason)}</td></tr>'
        for o in report.outcomes
        if o.answer
        for fault in o.answer.faults
    ]
    if not rows:
        return ""
    return (
        f"<h3>Sentences that do not hold ({len(rows)})</h3>"
        '<div class="wide"><table><thead><tr><th>Question</th><th>Sentence</th><th>Why</th></tr></thead>'
        f"<tbody>{''.join(rows[:30])}</tbody></table></div>"
    )


def slowest(report: EvaluationReport) -> str:
    """List the questions that took longest."""
    rows = "".join(
        f"<tr><td>{o.total_ms:.0f} ms</td><td>{o.milliseconds:.0f}</td>"
        f"<td>{f'{o.answer.milliseconds:.0f}' if o.answer else ''}</td><td>{escape(o.row.text[:200])}</td></tr>"
        for o in sorted(report.outcomes, key=lambda o: -o.total_ms)[:_SLOWEST]
    )
    return (
        '<h3>The slowest</h3><div class="wide"><table><thead><tr><th>Whole</th><th>Retrieve and judge</th>'
        f"<th>Answer</th><th>Question</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def all_questions(report: EvaluationReport) -> str:
    """List every question with what became of it."""
    rows = "".join(
        f"<tr><td><code>{escape(o.row.id)}</code></td><td>{escape(o.row.text[:160])}</td><td>{escape(o.topic)}</td>"
        f"<td>{rank_of(o) if o.row.answerable else 'to decline'}</td>"
        f"<td>{o.verdict.value}</td><td>{o.confidence:.2f}</td><td>{o.total_ms:.0f}</td></tr>"
        for o in report.outcomes
    )
    return (
        f'<h2>All questions</h2><details><summary>Show {len(report.outcomes)}</summary><div class="wide"><table><thead>'
        "<tr><th>Id</th><th>Question</th><th>Topic</th><th>Rank</th><th>Verdict</th><th>Confidence</th><th>ms</th></tr>"
        f"</thead><tbody>{rows}</tbody></table></div></details>"
    )
