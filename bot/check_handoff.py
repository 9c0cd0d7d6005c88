"""Tries the helpdesk that `[handoff]` names; nothing is opened or sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.check_result import CheckResult
from bot.handoff.desks import build_desk
from bot.handoff.staff_channel import channel_address
from bot.handoff.tickets import HandoffError

if TYPE_CHECKING:
    from config.handoff import HandoffSettings


async def check_handoff(settings: HandoffSettings) -> CheckResult:
    """Log in where tickets go. The platform's own check tries the token that posts to a staff channel."""
    if settings.to == "channel":
        address = channel_address(settings.channel)
        return CheckResult.good("handoff", f"{address.platform}, channel {address.channel}")
    desk = build_desk(settings)
    if desk is None:
        return CheckResult.good("handoff", "off")
    try:
        detail = await desk.check()
    except HandoffError as error:
        return CheckResult.bad(
            "handoff", str(error), "mend [handoff]; docs/handoff.md lists the rights it takes"
        )
    finally:
        await desk.close()
    return CheckResult.good("handoff", f"{desk.name}: {detail}")
