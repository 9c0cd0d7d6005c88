"""The section of an article around a passage: passages are cut for the model's window, answers are not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.answering.blocks import Unit, units_of
from knowledge.answering.words import platforms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from knowledge.models import Passage

_REACH = 3
_SHORT = 300
_TABLE_HEAD = re.compile(r"^\|?[^\n]*\|[^\n]*\n\|?[\s:|-]*-[\s:|-]*\n")


@dataclass(frozen=True, slots=True)
class SectionUnit:
    """A unit, with its heading where that is deeper than the section's, and whether retrieval found it."""

    unit: Unit
    heading: str
    in_hit: bool


@dataclass(frozen=True, slots=True)
class Section:
    """Passages in reading order that belong together, and what an answer may quote of them."""

    hit: Passage
    passages: tuple[Passage, ...]
    units: tuple[SectionUnit, ...]

    @property
    def platform(self) -> str | None:
        """The one platform that the section is about, by its headings or else its article's title."""
        return platform_of(self.hit)

    @property
    def heading(self) -> str:
        """The innermost heading, empty at the top of an article."""
        return self.hit.heading_path[-1] if self.hit.heading_path else ""


def platform_of(passage: Passage) -> str | None:
    """Give the one platform that a passage's innermost telling heading, or its title, names."""
    for words in (*reversed(passage.heading_path), passage.title):
        named = platforms(words)
        if named:
            return next(iter(named)) if len(named) == 1 else None
    return None


def section_around(hit: Passage, article: Sequence[Passage]) -> Section:
    """Give the section of `hit`: neighbours under the same headings, and those below when it introduces them.

    `article` are all passages of its article in the revision of `hit`; others are ignored.
    """
    whole = sorted((p for p in article if p.revision == hit.revision), key=lambda p: p.position)
    by_position = {p.position: p for p in whole} | {hit.position: hit}
    run = [hit]
    for step in (-1, 1):
        position = hit.position + step
        while abs(position - hit.position) <= _REACH and _same_section(by_position.get(position), hit):
            run.append(by_position[position])
            position += step
    run.sort(key=lambda p: p.position)
    text = run[-1].text.rstrip()
    if text.endswith(":") or sum(len(p.text) for p in run) < _SHORT:
        run.extend(_children(run[-1], by_position))
    return Section(hit, tuple(run), tuple(_units(run, hit)))


def _same_section(candidate: Passage | None, hit: Passage) -> bool:
    return candidate is not None and candidate.heading_path == hit.heading_path


def _children(last: Passage, by_position: dict[int, Passage]) -> list[Passage]:
    """Give the next passages under deeper headings, unless these are for one platform each."""
    found: list[Passage] = []
    depth = len(last.heading_path)
    if not depth:
        return found
    following = by_position.get(last.position + 1)
    while following is not None and len(found) < _REACH:
        below = len(following.heading_path) > depth and following.heading_path[:depth] == last.heading_path
        if not below or platforms(" ".join(following.heading_path[depth:])):
            break
        found.append(following)
        following = by_position.get(following.position + 1)
    return found


def _units(run: Sequence[Passage], hit: Passage) -> list[SectionUnit]:
    """Split passages of one heading as one text: a list cut between two passages is whole again."""
    units: list[SectionUnit] = []
    groups: list[list[Passage]] = []
    for passage in run:
        if groups and groups[-1][-1].heading_path == passage.heading_path:
            groups[-1].append(passage)
        else:
            groups.append([passage])
    for group in groups:
        heading = group[0].heading_path[-1] if group[0].heading_path != hit.heading_path else ""
        offset = len(units)
        for unit in units_of(joined([p.text for p in group])):
            placed = Unit(unit.kind, unit.raw, unit.text, unit.block + offset * 1000)
            units.append(SectionUnit(placed, heading, unit.raw[:80] in hit.text))
    return units


def joined(texts: Sequence[str]) -> str:
    """Join the texts of neighbouring passages; a table that was cut gets its rows back under one header."""
    whole = ""
    for text in texts:
        head = _TABLE_HEAD.match(text)
        if head and head[0] in whole and whole.rstrip().endswith("|"):
            whole = whole.rstrip() + "\n" + text[head.end() :]
        else:
            whole = f"{whole}\n\n{text}" if whole else text
    return whole
