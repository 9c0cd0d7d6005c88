"""What makes two questions two, however alike they sound: found by rules, each difference with its reason."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from knowledge.answering.gate_opposites import operations
from knowledge.answering.gate_words import load_word_vectors
from knowledge.answering.words import clip, names, platforms, stem
from knowledge.paraphrase.wording import LIGHT, NOT, Wording, heads_differ, meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_TABLE: Mapping[str, Any] = tomllib.loads(
    files("knowledge.paraphrase").joinpath("differences.toml").read_text(encoding="utf-8")
)


def _groups(rows: list[str]) -> tuple[Mapping[str, int], ...]:
    return tuple(
        MappingProxyType({word: n for n, side in enumerate(row.split("|")) for word in side.split()})
        for row in rows
    )


_MARKED = _groups(_TABLE["kinds"]["marked"])
_PLAIN = _groups(_TABLE["kinds"]["plain"])
_OPPOSITES = _groups(_TABLE["opposites"]["rows"])
_UNITS = _groups([_TABLE["numbers"]["units"]])
_NUMBER_WORDS: Mapping[str, str] = MappingProxyType(
    dict(pair.split("=") for pair in _TABLE["numbers"]["words"].split())
)
_APART: Mapping[str, int] = MappingProxyType(
    {form: n for n, row in enumerate(_TABLE["forms"]["apart"]) for form in row.split()}
)
_WITH: Mapping[str, frozenset[str]] = MappingProxyType(
    {form: frozenset(listed.split()) for form, listed in _TABLE["forms"]["with"].items()}
)
_MARKS = frozenset(_TABLE["marks"]["words"].split())
_PERSONS = frozenset(_TABLE["persons"]["words"].split())
_TOKEN_WITH_DIGIT = re.compile(r"[^\W_]*\d(?:[^\W_]|[.,:/-](?=\d))*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_LITERAL = re.compile(
    r"`[^`]+`|https?://\S+|\b[\w.+-]+@[\w-]+\.\w+|\"[^\"]+\"|[\w-]+(?:/[\w-]+)+"
    r"|\b\w+\.(?:exe|com|org|net|io|dll|conf|cfg|toml|yaml|py)\b"
)
_TWO = re.compile(
    r"\b(apple|google|samsung) (pay)\b|\b(american) (express)\b|\b(google) (drive)\b|\b(text) (message)\b"
    r"|\b(phone) (call)\b|\b(two)[ -](factor)\b|\b(direct) (debit)s?\b|\b(standing) (order)s?\b"
)
_LETTER = re.compile(r"(?<![\w'\u2019.&-])[^\W\d_](?![\w'\u2019&-]|\.\w)")
_SUBJECT = re.compile(
    r"^(?:can|could|may|might|will|would|should|do|does|did|is|are|was|were|has|have|had|must)(?: not)?"
    r"(?: (?:the|my|our|your|an?|this|that|these|those|his|her|their))? (\w+)"
)
_NOBODY = frozenset({"it", "there", "you"})
_TURNED = frozenset({"be", "been", "by", "with", "help", "let"})
"""Words that turn a sentence round without another meaning: "can my card be used", "can I use my card"."""
_ASKER = frozenset({"i", "me", "my", "we", "us", "our"})
_RELATION = re.compile(r"\b(to|into|onto|from|with|for|by|than|over|against|as|of)\b")
_KNOWN_ENOUGH = 0.93
_SHORT = 3


def differences(first: str, second: str, one: Wording, other: Wording) -> list[str]:
    """Say in what two questions differ; empty where no rule sees a difference. Symmetric."""
    return [reason for rule in _RULES if (reason := rule(first, second, one, other))]


def _numbers(first: str, second: str, _one: Wording, _other: Wording) -> str:
    found = (_numbers_in(first), _numbers_in(second))
    return "" if found[0] == found[1] else f"numbers: {_listed(*found)}"


@lru_cache(maxsize=4096)
def _numbers_in(text: str) -> tuple[str, ...]:
    folded = _THOUSANDS.sub("", clip(text).casefold())
    digits = [token.strip(".,:/-") for token in _TOKEN_WITH_DIGIT.findall(folded)]
    spoken = [_NUMBER_WORDS[word] for word in re.findall(r"[a-z]+", folded) if word in _NUMBER_WORDS]
    return tuple(sorted({*digits, *spoken}))


def _units(_first: str, _second: str, one: Wording, other: Wording) -> str:
    return _of_groups(_UNITS, one, other, "units", marked=False)


def _platforms(first: str, second: str, _one: Wording, _other: Wording) -> str:
    found = platforms(first), platforms(second)
    return "" if found[0] == found[1] else f"platforms: {_listed(*found)}"


def _kinds(_first: str, _second: str, one: Wording, other: Wording) -> str:
    return _of_groups(_MARKED, one, other, "kinds", marked=True) or _of_groups(
        _PLAIN, one, other, "kinds", marked=False
    )


def _of_groups(
    groups: tuple[Mapping[str, int], ...], one: Wording, other: Wording, name: str, *, marked: bool
) -> str:
    texts = [_singular(w) for w in (one, other)]
    for group in groups:
        sides = [{group[word] for word in text if word in group} for text in texts]
        if sides[0] != sides[1] and (marked or (sides[0] and sides[1])):
            return f"{name}: {_listed(*(text & group.keys() for text in texts))}"
    return ""


def _singular(of: Wording) -> frozenset[str]:
    """Give the words, without the s of a plural, and those pairs of words that are one name."""
    pairs = ("_".join(filter(None, match)) for match in _TWO.findall(of.plain))
    said = (*of.all_words, *pairs)
    return frozenset((*said, *(word[:-1] for word in said if len(word) > _SHORT and word.endswith("s"))))


def _marks(_first: str, _second: str, one: Wording, other: Wording) -> str:
    said = [{meaning(word) for word in w.all_words if word in _MARKS} for w in (one, other)]
    also = [{meaning(word) for word in w.all_words} for w in (other, one)]
    only = [here - there for here, there in zip(said, also, strict=True)]
    return f"marks: {_listed(*only)}" if any(only) else ""


def _opposites(_first: str, _second: str, one: Wording, other: Wording) -> str:
    for group in _OPPOSITES:
        sides = [{group[word] for word in w.all_words if word in group} for w in (one, other)]
        if sides[0] and sides[1] and not sides[0] & sides[1]:
            return "opposites: " + _listed(
                *(sorted({word for word in w.all_words if word in group}) for w in (one, other))
            )
    done = [operations(w.plain.replace("_", " ")) for w in (one, other)]
    for here, there in (done, done[::-1]):
        for number, way in here:
            if (number, not way) in there and (number, way) not in there:
                said = [
                    {word for (n, _), held in side.items() if n == number for word in held} for side in done
                ]
                return f"opposites: {_listed(*said)}"
    return ""


def _negation(_first: str, _second: str, one: Wording, other: Wording) -> str:
    said = [not NOT.isdisjoint(w.all_words) for w in (one, other)]
    return "" if said[0] == said[1] else "negation"


def _form(_first: str, _second: str, one: Wording, other: Wording) -> str:
    if one.form == other.form:
        return ""
    for here, there in ((one.form, other.form), (other.form, one.form)):
        if here in _APART and _APART.get(there) != _APART[here] and there not in _WITH[here]:
            return f"forms: {one.form} / {other.form}"
    return ""


def _heads(_first: str, _second: str, one: Wording, other: Wording) -> str:
    return f"verbs: {one.head} / {other.head}" if heads_differ(one.head, other.head) else ""


def _names(first: str, second: str, one: Wording, other: Wording) -> str:
    only = [
        {
            name
            for name in names(mine)
            if _telling(name) and stem(name) not in {stem(w) for w in theirs.all_words}
        }
        for mine, theirs in ((first, other), (second, one))
    ]
    return f"names: {_listed(*map(sorted, only))}" if any(only) else ""


def _telling(name: str) -> bool:
    return name not in LIGHT and load_word_vectors().rarity(name) > _KNOWN_ENOUGH


def _literals(first: str, second: str, _one: Wording, _other: Wording) -> str:
    found = [set(_LITERAL.findall(clip(text).casefold())) for text in (first, second)]
    return "" if found[0] == found[1] else f"literals: {_listed(*map(sorted, found))}"


def _signs(first: str, second: str, _one: Wording, _other: Wording) -> str:
    """Whether signs of arithmetic differ, or currencies or pictures where both have some."""
    (counted, *some), (counted_there, *some_there) = _signs_in(first), _signs_in(second)
    if counted != counted_there:
        return f"signs: {_listed(counted, counted_there)}"
    for here, there in zip(some, some_there, strict=True):
        if here and there and here != there:
            return f"signs: {_listed(here, there)}"
    return ""


@lru_cache(maxsize=4096)
def _signs_in(text: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Give the signs that count ("-" before a number included), those of currencies, and pictures."""
    said = clip(text)
    of = {
        kind: tuple(sorted(c for c in said if unicodedata.category(c) == kind)) for kind in ("Sm", "Sc", "So")
    }
    counted = [c for c in of["Sm"] if c not in "~|"]
    minus = re.findall(r"(?<!\S)-(?=\d)", said)
    return (*counted, *minus, *re.findall("#", said)), of["Sc"], of["So"]


