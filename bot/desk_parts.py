"""The parts of the bot that the people of the desk hear from, each built when it is first asked for."""

# ruff: noqa: PLC0415 - a part is imported when it is built, as in bot/app.py
from __future__ import annotations

from typing import TYPE_CHECKING

from bot.admin_parts import AdminParts

if TYPE_CHECKING:
    from bot.access import Access
    from bot.outbox import Outbox
    from bot.staff import Staff


class DeskParts(AdminParts):
    """What tells the staff, and whoever waits for an answer."""

    access: Access

    async def outbox(self) -> Outbox:
        """Give what is to be said unasked."""
        return await self._once("outbox", self._build_outbox)

    async def staff(self) -> Staff:
        """Give what tells the staff channel."""
        return await self._once("staff", self._build_staff)

    async def _build_outbox(self) -> Outbox:
        from bot.outbox import Outbox

        return Outbox(await self.database(), self.clock)

    async def _build_staff(self) -> Staff:
        from bot.staff import Staff

        return Staff(await self.outbox(), self.settings.desk.staff_channel, self.clock)
