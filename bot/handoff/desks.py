"""Builds the helpdesk that `[handoff]` names."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.handoff.tickets import TicketDesk
    from bot.outbox import Outbox
    from config.handoff import HandoffSettings


def build_desk(settings: HandoffSettings, outbox: Outbox | None = None) -> TicketDesk | None:
    """Give what takes tickets; None when `to` is empty. A staff channel takes the outbox."""
    match settings.to:
        case "":
            return None
        case "channel":
            from bot.handoff.staff_channel import StaffChannel  # noqa: PLC0415 - as below

            assert outbox is not None
            return StaffChannel(outbox, settings.channel)
        case named:
            # the one that is used alone: all of them together take as long to import as the rest of the bot
            module, _, name = _DESKS[named].rpartition(".")
            build: Callable[[HandoffSettings], TicketDesk] = getattr(import_module(module), name)
            return build(settings)


_DESKS = {
    "email": "bot.handoff.email.EmailDesk",
    "zendesk": "bot.handoff.zendesk.ZendeskDesk",
    "freshdesk": "bot.handoff.freshdesk.FreshdeskDesk",
    "intercom": "bot.handoff.intercom.IntercomDesk",
    "zammad": "bot.handoff.zammad.ZammadDesk",
    "request_tracker": "bot.handoff.request_tracker.RequestTrackerDesk",
}
