"""The extractive answer: the articles' own sentences, steps, tables and code, in their order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from knowledge.answering.blocks import units_of
from knowledge.answering.scoring import unit_score
from knowledge.answering.sections import Section, platform_of, section_around
from knowledge.answering.selection import WHOLE_SECTION, select, shortened
from knowledge.answering.words import content_stems, platforms, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from knowledge.answering.blocks import Unit
    from knowledge.answering.scoring import Asked
    from knowledge.answering.sections import SectionUnit
    from knowledge.models import ArticleRef, Evidence, Passage, ScoredPassage

_CANDIDATES = 4
_NEAR = 0.9
_MAX_SECTIONS = 3
_MAX_UNITS = 8


@dataclass(frozen=True, slots=True)
class Part:
    """What is quoted of one section; `platform` is set when the section is about one platform only."""

    section: Section
    units: tuple[SectionUnit, ...]
    platform: str | None

    @property
    def article(self) -> ArticleRef:
        """The article that is quoted."""
        return self.section.hit.article


def sections_for(
    question: Asked, evidence: Evidence, articles: Mapping[ArticleRef, Sequence[Passage]]
) -> list[Section]:
    """Give the sections that may be quoted, the main one first.

    The main one is that of the best passage, unless the question names a platform and it is about another.
    Where the question names none, the same for the other platforms follows; else an article that adds to it.
    """
    wanted = platforms(question.text)
    hits = [scored.passage for scored in evidence.passages]
    main = next((p for p in hits if _suits(platform_of(p), wanted)), hits[0])
    if question.how_to:
        main = _steps_below(main, hits, articles.get(main.article, ()), wanted)
    sections = [section_around(main, articles.get(main.article, ()))]
    if platform_of(main) and not wanted:
        others = _variants(main, hits, articles)
        sections.extend(section_around(other, articles.get(other.article, ())) for other in others)
    elif other := _addition(question, main, evidence.passages, wanted):
        sections.append(section_around(other, articles.get(other.article, ())))
    return sections[:_MAX_SECTIONS]


def _steps_below(
    main: Passage, hits: Sequence[Passage], article: Sequence[Passage], wanted: frozenset[str]
) -> Passage:
    """Give, where `main` only introduces its topic, the passage below its heading that has the steps."""
    if _has_steps(main):
        return main
    depth = len(main.heading_path)
    below = [
        p
        for p in sorted(article, key=lambda p: (p.id not in {hit.id for hit in hits}, p.position))
        if len(p.heading_path) > depth and p.heading_path[:depth] == main.heading_path
    ]
    with_steps = [p for p in below if _has_steps(p) and _suits(platform_of(p), wanted)]
    if len({p.heading_path for p in with_steps}) == 1 or any(platform_of(p) for p in with_steps):
        return with_steps[0]
    return main


def _has_steps(passage: Passage) -> bool:
    return any(unit.kind == "steps" for unit in units_of(passage.text))


def _suits(platform: str | None, wanted: frozenset[str]) -> bool:
    return not wanted or platform is None or platform in wanted


def _variants(
    main: Passage, hits: Sequence[Passage], articles: Mapping[ArticleRef, Sequence[Passage]]
) -> list[Passage]:
    """Find what says the same for other platforms: sibling headings, or articles of the same title."""
    found: dict[str | None, Passage] = {platform_of(main): main}
    siblings = [
        p
        for p in sorted(articles.get(main.article, ()), key=lambda p: p.position)
        if main.heading_path and p.heading_path[:-1] == main.heading_path[:-1] and p.revision == main.revision
    ]
    twins = [
        p
        for p in hits
        if p.article != main.article and _without_platform(p.title) == _without_platform(main.title)
    ]
    for passage in [*siblings, *twins]:
        platform = platform_of(passage)
        if platform:
            found.setdefault(platform, passage)
    return [passage for passage in found.values() if passage is not main]


def _without_platform(title: str) -> frozenset[str]:
    return frozenset(content_stems(" ".join(word for word in words(title) if not platforms(word))))


def _addition(
    question: Asked, main: Passage, ranked: Sequence[ScoredPassage], wanted: frozenset[str]
) -> Passage | None:
    """Find a passage of another article, near the top, with words of the question that the top lacks."""
    lacking = question.missing(f"{main.title} {' '.join(main.heading_path)} {main.text}")
    if not lacking or not ranked:
        return None
    top = max(scored.dense for scored in ranked)
    for scored in ranked[:_CANDIDATES]:
        passage = scored.passage
        text = f"{passage.title} {' '.join(passage.heading_path)} {passage.text}"
        if passage.article == main.article or not _suits(platform_of(passage), wanted):
            continue
        adds = sum(question.weights[term] for term in lacking - question.missing(text))
        if scored.dense >= _NEAR * top and adds >= 0.25 * sum(question.weights.values()):
            return passage
    return None


def texts_to_embed(question: Asked, sections: Sequence[Section]) -> list[str]:
    """Give the units whose nearness to the question decides something: those of sections quoted in part.

    It is the slowest step of an answer, so only the eight that hold most of the question's words are given,
    of two that hold the same the one that retrieval found.
    """
    units: dict[str, SectionUnit] = {}
    for section in sections:
        if sum(len(placed.unit.text) for placed in section.units) > WHOLE_SECTION:
            for placed in section.units:
                units.setdefault(placed.unit.text, placed)
    order = sorted(units.items(), key=lambda item: (-question.covered(item[0]), not item[1].in_hit))
    return [text for text, _ in order[:_MAX_UNITS]]


def parts_of(
    question: Asked, sections: Sequence[Section], dense: Mapping[str, float], limit: int
) -> list[Part]:
    """Choose what to quote of each section: the first one always, the others while they fit `limit`."""
    parts: list[Part] = []
    left = limit
    for section in sections:
        scores = [
            unit_score(question, placed.unit.text, dense.get(placed.unit.text)) for placed in section.units
        ]
        chosen = select(section.units, scores, question, left if not parts else min(left, limit // 2))
        units = tuple(
            replace(placed, unit=_fitted(placed.unit, question, left))
            for placed in (section.units[index] for index in chosen)
        )
        length = sum(len(placed.unit.text) + 2 for placed in units)
        if not units or (parts and length > left):
            continue
        parts.append(Part(section, units, section.platform))
        left -= length
    return parts


def _fitted(unit: Unit, question: Asked, limit: int) -> Unit:
    return shortened(unit, max(limit, 200), question.covered)
