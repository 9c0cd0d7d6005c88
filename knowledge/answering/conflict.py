"""Two articles that state different things of one subject: another number, or the opposite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.answering.language import detect_language, same_language
from knowledge.answering.stated import context_of, statements_like
from knowledge.answering.statements import Statement, read_statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from knowledge.answering.quantities import Quantity
    from knowledge.models import Passage, ScoredPassage

_MOST = 2
"""More would not be read."""
_SAME_SUBJECT = 0.6
_SAME_CLAIM = 0.8
_FEWEST = 2
_UNMISTAKABLE = 5
"""Words in common from which two statements are about one thing, whatever their articles' titles say."""


_ROUGHLY = 1.5


@dataclass(frozen=True, slots=True)
class Conflict:
    """`stated`, a sentence of the answer from `stated_in`, and `other`, of another article's `passage`, disagree."""

    stated: str
    stated_in: Passage
    other: str
    passage: Passage

    def newest_first(self) -> tuple[tuple[str, Passage], tuple[str, Passage]]:
        """Give both statements with their passages: the newer article first, one without a date last."""
        mine, theirs = (self.stated, self.stated_in), (self.other, self.passage)
        return (theirs, mine) if _date(self.passage) > _date(self.stated_in) else (mine, theirs)


def find_conflicts(
    stated: Iterable[tuple[str, Passage]], ranked: Sequence[ScoredPassage]
) -> tuple[Conflict, ...]:
    """Find statements of other articles that cannot be true together with stated ones, at most two.

    Each of `stated` comes with the passage that it is taken from. Precision before recall: `disagree` says when two
    statements do. Articles in another language are not compared, and no article with itself.
    """
    found: list[Conflict] = []
    others = list({s.passage.id: s.passage for s in ranked}.values())
    for text, passage in stated:
        if any(text == conflict.stated for conflict in found):
            continue
        for other in others:
            if other.article == passage.article:
                continue
            conflict = _first_against(text, passage, other)
            if conflict is not None and not _known(found, conflict):
                found.append(conflict)
                break
        if len(found) == _MOST:
            break
    return tuple(found)


def disagree(first: Statement, second: Statement) -> bool:
    """Whether two statements about one thing cannot both be true.

    Same thing: their words are the same but for the numbers and the opposites, up to words on the one side only that
    do not narrow it; they name the same plans, platforms, people and periods, and where they have few words, their
    articles' titles share one. Then they disagree by one number of the same kind, or by one being the denial or the
    opposite of the other under the same conditions.
    """
    if not _same_names(first, second):
        return False
    matched, share = _overlap(first, second)
    alone = share == 1.0 and matched <= first.context & second.context
    several = len(matched) + len(first.poles & second.poles) >= _FEWEST
    if share < _SAME_SUBJECT or not (several or alone):
        return False
    if not _anchored(first, second, matched) or _of_two_things(first, second, matched):
        return False
    if first.denials % 2 == second.denials % 2 and not _poles_apart(first, second):
        return _other_number(first, second)
    return share >= _SAME_CLAIM and _opposite(first, second)


def _same_names(first: Statement, second: Statement) -> bool:
    if first.identifiers != second.identifiers or first.names != second.names:
        return False
    if not first.kinds <= second.kinds_around or not second.kinds <= first.kinds_around:
        return False
    return first.kinds_around == second.kinds_around and first.qualifiers == second.qualifiers


def _first_against(text: str, passage: Passage, other: Passage) -> Conflict | None:
    for theirs in statements_like(text, other):
        mine = read_statement(text, passage)
        if mine is None:
            return None
        if disagree(mine, theirs) and _comparable(passage, other):
            return Conflict(mine.text, passage, theirs.text, other)
    return None


def _overlap(first: Statement, second: Statement) -> tuple[frozenset[str], float]:
    """Give the words in common, and their share; 0.0 where a word on one side narrows or contrasts the subject."""
    left, right = frozenset(first.words), frozenset(second.words)
    if not left or not right:
        return frozenset(), 0.0
    common, alike = left & right, len(first.poles & second.poles)
    if (left - right and right - left) or first.narrowed(left - right) or second.narrowed(right - left):
        return common, 0.0
    return common, (len(common) + alike) / (max(len(left), len(right)) + alike)


def _anchored(first: Statement, second: Statement, matched: frozenset[str]) -> bool:
    """Whether nothing but the same thing can be meant: "the link works for an hour" may be any link."""
    shared = first.context & second.context
    if first.is_deictic or second.is_deictic:
        return bool(shared)
    return len(matched) >= _UNMISTAKABLE or bool(shared or (first.context | second.context) & matched)


def _of_two_things(first: Statement, second: Statement, matched: frozenset[str]) -> bool:
    """Whether the titles tell which of several it is: "the party" of the summer, and that of Christmas."""
    for word in matched:
        mine = {other for one, other in first.which if one == word}
        theirs = {other for one, other in second.which if one == word}
        if mine and theirs and mine.isdisjoint(theirs):
            return True
    return False


def _other_number(first: Statement, second: Statement) -> bool:
    if first.is_case or second.is_case or first.limits != second.limits:
        return False
    mine, theirs = first.by_kind(), second.by_kind()
    apart = [
        kind
        for kind in mine.keys() & theirs.keys()
        if len(mine[kind]) == len(theirs[kind]) == 1 and not mine[kind][0].agrees(theirs[kind][0])
    ]
    if len(apart) != 1 or first.denials != second.denials:
        return False
    one, other = mine[apart[0]][0], theirs[apart[0]][0]
    return not (first.is_rough or second.is_rough) or _far_apart(one, other)


def _far_apart(one: Quantity, other: Quantity) -> bool:
    """Whether what is usual contradicts the other: not if it is near it, or below a most, or above a least."""
    low, high = sorted((one, other), key=lambda each: each.low)
    if high.bound > 0 or low.bound < 0:
        return False
    return high.low > _ROUGHLY * max(low.high, 1e-9)


def _opposite(first: Statement, second: Statement) -> bool:
    """One of them denied or turned round, and neither an instruction, a heading, or under another condition."""
    if max(first.denials, second.denials) > 1:
        return False
    if not (first.asserts and second.asserts) or first.conditions != second.conditions:
        return False
    if _other_number(first, second) or first.by_kind().keys() != second.by_kind().keys():
        return False
    agree = all(
        mine.agrees(theirs)
        for kind in first.by_kind()
        for mine, theirs in zip(first.by_kind()[kind], second.by_kind()[kind], strict=False)
    )
    return agree and (first.denials + second.denials + _poles_apart(first, second)) % 2 == 1


def _poles_apart(first: Statement, second: Statement) -> bool:
    return any((pair, not side) in second.poles for pair, side in first.poles)


def _known(found: Sequence[Conflict], new: Conflict) -> bool:
    return any({new.stated, new.other} == {conflict.stated, conflict.other} for conflict in found)


def _comparable(first: Passage, second: Passage) -> bool:
    return same_language(
        first.language or detect_language(context_of(first)),
        second.language or detect_language(context_of(second)),
    )


def _date(passage: Passage) -> float:
    return passage.updated_at.timestamp() if passage.updated_at else float("-inf")
