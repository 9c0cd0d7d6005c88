"""The word lists of `missing.py`, read from `missing_words.toml`."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_TABLE: Mapping[str, Any] = tomllib.loads(
    files("knowledge.answering").joinpath("missing_words.toml").read_text(encoding="utf-8")
)

NO_THINGS = frozenset(_TABLE["no_things"].split())
"""Words that never count as missing: what a chat is full of, times, devices, the bot itself."""
SHELL = frozenset(_TABLE["shell"].split())
"""Words of a question's form, such as "find" and "possible": they do not say what it is about."""
WHOM = frozenset(_TABLE["whom"].split())
"""After these a capital is the name of whoever is spoken to, or speaks."""
MEANS: Mapping[str, frozenset[str]] = MappingProxyType(
    {language: frozenset(listed.split()) for language, listed in _TABLE["means"].items()}
)
"""Prepositions whose word is a means, by language."""
CONNECTS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = MappingProxyType(
    {
        language: (frozenset(row["to"].split()), frozenset(row["verbs"].split()))
        for language, row in _TABLE["connects"].items()
    }
)
"""Prepositions whose word is a target where one of the verbs stands before, by language."""
ALIASES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {word: tuple(listed.split()) for word, listed in _TABLE["aliases"].items()}
)
"""What else a word may be called in the articles."""
PLATFORM_NAMES: Mapping[str, str] = MappingProxyType(dict(_TABLE["platforms"]))
"""How the platforms of `words.platforms` are written."""
