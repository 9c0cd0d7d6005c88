"""Turns a follow-up into a standalone question, by rules. Pure.

"and on android?" after "how do i get on the vpn with my macbook?" is searched as "how do i get on the vpn on
android?". A complete question is left alone, so that a change of topic drags nothing in.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from knowledge.answering.language import STOP_WORDS
from knowledge.answering.smalltalk import is_smalltalk
from knowledge.answering.words import names_platform, platforms, stem, words

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 120
"""Characters; whoever writes more asks a whole question."""
_MOST_WORDS = 8
_MOST_OWN = 3
_MOST_OWN_WITH_PRONOUN = 2
_TOPIC_WORDS = 16
_LONGEST_BASE = 160

_OPENER = re.compile(
    r"(?:(?:and|but|or|ok|okay|so|also|then|und|aber|oder|et|mais|y|e)\b(?!['\u2019-])[\s,]*)*"
    r"(?:(?:what|how) about\b|what if\b|was ist mit\b|wie ist es mit\b|qu[e'\u2019 ]*en est-il (?:de|pour)\b"
    r"|hoe zit het met\b)?",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r"(?:on|for|with|without|in|from|using|via|by|under|as|als|auf|f\u00fcr|mit|ohne|unter|bei|im|am|sur|pour|avec|sans|sous|"
    r"chez|en|para|con|sin|per|voor|met|op)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"\b(?:how|why|when|where|who|which|whose|what(?! about| if)|wie|warum|wann|wo|wer|welche[rsn]?|was|woher|wohin|"
    r"comment|pourquoi|quand|o\u00f9|qui|quel(?:le)?s?|combien|puis-je|(?:can|could|do|does|did|is|are|was|will|would|"
    r"should|may|must|has|have) (?:i|you|we|he|she|it|they|there|this|that|the|a|an|my|our|your|\w+s?)|"
    r"(?:kann|k\u00f6nnen|muss|darf|habe|bin|gibt|ist|sind) (?:ich|man|wir|es|der|die|das|sie)|"
    r"i (?:want|need|can|cannot|can't|have|get|am)|est-ce)\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"\b(?:it|its|this|that|they|them|their|those|these|one|there|das|es|dies|damit|dort|davon|ihn|\u00e7a|cela|celui-ci|l\u00e0)\b",
    re.IGNORECASE,
)
_EXPLETIVE = re.compile(
    r"\b(?:is|was) (?:it|there|this|that) (?:possible|ok|okay|allowed|a|an|any|the|some)\b|\b(?:are|is) there\b"
    r"|\b(?:it|that)(?:'s| is) (?:possible|allowed)\b"
    r"|\bgibt es\b|\bist es m\u00f6glich\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"(?:how|why|when|where|who|what|which|wie|warum|wann|wo|wer|was|comment|pourquoi|quand|o\u00f9)\b",
    re.IGNORECASE,
)
_SUBORDINATE = re.compile(
    r"(?:if|when|once|unless|until|because|wenn|falls|sobald|solange|si|quand)\b(?!.*\b(?:i|we|ich|wir|je) "
    r"(?:want|need|would like|will|wollen|m\u00f6chten?|veux)\b)",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|do|does|did|has|have|can|should|ist|sind|hat|kann|est|sont)\b", re.IGNORECASE
)
_KIND = re.compile(r"(?:which|welche[rsnm]?|quel(?:le)?s?)(?:\s+[^\W\d_]+){1,3}", re.IGNORECASE)
"""A kind without a verb: "which format?"."""
_AMOUNT = re.compile(
    r"(?:how (?:long|much|many|often|soon|far|big)|until when|since when|by when|"
    r"wie (?:lange|viele?|oft|schnell|hoch|gro\u00df)|bis wann|seit wann|ab wann|"
    r"combien|jusqu'\u00e0 quand|depuis quand)\b",
    re.IGNORECASE,
)
_RESTRICTS = re.compile(
    r"(?:just|only|even|both|every|each|same|instead|at|during|after|before|until|since|except|without|all of|next|"
    r"nur|sogar|beide|jede[nrs]?|w\u00e4hrend|nach|vor|statt|seulement|m\u00eame|chaque|pendant|apr\u00e8s|avant)\b",
    re.IGNORECASE,
)
"""How a piece of a sentence begins that narrows, widens or moves what was asked: "just the newest", "at night?"."""
_DOES = re.compile(
    r"(?:add|book|cancel|change|connect|create|delete|download|edit|export|import|install|invite|move|open|print|remove|"
    r"rename|reset|send|set|share|start|stop|sync|upload)\s+(?!(?:it|them|that|this|the|those|these)\b)\S",
    re.IGNORECASE,
)
"""Tells what to do with a thing of its own: "also export invoices"."""
_SAYS_IT = re.compile(r"(?:it|that|this|they|these|those|es|das|dies|\u00e7a|cela)\b", re.IGNORECASE)
_ADDS = re.compile(
    r"\b(?:as well|too|another|(?:the )?others?|(?:old|new|other|first|second|last) ones?|meanwhile|afterwards|auch|"
    r"noch ein\w*|aussi|non plus)[\s?!.]*$",
    re.IGNORECASE,
)
_ON_SCREEN = re.compile(
    r"(?:(?:but|and|my|now) )*the (?:button|link|menu|option|page|setting|icon|tab|field|box|checkbox|toggle|code|"
    r"message|form|list|window|screen)s?\b",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    r"(?:is|are|does|do|did|can|could|will|would|gibt|ist|sind|kann|est-ce|y a-t-il)\b", re.IGNORECASE
)
_MOST_OWN_OF_IT = 4
_ATTRIBUTES = frozenset(
    re.findall(
        r"\w+",
        """limit limits maximum minimum max min fee fees price prices charge deadline step steps risk risks
        requirement requirements difference advantage advantages alternative alternatives exception exceptions catch
        grenze geb\u00fchr geb\u00fchren preis frist schritte risiken unterschied
        limite frais prix d\u00e9lai \u00e9tapes risques""",
    )
)
"""What is asked of a topic, and is none."""
_GENERIC = frozenset(
    re.findall(
        r"\w+",
        """do take takes work works cost costs long much many happen happens mean means find see go goes make makes
        often fast soon again instead also too possible then there one ones exactly yes no ok okay please else next
        tell more say it that this them those these until may us
        dauert geht gilt kostet funktioniert lange viel oft passiert bedeutet hei\u00dft genau dann
        finde marche co\u00fbte dure longtemps signifie trouve""",
    )
)
"""Words that say nothing of their own beside a topic."""
_DEVICE = r"(?:[\s-]+(?:phone|laptop|computer|app|pc|device|machine|book))?"
_STOPS = frozenset().union(*STOP_WORDS.values())


def standalone(text: str, earlier: Sequence[str]) -> str:
    """Give the question to search for; `earlier` are the thread's questions as they were searched, oldest first."""
    text = text.strip()
    if not earlier or not text or len(text) > _LONGEST or "\n" in text or is_smalltalk(text):
        return text
    opener = _OPENER.match(text)
    rest = text[opener.end() if opener else 0 :].strip(" ,?!.")
    base = earlier[-1].strip().rstrip("?!. ")
    own = _own(rest)
    if _is_fragment(text, rest, own):
        return f"{_continued(base, rest)}?"
    if _leans_on_topic(rest, own):
        topic = _topic(base)
        return f"{topic}: {rest}?" if topic else text
    return text


