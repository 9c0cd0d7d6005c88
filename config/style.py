"""What can be measured of a persona's style: data, so that rules hold an answer against it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from config.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ADDRESSES: Mapping[str, str] = MappingProxyType(
    {"du": "de", "Sie": "de", "tu": "fr", "vous": "fr", "tú": "es", "usted": "es"}
)
"""Forms of speaking to a reader, with the language that has them."""
_MOST = 10_000
_MOST_PHRASES = 100
_LONGEST_PHRASE = 200


@dataclass(frozen=True, slots=True)
class Style:
    """How a persona writes, as far as a rule can tell; a default says nothing.

    Lengths hold for the prose of an answer: `max_characters` of it, `max_sentences` outside of lists, tables and code,
    `max_sentence_words` in each; 0 is any. They shorten an answer, but never by a step, a number, an address, a
    command, a warning or a condition. `address` is how the reader is spoken to where the answer's language knows
    several ways. `contractions`, `emoji` and `exclamation_marks` say whether they are allowed. `forbidden` words and
    phrases stand nowhere; `required` ones stand in each answer (they are measured, never added);
    `forbidden_openings` and `forbidden_closings` neither begin nor end one.
    """

    max_characters: int = 0
    max_sentences: int = 0
    max_sentence_words: int = 0
    address: str = ""
    contractions: bool = True
    emoji: bool = True
    exclamation_marks: bool = True
    forbidden: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    forbidden_openings: tuple[str, ...] = ()
    forbidden_closings: tuple[str, ...] = ()


def style_of(table: Mapping[str, Any]) -> Style:
    """Read a table that has no `style_problems`."""
    read: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
    }
    return Style(**read)


def style_problems(table: Any) -> Iterator[str]:
    """Say what is wrong with a [style] table, a line each; nothing where it can be read."""
    if not isinstance(table, dict):
        yield "style is not a table; write [style] and a key a line below it"
        return
    kinds: dict[str, type] = {field.name: type(field.default) for field in fields(Style)}
    for key, value in table.items():
        if key not in kinds:
            yield f"style.{key} is not a key of a style; {did_you_mean(key, list(kinds))}"
        elif kinds[key] is tuple:
            yield from _phrase_problems(key, value)
        elif type(value) is not kinds[key]:
            yield f"style.{key} = {value!r} is not {_NAMED[kinds[key]]}"
        elif isinstance(value, int) and not 0 <= value <= _MOST:
            yield f"style.{key} = {value} is not from 0 (any) to {_MOST:,}"
        elif key == "address" and value and value not in ADDRESSES:
            yield f'style.address = {value!r} is none of {", ".join(ADDRESSES)}; leave it "" where it does not matter'


_NAMED = {int: "a whole number", bool: "true or false", str: "text"}


def _phrase_problems(key: str, value: object) -> Iterator[str]:
    if (
        not isinstance(value, list)
        or len(value) > _MOST_PHRASES
        or not all(isinstance(each, str) and 0 < len(each.strip()) <= _LONGEST_PHRASE for each in value)
    ):
        yield f'style.{key} is not a list of at most {_MOST_PHRASES} phrases; write {key} = ["of course"]'
