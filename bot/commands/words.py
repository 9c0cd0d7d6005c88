"""What commands answer, in words. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.replies import ago, sync_counts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bot.commands.table import CommandSpec
    from bot.upkeep import SourceStatus
    from knowledge.library import ArticleSummary

_LISTED = 50
_FORMATTED = re.compile(r"[\\`*_\[\]<>#|~]")


def help_text(commands: Sequence[CommandSpec]) -> str:
    """List commands, a line each, those of everybody first."""
    parts = ["Ask me anything that the articles tell. I also know:\n"]
    parts += [_help_line(command) for command in commands if not command.admin]
    for_admins = [_help_line(command) for command in commands if command.admin]
    if for_admins:
        parts += ["\nAnd as you are an admin:\n", *for_admins]
    return "\n".join(parts)


def _help_line(command: CommandSpec) -> str:
    return f"- `{f'{command.name} {command.arguments}'.strip()}`: {command.help}"


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


def list_text(articles: Sequence[ArticleSummary], searched: str = "") -> str:
    """List articles, at most fifty; `searched` are the words that they were looked for by."""
    if not articles:
        return f"No article has “{plain(searched, 80)}”." if searched else "There are no articles."
    lines = [f"- `{article.ref}` {article.title}" for article in articles[:_LISTED]]
    hidden = len(articles) - _LISTED
    if hidden > 0:
        lines.append(
            f"- and {hidden:,} more; `list WORDS` finds some, `helpdesk-bot articles list` shows all"
        )
    return "\n".join(lines)


def status_text(
    sources: Sequence[SourceStatus], health: Mapping[str, str], questions: tuple[int, int]
) -> str:
    """Tell what works, what waits for an admin, and what was asked today: all, and of them without an answer."""
    articles = sum(source.articles for source in sources)
    asked, unanswered = questions
    lines = [f"- articles: {articles:,}", f"- questions today: {asked:,}, unanswered: {unanswered:,}"]
    lines += [f"- {name}: {state}" for name, state in health.items()]
    return "\n".join(lines)


def state_text(health: Mapping[str, str]) -> str:
    """Tell whether all works, without what is behind it: for those who can mend nothing."""
    if all(state == "ok" for state in health.values()):
        return "All of me works. `sources` tells how fresh my articles are."
    return "I answer, but not all of me works as it should; the bot's admins see what it is by `status`."


def _source_line(source: SourceStatus, now: datetime) -> str:
    line = _synced_line(source, now)
    if source.held:
        line += (
            f"; {len(source.held)} articles that it has no more are kept until an admin says "
            f"`confirm {source.name}`"
        )
    return f"{line}; paused" if source.paused else line


def _synced_line(source: SourceStatus, now: datetime) -> str:
    articles = "1 article" if source.articles == 1 else f"{source.articles:,} articles"
    if source.last is None:
        return f"{articles}, never synced" if source.every else f"{articles}, added to me"
    when = ago(source.last.finished_at, now)
    if not source.last.ok:
        return f"{articles}, the last sync ({when}) failed: {source.last.report.error}"
    return f"{articles}, synced {when} ({sync_counts(source.last.report)})"
