"""How an answer came about, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.commands.why_inside import inside, order_lines, other_lines, spent, style_lines
from bot.commands.words import plain
from knowledge.models import ArticleRef

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.questions import Asked

_PASSAGES = 8
_DROPPED = 5
_TOLD_APART = frozenset(
    (
        "features", "llm", "cache_key", "first_answer", "passing", "passages", "searched", "dropped", "missing",
        "repaired", "quoted", "extract_instead_of", "doubted", "left_out", "toned", "style", "thresholds",
        "addressed", "channel_min_confidence",
    )
)  # fmt: skip
_VERDICT = {
    "answered": "answered",
    "unsure": "answered, and marked as unsure",
    "unanswered": "not answered: the articles do not seem to say it",
    "smalltalk": "small talk: no article was looked up, and nothing is claimed",
    "error": "failed: the log tells why, under this answer's id",
}
_CACHE = {
    "miss": "made afresh, and kept",
    "hit": "from the cache: no article changed since it was made",
    "revalidated": "from the cache, after today's articles gave the same evidence",
    "paraphrase": "from the cache, of a question that means the same",
    "off": "made afresh, without the cache",
}
_FROM_CACHE = frozenset({"hit", "revalidated", "paraphrase"})
_STEPS = {
    "cache": "looking in the cache",
    "wait": "waiting for the same answer",
    "retrieve": "finding passages",
    "answer": "writing",
    "total": "in all",
}


def why_text(asked: Asked, *, is_admin: bool, may_read: Callable[[ArticleRef], bool]) -> str:
    """Tell how an answer came about; of articles that `may_read` refuses nothing is told."""
    told, trace = asked.trace, asked.trace.get("trace") or {}
    lines = [f"**{plain(asked.text, 200)}**", "", *_asked_as(asked, trace)]
    lines.append(f"- outcome: {_outcome(asked)}")
    if asked.verdict != "smalltalk":
        lines.append(f"- answer: {_CACHE.get(asked.cache, asked.cache)} ({asked.cache})")
    if asked.persona:
        lines.append(f"- persona: {plain(asked.persona, 64)}")
    if trace.get("missing"):
        lines.append(f"- found nothing about: {plain(str(trace['missing'].get('thing')), 60)}")
    if trace.get("channel_min_confidence") is not None:
        lines.append(f"- this channel wants a confidence of {trace['channel_min_confidence']:.2f} at least")
    if trace.get("doubted"):
        lines.append("- unsure because people called what it stands on wrong or outdated")
    lines += _articles(told, may_read)
    lines += _passages(trace.get("passages") or (), may_read)
    lines += _dropped(trace.get("dropped") or (), is_admin=is_admin)
    lines += order_lines(trace, is_admin=is_admin)
    lines += style_lines(trace, is_admin=is_admin)
    if is_admin:
        lines += inside(
            trace, written=asked.verdict in {"answered", "unsure"}, before=asked.cache in _FROM_CACHE
        )
        lines += other_lines(trace, _TOLD_APART)
    lines += _timings(told.get("timings_ms") or {})
    lines.append(f"- id: `{asked.answer_id}`")
    return "\n".join(lines)


def _asked_as(asked: Asked, trace: Mapping[str, Any]) -> list[str]:
    lines = []
    if trace.get("searched") and trace["searched"] != asked.text:
        lines.append(f"- searched as: {plain(str(trace['searched']), 300)}")
    repaired = (
        {} if asked.cache == "paraphrase" else trace.get("repaired") or {}
    )  # then it is another's wording
    for written, meant in repaired.items():
        lines.append(f"- read “{plain(written, 40)}” as “{plain(meant, 40)}”")
    return lines


def _outcome(asked: Asked) -> str:
    words = _VERDICT.get(asked.verdict, asked.verdict)
    return (
        words if asked.verdict in {"smalltalk", "error"} else f"{words} (confidence {asked.confidence:.2f})"
    )


def passage_article(passage_id: str) -> ArticleRef:
    """Give the article of a passage, whose id is `source/article#position`."""
    source, _, rest = passage_id.rpartition("#")[0].partition("/")
    return ArticleRef(source, rest)


def _articles(told: Mapping[str, Any], may_read: Callable[[ArticleRef], bool]) -> list[str]:
    cited = told.get("cited") or []
    titles = told.get("citations") or []
    shown = [
        title
        for title, one in zip(titles, cited, strict=False)
        if may_read(ArticleRef(one["source"], one["article"]))
    ]
    return [f"- article: {plain(title, 120)}" for title in dict.fromkeys(shown)]


def _passages(passages: Sequence[Mapping[str, Any]], may_read: Callable[[ArticleRef], bool]) -> list[str]:
    readable = [one for one in passages if may_read(passage_article(str(one["id"])))]
    lines = [
        f"  - {plain(_name(one), 120)}: {one.get('score', 0):.3f} "
        f"(meaning {one.get('dense', 0):.2f}, words {one.get('keyword', 0):.1f}) `{one['id']}`"
        for one in readable[:_PASSAGES]
    ]
    return ["- passages, by score:", *lines] if lines else []


def _name(passage: Mapping[str, Any]) -> str:
    return " > ".join(str(part) for part in (passage.get("title"), passage.get("heading")) if part)


def _dropped(dropped: Sequence[Any], *, is_admin: bool) -> list[str]:
    """Tell what was written and not sent, since no passage bears it out; its words are for admins."""
    if not dropped:
        return []
    if not is_admin:
        return [f"- sentences left out, which no article bears out: {len(dropped)}"]
    lines = [f"  - “{plain(str(one.get('text')), 160)}”: {one.get('reason')}" for one in dropped[:_DROPPED]]
    return ["- sentences left out:", *lines]


def _timings(timings: Mapping[str, float]) -> list[str]:
    told = ", ".join(
        f"{_STEPS.get(name, name)} {spent(milliseconds)}" for name, milliseconds in timings.items()
    )
    return [f"- time: {told}"] if told else []