def _letters(first: str, second: str, _one: Wording, _other: Wording) -> str:
    """Whether what is named by a letter differs, or its order: plan A and plan B, A into B and B into A."""
    found = _letters_in(first), _letters_in(second)
    return "" if found[0] == found[1] else f"letters: {', '.join(found[0])} / {', '.join(found[1])}"


@lru_cache(maxsize=4096)
def _letters_in(text: str) -> tuple[str, ...]:
    said = clip(text)
    loud = said.isupper()
    found = (match for match in _LETTER.finditer(said) if match[0] not in "iI")
    named = (m[0] for m in found if m[0] not in "aA" or (m[0] == "A" and m.start() and not loud))
    return tuple(letter.casefold() for letter in named)


def _roles(_first: str, _second: str, one: Wording, other: Wording) -> str:
    """Whether the same words say that somebody else does it: "do ads block the app", "who blocked me"."""
    if sorted(one.keys) != sorted(other.keys):
        return ""
    subjects = [match[1] if (match := _SUBJECT.search(w.plain)) else "" for w in (one, other)]
    turned = _TURNED & (set(one.all_words) ^ set(other.all_words)) or _NOBODY & set(subjects)
    if all(subjects) and stem(subjects[0]) != stem(subjects[1]) and not turned:
        return f"swapped: {' / '.join(subjects)}"
    people = [[stem(word) for word in w.all_words if word in _PERSONS] for w in (one, other)]
    if sorted(people[0]) == sorted(people[1]) and people[0] != people[1]:
        return f"swapped: {', '.join(people[0])} / {', '.join(people[1])}"
    asks = [{"who", "whose"} & set(w.all_words) for w in (one, other)]
    if any(asks) and (
        asks[0] != asks[1] or len({frozenset(_ASKER & set(w.all_words)) for w in (one, other)}) > 1
    ):
        return "swapped: who does it, and to whom"
    return ""


