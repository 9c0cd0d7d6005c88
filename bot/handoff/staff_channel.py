"""A staff channel as the helpdesk: the request is posted there, with a button that ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.handoff.tickets import Ticket
from connectors.base import Action, Address, Reply

if TYPE_CHECKING:
    from datetime import datetime

    from bot.handoff.tickets import HandoffRequest, TicketState
    from bot.outbox import Outbox


def channel_address(channel: str) -> Address:
    """Give the address of `slack:T01/C02` or `discord:123`, as the config names channels."""
    platform, _, rest = channel.partition(":")
    workspace, slash, name = rest.partition("/")
    return Address(platform, name if slash else rest, None, workspace if slash else None)


class StaffChannel:
    """Posts requests by the outbox, so that each is posted once and survives a platform that is away."""

    name = "channel"

    def __init__(self, outbox: Outbox, channel: str) -> None:
        self._outbox = outbox
        self.address = channel_address(channel)

    async def open(self, request: HandoffRequest) -> Ticket:
        """Put the request into the outbox."""
        key = f"staff/{request.key}"
        done = Action("close", "Done", request.key)
        await self._outbox.put(key, self.address, Reply(request.text(), actions=(done,), id=key))
        return Ticket("")

    async def state(self, ticket: Ticket, since: datetime) -> TicketState | None:  # noqa: ARG002 - the protocol
        """Tell nothing: the staff says by the button when it is done."""
        return None

    async def check(self) -> str:
        """Tell where requests go; the platform's own check tries its token."""
        return f"{self.address.platform}:{self.address.channel}"

    async def close(self) -> None:
        """Close nothing."""
