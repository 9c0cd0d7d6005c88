"""The parts of the bot that the people of the desk hear from, each built when it is first asked for."""

# ruff: noqa: PLC0415 - a part is imported when it is built, as in bot/app.py
from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.admin_parts import AdminParts
from bot.errors import ValkeyError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from bot.access import Access
    from bot.complaints import Complaints
    from bot.digest import Digest
    from bot.objections import Objections
    from bot.outbox import Outbox
    from bot.questions import Questions
    from bot.staff import Staff
    from bot.wishes import Wishes
    from knowledge.answer_cache import AnswerCache


REDIS_SECONDS = 2.0


class DeskParts(AdminParts):
    """What tells the staff, and whoever waits for an answer."""

    access: Access

    async def outbox(self) -> Outbox:
        """Give what is to be said unasked."""
        return await self._once("outbox", self._build_outbox)

    async def staff(self) -> Staff:
        """Give what tells the staff channel."""
        return await self._once("staff", self._build_staff)

    async def objections(self) -> Objections:
        """Give what people called wrong; it is read now."""
        return await self._once("objections", self._build_objections)

    async def answer_cache(self) -> AnswerCache:
        """Give the cached answers; without Redis, or where the cache is off, there are none."""
        return await self._once("answer_cache", self._build_answer_cache)

    async def complaints(self) -> Complaints:
        """Give what acts on bad ratings."""
        return await self._once("complaints", self._build_complaints)

    async def wishes(self) -> Wishes:
        """Give who wishes to be told of an answer."""
        return await self._once("wishes", self._build_wishes)

    async def digest(self) -> Digest:
        """Give what tells the staff of the week."""
        return await self._once("digest", self._build_digest)

    async def questions(self) -> Questions:
        """Give the record of questions and ratings."""
        return await self._once("questions", self._build_questions)

    async def redis(self) -> Redis | None:
        """Give a client of Redis or the embedded Valkey; None with a warning when that cannot be started."""
        return await self._once("redis", self._open_redis)

    async def _open_redis(self) -> Redis | None:
        from knowledge.quick_redis import QuickRedis

        url = self.settings.redis.url.get_secret_value()
        if url:
            client: Redis = QuickRedis.from_url(
                url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
            )
            self._stack.push_async_callback(client.aclose)
            return client
        try:
            from bot.valkey import EmbeddedValkey

            server = await self._stack.enter_async_context(EmbeddedValkey(self.settings.data_dir))
        except (ValkeyError, ImportError) as error:
            structlog.get_logger().warning("answers_are_not_cached", reason=str(error))
            return None
        return server.client(socket_timeout=REDIS_SECONDS)

    async def _build_outbox(self) -> Outbox:
        from bot.outbox import Outbox

        return Outbox(await self.database(), self.clock)

    async def _build_staff(self) -> Staff:
        from bot.staff import Staff

        return Staff(await self.outbox(), self.settings.desk.staff_channel, self.clock)

    async def _build_objections(self) -> Objections:
        from bot.objections import Objections

        objections = Objections(await self.database(), await self.library(), self.clock)
        await objections.refresh()
        return objections

    async def _build_answer_cache(self) -> AnswerCache:
        from knowledge.answer_cache import AnswerCache

        cache = self.settings.cache
        return AnswerCache(await self.redis() if cache.enabled else None, cache, self.clock)

    async def _build_complaints(self) -> Complaints:
        from bot.complaints import Complaints

        return Complaints(
            objections=await self.objections(),
            cache=await self.answer_cache(),
            staff=await self.staff(),
            access=self.access,
            library=await self.library(),
        )

    async def _build_wishes(self) -> Wishes:
        from bot.wishes import Wishes

        return Wishes(await self.database(), self.clock)

    async def _build_questions(self) -> Questions:
        from bot.questions import Questions

        return Questions(await self.database(), self.clock, self.counts)

    async def _build_digest(self) -> Digest:
        from bot.digest import Digest

        return Digest(
            self.settings.desk,
            staff=await self.staff(),
            access=self.access,
            questions=await self.questions(),
            gaps=await self.gaps(),
            library=await self.library(),
            objections=await self.objections(),
            database=await self.database(),
            leases=await self.leases(),
            clock=self.clock,
        )
