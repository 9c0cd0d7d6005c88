"""Which persona speaks where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.access import CONSOLE
from bot.errors import CommandError
from config.errors import PersonaError
from config.persona import is_persona_path, shipped_personas

if TYPE_CHECKING:
    from collections.abc import Callable

    from config.persona import Persona
    from config.settings import ChannelSettings
    from connectors.base import Address


class Personas:
    """The default persona, those of the channels, and those chosen by command until the next start.

    `load` reads a persona by its name or path and raises PersonaError for an unknown or a broken one.
    """

    def __init__(self, default: Persona, load: Callable[[str], Persona]) -> None:
        self.default = default
        self._load = load
        self._chosen: dict[tuple[str, str], Persona] = {}
        self._log = structlog.get_logger()

    def of(self, address: Address, channel: ChannelSettings | None = None) -> Persona:
        """Give the persona that speaks in this place; one that cannot be read falls back to the default."""
        chosen = self._chosen.get((address.platform, address.channel))
        if chosen is not None:
            return chosen
        if channel is None or channel.persona is None:
            return self.default
        try:
            persona = self._load(channel.persona)
        except PersonaError as error:  # a file broken since the start must not cost the answer
            self._log.warning("persona_unreadable", persona=channel.persona, error=str(error))
            persona = self.default
        self._chosen[address.platform, address.channel] = persona
        return persona

    def choose(self, address: Address, name: str) -> Persona:
        """Let another persona speak in this place. Raises CommandError for an unknown one.

        Only the terminal may name a file: a chat must not make the bot open paths.
        """
        if address.platform != CONSOLE and is_persona_path(name):
            raise CommandError(f"a persona goes by its name here: {', '.join(shipped_personas())}")
        try:
            persona = self._load(name)
        except PersonaError as error:
            raise CommandError(str(error)) from error
        self._chosen[address.platform, address.channel] = persona
        return persona
