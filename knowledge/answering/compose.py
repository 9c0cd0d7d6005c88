"""Puts the parts of an answer into one text with its citations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.style import Style
from knowledge.answering.abridge import Told, kept
from knowledge.answering.ground import Unsupported, neutralise, unsupported
from knowledge.answering.words import platforms
from knowledge.models import Citation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from knowledge.answering.conflict import Conflict
    from knowledge.answering.extract import Part
    from knowledge.answering.phrases import Phrases
    from knowledge.answering.sections import SectionUnit
    from knowledge.models import Passage

_LONGEST_QUOTE = 300


@dataclass(frozen=True, slots=True)
class Composed:
    """The text, CommonMark; empty when nothing of it was supported. `left_out` is what a persona's style shortened."""

    text: str
    citations: tuple[Citation, ...]
    dropped: tuple[Unsupported, ...]
    left_out: tuple[str, ...] = ()


def compose(
    parts: Sequence[Part], conflicts: Sequence[Conflict], phrases: Phrases, style: Style | None = None
) -> Composed:
    """Write the parts one after the other, each statement held against its passages first.

    Then the style shortens it: what is cited, and each number, address and command, is the same in every style.
    """
    dropped: list[Unsupported] = []
    written: list[tuple[Part, tuple[SectionUnit, ...]]] = []
    for part in parts:
        supported: list[SectionUnit] = []
        for placed in part.units:
            fault = unsupported(placed.unit.text.removesuffix("\u2026"), part.section.passages)
            if fault:
                dropped.append(fault)
            else:
                supported.append(placed)
        if supported:
            written.append((part, tuple(supported)))
    citations = _citations(written, conflicts)
    written, left_out = _abridged(written, style or Style())
    several = len(citations) > 1
    order = {(c.source, c.article_id): number for number, c in enumerate(citations, start=1)}
    pieces: list[str] = []
    for part, units in written:
        mark = f" [{order[(part.article.source, part.article.id)]}]" if several else ""
        pieces.append(_part_text(part, units, mark, phrases))
    if conflicts and written:
        pieces.append(conflict_text(conflicts, phrases))
    return Composed(neutralise("\n\n".join(pieces)), citations, tuple(dropped), left_out)


def _abridged(
    written: list[tuple[Part, tuple[SectionUnit, ...]]], style: Style
) -> tuple[list[tuple[Part, tuple[SectionUnit, ...]]], tuple[str, ...]]:
    told = [
        Told(placed.unit.text, placed.unit.kind == "sentence", is_first=number == 0)
        for _, units in written
        for number, placed in enumerate(units)
    ]
    left = kept(told, style)
    left_out = tuple(each.text for each in told[left:])
    shorter: list[tuple[Part, tuple[SectionUnit, ...]]] = []
    for part, units in written:
        shorter.append((part, units[: max(left, 0)]))
        left -= len(units)
    return shorter, left_out


def _part_text(part: Part, units: Sequence[SectionUnit], mark: str, phrases: Phrases) -> str:
    lead = _lead(part, units, phrases)
    paragraphs: list[str] = []
    block: int | None = None
    heading = ""
    for placed in units:
        if placed.heading and placed.heading != heading:
            heading, block = placed.heading, None
            paragraphs.append(f"**{heading}**")
        if placed.unit.kind == "sentence" and placed.unit.block == block:
            paragraphs[-1] += f" {placed.unit.text}"
        else:
            paragraphs.append(placed.unit.text)
        block = placed.unit.block
    return _marked(lead, paragraphs, mark, part, units)


def _marked(lead: str, paragraphs: list[str], mark: str, part: Part, units: Sequence[SectionUnit]) -> str:
    """Put the citation's number where it does not break a list, a table or code."""
    if mark and not lead and units[0].unit.is_whole:
        lead = f"{part.section.hit.title}:"
    if lead:
        body = "\n\n".join(paragraphs)
        inline = units[0].unit.kind == "sentence" and not units[0].heading
        head = f"{lead.removesuffix(':')}{mark}{':' if lead.endswith(':') else ''}"
        return f"{head} {body}" if inline else f"{head}\n\n{body}"
    paragraphs[0] = (
        f"{paragraphs[0].removesuffix(':')}{mark}:" if paragraphs[0].endswith(":") else paragraphs[0] + mark
    )
    return "\n\n".join(paragraphs)


def _lead(part: Part, units: Sequence[SectionUnit], phrases: Phrases) -> str:
    """Say for which platform this is, or under which heading a list stands that nothing introduces."""
    first = units[0].unit
    if part.platform and part.platform not in platforms(first.text if first.kind == "sentence" else ""):
        return f"{phrases.platforms[part.platform]}:"
    if first.is_whole and not units[0].heading:
        heading = part.section.heading or part.section.hit.title
        return heading if heading.endswith(("?", "!", ".", ":")) else f"{heading}:"
    return ""


def conflict_text(conflicts: Sequence[Conflict], phrases: Phrases) -> str:
    """Show both statements of each conflict with their articles and dates, the newest first."""
    lines = [f"**{phrases.conflict}**", ""]
    for conflict in conflicts:
        for sentence, passage in conflict.newest_first():
            date = passage.updated_at.date().isoformat() if passage.updated_at else phrases.no_date
            lines.append(f"- {sentence} ({passage.title}, {date})")
    return "\n".join(lines)


def _citations(
    written: Sequence[tuple[Part, Sequence[SectionUnit]]], conflicts: Sequence[Conflict]
) -> tuple[Citation, ...]:
    found: dict[tuple[str, str], Citation] = {}
    for part, units in written:
        key = (part.article.source, part.article.id)
        best = max((placed.unit for placed in units), key=lambda unit: (unit.is_whole, len(unit.raw)))
        found.setdefault(key, cite(part.section.hit, best.raw))
    for conflict in conflicts if written else ():
        key = (conflict.passage.article.source, conflict.passage.article.id)
        found.setdefault(key, cite(conflict.passage, conflict.other))
    return tuple(found.values())


def cite(passage: Passage, quote: str = "") -> Citation:
    """Cite the passage's article; the quote is cut at a word where it is long."""
    return Citation(
        article_id=passage.article.id,
        source=passage.article.source,
        title=neutralise(passage.title),
        url=passage.url,
        revision=passage.revision,
        updated_at=passage.updated_at,
        quote=neutralise(_cut(quote)),
    )


def _cut(quote: str) -> str:
    quote = quote.strip()
    if len(quote) <= _LONGEST_QUOTE:
        return quote
    cut = quote[:_LONGEST_QUOTE]
    return cut.rsplit(None, 1)[0] if any(character.isspace() for character in cut) else cut


def closest(
    passages: Sequence[Passage], without: Sequence[Citation] = (), limit: int = 3
) -> tuple[Citation, ...]:
    """Cite the nearest articles, each once and without a quote, leaving out those of `without`."""
    taken = {(citation.source, citation.article_id) for citation in without}
    found: dict[tuple[str, str], Citation] = {}
    for passage in passages:
        key = (passage.article.source, passage.article.id)
        if key not in taken and key not in found:
            found[key] = cite(passage)
    return tuple(found.values())[:limit]
