"""What a sentence is one case of: an example, the reader's choice, what is usual, and which of several it is about."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from knowledge.answering.style_words import tells_what_to_do
from knowledge.answering.words import content_stems, names, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CASES = frozenset(("if", "unless", "except", "falls", "wenn", "außer", "sofern", "si", "sauf"))
"""What limits a statement to some cases, whatever number follows."""
_NO_LONGER = re.compile(r"\b(?:no longer|not any ?(?:more|longer))\b", re.IGNORECASE)
_CONTRACTED = re.compile(r"\b(\w+)n['\u2019]t\b", re.IGNORECASE)
_UNABLE = re.compile(
    r"\b(?:can(?:not|['\u2019]t)|(?:must|shall)(?:n['\u2019]t| not)|shan['\u2019]t)\b", re.IGNORECASE
)
_WILL_NOT = re.compile(r"\bwon['\u2019]t\b", re.IGNORECASE)
_STATE = re.compile(
    r"\b(?P<verb>is|are|be|stays?|turned|switched|remains?)\s+(?P<state>on|off)\b(?!\s+(?:the|an?|your|our|this|each|\w+day))",
    re.IGNORECASE,
)
_STATES = {"on": "enabled", "off": "disabled"}
_FREE_PLAN = re.compile(r"\bfree\s+(plan|tier|account|version|edition|workspace)", re.IGNORECASE)
_EXAMPLE = re.compile(
    r"\b(?:for (?:example|instance)|e\.\s?g|such as|let['\u2019]?s say|say,"
    r"|(?:suppose|imagine|assum(?:e|ing))\b(?: that)? (?:you|your|we|there|a|the)"
    r"|zum beispiel|beispielsweise|z\.\s?b|etwa so|angenommen|nehmen wir an|stellen sie sich vor"
    r"|par exemple|p\.\s?ex|supposons|admettons|imaginons)(?!\w)",
    re.IGNORECASE,
)
_CHOICE = re.compile(
    r"^\W*(?:(?:then|now|please|dann|bitte|puis)\s)?"
    r"(?:set|enter|choose|pick|type|adjust|change|give|stell(?:en|e)?|gib|geben|wähl(?:en|e)?|trag(?:en|e)?"
    r"|régle[zr]|choisis(?:sez)?|saisis(?:sez)?|entre[zr])\b",
    re.IGNORECASE,
)
_ROUGH = re.compile(
    r"\b(?:usually|typically|generally|normally|often|about|around|roughly|approximately|approx|almost|nearly"
    r"|on average|average|meist(?:ens)?|normalerweise|etwa|ungefähr|circa|ca|rund|durchschnittlich|im schnitt"
    r"|environ|généralement|habituellement|en moyenne|presque)\b",
    re.IGNORECASE,
)
_DEFINITE = re.compile(
    r"^(?:\*\*)?(?:the|this|das|der|die|dies\w*|le|la|les|ce|cette)\s|^l['\u2019]", re.IGNORECASE
)


def one_word(text: str) -> str:
    """Write "free plan" as a plan's name: "free" alone says what something costs."""
    return _FREE_PLAN.sub(r"freeplan \1", text)


def plainly(text: str) -> str:
    """Write denials and states in one way: "can't" as "can not", "no longer" as "not", "is on" as "is enabled"."""
    plain = _NO_LONGER.sub("not", _WILL_NOT.sub("will not", _UNABLE.sub("can not", text)))
    plain = _CONTRACTED.sub(r"\1 not", plain)
    return one_word(_STATE.sub(lambda match: f"{match['verb']} {_STATES[match['state'].casefold()]}", plain))


def is_case(text: str) -> bool:
    """Whether its numbers are an example's, or what the reader chooses: another may have others."""
    return bool(_EXAMPLE.search(text) or _CHOICE.match(text))


def is_rough(text: str) -> bool:
    """Whether its numbers are what is usual, or near it."""
    return bool(_ROUGH.search(text))


def names_in(text: str, language: str) -> frozenset[str]:
    """Give the names in a sentence; in German, which writes every noun so, a capital letter names nothing."""
    found = frozenset(names(text))
    if language != "de":
        return found
    return frozenset(one for one in found if not re.search(rf"\b{re.escape(one.capitalize())}\b", text))


def topic(line: str) -> list[str]:
    """Give the words of a title or heading, without the verb of "Change your name"."""
    said = words(line)
    return said[1:] if len(said) > 1 and tells_what_to_do(line) else said


def which(
    text: str, around: Iterable[str], language: str, plain: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Give, where the text speaks of "the party", pairs of stems that stand beside each other in titles and headings.

    They tell which party it is: that of the summer, or that of Christmas. `plain` words tell nothing.
    """
    if not _DEFINITE.match(text):
        return
    for line in around:
        stems = [
            one for word in topic(line) if word not in plain for one in content_stems(word, language)[:1]
        ]
        for one, other in pairwise(stems):
            yield one, other
            yield other, one
