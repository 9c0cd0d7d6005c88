"""Which persona speaks where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.access import CONSOLE
from bot.errors import CommandError
from config.errors import PersonaError
from config.persona import is_persona_path, shipped_personas
from knowledge.answering.language import detect_language
from knowledge.answering.smalltalk import smalltalk_language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from config.persona import Persona
    from config.settings import ChannelSettings
    from connectors.base import Address

_FEWEST_WORDS = 3
"""Fewer words, in the letters that many languages share, do not tell a language surely ("cancel oder")."""


class Personas:
    """The default persona, those of the places, and at the terminal the one chosen until it is closed.

    `load` reads a persona by its name or path and raises PersonaError for an unknown or a broken one.
    """

    def __init__(self, default: Persona, load: Callable[[str], Persona]) -> None:
        self.default = default
        self._load = load
        self._read: dict[str, Persona] = {}
        self._at_the_terminal: Persona | None = None
        self._log = structlog.get_logger()

    def of(
        self, address: Address, channel: ChannelSettings | None = None, said: Iterable[str] = ()
    ) -> Persona:
        """Give the persona that speaks in this place; one that cannot be read falls back to the default.

        It speaks the language of the first text in `said` that shows one, if it has words for it: put the message
        first, then what was asked before it, the newest first.
        """
        return self._of(address, channel).speaking(
            next((tag for text in said if (tag := spoken_language(text))), None)
        )

    def _of(self, address: Address, channel: ChannelSettings | None) -> Persona:
        if address.platform == CONSOLE and self._at_the_terminal is not None:
            return self._at_the_terminal
        if channel is None or channel.persona is None:
            return self.default
        name = channel.persona
        if name not in self._read:
            self._read[name] = self._loaded(name)
        return self._read[name]

    def named(self, address: Address, name: str) -> Persona:
        """Give the persona that somebody names in this place. Raises CommandError for an unknown one.

        Only the terminal may name a file: a chat must not make the bot open paths.
        """
        if address.platform != CONSOLE and is_persona_path(name):
            raise CommandError(f"a persona goes by its name here: {', '.join(shipped_personas())}")
        try:
            return self._load(name)
        except PersonaError as error:
            raise CommandError(str(error)) from error

    def speak_at_the_terminal(self, persona: Persona) -> None:
        """Let it speak there until the terminal is closed."""
        self._at_the_terminal = persona

    def _loaded(self, name: str) -> Persona:
        try:
            return self._load(name)
        except PersonaError as error:  # a file broken since the start must not cost the answer
            self._log.warning("persona_unreadable", persona=name, error=str(error))
            return self.default


def spoken_language(text: str) -> str | None:
    """Give the two-letter tag of the language that somebody writes in; None where so few words do not show it."""
    if tag := smalltalk_language(text):
        return tag
    few = text.isascii() and len(text.split()) < _FEWEST_WORDS
    return None if few else detect_language(text)
