"""Negations of a sentence, and whether a source makes them too."""

from __future__ import annotations

import re
from functools import lru_cache

from knowledge.answering.sentences import sentences
from knowledge.answering.words import content_stems, stem, words

NEGATORS = frozenset(
    (
        "not", "no", "never", "cannot", "cant", "dont", "doesnt", "didnt", "isnt", "arent", "wasnt", "werent", "wont",
        "wouldnt", "shouldnt", "couldnt", "hasnt", "havent", "without", "neither", "nor", "none", "nothing", "nobody",
        "unable", "kein", "keine", "keinen", "keiner", "nicht", "nie", "ohne",
        "impossible", "forbidden", "prohibited", "unavailable", "unsupported", "hardly",
    )
)  # fmt: skip
_CONTRACTED = re.compile(r"\b(\w+)n['\u2019]t\b", re.IGNORECASE)
_FAILS = re.compile(
    r"\b(?:fail(?:s|ed|ing)?|refus(?:e|es|ed|ing)|neglect(?:s|ed)?) to\b|\bno longer\b|\bstop(?:s|ped)? \w+ing\b",
    re.IGNORECASE,
)
_NO_DENIAL = re.compile(
    r"\bnot (?:just|merely|simply|the (?:only|sole|same)|(?:necessarily|always|entirely|completely|fully|solely)\b)"
    r"|\bwhether or not\b|\bif not\b|\bno matter\b|\bnot to mention\b|\bno doubt\b|\bwithout (?:doubt|question)\b"
    r"|\bcannot be (?:overstated|overemphasi[sz]ed)\b|\b(?:more|less|as) \w+ (?:than )?not\b",
    re.IGNORECASE,
)
_NOT_ONLY = re.compile(r"\bnot (?:only|just)\b(?=.*\bbut\b|.*\balso\b)", re.IGNORECASE)
_PREVENTS = re.compile(
    r"\b(?:lack\w*|fail\w*|avoid\w*|prevent\w*|refus\w*|except|"
    r"rather than|instead of|few|little|barely|block(?:s|ed)?)\b",
    re.IGNORECASE,
)
_REACH = 3
_ABOUT = 0.3


@lru_cache(maxsize=512)
def stemmed_sentences(source: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Give a source's sentences, each with its content stems, negations left out."""
    found = [part for line in source.split("\n") if line.strip() for part in sentences(line)]
    return tuple((text, frozenset(content_stems(text)) - NEGATORS) for text in found)


def negations(text: str) -> list[tuple[str, frozenset[str]]]:
    """Give each negation with the stems of the words that follow it; "not only … but" denies nothing."""
    text = _NOT_ONLY.sub(" ", _NO_DENIAL.sub(" ", text))
    text = _CONTRACTED.sub(lambda m: f"{m[1]} not", text)
    text = _FAILS.sub(" not ", text)
    tokens = words(text)
    return [
        (token, frozenset(stem(other) for other in tokens[i + 1 : i + 1 + _REACH]))
        for i, token in enumerate(tokens)
        if token in NEGATORS
    ]


def denied(claim: str, source: str) -> str | None:
    """Find a negation of the claim that the source does not make of the same words, or of fewer than it affirms."""
    mine = negations(claim)
    if not mine:
        return None
    stems = frozenset(content_stems(claim)) - NEGATORS
    negative, positive = _sides(source)
    affirmed = max((len(stems & held) for held in positive), default=0)
    for token, scope in mine:
        about = (scope & stems) or stems
        said = max((len(stems & held) for held in negative if about & held), default=0)
        if said < _ABOUT * len(stems) or said < affirmed:
            return f'"{token}" is not in the cited passages'
    return None


@lru_cache(maxsize=512)
def _sides(source: str) -> tuple[tuple[frozenset[str], ...], tuple[frozenset[str], ...]]:
    """Give the stems of the sentences that deny something, and of those that deny nothing."""
    sides: tuple[list[frozenset[str]], list[frozenset[str]]] = ([], [])
    for text, _ in stemmed_sentences(source):
        sides[0 if negations(text) or _PREVENTS.search(text) else 1].append(frozenset(map(stem, words(text))))
    return tuple(sides[0]), tuple(sides[1])
