"""Sentences of Markdown prose, without cutting links, code, numbers or abbreviations."""

from __future__ import annotations

import re

_PROTECTED = re.compile(r"`+[^`]*`+|\[[^\[\]]*\]\([^)]*\)|<[^<>\s]+>|https?://\S+")
_END = re.compile(
    r"[.!?\u2026]+[\"'\u201d\u2019)\]*_]*(?=\s|$)"  # the usual end
    r"|[\u3002\uff01\uff1f]"  # Chinese and Japanese
    r"|(?<=[a-z]{2})[.!?](?=[A-Z][a-z]+[\s,'])"  # a converter lost the space
    r"|:(?=\s*\n)"  # a line that introduces the next ones
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|approx|dr|mr|mrs|ms|no|nr|st|fig|inc|ltd|co|dept|est|max|min|incl|a\.m|p\.m|"
    r"ca|bzw|usw|z\.\s?b|d\.\s?h|u\.\s?a|evtl|ggf|p\.\s?ex|par ex|ex|art|sr|sra|pág)"
    r"|(?:^|\s)[A-Za-z]|^\s*\d{1,3})\.$",
    re.IGNORECASE,
)
_STARTS = re.compile(r"\s*[\"'\u201c\u2018(\[*_`\u00bf\u00a1]*(?P<first>.)", re.DOTALL)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Give the (start, end) of each sentence of a paragraph, without the white space around it."""
    protected = [match.span() for match in _PROTECTED.finditer(text)]
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        inside = any(low < match.end() - 1 and match.start() < high - 1 for low, high in protected)
        if inside or not _ends_here(text, start, match):
            continue
        spans.append((start, match.end()))
        start = match.end()
    spans.append((start, len(text)))
    return [trimmed for span in spans if (trimmed := _trim(text, *span))]


def sentences(text: str) -> list[str]:
    """Give the sentences of a paragraph."""
    return [text[start:end] for start, end in sentence_spans(text)]


def _ends_here(text: str, start: int, match: re.Match[str]) -> bool:
    if match[0][0] != ".":
        return True
    if _ABBREVIATION.search(text[start : match.start() + 1]):
        return False
    following = _STARTS.match(text, match.end())
    return following is None or not following["first"].islower()


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if end > start else None
