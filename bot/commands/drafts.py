"""What the buttons under a draft do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.commands.call import Asking, Call, Doing
    from bot.shadow import Shadow
    from connectors.base import Reply
    from connectors.forms import Form


class DraftCommands:
    """Sends, edits and discards the drafts of channels in shadow mode."""

    def __init__(self, shadow: Shadow) -> None:
        self._shadow = shadow

    def doing(self) -> Mapping[str, Doing]:
        """See `CommandGroup`."""
        return {"draft_send": self.send, "draft_edit": self.edit, "draft_discard": self.discard}

    def asking(self) -> Mapping[str, Asking]:
        """See `CommandGroup`."""
        return {"draft_edit": self.form}

    async def send(self, call: Call) -> Reply:
        """Post the draft."""
        return await self._shadow.send(call.command)

    async def form(self, call: Call) -> Form:
        """Give the draft to be changed."""
        return await self._shadow.form(call.command)

    async def edit(self, call: Call) -> Reply:
        """Post the draft as somebody changed it; without a form nothing was changed, and nothing is posted."""
        text = call.fields.get("text", "").strip()
        if not text:
            await self._shadow.form(call.command)  # whoever may not, or comes too late, is told that
            raise CommandError(
                "There was nothing to send: no form opened, or it was empty. Press **Edit** again."
            )
        return await self._shadow.send(call.command, text)

    async def discard(self, call: Call) -> Reply:
        """Post nothing."""
        return await self._shadow.discard(call.command)
