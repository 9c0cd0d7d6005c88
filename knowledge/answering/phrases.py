"""The bot's own words around what the articles say, in the languages of `phrases.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from knowledge.models import Missing


@dataclass(frozen=True, slots=True)
class Phrases:
    """Connecting words in one language; none of them states a fact."""

    unsure: str
    language_note: str
    conflict: str
    no_date: str
    missing: str
    missing_here: str
    platforms: Mapping[str, str]
    languages: Mapping[str, str]

    def lack(self, missing: Missing) -> str:
        """Say what the articles lack."""
        return (self.missing if missing.anywhere else self.missing_here).format(thing=missing.thing)

    def note(self, language: str) -> str:
        """Say in which language the article is."""
        tag = language.replace("_", "-").split("-")[0].lower()
        name = self.languages.get(tag) or phrases("en").languages.get(tag) or language
        return self.language_note.format(language=name)


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("knowledge.answering").joinpath("phrases.toml").read_text(encoding="utf-8"))


def has_phrases(language: str) -> bool:
    """Whether there are phrases of this BCP 47 tag, so that `phrases` need not fall back to English."""
    return language.replace("_", "-").split("-")[0].lower() in _table()


@lru_cache(maxsize=64)
def phrases(language: str | None) -> Phrases:
    """Give the phrases of a BCP 47 tag; English where there are none."""
    table = _table()
    tag = (language or "en").replace("_", "-").split("-")[0].lower()
    return Phrases(**table.get(tag, table["en"]))
