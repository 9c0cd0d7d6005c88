"""Which units of a section go into an answer: few, whole, in order, none that points at what is missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from knowledge.answering.blocks import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from knowledge.answering.scoring import Asked
    from knowledge.answering.sections import SectionUnit

WHOLE_SECTION = 600
"""Characters: a section up to this length is quoted whole."""

_TARGET = 900
_NEAR = 0.65
_POINTER = re.compile(
    r"\b(?:see|shown|listed|described|explained|outlined|follow(?:ing)?|as|steps?|instructions?|table|image|picture|"
    r"screenshot|section|list)\b[^.]*\b(?:below|above|beneath|following)\b|\b(?:below|above)\s*[.:]?$"
    r"|\b(?:siehe|wie)\b[^.]*\b(?:unten|oben)\b|\bci-desso?us\b"
    r"|\bin this (?:article|guide|tutorial)\b.*\blearn\b",
    re.IGNORECASE,
)
_CONTINUES = re.compile(
    r"(?:this|that|these|those|it|they|then|so|however|otherwise|also|if so|if not|in (?:this|that) case|"
    r"instead|but|and|or|dies|diese[rs]?|das|dann|sonst|aber|cela|ensuite|sinon|esto|entonces)\b",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"\W*(?:note|important|warning|caution|tip|hinweis|wichtig|achtung|remarque|attention|nota|atención)\b",
    re.IGNORECASE,
)


def select(units: Sequence[SectionUnit], scores: Sequence[float], question: Asked, limit: int) -> list[int]:
    """Give the indices of the units to quote, in reading order.

    A short section is quoted whole. Else: the unit that answers best, what introduces or continues it, and
    what scores nearly as high. Together at most `limit` characters, unless a list of steps alone is longer.
    """
    usable = [i for i in range(len(units)) if not _points_away(units, i)]
    if not usable:
        return []
    if sum(len(units[i].unit.text) for i in usable) <= min(WHOLE_SECTION, limit):
        return _without_loose_ends(units, usable)
    best = _best(units, scores, usable, question)
    chosen = {best} | _introduction(units, best) | _continuation(units, best, question)
    _fit(units, scores, chosen, best, limit)
    for index in sorted(usable, key=lambda i: -scores[i]):
        added = {index} | _introduction(units, index)
        near = scores[index] >= _NEAR * scores[best] and units[index].unit.kind != "steps"
        if near and _length(units, chosen | added) <= min(_TARGET, limit):
            chosen |= added
    for index in sorted(chosen):
        note = _note_after(units, index)
        if note and _length(units, chosen | note) <= limit:
            chosen |= note
    return _without_loose_ends(units, sorted(chosen.intersection(usable)))


def _best(
    units: Sequence[SectionUnit], scores: Sequence[float], usable: Sequence[int], question: Asked
) -> int:
    def value(index: int) -> float:
        bonus = 0.05 if units[index].in_hit else 0.0
        if question.how_to and units[index].unit.kind == "steps":
            bonus += 0.2
        intro = max((scores[i] for i in _introduction(units, index)), default=0.0)
        return max(scores[index], 0.9 * intro if units[index].unit.is_whole else 0.0) + bonus

    return max(usable, key=value)


def _introduction(units: Sequence[SectionUnit], index: int) -> set[int]:
    """The sentences that the unit needs: what ends with ":" before it, what "this" refers to."""
    found: set[int] = set()
    current = index
    while current > 0 and len(found) < 3:  # noqa: PLR2004 - further back is another thought
        unit, before = units[current].unit, units[current - 1].unit
        leads = before.kind == "sentence" and units[current - 1].heading == units[current].heading
        if not leads or not (
            (unit.is_whole and (before.text.rstrip("*_").endswith(":") or unit.kind in {"steps", "code"}))
            or (unit.kind == "sentence" and unit.block == before.block and _CONTINUES.match(unit.text))
        ):
            break
        current -= 1
        found.add(current)
    return found


def _continuation(units: Sequence[SectionUnit], index: int, question: Asked) -> set[int]:
    """The rest of the paragraph, and the list, table or code that it announces."""
    found: set[int] = set()
    current, length = index, len(units[index].unit.text)
    while current + 1 < len(units):
        unit, after = units[current].unit, units[current + 1].unit
        same = unit.kind == after.kind == "sentence" and unit.block == after.block
        announced = unit.text.rstrip("*_").endswith(":")
        steps = question.how_to and after.kind == "steps" and unit.kind == "sentence"
        if not (announced or steps or (same and length + len(after.text) <= 400)):  # noqa: PLR2004 - a short paragraph
            break
        current += 1
        found.add(current)
        length += len(after.text)
        if after.is_whole:
            break
    return found


def _note_after(units: Sequence[SectionUnit], index: int) -> set[int]:
    """A note or a warning that follows a list belongs to it."""
    if (
        not units[index].unit.is_whole
        or index + 1 >= len(units)
        or not _NOTE.match(units[index + 1].unit.text)
    ):
        return set()
    block = units[index + 1].unit.block
    return {i for i in range(index + 1, len(units)) if units[i].unit.block == block}


def _fit(
    units: Sequence[SectionUnit], scores: Sequence[float], chosen: set[int], best: int, limit: int
) -> None:
    while _length(units, chosen) > limit and len(chosen) > 1:
        chosen.discard(min(chosen - {best}, key=lambda i: scores[i]))


def _length(units: Sequence[SectionUnit], chosen: set[int]) -> int:
    return sum(len(units[i].unit.text) + 2 for i in chosen)


def _points_away(units: Sequence[SectionUnit], index: int) -> bool:
    unit = units[index].unit
    if unit.kind != "sentence" or not _POINTER.search(unit.text):
        return False
    followed = (
        index + 1 < len(units) and units[index + 1].unit.is_whole and unit.text.rstrip("*_").endswith(":")
    )
    return not followed


def _without_loose_ends(units: Sequence[SectionUnit], chosen: Sequence[int]) -> list[int]:
    """Drop a line that ends with ":" when what it announces was not chosen."""
    kept: list[int] = []
    for index in reversed(chosen):
        announces = units[index].unit.kind == "sentence" and units[index].unit.text.rstrip("*_").endswith(":")
        if not announces or (kept and kept[-1] == index + 1):
            kept.append(index)
    return kept[::-1]


def shortened(unit: Unit, limit: int, score: Callable[[str], float]) -> Unit:
    """Cut a list, a table or code longer than `limit` to whole items, rows or lines; steps stay whole."""
    if len(unit.text) <= limit or unit.kind == "steps":
        return unit
    if unit.kind == "sentence":
        cut = unit.text[: limit - 1].rsplit(" ", 1)[0]
        return Unit(unit.kind, unit.raw, cut + "\u2026", unit.block)
    lines = unit.text.split("\n")
    head, items, tail = _parts(unit, lines)
    room = limit - sum(len(line) + 1 for line in [*head, *tail])
    order = (
        range(len(items))
        if unit.kind == "code"
        else sorted(range(len(items)), key=lambda i: -score(items[i]))
    )
    kept = set[int]()
    for index in order:
        if len(items[index]) + 1 > room:
            break
        kept.add(index)
        room -= len(items[index]) + 1
    text = "\n".join([*head, *(items[i] for i in sorted(kept)), *tail])
    return Unit(unit.kind, unit.raw, text, unit.block)


def _parts(unit: Unit, lines: list[str]) -> tuple[list[str], list[str], list[str]]:
    if unit.kind == "table":
        return lines[:2], lines[2:], []
    if unit.kind == "code":
        fenced = lines[0].lstrip().startswith(("```", "~~~"))
        return (lines[:1], lines[1:-1], lines[-1:]) if fenced and len(lines) > 1 else ([], lines, [])
    items = re.split(r"\n(?=[-*+]\s)", unit.text)
    return [], items, []
