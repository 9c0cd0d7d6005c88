"""Builds the helpdesk that `[handoff]` names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.handoff.email import EmailDesk
from bot.handoff.staff_channel import StaffChannel
from config.errors import ConfigError

if TYPE_CHECKING:
    from bot.handoff.tickets import TicketDesk
    from bot.outbox import Outbox
    from config.handoff import HandoffSettings


def build_desk(settings: HandoffSettings, outbox: Outbox) -> TicketDesk | None:
    """Give what takes tickets; None when `to` is empty. Raises ConfigError for a desk that is not built in."""
    match settings.to:
        case "":
            return None
        case "channel":
            return StaffChannel(outbox, settings.channel)
        case "email":
            return EmailDesk(settings)
        case other:
            raise ConfigError([f'[handoff] to = "{other}" is not built in; use channel or email'])
