"""How an answer came about, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.commands.words import plain
from knowledge.models import ArticleRef

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.questions import Asked

_PASSAGES = 8
_DROPPED = 5
_SECRET = frozenset({"features", "llm", "cache_key", "first_answer", "passing"})
"""For admins: what it cost, and what the gate thought of it in figures."""
_TOLD_APART = _SECRET | {
    "passages",
    "searched",
    "dropped",
    "missing",
    "repaired",
    "quoted",
    "extract_instead_of",
    "doubted",
}
_CACHE = {
    "miss": "made afresh",
    "hit": "from the cache: no article changed since it was made",
    "revalidated": "from the cache, after today's articles gave the same evidence",
    "paraphrase": "from the cache, of a question that means the same",
    "off": "made afresh, without the cache",
}


def why_text(asked: Asked, *, is_admin: bool, may_read: Callable[[ArticleRef], bool]) -> str:
    """Tell how an answer came about; of articles that `may_read` refuses nothing is told."""
    told, trace = asked.trace, asked.trace.get("trace") or {}
    lines = [f"**{plain(asked.text, 200)}**", ""]
    if trace.get("searched") and trace["searched"] != asked.text:
        lines.append(f"- searched as: {plain(str(trace['searched']), 300)}")
    for written, meant in (trace.get("repaired") or {}).items():
        lines.append(f"- read “{plain(written, 40)}” as “{plain(meant, 40)}”")
    lines.append(f"- verdict: {asked.verdict}, confidence {asked.confidence:.2f}")
    lines.append(f"- answer: {_CACHE.get(asked.cache, asked.cache)} ({asked.cache})")
    lines.append(f"- persona: {asked.persona}")
    if trace.get("missing"):
        lines.append(f"- found nothing about: {plain(str(trace['missing'].get('thing')), 60)}")
    if trace.get("doubted"):
        lines.append("- unsure because people called what it stands on wrong or outdated")
    lines += _articles(told, may_read)
    lines += _passages(trace.get("passages") or (), may_read)
    lines += _dropped(trace.get("dropped") or (), is_admin=is_admin)
    if is_admin:
        lines += _inside(trace)
    lines += _timings(told.get("timings_ms") or {})
    lines.append(f"- id: `{asked.answer_id}`")
    return "\n".join(lines)


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


def _inside(trace: Mapping[str, Any]) -> list[str]:
    lines = []
    model = trace.get("llm") or {}
    if model:
        lines.append(
            f"- model: {model.get('model')} ({model.get('outcome')}), {model.get('tokens_read', 0):,} tokens read, "
            f"{model.get('tokens_written', 0):,} written, cost {model.get('cost', 0):g}"
        )
    if trace.get("extract_instead_of"):
        lines.append(
            f"- the articles' own words went out: the model's answer was {trace['extract_instead_of']}"
        )
    features = trace.get("features") or {}
    if features:
        told = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in features.items())
        lines.append(f"- gate: {told}")
    if trace.get("first_answer"):
        lines.append(f"- first given as: `{trace['first_answer']}`")
    others = {name: value for name, value in trace.items() if name not in _TOLD_APART}
    lines += [f"- {name.replace('_', ' ')}: {plain(_flat(value), 200)}" for name, value in others.items()]
    return lines


def _timings(timings: Mapping[str, float]) -> list[str]:
    told = ", ".join(f"{name} {milliseconds:.0f} ms" for name, milliseconds in timings.items())
    return [f"- time: {told}"] if told else []


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_flat(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(_flat(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
