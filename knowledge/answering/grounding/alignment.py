"""What a sentence that follows its source nearly word for word has changed: a "not", a word for its opposite."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache

from knowledge.answering.gate_opposites import opposite_of
from knowledge.answering.grounding.negation import NEGATORS
from knowledge.answering.words import words

_CONTRACTED = re.compile(r"\b(\w+)n['\u2019]t\b", re.IGNORECASE)
_WHOLE = {"ca": "can", "wo": "will", "sha": "shall"}
_CLOSE = 0.72
"""Share of words in the same order from which on a sentence counts as a copy with changes."""
_SHORT = 2
_LIMITING = frozenset(("only", "just", "solely", "exclusively", "alone", "must"))
_LONGER = 0.02
"""Of two sentences that hold as much of it, the one with less beside it is the one that was copied."""
_NO_LONGER = re.compile(r"\bno longer\b", re.IGNORECASE)
_PAIRS = (
    "before after, more fewer, more less, minimum maximum, least most, increase decrease, increases decreases, "
    "always sometimes, always never, allow deny, allowed denied, allowed forbidden, higher lower, above below, "
    "open close, opens closes, opened closed, "
    "start stop, starts stops, on off, all some, any certain, must may, required optional, can cannot, free paid, "
    "automatically manually, public private, left right, top bottom, up down, earlier later, larger smaller, "
    "show hide, shows hides, accept reject, accepts rejects, possible impossible, able unable, include exclude, "
    "includes excludes, with without, available unavailable, open closed, first last, high low, better worse, "
    "enable disable, enables disables, enabled disabled, enabling disabling, improve worsen, improves worsens"
)
OPPOSITES: dict[str, frozenset[str]] = {}
for _one, _other in (pair.split() for pair in _PAIRS.split(", ")):
    OPPOSITES[_one] = OPPOSITES.get(_one, frozenset()) | {_other}
    OPPOSITES[_other] = OPPOSITES.get(_other, frozenset()) | {_one}


def opposites(word: str) -> frozenset[str]:
    """Give the casefolded words that say the opposite of a word; empty for most words."""
    return opposite_of(word) | OPPOSITES.get(word, frozenset())


@lru_cache(maxsize=2048)
def tokens(text: str) -> tuple[str, ...]:
    """Give the words in order, "can't" as "can not"."""
    text = _NO_LONGER.sub("not", text)
    text = _CONTRACTED.sub(lambda m: f"{_WHOLE.get(m[1].casefold(), m[1])} not", text)
    return tuple(words(text.replace("cannot", "can not")))


def changed(claim: str, sentences: tuple[str, ...]) -> str | None:
    """Say what the claim changed of the one of `sentences` that it copies; None where it copies none."""
    mine = tokens(claim)
    best, copied = 0.0, ""
    for text in sentences:
        theirs = tokens(text)
        matcher = SequenceMatcher(None, theirs, mine, autojunk=False)
        held = sum(block.size for block in matcher.get_matching_blocks())
        share = held / len(mine) - _LONGER * (len(theirs) - held) / len(theirs) if theirs else 0.0
        if share > best:
            best, copied = share, text
    return _difference(tokens(copied), mine, copied) if best >= _CLOSE else None


def _difference(theirs: tuple[str, ...], mine: tuple[str, ...], copied: str) -> str | None:
    matcher = SequenceMatcher(None, theirs, mine, autojunk=False)
    last = len(theirs)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        old, new = theirs[a:b], mine[c:d]
        inside = a > 0 and b < last
        if (added := [w for w in new if w in NEGATORS]) and not any(w in NEGATORS for w in old):
            return f'"{added[0]}" is not in the cited passages: {copied[:80]}'
        if inside and (lost := [w for w in old if w in NEGATORS]) and not any(w in NEGATORS for w in new):
            return f'"{lost[0]}" of the cited passage is left out: {copied[:80]}'
        if "only" in old and len(old) <= _SHORT and not _LIMITING & {*new}:
            return f'"only" of the cited passage is left out: {copied[:80]}'
        for word in new:
            for other in old:
                if other in opposites(word):
                    return f'"{word}" where the cited passage says "{other}"'
    return None
