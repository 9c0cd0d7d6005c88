"""Thread memory over a real Valkey."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from bot.access import Access
from bot.conversation import AGE, LONGEST, TOKENS, TURNS, Conversation, Turn, thread_key
from bot.questions import Questions
from bot.router import Router
from config.settings import AccessSettings
from tests.bot.conftest import message
from tests.bot.test_router import NoCommands
from tests.knowledge.valkey_server import RealValkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from redis.asyncio import Redis

    from bot.personas import Personas
    from connectors.base import Address
    from knowledge.database import Database
    from tests.bot.conftest import Clock, ScriptedHelpdesk

PUBLIC = frozenset({"public"})
INTERNAL = frozenset({"public", "internal"})
EVENT = message(thread="t1")


@pytest.fixture(scope="module")
def valkey() -> Iterator[RealValkey]:
    """A real server."""
    with RealValkey() as server:
        yield server


@pytest.fixture
async def redis(valkey: RealValkey) -> AsyncIterator[Redis]:
    """A client of an empty server."""
    client = valkey.client()
    await client.flushall()
    yield client
    await client.aclose()


async def test_the_last_six_questions_are_kept_for_a_day(redis: Redis) -> None:
    """Oldest first, by every process alike."""
    for number in range(TURNS + 2):
        event = replace(EVENT, message_id=f"{number}")
        await Conversation(redis).add(event, PUBLIC, Turn(f"{number}", f"q{number}"))
    turns = await Conversation(redis).turns(EVENT, PUBLIC)
    assert [turn.asked for turn in turns] == ["2", "3", "4", "5", "6", "7"]
    key = thread_key(EVENT, PUBLIC)
    assert key is not None
    assert 0 < await redis.ttl(key) <= AGE.total_seconds()


@pytest.mark.parametrize("letter", ["x", "\u00e9", "\u6f22"])
async def test_old_questions_make_room_for_new_ones_by_their_tokens(redis: Redis, letter: str) -> None:
    """What is kept fits into the budget, in any script; the oldest goes first and nothing is cut."""
    conversation = Conversation(redis)
    size = TOKENS * 4 // len(letter.encode()) // 2 // 3  # asked and searched: three of them fill the budget
    for number in range(5):
        text = f"{number}".ljust(size, letter)
        await conversation.add(replace(EVENT, message_id=f"{number}"), PUBLIC, Turn(text, text))
    turns = await conversation.turns(EVENT, PUBLIC)
    assert [turn.searched[0] for turn in turns][-2:] == ["3", "4"]
    assert 2 <= len(turns) <= 3
    assert {len(turn.searched) for turn in turns} == {size}


async def test_the_newest_question_is_kept_whole_however_long(redis: Redis) -> None:
    """It takes the place of all others; a short one after it finds room only without it."""
    conversation = Conversation(redis)
    long = "why? " * (LONGEST // 5)
    for number, text in enumerate(("short", long)):
        await conversation.add(replace(EVENT, message_id=f"{number}"), PUBLIC, Turn(text, text))
    assert [turn.searched for turn in await conversation.turns(EVENT, PUBLIC)] == [long]
    await conversation.add(replace(EVENT, message_id="2"), PUBLIC, Turn("and now?", "and now?"))
    assert [turn.searched for turn in await conversation.turns(EVENT, PUBLIC)] == ["and now?"]


async def test_a_thread_is_remembered_for_each_audience_apart(redis: Redis) -> None:
    """What an insider asked is not in the public's memory, nor in another thread's, channel's or workspace's."""
    conversation = Conversation(redis)
    await conversation.add(EVENT, INTERNAL, Turn("secret", "secret"))
    elsewhere: list[Address] = [
        replace(EVENT.address, **{part: "other"}) for part in ("platform", "workspace", "channel", "thread")
    ]
    assert await conversation.turns(EVENT, PUBLIC) == []
    assert await conversation.turns(EVENT, None) == []
    for address in elsewhere:
        assert await conversation.turns(replace(EVENT, address=address), INTERNAL) == []
    assert await conversation.turns(EVENT, INTERNAL) == [Turn("secret", "secret")]


async def test_a_channel_without_a_thread_has_no_memory(redis: Redis) -> None:
    """Many people talk of many things there; a direct message is a thread of its own."""
    conversation = Conversation(redis)
    for event in (message(), message(direct=True)):
        await conversation.add(event, PUBLIC, Turn("a", "a"))
    assert await conversation.turns(message(), PUBLIC) == []
    assert await conversation.turns(message(direct=True), PUBLIC) == [Turn("a", "a")]


async def test_a_redis_that_is_gone_means_no_memory_and_one_warning() -> None:
    """And never an error."""
    with RealValkey() as server:
        client = server.client()
        conversation = Conversation(client)
        await conversation.add(EVENT, PUBLIC, Turn("a", "a"))
        server.kill()
        with capture_logs() as logs:
            for _ in range(3):
                await conversation.add(EVENT, PUBLIC, Turn("b", "b"))
                assert await conversation.turns(EVENT, PUBLIC) == []
        await client.aclose()
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["redis.gone"]
    assert await Conversation(None).turns(EVENT, PUBLIC) == []


async def test_what_cannot_be_read_is_no_memory(redis: Redis) -> None:
    """Another version's rows cost no answer."""
    key = thread_key(EVENT, PUBLIC)
    assert key is not None
    await redis.rpush(key, b"\xff", b'{"who": 1}')  # type: ignore[misc]
    assert await Conversation(redis).turns(EVENT, PUBLIC) == []


async def test_the_router_searches_for_the_follow_up_with_its_thread(
    redis: Redis, helpdesk: ScriptedHelpdesk, personas: Personas, database: Database, clock: Clock
) -> None:
    """The record keeps what was said, and in the trace what was searched; another thread knows nothing of it."""
    router = Router(
        helpdesk=helpdesk,
        commands=NoCommands(),
        access=Access(AccessSettings()),
        personas=personas,
        questions=Questions(database, clock),
        clock=clock,
        timeout_seconds=5,
        conversation=Conversation(redis),
    )
    for text in ("how do i get on the vpn with my macbook?", "and on android?"):
        await router.handle(message(text, thread="t1"))
    await router.handle(message("and on android?", thread="t2"))
    searched = "how do i get on the vpn on android?"
    assert [asked["text"] for asked in helpdesk.asked][1:] == [searched, "and on android?"]
    last = await Questions(database, clock).last(EVENT.address, PUBLIC)
    assert last is not None
    assert (last.text, last.trace["trace"]["searched"]) == ("and on android?", searched)
