"""A thing that a short question names and the articles do not: then similar passages are no answer.

What counts as a thing is read off the question's shape, without a model, and errs on the side of nothing:

- a name: capitals inside a sentence that is not written in capitals ("Salesforce", "Apple Watch"), or a code
  (letters with digits, "ERR_SESSION_999"); nouns have capitals in German, so there capitals say nothing;
- a means: the last word of a clause, right after "by", "with" … ("by fax", "mit Bitcoin"); other common words are
  no things, as most of those that articles lack are put another way there ("umlauts", "wifi", "recognise");
- a platform that the passages about the rest of the question do not name, while they name others.

Amounts are no things either: who asks about 400 euros is answered by the rule for amounts up to 500.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from knowledge.aliases import named_in
from knowledge.answering.language import STOP_WORDS, detect_language
from knowledge.answering.missing_words import ALIASES, CONNECTS, MEANS, NO_THINGS, PLATFORM_NAMES, WHOM
from knowledge.answering.words import clip, content_stems, names_platform, platforms, stem_set, words
from knowledge.models import Missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from knowledge.models import ArticleRef, Passage, ScoredPassage

LONGEST_THING = 40
_LONG = 12
"""Content words; who tells so much names much that has nothing to do with the answer."""
_TOKEN = re.compile(r"\w+(?:[-_]\w+)*")
_SET_ASIDE = re.compile(
    r"`[^`]*`|\"[^\"]*\"|\u201c[^\u201d]*\u201d|\u201e[^\u201c\u201d]*[\u201c\u201d]|\u00ab[^\u00bb]*\u00bb"
    r"|\S*(?:://|@|\w\.\w|\w/\w)\S*"
)
"""What is quoted, and addresses."""
_CLAUSE = re.compile(r"[.!?,;:()\n]+")
_ALL_STOPS = frozenset().union(*STOP_WORDS.values())
_COMMON = NO_THINGS | _ALL_STOPS
_VERB_LAST = frozenset({"de", "nl"})
_SHORTEST_NAME = 3
_SHORTEST_CODE = 4


@dataclass(frozen=True, slots=True)
class _Thing:
    """A candidate; it is missing when one of its `words` is. Only `anchored` ones need another word to be held."""

    text: str
    words: tuple[str, ...]
    anchored: bool = False


def words_to_look_up(question: str) -> frozenset[str]:
    """Give the words that the articles have to be asked for; mostly none."""
    things = _things(clip(question))
    looked_up = {form for thing in things for word in thing.words for form in _forms(word)}
    if any(thing.anchored for thing in things):
        looked_up.update(word for word in words(clip(question)) if word not in _ALL_STOPS)
    return frozenset(looked_up)


def find_missing(question: str, passages: Sequence[ScoredPassage], held: frozenset[str]) -> Missing | None:
    """Give what is missing, `held` being those of `words_to_look_up` that the articles have."""
    text = clip(question)
    for thing in _things(text):
        if all(held.intersection(_forms(word)) for word in thing.words):
            continue
        others = held.difference(*(_forms(word) for word in thing.words))
        if others or not thing.anchored:
            return Missing(thing.text)
    platform = _missing_platform(text, [scored.passage for scored in passages])
    return Missing(PLATFORM_NAMES[platform], anywhere=False) if platform else None


def topic_first(question: str, passages: Sequence[ScoredPassage]) -> list[ScoredPassage]:
    """Sort by how much of the question without its platform they hold; equals keep their order."""
    rest = _without_platforms(question)
    return sorted(passages, key=lambda scored: -len(rest.intersection(_stems(scored.passage, question))))


def _forms(word: str) -> tuple[str, ...]:
    """Give the words of which one is enough: the names of a platform, and what "2fa" is written out as."""
    folded = word.casefold()
    others = [name.replace(" ", "-") for thing in named_in(folded) for name in thing.others]
    return (*ALIASES.get(folded, ()), *others, *names_platform(folded), folded)


@lru_cache(maxsize=256)  # looked up before the search, and judged after it
def _things(text: str) -> tuple[_Thing, ...]:
    """Give the candidates, names first."""
    if len([word for word in words(text) if word not in _ALL_STOPS]) > _LONG:
        return ()
    language = detect_language(text) or "en"
    clauses = [clause.split() for clause in _CLAUSE.split(_SET_ASIDE.sub(" , ", text)) if clause.strip()]
    tokens = [[token for part in clause for token in _TOKEN.findall(part)] for clause in clauses]
    capitals = _capitals_tell(tokens) and language != "de"
    found = [name for clause in tokens for name in _names(clause, capitals=capitals)]
    if language in MEANS:
        found += [means for clause in tokens for means in _means(clause, language)]
    return tuple(thing for thing in found if len(thing.text) <= LONGEST_THING)


def _capitals_tell(clauses: Sequence[Sequence[str]]) -> bool:
    inner = [token for clause in clauses for token in clause[1:]]
    return 2 * sum(token[0].isupper() for token in inner) <= len(inner) + 1


def _names(clause: Sequence[str], *, capitals: bool) -> list[_Thing]:
    """Give names and codes; words with a capital that follow each other are one name."""
    found: list[_Thing] = []
    run: list[str] = []
    for position, token in enumerate([*clause, ""]):
        before = clause[position - 1].casefold() if position else ""
        if capitals and position and token and token[0].isupper() and before not in WHOM:
            run.append(token)
            continue
        telling = tuple(word for word in run if _may_be_name(word))
        if telling:
            found.append(_Thing(" ".join(run), telling))
        run = []
        if _is_code(token):
            found.append(_Thing(token, (token,)))
    return found


def _may_be_name(word: str) -> bool:
    folded = word.casefold()
    said = word.isdigit() or folded in _COMMON or re.fullmatch(r"v\d+", folded)
    return len(word) >= _SHORTEST_NAME and not said


def _is_code(token: str) -> bool:
    """Whether letters and digits are mixed as in a code, and not as in "15min" or "2nd"."""
    mixed = any(c.isdigit() for c in token) and any(c.isalpha() for c in token)
    return mixed and len(token) >= _SHORTEST_CODE and not re.fullmatch(r"\d+[^\W\d]+", token)


def _means(clause: Sequence[str], language: str) -> list[_Thing]:
    """Give the last word of a clause where it follows a preposition of means or of a target.

    In German and Dutch a verb may come after it.
    """
    ends = (len(clause), len(clause) - 1) if language in _VERB_LAST else (len(clause),)
    return [
        _Thing(clause[end - 1], (clause[end - 1],), anchored=True)
        for end in ends
        if end > 1 and _is_means(clause[end - 2].casefold(), clause[end - 1], clause, language)
    ]


def _is_means(before: str, word: str, clause: Sequence[str], language: str) -> bool:
    folded = word.casefold()
    targets, verbs = CONNECTS[language]
    connects = before in targets and not verbs.isdisjoint(token.casefold() for token in clause)
    if before not in MEANS[language] and not connects:
        return False
    common = folded in _COMMON or any(c.isdigit() for c in word) or names_platform(folded)
    return not common and len(word) >= _SHORTEST_NAME


# Platforms ------------------------------------------------------------------------------------------------


def _missing_platform(text: str, passages: Sequence[Passage]) -> str | None:
    """Give the platform asked about when the best of the passages with most of the other words is about another.

    And none of those names the one that is wanted. Where the best names no platform, and its article has no section
    for one, it holds for all of them.
    """
    wanted, rest = platforms(text), _without_platforms(text)
    if len(wanted) != 1 or not rest or not passages:
        return None
    shares = [len(rest.intersection(_stems(passage, text))) for passage in passages]
    best = max(shares)
    told = [passage for passage, share in zip(passages, shares, strict=True) if share == best]
    others = platforms(_text(told[0])) or _headed(told[0].article, passages)
    if not best or not others or any(wanted & platforms(_text(passage)) for passage in told):
        return None
    return None if wanted & others else next(iter(wanted))


def _headed(article: ArticleRef, passages: Sequence[Passage]) -> frozenset[str]:
    """Give the platforms that sections of the article are for."""
    heads = [" ".join((p.title, *p.heading_path)) for p in passages if p.article == article]
    return platforms("\n".join(heads))


def _without_platforms(question: str) -> frozenset[str]:
    language = detect_language(question)
    kept = [word for word in words(clip(question)) if not names_platform(word) and word not in NO_THINGS]
    return frozenset(content_stems(" ".join(kept), language))


def _stems(passage: Passage, question: str) -> frozenset[str]:
    return stem_set(_text(passage), detect_language(question))


def _text(passage: Passage) -> str:
    return f"{passage.title}\n{' '.join(passage.heading_path)}\n{passage.text}"
