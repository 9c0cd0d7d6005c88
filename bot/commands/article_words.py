"""What the commands on articles answer, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.diffs import fenced
from bot.replies import web_url
from knowledge.models import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.audit import AuditEntry
    from knowledge.models import Article
    from knowledge.previewing import Cut
    from knowledge.rehearsal import Outcome

_TEXT: Final = 3000
_PASSAGE: Final = 200
_FOUND: Final = 5


def article_text(article: Article, history: Sequence[AuditEntry]) -> str:
    """Show an article: what is known of it, its text, cut, and what admins did to it."""
    facts = {
        "article": f"`{article.ref}`",
        "address": web_url(article.url),
        "readers": ", ".join(sorted(article.audience)),
        "labels": ", ".join(article.labels),
        "language": article.language,
        "updated": f"{article.updated_at:%Y-%m-%d %H:%M} UTC" if article.updated_at else None,
        "revision": f"`{article.revision}`",
    }
    lines = [f"**{article.title}**", "", *(f"- {name}: {value}" for name, value in facts.items() if value)]
    body = article.body.strip()
    shown = body if len(body) <= _TEXT else f"{body[:_TEXT]}\n… {len(body) - _TEXT:,} more characters"
    lines += ["", fenced(shown, "markdown")]
    if history:
        lines += ["", "What admins did to it:", "", *(_entry_line(entry) for entry in history)]
    return "\n".join(lines)


def preview_text(article: Article, cuts: Sequence[Cut], most_tokens: int) -> str:
    """Show how an article is cut."""
    if not cuts:
        return f"`{article.ref}` has no text to be cut: it cannot be found."
    opening = f"`{article.ref}` is cut into {len(cuts)} passages, of at most {most_tokens} tokens each:"
    lines = [opening, ""]
    for cut in cuts:
        heading = " > ".join(cut.passage.heading_path) or "(no heading)"
        text = " ".join(cut.passage.text.split())
        short = text if len(text) <= _PASSAGE else f"{text[:_PASSAGE]}…"
        lines.append(
            f"{cut.passage.position + 1}. **{heading}**, {cut.tokens} tokens, {len(text):,} characters"
        )
        lines.append(fenced(short))
    return "\n".join(lines)


def outcome_text(outcome: Outcome, title: str) -> str:
    """Show what would be answered with a draft published."""
    answer = outcome.answer
    draft = {
        True: f"It quotes “{title}”.",
        False: f"It does not quote “{title}”.",
    }[outcome.cites_draft]
    lines = [f"**{answer.verdict.value}**, confidence {answer.confidence:.2f}. {draft}", "", answer.text]
    if answer.verdict in {Verdict.UNANSWERED, Verdict.UNSURE} and not outcome.cites_draft:
        lines += ["", "A heading or a sentence in the draft that says what is asked would help."]
    lines += ["", "Found, the best first:", ""]
    lines += [
        f"- {scored.passage.title}"
        + (f" > {' > '.join(scored.passage.heading_path)}" if scored.passage.heading_path else "")
        + f" (meaning {scored.dense:.2f}, words {scored.keyword:.1f})"
        for scored in outcome.evidence.passages[:_FOUND]
    ]
    return "\n".join([*lines, "", "Nothing of the draft was kept."])


def audit_text(entries: Sequence[AuditEntry], hidden: Collection[str] = ()) -> str:
    """Tell who changed what; the titles of articles in `hidden` are left out."""
    if not entries:
        return "Nothing was changed yet."
    return "\n".join(
        f"{_entry_line(entry)}{'' if entry.object in hidden or not entry.title else f' “{entry.title}”'}"
        for entry in entries
    )


def _entry_line(entry: AuditEntry) -> str:
    revisions = " → ".join(f"`{part[:8]}`" for part in (entry.before, entry.after) if part)
    parts = [f"- {entry.at:%Y-%m-%d %H:%M} UTC", f"`{entry.person}`", entry.action]
    if entry.object:
        parts.append(f"`{entry.object}`")
    tail = ", ".join(part for part in (revisions, entry.note, f"from {entry.place}") if part)
    return f"{' '.join(parts)} ({tail})"