def _swapped(_first: str, _second: str, one: Wording, other: Wording) -> str:
    """Whether what stands on the two sides of a preposition changed places, or who does it and to whom."""
    there = set(_relations(other))
    for word, left, right in _relations(one):
        if (word, right, left) in there and (word, left, right) not in there:
            return f"swapped: {left} {word} {right}"
    froms = [dict(_directions(w)) for w in (one, other)]
    if all("from" in f and "to" in f for f in froms) and froms[0]["from"] == froms[1]["to"] != froms[0]["to"]:
        return f"swapped: from {froms[0]['from']} to {froms[0]['to']}"
    for here, there_too in (froms, froms[::-1]):
        if (
            "to" in here
            and here["to"] == there_too.get("from")
            and here["to"] not in {there_too.get("to"), here.get("from")}
        ):
            return f"swapped: to {here['to']} / from {here['to']}"
    if sorted(one.keys) == sorted(other.keys):
        acts = [next((n for n, word in enumerate(w.content) if word in _PERSONS), None) for w in (one, other)]
        if None not in acts and (acts[0] == 0) != (acts[1] == 0):
            return "swapped: who does it, and to whom"
    return ""


def _relations(of: Wording) -> Iterator[tuple[str, str, str]]:
    said = of.all_words
    for n, word in enumerate(said):
        if _RELATION.fullmatch(word):
            left = next((w for w in reversed(said[:n]) if w not in LIGHT), "")
            right = next((w for w in said[n + 1 :] if w not in LIGHT), "")
            if left and right:
                yield word, stem(left), stem(right)


def _directions(of: Wording) -> Iterator[tuple[str, str]]:
    said = of.all_words
    for n, word in enumerate(said):
        if word in {"from", "to", "into", "onto"}:
            right = next((w for w in said[n + 1 :] if w not in LIGHT), "")
            if right:
                yield ("from" if word == "from" else "to"), stem(right)


def _listed(one: object, other: object) -> str:
    def text(side: object) -> str:
        return ", ".join(sorted(map(str, side))) if side else "none"  # type: ignore[call-overload]

    return f"{text(one)} / {text(other)}"


_RULES: tuple[Callable[[str, str, Wording, Wording], str], ...] = (
    _numbers, _units, _platforms, _kinds, _marks, _opposites, _negation, _form, _heads, _names, _literals, _swapped,
    _signs, _letters, _roles,
)  # fmt: skip
