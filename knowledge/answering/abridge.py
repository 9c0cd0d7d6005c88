"""Makes an answer as short as its persona wants, by leaving out at its end what nobody misses; never adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.answering.style_words import EMOJI, calmed, may_be_left_out, without_emoji

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.style import Style


@dataclass(frozen=True, slots=True)
class Told:
    """One unit of an answer in its order. `is_first`: of an article's part, whose citation it carries."""

    text: str
    is_prose: bool
    is_first: bool = False


def kept(told: Sequence[Told], style: Style) -> int:
    """Give how many of the units an answer keeps: those left out are the last ones.

    While its prose is longer than the style allows, the last unit goes if it is prose that `may_be_left_out` and not
    the first of its part. So steps, numbers, addresses, commands, warnings and citations stay, however long it is.
    """
    number = len(told)
    while number > 1 and is_over(told[:number], style):
        last = told[number - 1]
        if last.is_first or not last.is_prose or not may_be_left_out(last.text):
            break
        number -= 1
    return number


def is_over(told: Sequence[Told], style: Style) -> bool:
    """Whether the prose is longer than the style allows."""
    prose = [each.text for each in told if each.is_prose]
    length = sum(len(text) + 1 for text in prose) - 1
    return bool(
        (style.max_sentences and len(prose) > style.max_sentences)
        or (style.max_characters and length > style.max_characters)
    )


def toned(text: str, style: Style, source: str) -> str:
    """Take out of a model's words the emoji and exclamation marks that the style forbids.

    Emoji that `source`, the passages, have stay: they may be what a button shows.
    """
    if not style.exclamation_marks:
        text = calmed(text)
    return text if style.emoji or not EMOJI.search(text) else without_emoji(text, source)
