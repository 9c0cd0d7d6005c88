"""Where a passage states things: its sentences, items of its lists and cells of its tables."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from knowledge.answering.blocks import units_of
from knowledge.answering.language import STOP_WORDS
from knowledge.answering.sentences import sentences
from knowledge.answering.statements import read_statement
from knowledge.answering.words import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from knowledge.answering.blocks import Unit
    from knowledge.answering.statements import Statement
    from knowledge.models import Passage

_MOST = 60
_HALF = 0.4
_ALIKE = 0.45
_TELLING = 0.4
_LIKELY = 3
_BULLET = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")


def statements_of(passage: Passage) -> tuple[Statement, ...]:
    """Give what a passage states: its sentences, items of its lists, and the cells of its tables."""
    found = (read_statement(text, passage) for text, _ in _parts(passage.text))
    return tuple(one for one in found if one is not None)


def statements_like(text: str, passage: Passage) -> Iterator[Statement]:
    """Give those statements of a passage that have about half of their words in common with `text`.

    It is cheap: what has not is never taken apart. So is a second look at the same passage.
    """
    for other in _alike(text, passage.text):
        statement = read_statement(other, passage)
        if statement is not None:
            yield statement


@lru_cache(maxsize=4_096)  # the same sentences are quoted again, with the same passages beside them
def _alike(text: str, beside: str) -> tuple[str, ...]:
    said = frozenset(words(text))
    telling = {word for word in said - STOP_WORDS["en"] if not word.isdigit()}
    if not any(len(telling & block) >= _TELLING * len(telling) for block in _blocks(beside)):
        return ()
    return tuple(
        other for other, held in _parts(beside) if len(said & held) >= _ALIKE * max(len(said), len(held))
    )


@lru_cache(maxsize=1_024)
def _blocks(text: str) -> tuple[frozenset[str], ...]:
    """Give the words of each paragraph, list and table; splitting into statements takes ten times as long."""
    return tuple(frozenset(words(block)) for block in re.split(r"\n[ \t]*\n", text))


@lru_cache(maxsize=1_024)
def _parts(text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Give the texts of a passage that may be statements, each with its words."""
    found = (each for unit in units_of(text) for each in texts_of(unit))
    return tuple((each, frozenset(words(each))) for each in islice(found, _MOST))


def nearest_statement(text: str, passage: Passage) -> str | None:
    """Give the statement of a passage that says what `text` says in other words; None where too little of it is."""
    mine = read_statement(text, passage)
    if mine is None or not mine.words:
        return None
    said = set(mine.words) | {word for one in mine.numbers for word in (one.kind, str(one.low))}

    def share(theirs: Statement) -> float:
        held = set(theirs.words) | {word for one in theirs.numbers for word in (one.kind, str(one.low))}
        return len(said & held) / len(said | held)

    likely = sorted(_parts(passage.text), key=lambda part: -len(part[1] & set(words(text))))[:_LIKELY]
    found = [one for part, _ in likely if (one := read_statement(part, passage)) is not None]
    best = max(found, key=share, default=None)
    return best.text if best is not None and share(best) >= _HALF else None


def context_of(passage: Passage) -> str:
    """Give a passage's text after its title and headings."""
    return "\n".join([passage.title, *passage.heading_path, passage.text])


def texts_of(unit: Unit) -> Iterator[str]:
    """Give what a unit states, a statement at a time; code states nothing."""
    if unit.kind == "sentence":
        yield unit.text
    elif unit.kind in {"list", "steps"}:
        for line in unit.text.split("\n"):
            if _BULLET.match(line):
                yield from sentences(_BULLET.sub("", line))
    elif unit.kind == "table":
        yield from _cells(unit.text)


def _cells(table: str) -> Iterator[str]:
    """Give "Team, Price a month: 8 euros" of each cell."""
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.split("\n")]
    for row in rows[2:]:
        for heading, cell in zip(rows[0][1:], row[1:], strict=False):
            if cell:
                yield f"{row[0]}, {heading}: {cell}"
