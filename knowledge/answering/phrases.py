"""The bot's own words around what the articles say, in the languages of `phrases.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from knowledge.answering.ground import neutralise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.persona import Persona
    from knowledge.models import Missing


@dataclass(frozen=True, slots=True)
class Phrases:
    """Connecting words in one language; none of them states a fact."""

    unsure: str
    doubted: str
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


@lru_cache(maxsize=64)
def phrases(language: str | None) -> Phrases:
    """Give the phrases of a BCP 47 tag; English where there are none."""
    table = _table()
    tag = (language or "en").replace("_", "-").split("-")[0].lower()
    return Phrases(**table.get(tag, table["en"]))


def unsure_words(persona: Persona, missing: Missing | None) -> str:
    """Say that the answer may not be one, and what the articles lack where that is known."""
    said = phrases(persona.language)
    return said.unsure if missing is None else f"{said.lack(missing)} {said.unsure}"


def refusal(persona: Persona, missing: Missing | None) -> str:
    """Say in the persona's language what the articles lack; not known, or not sayable there: its own words."""
    tag = persona.language.replace("_", "-").split("-")[0].lower()
    if missing is None or tag not in _table():
        return persona.no_answer
    return neutralise(phrases(tag).lack(missing))
