"""Holds each statement of an answer against the passages it cites; makes text harmless for a chat."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.answering.grounding.hidden import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from knowledge.models import Passage

_URL = re.compile(r"(?:https?://|mailto:|www\.)[^\s<>()\[\]\"'`*]+", re.IGNORECASE)
_COMMAND = re.compile(r"`+([^`\n]+)`+")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_LIST_NUMBER = re.compile(r"(?m)^\s*\d{1,3}[.)]\s")
_MENTION = re.compile(r"@(?=everyone\b|here\b|channel\b|all\b)", re.IGNORECASE)
_SLACK = re.compile(r"<(?=[!@#](?:[A-Za-z0-9]|subteam))|<(?=@[&!]?\d)")
_IMAGE = re.compile(
    r"!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])|\[image:[^\]]*\]|<!--.*?-->", re.DOTALL | re.IGNORECASE
)
_LINK_END = re.compile(r"\]\([^)]*\)|\]\[[^\]]*\]|</?[a-zA-Z][^<>]*>")
_GAP = "\u200b"


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A statement that was dropped, and what of it no cited passage holds."""

    text: str
    reason: str


def unsupported(text: str, cited: Iterable[Passage]) -> Unsupported | None:
    """Give the reason why the cited passages do not support `text`, None when they do.

    Every number, URL and command must stand in one of them, and so must the words of each line, in their order
    and with Markdown left aside: extractive answers are quotations, cut between the lines of lists at most.
    """
    sources = [f"{p.title}\n{' '.join(p.heading_path)}\n{p.text}" for p in cited]
    whole = "\n".join(sources)
    for kind, pattern in (("url", _URL), ("command", _COMMAND)):
        for match in pattern.finditer(text):
            found = match[match.lastindex or 0].rstrip(".,;:!?")
            if found not in whole:
                return Unsupported(text, f"{kind} not in the cited passages: {found}")
    known = set(_NUMBER.findall(whole))
    for number in _NUMBER.findall(_LIST_NUMBER.sub(" ", text)):
        if number not in known:
            return Unsupported(text, f"number not in the cited passages: {number}")
    held = f" {plain_words(whole)} "
    for line in text.split("\n"):
        words = plain_words(line)
        if words and f" {words} " not in held:
            return Unsupported(text, f"not in the words of the cited passages: {line[:80]}")
    return None


def plain_words(markdown: str) -> str:
    """Reduce Markdown to its casefolded words: what two renderings of one sentence have in common."""
    text = _LINK_END.sub(" ", _IMAGE.sub(" ", markdown))
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"[^\W_]+", text))


def neutralise(text: str) -> str:
    """Break what a chat would act on: mass mentions, mentions of people, channels and roles.

    What hides (zero-width, bidirectional, tag characters) is taken out first; a zero-width space goes in, so people
    read the same words. Slack's are `<!channel>`, `<@U1>`, `<#C1>`,
    Discord's `@everyone`, `@here`, `<@1>`, `<@&1>` (docs.slack.dev "Formatting message text", discord.com
    "Message Formatting").
    """
    return _SLACK.sub("<" + _GAP, _MENTION.sub("@" + _GAP, visible(text)))
