"""Where a sentence says the opposite of its source, or says of all what the source says under a condition."""

from __future__ import annotations

import re
from functools import lru_cache

from knowledge.answering.gate_opposites import opposite_of
from knowledge.answering.grounding.facts import bare
from knowledge.answering.sentences import sentences
from knowledge.answering.words import content_stems, stem, words

_NEGATORS = frozenset(
    (
        "not", "no", "never", "cannot", "cant", "dont", "doesnt", "didnt", "isnt", "arent", "wasnt", "werent", "wont",
        "wouldnt", "shouldnt", "couldnt", "hasnt", "havent", "without", "neither", "nor", "none", "nothing", "nobody",
        "unable", "kein", "keine", "keinen", "keiner", "nicht", "nie", "ohne",
    )
)  # fmt: skip
_CONTRACTED = re.compile(r"\b(\w+)n['\u2019]t\b", re.IGNORECASE)
_LIMITS = re.compile(r"\b(?:only|just|solely|exclusively|alone|unless|must|nur)\b", re.IGNORECASE)
_CLAUSE = re.compile(
    r"\b(?:(?:but |and |,\s*)?only (?:if|when|for|on|in|with|after|before)|unless|if|except|provided that|as long as)\b"
    r"[^,.;:!?]*",
    re.IGNORECASE,
)
_PAIRS = (
    "before after, more fewer, more less, minimum maximum, least most, increase decrease, increases decreases, "
    "always sometimes, allow deny, allowed denied, allowed forbidden, higher lower, above below, open close, "
    "start stop, on off, all some, any certain, must may, required optional, can cannot, free paid, "
    "automatically manually, "
    "public private, left right, top bottom, up down, earlier later, larger smaller, show hide, "
    "shows hides, "
    "accept reject, accepts rejects, possible impossible, able unable, include exclude, includes excludes, with without"
)
_MORE: dict[str, set[str]] = {}
for _one, _other in (pair.split() for pair in _PAIRS.split(", ")):
    _MORE.setdefault(_one, set()).add(_other)
    _MORE.setdefault(_other, set()).add(_one)
_SAME = 0.6
_SAID = 0.75
_ABOUT = 0.3
_HALF = 0.5
_NEGATIVE = re.compile(
    r"\b(?:lack\w*|fail\w*|avoid\w*|prevent\w*|refus\w*|unable|impossible|except|rather than|instead of|few|little|"
    r"hardly|barely|stop\w*|block\w*|un[a-z]{4,}|in(?:valid|correct|complete|active|sufficient)\w*|dis[a-z]{4,})\b",
    re.IGNORECASE,
)
_REACH = 3


def opposed(sentence: str, source: str, context: str = "") -> str | None:
    """Say how the sentence contradicts, or over-states, the source's sentence that is nearest to it; None if not.

    `context` is what was asked and already said: a condition that stands there need not be said again.
    """
    claim = bare(sentence)
    stems = frozenset(content_stems(claim)) - _NEGATORS
    if not stems:
        return None
    near = _nearest(stems, source)
    if not near:
        return None
    share, said = near
    if fault := _denied(claim, source):
        return fault
    if share >= _SAME and (fault := _contradicts(claim, said)):
        return fault
    if share < _SAID:
        return None
    return _left_out(claim, said) or _unconditional(claim, said, context)


def _nearest(stems: frozenset[str], source: str) -> tuple[float, str] | None:
    scored = [(len(stems & held) / len(stems), -len(held), text) for text, held in _sentences(source)]
    if not scored:
        return None
    share, _, text = max(scored)
    return share, text


@lru_cache(maxsize=512)
def _sentences(source: str) -> tuple[tuple[str, frozenset[str]], ...]:
    found = [part for line in source.split("\n") if line.strip() for part in sentences(line)]
    return tuple((text, frozenset(content_stems(text)) - _NEGATORS) for text in found)


def _negations(text: str) -> list[tuple[str, frozenset[str]]]:
    """Give each negation with the stems of the words that follow it."""
    tokens = words(_CONTRACTED.sub(lambda m: f"{m[1]} not", text))
    return [
        (token, frozenset(stem(other) for other in tokens[i + 1 : i + 1 + _REACH]))
        for i, token in enumerate(tokens)
        if token in _NEGATORS
    ]


def _left_out(claim: str, said: str) -> str | None:
    """Find a negation of the source's sentence that the claim repeats without its "not"."""
    mine = _negations(claim)
    stems = {stem(word) for word in words(claim)}
    for token, scope in _negations(said) if not mine else ():
        if scope and scope <= stems:
            return f'"{token}" of the cited passage is left out: {said[:80]}'
    return None


def _denied(claim: str, source: str) -> str | None:
    """Find a negation of the claim that no sentence of the source makes of the same words."""
    mine = _negations(claim)
    if not mine:
        return None
    theirs = [
        {stem(word) for word in words(text)}
        for text, _ in _sentences(source)
        if _negations(text) or _NEGATIVE.search(text)
    ]
    stems = frozenset(content_stems(claim)) - _NEGATORS
    for token, scope in mine:
        about = (scope & stems) or stems
        if not any(about & held and len(stems & held) >= _ABOUT * len(stems) for held in theirs):
            return f'"{token}" is not in the cited passages'
    return None


def _contradicts(claim: str, said: str) -> str | None:
    if len(_negations(claim)) > len(_negations(said)):
        return f"it denies what the cited passage says: {said[:80]}"
    return _reversed(claim, said)


def _reversed(claim: str, said: str) -> str | None:
    mine, theirs = words(claim), words(said)
    held = {stem(word) for word in theirs}
    for word in mine:
        if stem(word) in held:
            continue
        for other in theirs:
            if other not in mine and (other in opposite_of(word) or other in _MORE.get(word, ())):
                return f'"{word}" where the cited passage says "{other}"'
    return None


def _unconditional(claim: str, said: str, context: str) -> str | None:
    """Find a condition of the source's sentence that stands neither in the claim nor in what was asked."""
    mine = frozenset(content_stems(claim))
    known = mine | frozenset(content_stems(context))
    for clause in _CLAUSE.finditer(said):
        stems = frozenset(content_stems(clause[0])) - {"onli", "if", "unless", "except"}
        if stems and len(stems & known) < _HALF * len(stems):
            return f"a condition of the cited passage is left out: {clause[0].strip()}"
    if "only" in words(said) and not _LIMITS.search(f"{claim} {context}"):
        return f'"only" of the cited passage is left out: {said[:80]}'
    return None