def _own(text: str) -> list[str]:
    """Give the words of a message that say something of their own."""
    return [word for word in words(text) if word not in _STOPS and word not in _GENERIC]


def _is_fragment(text: str, rest: str, own: Sequence[str]) -> bool:
    """Whether it is a piece of a sentence that the topic has to complete."""
    if len(own) > _MOST_OWN or len(rest.split()) > _MOST_WORDS:
        return False
    opened = len(rest) < len(text.strip(" ,?!."))
    if own and opened and _SUBORDINATE.match(rest):
        return True
    if _CLAUSE.search(rest) or _VERB.search(rest):
        return bool(own) and opened and not _CLAUSE.search(rest)
    if _RESTRICTS.match(rest):
        return True
    if _DOES.match(rest) and len(own) > 1:
        return False
    return bool(own) and (
        opened or bool(_PREPOSITION.match(rest)) or all(names_platform(word) for word in own)
    )


def _leans_on_topic(rest: str, own: Sequence[str]) -> bool:
    """Whether a whole sentence says "it", or asks for nothing but how, why, when, how much of one thing, or which."""
    if not own:
        return bool(_ASKS.match(rest) or _PRONOUN.search(rest))
    if _KIND.fullmatch(rest) and not _VERB.search(rest):
        return True
    if len(rest.split()) > _MOST_WORDS + 2:
        return False
    if all(word in _ATTRIBUTES for word in own):
        return bool(_ASKS.match(rest) or _YES_NO.match(rest))
    telling = [word for word in own if not names_platform(word)]
    if _AMOUNT.match(rest) and len(telling) <= 1 and len(rest.split()) <= _MOST_WORDS:
        return True
    return not _EXPLETIVE.search(rest) and _points_at_topic(rest, len(telling))


