"""Whether a text keeps to a persona's style: rules alone, no model, the same finding each time."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from config.style import ADDRESSES
from knowledge.answering.grounding.markers import without_markers
from knowledge.answering.language import detect_language, same_language
from knowledge.answering.phrases import phrases
from knowledge.answering.sentences import sentences
from knowledge.answering.style_words import EMOJI, address_words, contracted, exclaims, without_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from config.persona import Persona
    from config.style import Style

_FENCED = re.compile(r"^[ \t]*(```|~~~).*?^[ \t]*\1[^\n]*$", re.DOTALL | re.MULTILINE)
_LINE_OF_BLOCK = re.compile(r"^(?:\s*(?:[-*+•]|\d{1,3}[.)])\s|\s*[|#]|\s{2,}\S)")
_EDGE = re.compile(r"^[\s\"'\u201c\u2018(*_>]+|[\s\"'\u201d\u2019)*_.!?\u2026]+$")
_LONGEST_FOUND = 80


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a text breaks, and what of the text breaks it: at most 80 characters."""

    rule: str
    found: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The rules that a text was held against, and those that it breaks, in the rules' order."""

    rules: tuple[str, ...]
    violations: tuple[Violation, ...]

    @property
    def share(self) -> float:
        """Share of the rules that are kept, from 0 to 1; 1.0 where there are none."""
        broken = {violation.rule for violation in self.violations}
        return 1.0 - len(broken) / len(self.rules) if self.rules else 1.0


@dataclass(frozen=True, slots=True)
class Adherence:
    """How well texts keep to a persona's style.

    `share`: mean over the texts of the share of rules kept; `clean`: share of the texts that break none;
    `by_rule`: of each rule, (texts that keep it, texts that it applies to); `broken`: up to twenty examples.
    """

    persona: str
    texts: int
    share: float
    clean: float
    by_rule: Mapping[str, tuple[int, int]]
    broken: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class _Text:
    whole: str
    spoken: str
    prose: tuple[str, ...]
    persona: Persona
    written_in: str | None
    wanted: str | None


def check_style(persona: Persona, text: str, *, language: str | None = None) -> Checked:
    """Hold a text, CommonMark, against the rules of a persona's style.

    Code is not looked at, nor are citations' markers; lists and tables have no length. `language` is the BCP 47 tag
    that the text should be in, None where any will do; a text that says in which language its article is may stand in
    that.
    """
    plain = without_markers(text).strip()
    matters = persona.style.address or language
    detected = detect_language(plain) if matters else None
    held = _Text(
        plain,
        without_code(_FENCED.sub(" ", plain)),
        tuple(prose_sentences(plain)),
        persona,
        detected,
        language,
    )
    rules = tuple(name for name, (applies, _) in _RULES.items() if applies(held))
    found = tuple(
        Violation(name, " ".join(part.split())[:_LONGEST_FOUND])
        for name in rules
        for part in _RULES[name][1](held)
    )
    return Checked(rules, found)


def adherence(persona: Persona, texts: Iterable[str], *, language: str | None = None) -> Adherence:
    """Measure how well texts, each as CommonMark and without the persona's sign-off, keep to its style."""
    applied: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    examples: list[Violation] = []
    shares: list[float] = []
    for text in texts:
        checked = check_style(persona, text, language=language)
        applied.update(checked.rules)
        broken.update({violation.rule for violation in checked.violations})
        examples += checked.violations
        shares.append(checked.share)
    return Adherence(
        persona.name,
        len(shares),
        sum(shares) / len(shares) if shares else 1.0,
        sum(share == 1.0 for share in shares) / len(shares) if shares else 1.0,
        {name: (applied[name] - broken[name], applied[name]) for name in _RULES if applied[name]},
        tuple(examples[:20]),
    )


def prose_sentences(text: str) -> Iterator[str]:
    """Give the sentences of an answer that stand in no list, table, heading or code."""
    for paragraph in re.split(r"\n[ \t]*\n", _FENCED.sub("\n\n", text)):
        lines = paragraph.split("\n")
        prose = [line for line in lines if line.strip() and not _LINE_OF_BLOCK.match(line)]
        whole = " ".join(prose).strip()
        if whole and not re.fullmatch(r"\*\*[^*]+\*\*:?", whole):
            yield from sentences(whole)


def _style(text: _Text) -> Style:
    return text.persona.style


def _too_long(text: _Text) -> Iterator[str]:
    length = sum(len(sentence) + 1 for sentence in text.prose) - 1
    if length > _style(text).max_characters:
        yield f"{length} characters"


def _too_many(text: _Text) -> Iterator[str]:
    if len(text.prose) > _style(text).max_sentences:
        yield f"{len(text.prose)} sentences"


def _too_wordy(text: _Text) -> Iterator[str]:
    return (each for each in text.prose if len(each.split()) > _style(text).max_sentence_words)


def _wrong_address(text: _Text) -> Iterator[str]:
    return address_words(text.spoken, _style(text).address)


@lru_cache(maxsize=256)
def _any_of(phrases_: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted((re.escape(each.casefold()) for each in phrases_), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)")


def _said(wanted: tuple[str, ...], text: str) -> Iterator[str]:
    if wanted:
        yield from dict.fromkeys(_any_of(wanted).findall(text.casefold()))


def _unsaid(text: _Text) -> Iterator[str]:
    required = _style(text).required
    said = set(_said(required, text.spoken))
    return (each for each in required if each.casefold() not in said)


def _opens(text: _Text) -> Iterator[str]:
    start = _EDGE.sub("", text.spoken).casefold()
    return (
        o for o in _style(text).forbidden_openings if re.match(rf"{re.escape(o.casefold())}(?!\w)", start)
    )


def _closes(text: _Text) -> Iterator[str]:
    last = text.prose[-1] if text.prose and text.whole.endswith(text.prose[-1]) else ""
    return _said(_style(text).forbidden_closings, last)


def _foreign(text: _Text) -> Iterator[str]:
    if same_language(text.written_in, text.wanted):
        return
    if phrases(text.persona.language).note(text.written_in or "") not in text.whole:
        yield f"{text.written_in} instead of {text.wanted}"


def _speaks_so(text: _Text) -> bool:
    address = _style(text).address
    return bool(address) and ADDRESSES[address] == text.written_in


_Rule = tuple["Callable[[_Text], object]", "Callable[[_Text], Iterator[str]]"]
_RULES: Mapping[str, _Rule] = {
    "characters": (lambda text: _style(text).max_characters, _too_long),
    "sentences": (lambda text: _style(text).max_sentences, _too_many),
    "sentence length": (lambda text: _style(text).max_sentence_words, _too_wordy),
    "address": (_speaks_so, _wrong_address),
    "contractions": (
        lambda text: not _style(text).contractions,
        lambda text: contracted(text.spoken),
    ),
    "emoji": (lambda text: not _style(text).emoji, lambda text: iter(EMOJI.findall(text.spoken))),
    "exclamation marks": (
        lambda text: not _style(text).exclamation_marks,
        lambda text: exclaims(text.spoken),
    ),
    "forbidden words": (
        lambda text: _style(text).forbidden,
        lambda text: _said(_style(text).forbidden, text.spoken),
    ),
    "required words": (lambda text: _style(text).required, _unsaid),
    "opening": (lambda text: _style(text).forbidden_openings, _opens),
    "closing": (lambda text: _style(text).forbidden_closings, _closes),
    "language": (lambda text: text.wanted, _foreign),
}
"""Of each rule: whether it applies to a text, and what of the text breaks it."""
