"""What admins are told of the inside of an answer: its model, its cost, its style, what the gate saw. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.commands.words import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN = 5
_SECOND = 1_000.0
_OUTCOMES = {
    "whole": "wrote all of it",
    "cut": "was cut off, and what had been said went out",
    "declined": "said that the passages do not answer",
    "unsupported": "wrote nothing that the passages bear out",
    "failed": "failed",
    "over_budget": "was not asked: the daily limit is reached",
}
_FEATURES = {
    "dense": "nearness in meaning",
    "dense_first": "of the first passage",
    "margin": "lead over other articles",
    "lift": "lift by shared words",
    "agreement": "both searches agree",
    "same_article": "share of passages from the first one's article",
    "articles": "share of articles among the passages",
    "score_first": "score of the first passage",
    "covered_first": "question's words in the first passage",
    "covered_top": "in the best three",
    "covered_lead": "of its first line in the first passage",
    "title_asked": "share of the title that is asked for",
    "title_held": "title's words that the question means",
    "topic_worst": "topic's word that the article lacks most",
    "topic_worst_else": "the same without words that ask for a kind of answer",
    "missing_names": "names missing",
    "missing_numbers": "numbers missing",
    "missing_platform": "another platform",
    "missing_thing": "a named thing is missing",
    "asks_who_did": "asks who did it",
    "kind_lacking": "no answer of the kind that is asked for",
    "opposite": "tells the opposite",
    "story": "a story rather than a question",
    "desk_offset": "this desk's own measure",
    "without_rules": "confidence before the rules",
    "stale": "passages left aside as no longer current",
}
_YES_OR_NO = frozenset(
    {
        "agreement",
        "missing_platform",
        "missing_thing",
        "asks_who_did",
        "kind_lacking",
        "opposite",
        "story",
        "topic_whole",
    }
)


def inside(trace: Mapping[str, Any], *, written: bool, before: bool) -> list[str]:
    """Tell of the model and the gate; `written`: there is an answer; `before`: it was made for an earlier question."""
    lines = _model(trace.get("llm") or {}, " (when it was made; this time it cost nothing)" if before else "")
    instead = trace.get("extract_instead_of")
    if instead:
        lines.append(f"- the articles' own words went out: the model {_OUTCOMES.get(instead, instead)}")
    elif written and not lines:
        lines.append("- model: none; these are the articles' own words")
    lines += _gate(trace)
    if trace.get("first_answer"):
        lines.append(f"- first given as: `{trace['first_answer']}`")
    return lines


def style_lines(trace: Mapping[str, Any], *, is_admin: bool) -> list[str]:
    """Tell what the persona's style changed, and for admins what of it the answer still breaks."""
    lines = []
    if left_out := trace.get("left_out") or ():
        what = [f"  - “{plain(str(one), 160)}”" for one in left_out[:_SHOWN]] if is_admin else []
        lines += [f"- shortened by the persona's style: {len(left_out)} at the end", *what]
    if trace.get("toned"):
        lines.append("- emoji or exclamation marks were taken out, as the persona's style wants")
    if is_admin and trace.get("style"):
        broken = [f"  - {rule}: {plain(str(found), 80)}" for rule, found in trace["style"].items()]
        lines += ["- of the persona's style it breaks:", *broken]
    return lines


def order_lines(trace: Mapping[str, Any], *, is_admin: bool) -> list[str]:
    """Tell what of the passages speaks to the bot instead of to people; its words are for admins."""
    orders = trace.get("addressed") or ()
    if not orders:
        return []
    what = [f"  - “{plain(str(one.get('text')), 160)}” ({one.get('article')})" for one in orders[:_SHOWN]]
    return [
        f"- sentences of articles that speak to the bot, and were not used: {len(orders)}",
        *(what if is_admin else ()),
    ]


def other_lines(trace: Mapping[str, Any], told: frozenset[str]) -> list[str]:
    """Tell what stands in the trace beside what was `told` in words."""
    others = {name: value for name, value in trace.items() if name not in told}
    return [f"- {name.replace('_', ' ')}: {plain(_flat(value), 200)}" for name, value in others.items()]


def spent(milliseconds: float) -> str:
    """Say a duration."""
    if milliseconds >= _SECOND:
        return f"{milliseconds / _SECOND:.1f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 1 else "under 1 ms"


def _model(model: Mapping[str, Any], when: str) -> list[str]:
    if not model:
        return []
    outcome = str(model.get("outcome"))
    about = "estimated " if model.get("estimated") else ""
    requests = _counted(model.get("requests", 0), "request")
    tokens = f"{model.get('tokens_read', 0):,} tokens read, {model.get('tokens_written', 0):,} written"
    lines = [
        f"- model: {plain(str(model.get('model') or 'none was reached'), 80)} {_OUTCOMES.get(outcome, outcome)}",
        f"- spent{when}: {requests}, {about}{tokens}, cost {model.get('cost', 0):g}",
    ]
    failures = [
        f"  - {plain(str(one.get('model')), 80)}, {one.get('kind')}: {plain(str(one.get('reason')), 160)}"
        for one in (model.get("failures") or ())[:_SHOWN]
    ]
    return [*lines, "- failed before that:", *failures] if failures else lines


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _gate(trace: Mapping[str, Any]) -> list[str]:
    features: Mapping[str, float] = trace.get("features") or {}
    if not features:
        return []
    limits = trace.get("thresholds") or ()
    from_ = f" answers from {limits[0]:.2f}, is unsure from {limits[1]:.2f};" if limits else ""
    known = [
        f"{words} {_value(name, features[name])}" for name, words in _FEATURES.items() if name in features
    ]
    rest = [
        f"{name.replace('_', ' ')} {value:g}" for name, value in features.items() if name not in _FEATURES
    ]
    return [
        f"- gate:{from_} it saw:",
        f"  - {', '.join(known)}",
        *([f"  - {', '.join(rest)}"] if rest else []),
    ]


def _value(name: str, value: float) -> str:
    if name in _YES_OR_NO:
        return "yes" if value else "no"
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{str(name).replace('_', ' ')} {_flat(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(_flat(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
