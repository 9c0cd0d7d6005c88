"""Builds the helpdesk that `[handoff]` names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.handoff.email import EmailDesk
from bot.handoff.freshdesk import FreshdeskDesk
from bot.handoff.intercom import IntercomDesk
from bot.handoff.request_tracker import RequestTrackerDesk
from bot.handoff.staff_channel import StaffChannel
from bot.handoff.zammad import ZammadDesk
from bot.handoff.zendesk import ZendeskDesk

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
            assert outbox is not None
            return StaffChannel(outbox, settings.channel)
        case "email":
            return EmailDesk(settings)
        case api:
            return _APIS[api](settings)


_APIS: dict[str, Callable[[HandoffSettings], TicketDesk]] = {
    "zendesk": ZendeskDesk,
    "freshdesk": FreshdeskDesk,
    "intercom": IntercomDesk,
    "zammad": ZammadDesk,
    "request_tracker": RequestTrackerDesk,
}
