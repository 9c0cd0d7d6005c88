"""The command that changes who speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.access import CONSOLE
from bot.errors import NotAllowed
from config.persona import shipped_personas
from connectors.base import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.access import Access
    from bot.commands.call import Asking, Call, Doing
    from bot.personas import Personas
    from bot.places import Places


class VoiceCommands:
    """Changes the persona of a place."""

    def __init__(self, access: Access, personas: Personas, places: Places) -> None:
        self._access = access
        self._personas = personas
        self._places = places

    def doing(self) -> Mapping[str, Doing]:
        """See `CommandGroup`."""
        return {"persona": self.persona}

    def asking(self) -> Mapping[str, Asking]:
        """See `CommandGroup`."""
        return {}

    async def persona(self, call: Call) -> Reply:
        """Change who speaks in this thread, or in this channel, from now on."""
        name, address = call.arguments, call.address
        if not name:
            speaking = self._personas.of(address, self._access.channel(address))
            names = ", ".join(shipped_personas())
            return Reply(f"Speaking as {speaking.name}. Others: {names}.", private=True)
        if not call.is_admin:
            raise NotAllowed("who speaks here is changed by the bot's admins.")
        chosen = self._personas.named(address, name)
        if address.platform == CONSOLE:
            self._personas.speak_at_the_terminal(chosen)
        else:
            await self._places.change(address, call.sender, thread=bool(address.thread), persona=name)
        where = " in this thread" if address.thread else ""
        return Reply(f"Now speaking as {chosen.name}{where}. {chosen.greeting}", private=True)
