"""The command that changes who speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.persona import shipped_personas
from connectors.base import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.access import Access
    from bot.commands.call import Asking, Call, Doing
    from bot.personas import Personas


class VoiceCommands:
    """Changes the persona of a place."""

    def __init__(self, access: Access, personas: Personas) -> None:
        self._access = access
        self._personas = personas

    def doing(self) -> Mapping[str, Doing]:
        """See `CommandGroup`."""
        return {"persona": self.persona}

    def asking(self) -> Mapping[str, Asking]:
        """See `CommandGroup`."""
        return {}

    async def persona(self, call: Call) -> Reply:
        """Change who speaks here, until the next start."""
        if not call.arguments:
            speaking = self._personas.of(call.address, self._access.channel(call.address))
            names = ", ".join(shipped_personas())
            return Reply(f"Speaking as {speaking.name}. Others: {names}.", private=True)
        chosen = self._personas.choose(call.address, call.arguments)
        return Reply(f"Now speaking as {chosen.name}. {chosen.greeting}", private=True)
