"""What a question says, apart from how it is put: its form, its words, what it denies, what it names."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from knowledge.answering.words import clip, stem, words

if TYPE_CHECKING:
    from collections.abc import Mapping

_TABLE: Mapping[str, Any] = tomllib.loads(
    files("knowledge.paraphrase").joinpath("wording.toml").read_text(encoding="utf-8")
)
_SOMEONE = r"(?:you|someone|anyone|anybody|somebody)"
_ANYBODY = r"(?:i|we|you|one|someone|anyone|people|users?|customers?)"
_CONTRACTIONS = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"\bcan ?'?t\b|\bcannot\b", "can not"),
        (r"\bwo'?nt\b|\bwon't\b", "will not"),
        (r"\b(is|are|was|were|do|does|did|has|have|had|would|could|should|must|need)n'?t\b", r"\1 not"),
        (r"\bdidint\b|\bdid't\b", "did not"),
        (r"\b(what|where|how|who|when|that|there|it|here|why)'?s\b(?!')", r"\1 is"),
        (r"\bi'?m\b", "i am"),
        (r"\b(i|you|we|they)'?ve\b", r"\1 have"),
        (r"\b(you|we|they)'re\b", r"\1 are"),
        (r"\b(i|you|we|they|it)'ll\b", r"\1 will"),
        (r"\b(i|you|we|they)'d\b", r"\1 would"),
        (r"\bwanna\b", "want to"),
        (r"\bgonna\b", "going to"),
        (r"\bgotta\b", "have to"),
        (r"\bin order to\b", "to"),
    )
)
_COURTESY = tuple(re.compile(pattern.replace("~", _SOMEONE)) for pattern in _TABLE["courtesy"])
_FORMS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {name: re.compile(pattern.replace("#", _ANYBODY)) for name, pattern in _TABLE["forms"].items()}
)
_PAIRS = tuple(tuple(pair.split()) for pair in _TABLE["compounds"]["pairs"].split(", "))
_COMPOUND = re.compile(
    r"\b(?:"
    + "|".join(rf"({first}(?:s|ed|ing|ped|ping|ged|ging)?)[- ]?({second})" for first, second in _PAIRS)
    + r")(s?)\b"
)
LIGHT = frozenset(_TABLE["light"]["words"].split())
"""Words of a question's form."""
TELLING = frozenset(_TABLE["telling"]["words"].split())
"""Small words that change what is asked."""
NOT = frozenset(_TABLE["negation"]["not"].split())
FAILING = frozenset(_TABLE["negation"]["failing"].split())
_HEADS = tuple(frozenset(line.split()) for line in _TABLE["heads"]["rows"].strip().splitlines())
_HEAD = re.compile(
    r"\b(?:(?:how|where|when|can|could|may|might|will|would|should|do|does|did|to|must|need|able) ){1,3}"
    rf"(?:{_ANYBODY}|my|to) "
    r"(?:(?:need|have|want|go|be|able|like|get|possible|allowed|please|just|also|ever|actually|do) (?:to )?)*"
    r"([a-z_]+)"
    r"|\b(?:want|need|like|trying|way|ways|possible|able|allowed|process|steps|how|where) (?:for me )?to "
    r"(?:be able to )?([a-z_]+)"
)
PAST = frozenset(_TABLE["time"]["past"].split())
OPEN = frozenset(_TABLE["time"]["open"].split())


@dataclass(frozen=True, slots=True)
class Wording:
    """A question taken apart.

    `plain` is it without case, contractions and courtesy; `form` one of the forms of wording.toml, or "statement";
    `all_words` are the words of `plain`, `content` those of them that say what it is about, `keys` the same reduced by
    `meaning`; `head` is the verb behind "how do I", if there is one.
    """

    plain: str
    form: str
    all_words: tuple[str, ...]
    content: tuple[str, ...]
    keys: tuple[str, ...]
    head: str


def wording(question: str) -> Wording:
    """Take a question apart."""
    text = expanded(question)
    plain = text
    for pattern in _COURTESY:
        plain = " ".join(pattern.sub(" ", plain).split())
    plain = plain.strip(" ,.;:!?-")
    all_words = tuple(_joined(plain or text))
    content = tuple(word for word in all_words if word not in LIGHT)
    return Wording(plain, form_of(plain), all_words, content, tuple(map(meaning, content)), head_of(plain))


def expanded(question: str) -> str:
    """Write out contractions, casefolded."""
    text = " ".join(clip(question).casefold().replace("\u2019", "'").split())
    for pattern, plain in _CONTRACTIONS:
        text = pattern.sub(plain, text)
    return text


def form_of(plain: str) -> str:
    """Give the form of a question."""
    return next((name for name, pattern in _FORMS.items() if pattern.search(plain)), "statement")


def head_of(plain: str) -> str:
    """Give the verb behind "how do I", "I want to", "can you"; empty where there is none."""
    match = _HEAD.search(_COMPOUND.sub(_one_word, plain))
    return next((group for group in match.groups() if group), "") if match else ""


def heads_differ(one: str, other: str) -> bool:
    """Whether two such verbs are known, and known not to stand for one another."""
    known = [any(verb in row for row in _HEADS) for verb in (one, other)]
    return all(known) and meaning(one) != meaning(other) and not any({one, other} <= row for row in _HEADS)


def _joined(plain: str) -> list[str]:
    return [word for part in _COMPOUND.sub(_one_word, plain).split() for word in _words(part)]


def _words(part: str) -> list[str]:
    return [part.strip(",.;:!?\"'()")] if "_" in part else words(part)


def _one_word(match: re.Match[str]) -> str:
    first, second = (group for group in match.groups()[:-1] if group)
    base = next(pair[0] for pair in _PAIRS if first.startswith(pair[0]) and pair[1] == second)
    return f"{base}_{second}"


@lru_cache(maxsize=20_000)
def meaning(word: str) -> str:
    """Give what stands for all words that mean the same as a casefolded word."""
    stemmed = stem(word)
    return _same().get(word) or _same().get(stemmed) or stemmed


@lru_cache(maxsize=1)
def _same() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _TABLE["same"]["rows"].strip().splitlines():
        listed = line.split()
        for word in listed:
            found.setdefault(word, f"={listed[0]}")
            found.setdefault(stem(word), f"={listed[0]}")
    return found
