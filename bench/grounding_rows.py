"""True sentences with their sources, and what may be changed in them: for bench/grounding.py, training and tests."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from knowledge.answering.blocks import units_of
from knowledge.answering.grounding.facts import bare
from knowledge.answering.grounding.names import named

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from pathlib import Path

_NUMBER = re.compile(r"(?<![\w.,\[])\d+(?![\w\]])")
_AUXILIARY = re.compile(r"\b(can|is|are|will|must|should|does|may|has|have|was|were)\b(?! not| only)")
_CAN = re.compile(r"\bcan\b(?! not| only)")
_IS = re.compile(r"\b(is|are)\b(?! not| only)")
_IMPERATIVE = re.compile(
    r"^(?:\W*)(Click|Select|Open|Choose|Enter|Go|Tap|Press|Use|Add|Make|Check|Copy|Drag)\b"
)
_CONDITION = re.compile(
    r"(?:,?\s*\b(?:only (?:if|when|on|for|after)|if|unless|except|as long as|provided that|after|until)\b[^,.;:]*,?)"
    r"|\bonly\b",
    re.IGNORECASE,
)
_ROLES = re.compile(r"\bfrom (?:the |your |a )?([\w-]+) to (?:the |your |a )?([\w-]+)\b")
_OPPOSITES = tuple(
    pair.split("/")
    for pair in re.split(
        " ",
        "enable/disable enabled/disabled add/remove adds/removes added/removed increase/decrease before/after "
        "show/hide "
        "shows/hides allow/deny allowed/denied more/fewer minimum/maximum public/private open/close opens/closes "
        "start/stop accept/reject always/never above/below lock/unlock import/export increases/decreases higher/lower "
        "upload/download connect/disconnect install/uninstall required/optional automatically/manually "
        "available/unavailable able/unable",
    )
)
_UNITS = (
    ("minutes", "hours"), ("hours", "days"), ("days", "weeks"), ("months", "years"), ("MB", "GB"), ("GB", "TB"),
    ("seconds", "minutes"), ("weeks", "months"), ("%", "€"),
)  # fmt: skip
PRODUCTS = ("Photoshop", "Zendesk", "Thunderbird", "Salesforce", "Dropbox", "Shopify")
_LEAST_WORDS, _MOST_WORDS, _AROUND = 5, 40, 5


@dataclass(frozen=True, slots=True)
class Stated:
    """A sentence that its source supports; `question` is what was asked, where that is known."""

    text: str
    source: str
    origin: str
    question: str = ""


def rows(path: Path) -> list[dict[str, Any]]:
    """Read a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def evidence(row: dict[str, Any]) -> str:
    """Give a claim's excerpts, each once."""
    return "\n".join(dict.fromkeys(row["evidence"]))


def supported_claims(data: Path) -> list[Stated]:
    """Give the claims that an expert calls supported."""
    claims = rows(data / "grounded_expertqa/examples.jsonl")
    return [
        Stated(bare(row["claim"]), evidence(row), "expertqa", row["question"])
        for row in claims
        if row["grounded"]
    ]


def article_sentences(data: Path) -> list[Stated]:
    """Give the sentences of the articles that people asked for, each with what stands around it."""
    articles = {row["id"]: row for row in rows(data / "wixqa/articles.jsonl")}
    wanted = {gold for row in rows(data / "wixqa/queries.jsonl") for gold in row["gold_article_ids"]}
    return [
        stated
        for gold in sorted(wanted & articles.keys())
        for stated in quoted(articles[gold]["title"], articles[gold]["body_markdown"], "articles")
    ]


def quoted(title: str, markdown: str, origin: str) -> Iterator[Stated]:
    """Give an article's own sentences."""
    units = units_of(markdown)
    texts = [unit.text for unit in units]
    for index, unit in enumerate(units):
        if unit.kind == "sentence" and _LEAST_WORDS <= len(unit.text.split()) <= _MOST_WORDS:
            around = "\n".join(texts[max(0, index - _AROUND) : index + _AROUND + 1])
            yield Stated(unit.text, f"{title}\n{around}", origin)


def mutations(text: str, chance: random.Random) -> dict[str, str]:
    """Change one thing of a sentence, in each way that it allows; a kind that it does not allow is left out."""
    ways: dict[str, Callable[[str, random.Random], str | None]] = {
        "number": _number,
        "unit": _unit,
        "negation": _negation,
        "negation in other words": _other_negation,
        "opposite": _opposite,
        "roles": _roles,
        "product": _product,
        "url": lambda stem, by: f"{stem.rstrip('. ')} at https://account-help.example/{by.randint(10, 99)}.",
        "menu": lambda stem, _: f"{stem.rstrip('. ')} under **Settings > Recovery > Advanced Options**.",
        "condition": _condition,
    }
    made = {kind: way(text, chance) for kind, way in ways.items()}
    return {kind: changed for kind, changed in made.items() if changed and changed != text}


def _number(text: str, chance: random.Random) -> str | None:
    found = list(_NUMBER.finditer(text))
    if not found:
        return None
    match = chance.choice(found)
    return f"{text[: match.start()]}{int(match[0]) + chance.choice((3, 7, 11))}{text[match.end() :]}"


def _unit(text: str, _: random.Random) -> str | None:
    for one, other in _UNITS:
        for old, new in ((one, other), (other, one)):
            if match := re.search(rf"(?<=\d)\s?{re.escape(old)}(?!\w)", text):
                return f"{text[: match.start()]} {new}{text[match.end() :]}"
    return None


def _negation(text: str, _: random.Random) -> str | None:
    if " not " in text:
        return text.replace(" not ", " ", 1)
    if auxiliary := _AUXILIARY.search(text):
        return f"{text[: auxiliary.end()]} not{text[auxiliary.end() :]}"
    if imperative := _IMPERATIVE.match(text):
        return f"Do not {imperative[1].lower()}{text[imperative.end() :]}"
    return None


def _other_negation(text: str, chance: random.Random) -> str | None:
    if match := _CAN.search(text):
        words = chance.choice(("cannot", "can't", "can no longer", "are unable to"))
        return f"{text[: match.start()]}{words}{text[match.end() :]}"
    if match := _IS.search(text):
        words = chance.choice((" no longer", " never", "n't"))
        return f"{text[: match.end()]}{words}{text[match.end() :]}"
    return None


def _opposite(text: str, _: random.Random) -> str | None:
    for one, other in _OPPOSITES:
        for old, new in ((one, other), (other, one)):
            if match := re.search(rf"\b{old}\b", text):
                return f"{text[: match.start()]}{new}{text[match.end() :]}"
    return None


def _roles(text: str, _: random.Random) -> str | None:
    match = _ROLES.search(text)
    if not match or match[1] == match[2]:
        return None
    return f"{text[: match.start()]}from {match[2]} to {match[1]}{text[match.end() :]}"


def _product(text: str, chance: random.Random) -> str | None:
    names = [name for name in named(text) if name.isalpha() and len(name) > len("its")]
    return text.replace(chance.choice(names), chance.choice(PRODUCTS), 1) if names else None


def _condition(text: str, _: random.Random) -> str | None:
    match = _CONDITION.search(text)
    if not match or "**" in match[0]:
        return None
    rest = " ".join((text[: match.start()] + " " + text[match.end() :]).split()).strip(" ,")
    return rest[:1].upper() + rest[1:] if len(rest.split()) >= _LEAST_WORDS else None
