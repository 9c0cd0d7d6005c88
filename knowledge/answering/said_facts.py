"""The facts of an answer that no voice may change: what it cites, its numbers, addresses and commands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from knowledge.answering.grounding.markers import without_markers

if TYPE_CHECKING:
    from knowledge.models import Answer

_FENCED = re.compile(r"^[ \t]*(?:```|~~~)[^\n]*\n(.*?)^[ \t]*(?:```|~~~)", re.DOTALL | re.MULTILINE)
_LIST_NUMBER = re.compile(r"(?m)^\s*\d{1,3}[.)]\s")


class SaidFacts(NamedTuple):
    """Articles that are cited, passages that were quoted, numbers, addresses, commands, and the count of steps."""

    articles: frozenset[tuple[str, str]]
    passages: frozenset[str]
    numbers: frozenset[str]
    addresses: frozenset[str]
    commands: frozenset[str]
    steps: int


def said_facts(answer: Answer) -> SaidFacts:
    """Read the facts of an answer's text and citations."""
    text = without_markers(answer.text)
    return SaidFacts(
        frozenset((citation.source, citation.article_id) for citation in answer.citations),
        frozenset(str(p) for part in answer.trace.get("quoted", ()) for p in part["passages"]),
        frozenset(re.findall(r"\d+(?:[.,:]\d+)*", _LIST_NUMBER.sub(" ", text))),
        frozenset(re.findall(r"(?:https?://|www\.|mailto:)[^\s)>\]]+|[\w.+-]+@[\w-]+\.[\w.-]+", text)),
        frozenset([*re.findall(r"`([^`\n]+)`", text), *(block.strip() for block in _FENCED.findall(text))]),
        len(_LIST_NUMBER.findall(text)),
    )
