"""What commands answer, in words. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bot.replies import ago, sync_counts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bot.commands.table import CommandSpec
    from bot.questions import Asked
    from bot.upkeep import SourceStatus
    from knowledge.library import ArticleSummary

_LISTED = 50
_FORMATTED = re.compile(r"[\\`*_\[\]<>#|~]")


def help_text(commands: Sequence[CommandSpec]) -> str:
    """List commands, a line each."""
    lines = [f"- `{f'{command.name} {command.arguments}'.strip()}`: {command.help}" for command in commands]
    return "\n".join(["Ask me anything that the articles tell. I also know:", "", *lines])


def plain(text: str, most: int) -> str:
    """Give a person's words on one line, cut at `most` characters, with nothing in them that would be formatted."""
    line = " ".join(text.split())
    cut = line if len(line) <= most else f"{line[: most - 1]}…"
    return _FORMATTED.sub(r"\\\g<0>", cut)


def sources_text(sources: Sequence[SourceStatus], now: datetime) -> str:
    """Tell of each source, a line each."""
    if not sources:
        return "I have no articles yet."
    return "\n".join(f"- **{source.name}**: {_source_line(source, now)}" for source in sources)


def list_text(articles: Sequence[ArticleSummary]) -> str:
    """List articles, at most fifty."""
    if not articles:
        return "There are no articles."
    lines = [f"- `{article.ref}` {article.title}" for article in articles[:_LISTED]]
    hidden = len(articles) - _LISTED
    if hidden > 0:
        lines.append(f"- and {hidden:,} more; `helpdesk-bot articles list` shows them all")
    return "\n".join(lines)


def status_text(articles: int, health: Mapping[str, str]) -> str:
    """Tell what works."""
    return "\n".join([f"- articles: {articles:,}", *(f"- {name}: {state}" for name, state in health.items())])


def why_text(asked: Asked) -> str:
    """Tell how an answer came about: the verdict, the articles it stands on, and the steps."""
    lines = [
        f"**{asked.text[:200]}**",
        "",
        f"- verdict: {asked.verdict}, confidence {asked.confidence:.2f}",
        f"- cache: {asked.cache}",
        f"- persona: {asked.persona}",
        f"- answer: `{asked.answer_id}`",
    ]
    lines += [f"- article: {title}" for title in asked.trace.get("citations", ())]
    lines += [
        f"- {name}: {milliseconds:.1f} ms" for name, milliseconds in _numbers(asked.trace.get("timings_ms"))
    ]
    lines += _trace_lines(asked.trace.get("trace") or {})
    return "\n".join(lines)


def _source_line(source: SourceStatus, now: datetime) -> str:
    articles = "1 article" if source.articles == 1 else f"{source.articles:,} articles"
    if source.last is None:
        return f"{articles}, never synced" if source.every else f"{articles}, added to me"
    when = ago(source.last.finished_at, now)
    if not source.last.ok:
        return f"{articles}, the last sync ({when}) failed: {source.last.report.error}"
    return f"{articles}, synced {when} ({sync_counts(source.last.report)})"


def _numbers(value: Any) -> list[tuple[str, float]]:
    return [(name, float(number)) for name, number in (value or {}).items()]


def _trace_lines(trace: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, value in trace.items():
        if isinstance(value, list):
            lines.append(f"- {name}:")
            lines += [f"  - {_one_line(item)}" for item in value[:8]]
        else:
            lines.append(f"- {name}: {_one_line(value)}")
    return lines


def _one_line(value: Any) -> str:
    if isinstance(value, dict):
        value = ", ".join(f"{name} {_one_line(part)}" for name, part in value.items())
    if isinstance(value, float):
        value = f"{value:.3f}"
    return " ".join(str(value).split())[:300]
