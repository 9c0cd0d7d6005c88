"""Where a sentence says the opposite of its source, or says of all what the source says under a condition."""

from __future__ import annotations

import re

from knowledge.answering.grounding.alignment import changed, opposites
from knowledge.answering.grounding.facts import bare
from knowledge.answering.grounding.negation import NEGATORS, denied, negations, stemmed_sentences
from knowledge.answering.words import content_stems, stem, words

_LIMITS = re.compile(r"\b(?:only|just|solely|exclusively|alone|unless|must|nur)\b", re.IGNORECASE)
_CLAUSE = re.compile(
    r"\b(?:(?:but |and |,\s*)?only (?:if|when|for|on|in|with|after|before)|unless|if|except|provided that|as long as"
    r"|after|until)\b[^,.;:!?]*",
    re.IGNORECASE,
)
_HEDGED = re.compile(
    r"\b(?:if|when|whenever|once|unless|only|after|until|while|in case|provided|as long as|depending|may|might|could|"
    r"for (?:those|people|anyone|users)|who|with)\b",
    re.IGNORECASE,
)
_FORBIDDEN = re.compile(
    r"\b(?:do not|don['\u2019]t|must not|mustn['\u2019]t|may not|cannot|can['\u2019]t|never)\s+(?P<what>[^,.;:!?]+)",
    re.IGNORECASE,
)
_PERMITS = re.compile(
    r"\b(?:can|may|could|should|must|safe(?:ly)?|allowed|fine|free to|possible|able)\b", re.IGNORECASE
)
_LIMITED = re.compile(
    r"\b(?:if|when|whenever|once|unless|only|before|after|until|while|except|provided|as long as)\b",
    re.IGNORECASE,
)
_ROLES = re.compile(
    r"\bfrom (?:(?:the|your|an?) )?([\w-]+) (?:in)?to (?:(?:the|your|an?) )?([\w-]+)", re.IGNORECASE
)
_CONDITION_WORDS = frozenset(("onli", "if", "unless", "except", "after", "until"))
_SAME = 0.6
_SAID = 0.75
_PARAPHRASED = 0.6
_NEAR = 4
_HALF = 0.5
_ACT = 2
"""Words that say what is forbidden: "interrupt" and "reset"."""


def opposed(sentence: str, source: str, context: str = "") -> str | None:
    """Say how the sentence contradicts, or over-states, the source's sentence that is nearest to it; None if not.

    `context` is what was asked and already said: a condition that stands there need not be said again.
    """
    claim = bare(sentence)
    stems = frozenset(content_stems(claim)) - NEGATORS
    if not stems:
        return None
    near = _nearest(stems, source)
    if not near:
        return None
    share, said = near
    copied = tuple(
        text for text, held in stemmed_sentences(source) if len(stems & held) >= _HALF * len(stems)
    )
    unlimited = share >= _SAID or (share >= _PARAPHRASED and not _HEDGED.search(claim))
    return (
        changed(claim, copied)
        or denied(claim, source)
        or _turned_round(claim, source)
        or (_contradicts(claim, said) if share >= _SAME else None)
        or _permitted(claim, source)
        or _other_side(claim, source)
        or (_left_out(claim, said) if share >= _SAID else None)
        or (_unconditional(claim, said, context) if unlimited else None)
    )


def _turned_round(claim: str, source: str) -> str | None:
    """Find "from X to Y" where the source has from Y to X only."""
    theirs = {(stem(m[1].casefold()), stem(m[2].casefold())) for m in _ROLES.finditer(source)}
    for match in _ROLES.finditer(claim):
        one, other = stem(match[1].casefold()), stem(match[2].casefold())
        if one != other and (other, one) in theirs and (one, other) not in theirs:
            return f'"{match[0]}" where the cited passages say it the other way round'
    return None


def _permitted(claim: str, source: str) -> str | None:
    """Find a verb and its object that the claim permits without a limit, and the source only forbids."""
    if not _PERMITS.search(claim) or _LIMITED.search(claim) or negations(claim):
        return None
    mine = frozenset(content_stems(claim))
    for match in _FORBIDDEN.finditer(source):
        what = frozenset(content_stems(match["what"])[:_ACT])
        if len(what) < _ACT or not what <= mine:
            continue
        if not any(what <= held and not negations(text) for text, held in stemmed_sentences(source)):
            return f"it permits what the cited passage forbids: {match[0][:80]}"
    return None


def _other_side(claim: str, source: str) -> str | None:
    """Find a word whose opposite stands in the source among the same words, while itself it stands nowhere there."""
    mine = words(claim)
    wanted = [(i, word) for i, word in enumerate(mine) if opposites(word)]
    if not wanted:
        return None
    theirs = words(source)
    held = {stem(word) for word in theirs}
    for at, word in wanted:
        if stem(word) in held:
            continue
        around = _around(mine, at)
        for there, other in enumerate(theirs):
            if other in opposites(word) and len(around & _around(theirs, there)) > 1:
                return f'"{word}" where the cited passage says "{other}"'
    return None


def _around(tokens: list[str], at: int) -> frozenset[str]:
    near = [*tokens[max(0, at - _NEAR) : at], *tokens[at + 1 : at + 1 + _NEAR]]
    return frozenset(content_stems(" ".join(near)))


def _nearest(stems: frozenset[str], source: str) -> tuple[float, str] | None:
    scored = [(len(stems & held) / len(stems), -len(held), text) for text, held in stemmed_sentences(source)]
    if not scored:
        return None
    share, _, text = max(scored)
    return share, text


def _left_out(claim: str, said: str) -> str | None:
    """Find a negation of the source's sentence that the claim repeats without its "not"."""
    mine = negations(claim)
    stems = {stem(word) for word in words(claim)}
    for token, scope in negations(said) if not mine else ():
        if scope and scope <= stems:
            return f'"{token}" of the cited passage is left out: {said[:80]}'
    return None


def _contradicts(claim: str, said: str) -> str | None:
    if len(negations(claim)) > len(negations(said)):
        return f"it denies what the cited passage says: {said[:80]}"
    return _reversed(claim, said)


def _reversed(claim: str, said: str) -> str | None:
    mine, theirs = words(claim), words(said)
    held = {stem(word) for word in theirs}
    for word in mine:
        if stem(word) in held:
            continue
        for other in theirs:
            if other not in mine and other in opposites(word):
                return f'"{word}" where the cited passage says "{other}"'
    return None


def _unconditional(claim: str, said: str, context: str) -> str | None:
    """Find a condition of the source's sentence that stands neither in the claim nor in what was asked."""
    mine = frozenset(content_stems(claim))
    known = mine | frozenset(content_stems(context))
    for clause in _CLAUSE.finditer(said):
        stems = frozenset(content_stems(clause[0])) - _CONDITION_WORDS
        if stems and len(stems & known) <= _HALF * len(stems):
            return f"a condition of the cited passage is left out: {clause[0].strip()}"
    if "only" in words(said) and not _LIMITS.search(f"{claim} {context}"):
        return f'"only" of the cited passage is left out: {said[:80]}'
    return None