def _points_at_topic(rest: str, telling: int) -> bool:
    """Whether it is about "it", "another one" or a button on the screen, and has few words of its own."""
    if telling <= _MOST_OWN_OF_IT and (_SAYS_IT.match(rest) or _ON_SCREEN.match(rest)):
        return True
    return telling <= _MOST_OWN_WITH_PRONOUN and bool(_PRONOUN.search(rest) or _ADDS.search(rest))


# Putting together -----------------------------------------------------------------------------------------


def _continued(base: str, rest: str) -> str:
    """Put the fragment where its like stood in the earlier question, else at its end."""
    base = base if len(base) <= _LONGEST_BASE else _topic(base)
    wanted = platforms(rest)
    if wanted:
        where = rest if _PREPOSITION.match(rest) else f"on {rest}"
        return f"{_without_platform(base)} {where}"
    return _replaced(base, rest) or f"{base} {rest}"


def _without_platform(base: str) -> str:
    """Leave out "with my macbook", "auf dem iPhone", "for windows"."""
    for word in dict.fromkeys(word for word in words(base) if names_platform(word)):
        phrase = re.compile(
            rf"(?:\b{_PREPOSITION.pattern}\s+)?(?:\b(?:my|the|a|an|our|your|mein\w*|de[mnr]|einem|mon|ma|un|une)\s+)?"
            rf"\b{re.escape(word)}\b{_DEVICE}(?:\s+\d+)?",
            re.IGNORECASE,
        )
        base = phrase.sub(" ", base)
    return " ".join(base.split())


def _replaced(base: str, rest: str) -> str | None:
    """Put "the Business plan" in the place of "the Team plan": the same last word, another one before it."""
    noun = re.search(r"(?:^|\s)(\S+)\s+(\w+)$", rest)
    if noun is None:
        return None
    for match in re.finditer(r"\b([\w'\u2019]+)(?=(\s+)(\w+)\b)", base):
        same = stem(match[3].casefold()) == stem(noun[2].casefold())
        if same and match[1].casefold() not in _STOPS:
            return f"{base[: match.start()]}{noun[1]} {noun[2]}{base[match.end(3) :]}"
    return None


def _topic(base: str) -> str:
    """Give the words of a question that say what it is about, each once, as they were written.

    Of a long one those that are said most often, in their order: people tell a story around what they ask.
    """
    written: dict[str, str] = {}
    times: Counter[str] = Counter()
    for token in re.findall(r"[\w'\u2019-]+", base):
        if _own(token):
            root = stem(token.casefold())
            written.setdefault(root, token)
            times[root] += 1
    order = list(written)
    kept = sorted(order, key=lambda root: (-times[root], order.index(root)))[:_TOPIC_WORDS]
    return " ".join(written[root] for root in sorted(kept, key=order.index))
