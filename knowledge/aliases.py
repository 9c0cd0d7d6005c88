"""Names for one and the same thing: who asks for "2FA" means what the articles call "two-factor authentication"."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

_WORD = re.compile(r"[^\W_]+")
_ARTICLES = frozenset(
    (
        "a", "an", "the", "my", "our", "your", "der", "die", "das", "den", "dem", "ein", "eine", "einen", "einem",
        "mein", "meine", "meinen", "le", "la", "les", "un", "une", "des", "mon", "ma", "mes",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Named:
    """A thing that a text names: the `words` that name it there, and the `others`, names that it does not use."""

    words: frozenset[str]
    others: tuple[str, ...]

    def stands_in(self, text: str) -> bool:
        """Whether a text, as `spoken` gives it, uses one of the other names."""
        return any(f" {name} " in text for name in self.others)


def spoken(text: str) -> str:
    """Reduce a text to casefolded words without articles, with a space around each: names are looked for in that."""
    return f" {' '.join(word for word in _WORD.findall(text.casefold()) if word not in _ARTICLES)} "


@lru_cache(maxsize=1024)  # a question is held against each of its passages
def named_in(text: str) -> tuple[Named, ...]:
    """Give the things that a text names and that have other names too; mostly none."""
    said = spoken(text)
    found: list[Named] = []
    for names in _names():
        used = [name for name in names if f" {name} " in said]
        if used:
            words = frozenset(word for name in used for word in name.split())
            found.append(Named(words, tuple(name for name in names if name not in used)))
    return tuple(found)


def other_names(text: str) -> str:
    """Give the words of the other names of what a text names, each once; empty for most texts."""
    words = [word for thing in named_in(text) for name in thing.others for word in name.split()]
    used = set(spoken(text).split())
    return " ".join(word for word in dict.fromkeys(words) if word not in used)


def in_plain_words(text: str) -> str:
    """Give a text with its first name of a thing put as the plain one, such as "two factor authentication" for "2FA".

    The plain name is the first of several words in its row. Empty where a text names nothing, or names it so already.
    """
    said = spoken(text)
    for names in _names():
        plain = next((name for name in names if " " in name), "")
        used = max((name for name in names if f" {name} " in said), key=len, default="")
        if plain and used and f" {plain} " not in said:
            return _pattern(used).sub(plain, text, count=1)
    return ""


@lru_cache(maxsize=256)
def _pattern(name: str) -> re.Pattern[str]:
    """Find a name as people write it: any signs between its words, articles among them."""
    between = rf"[\W_]+(?:(?:{'|'.join(sorted(_ARTICLES))})[\W_]+)*"
    return re.compile(rf"(?<![^\W_]){between.join(map(re.escape, name.split()))}(?![^\W_])", re.IGNORECASE)


@lru_cache(maxsize=1)
def _names() -> tuple[tuple[str, ...], ...]:
    listed = files("knowledge").joinpath("aliases.toml").read_text(encoding="utf-8")
    return tuple(tuple(spoken(name).strip() for name in row) for row in tomllib.loads(listed)["names"])
