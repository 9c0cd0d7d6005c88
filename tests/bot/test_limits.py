"""How much a person and a channel may ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.limits import Allowed, Limits
from config.desk import LimitSettings
from connectors.base import Address, Person
from tests.bot.people_desk import ADMIN, CHANNEL, COLLEAGUE, MEMBER, DeskApp, PeopleDesk, desk_settings
from tests.knowledge.valkey_server import RealValkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from redis.asyncio import Redis

    from tests.bot.conftest import Clock

YES, TOLD, SILENT = Allowed.YES, Allowed.TOLD, Allowed.SILENT
SETTINGS = LimitSettings(window="1m", per_person=2, per_channel=3)


@pytest.fixture(scope="module")
def valkey() -> Iterator[RealValkey]:
    """A real server."""
    with RealValkey() as server:
        yield server


@pytest.fixture(params=["redis", "memory"])
async def redis(request: pytest.FixtureRequest, valkey: RealValkey) -> AsyncIterator[Redis | None]:
    """A client of an empty server, or none."""
    if request.param == "memory":
        yield None
        return
    client = valkey.client()
    await client.flushall()
    yield client
    await client.aclose()


async def test_a_person_is_told_once_and_then_met_with_silence(redis: Redis | None) -> None:
    """Wherever they ask; others are not concerned."""
    limits = Limits(SETTINGS, redis)
    elsewhere = Address("slack", "C2", None, "T1")
    places = (CHANNEL, elsewhere, elsewhere, elsewhere, elsewhere)
    assert [await limits.take(place, MEMBER) for place in places] == [YES, YES, TOLD, SILENT, SILENT]
    assert await limits.take(CHANNEL, COLLEAGUE) is YES


async def test_a_channel_is_counted_for_all_together(redis: Redis | None) -> None:
    """Whoever comes too late is told, each once."""
    limits = Limits(SETTINGS, redis)
    people = [Person(f"slack:T1/P{number}") for number in range(5)]
    taken = [await limits.take(CHANNEL, person) for person in (*people, people[4])]
    assert taken == [YES, YES, YES, TOLD, TOLD, SILENT]


async def test_processes_count_together(valkey: RealValkey) -> None:
    """In Redis; the window ends."""
    client = valkey.client()
    await client.flushall()
    one, two = Limits(SETTINGS, client), Limits(SETTINGS, client)
    assert [await each.take(CHANNEL, MEMBER) for each in (one, two, one, two)] == [YES, YES, TOLD, SILENT]
    keys = await client.keys("*")
    assert keys
    for key in keys:
        assert 0 < await client.pttl(key) <= 60_000
    await client.aclose()


async def test_a_window_ends() -> None:
    """Then all begins anew."""
    now = 0.0
    limits = Limits(SETTINGS, None, lambda: now)
    taken = [await limits.take(CHANNEL, MEMBER) for _ in range(3)]
    now = 61.0
    assert [*taken, await limits.take(CHANNEL, MEMBER)] == [YES, YES, TOLD, YES]


async def test_a_redis_that_is_gone_lets_each_process_count(redis: Redis | None) -> None:
    """Never an error, never no limit."""
    del redis
    with RealValkey() as server:
        client = server.client()
        limits = Limits(SETTINGS, client)
        await limits.take(CHANNEL, MEMBER)
        server.kill()
        taken = [await limits.take(CHANNEL, MEMBER) for _ in range(3)]
        await client.aclose()
    assert taken == [YES, YES, TOLD]


async def test_no_limit_is_no_limit() -> None:
    """Zero, as the config says."""
    limits = Limits(LimitSettings(per_person=0, per_channel=0))
    assert {await limits.take(CHANNEL, MEMBER) for _ in range(500)} == {YES}


async def test_who_asks_too_much_gets_one_private_word(tmp_path: Path, clock: Clock) -> None:
    """Then silence, and no reply to what nobody asked; buttons, `forget me` and admins go on."""
    settings = desk_settings(tmp_path / "data", limits={"per_person": 2, "per_channel": 0})
    async with DeskApp(settings, clock=clock) as app:
        desk = PeopleDesk(app, await app.delivery(), clock)
        await desk.put("VPN access", "Open the app.")
        got = [await desk.say("How do I get vpn access?") for _ in range(4)]
        assert got[0] is not None
        assert got[2] is not None
        assert (got[2].private, got[3]) == (True, None)
        assert "more than I can take" in got[2].text
        assert await desk.say("why") is None
        assert "noted" in (await desk.do("helpful", got[0].reference)).text
        assert "forgotten" in (await desk.do("forget_me")).text
        replies = [await desk.say("How do I get vpn access?", ADMIN) for _ in range(5)]
        assert all(reply is not None and not reply.private for reply in replies)
        assert len(await app_questions(app)) == 7


async def app_questions(app: DeskApp) -> list[str]:
    """What reached the helpdesk."""
    return (await app.helpdesk()).asked
