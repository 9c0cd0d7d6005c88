"""Who gave a command, as the audit log names them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.audit import Actor

if TYPE_CHECKING:
    from bot.commands.call import Call


def actor_of(call: Call) -> Actor:
    """Give the sender and the place, such as `slack:T1/C1`."""
    place = call.address
    where = f"{place.workspace}/{place.channel}" if place.workspace else place.channel
    return Actor(call.sender.id, f"{place.platform}:{where}")
