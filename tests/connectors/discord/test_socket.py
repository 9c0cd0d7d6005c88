"""Discord over a real socket: logging in, coming back, lost responses, limits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from connectors.base import Said
from connectors.discord.connector import DiscordConnector
from connectors.errors import ConnectorConfigError
from tests.fakes.discord_desk import ANSWER
from tests.fakes.discord_payloads import CHANNEL
from tests.fakes.discord_rest import DROP, TOKEN, Fault

if TYPE_CHECKING:
    from tests.connectors.discord.session import Session

ASK = {"id": "1", "type": 1, "name": "ask", "options": [{"type": 3, "name": "question", "value": "how?"}]}
POSTING = f"/channels/{CHANNEL}/messages"


async def test_it_logs_in_and_answers(session: Session) -> None:
    """From a token to an answer; afterwards discord.py points at Discord again."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    async with session.running():
        await session.server.until("identified", 1)
        await session.server.say("How do I reset it?")
        await session.server.until("posts", 1)
        await session.until("accept", "answer", "sent")
    assert session.server.posts[0]["content"] == "Press **Forgot password**."
    assert ("PUT", "/applications/100000000000000002/commands") in session.server.requests
    assert before == (Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY)


async def test_a_wrong_token_is_said_in_one_line(session: Session) -> None:
    """It names what to do, and not the token."""
    connector = DiscordConnector("wrong", api_url=session.server.url)
    with pytest.raises(ConnectorConfigError, match="discord refuses the token; copy it anew") as caught:
        await connector.run(session.desk)
    assert "\n" not in str(caught.value)
    assert "wrong" not in str(caught.value)


async def test_an_unreachable_discord_is_said_in_one_line(unused_tcp_port: int, session: Session) -> None:
    """It names the address and the setting."""
    connector = DiscordConnector(TOKEN, api_url=f"http://127.0.0.1:{unused_tcp_port}/api")
    with pytest.raises(ConnectorConfigError, match=r"cannot be reached at http://127\.0\.0\.1"):
        await connector.run(session.desk)


async def test_without_the_message_content_intent_it_goes_on(session: Session) -> None:
    """Discord closes the connection once; the next asks for less, and mentions are answered."""
    session.server.refuse_message_content = True
    async with session.running():
        await session.server.until("identified", 2)
        await session.server.say("How do I reset it?")
        await session.server.until("posts", 1)
    first, second = session.server.identified
    assert first["intents"] - second["intents"] == 1 << 15


async def test_a_lost_response_does_not_double_the_reply(session: Session) -> None:
    """Discord took the post, but we never heard: repeated under its nonce it is the same post."""
    session.server.faults.append(Fault("POST", POSTING, DROP))
    async with session.running():
        await session.server.until("identified", 1)
        await session.server.say("How do I reset it?")
        await session.until("accept", "answer", "unsent")
        event = session.desk.message
        assert await session.connector.find_post(event.address, session.desk.metadata_id(event)) is not None
        await session.connector.reply(event, ANSWER)
    assert len(session.server.posts) == 1
    assert session.server.requests.count(("POST", POSTING)) == 2


async def test_an_answer_of_discord_that_cannot_be_read_leaves_the_question_to_the_sweeper(
    session: Session,
) -> None:
    """Whatever goes wrong, no question stays open until the next start."""
    session.server.faults.append(Fault("POST", POSTING, 200, {"id": "strange"}))
    async with session.running():
        await session.server.until("identified", 1)
        await session.server.say("How do I reset it?")
        await session.until("accept", "answer", "unsent")


@pytest.mark.parametrize("status", [429, 502])
async def test_limits_and_trouble_are_waited_out(session: Session, status: int) -> None:
    """The post goes out, once."""
    session.server.faults.append(
        Fault(
            "POST",
            POSTING,
            status,
            {"message": "You are being rate limited.", "retry_after": 0.2, "global": False},
            {"Retry-After": "1", "Via": "1.1 test"},
        )
    )
    async with session.running():
        await session.server.until("identified", 1)
        await session.server.say("How do I reset it?")
        await session.until("accept", "answer", "sent")
    assert len(session.server.posts) == 1


async def test_what_was_said_while_it_reconnected_is_answered_once(session: Session) -> None:
    """A resumed session gets it from Discord."""
    async with session.running():
        await session.server.until("identified", 1)
        await session.server.say("one")
        await session.until("accept", "answer", "sent")
        await session.server.ask_to_reconnect()
        await session.server.say("two")
        await session.server.until("resumed", 1)
        await session.server.until("posts", 2)
        await session.until("accept", "answer", "sent", "accept", "answer", "sent")
    assert len(session.server.posts) == 2


async def test_what_was_said_in_a_lost_session_is_fetched_and_answered_once(session: Session) -> None:
    """After an invalid session nothing is delivered again: the last minutes are read instead."""
    async with session.running():
        await session.server.until("identified", 1)
        await session.server.say("one")
        await session.until("accept", "answer", "sent")
        await session.server.ask_to_reconnect(forget=True)
        await session.server.say("two")
        await session.server.until("identified", 2)
        await session.server.until("posts", 2)
        await session.until("accept", "answer", "sent", "accept", "answer", "sent")
    assert [event.text for event in session.desk.events if hasattr(event, "text")] == ["one", "two"]
    assert len(session.server.posts) == 2


async def test_a_bucket_is_not_overrun(session: Session) -> None:
    """Discord tells how many posts it takes, and is not asked for more; all replies go out."""
    session.server.rate_limit = 2
    async with session.running():
        await session.server.until("identified", 1)
        for number in range(6):
            await session.server.say(f"question {number}")
        await session.server.until("posts", 6)
        await session.until("sent")
    assert len({post["id"] for post in session.server.posts}) == 6
    assert session.server.overrun <= 1


async def test_it_runs_in_as_many_shards_as_discord_recommends(session: Session) -> None:
    """Each logs in for itself, and the one that has the server answers."""
    session.server.shards = 2
    async with session.running():
        await session.server.until("identified", 2)
        await session.server.until("ready", 2)
        await session.server.say("How do I reset it?")
        await session.until("accept", "answer", "sent")
    assert sorted(data["shard"] for data in session.server.identified) == [[0, 2], [1, 2]]


async def test_a_connection_that_breaks_is_resumed(session: Session) -> None:
    """What was said meanwhile is answered once."""
    async with session.running():
        await session.server.until("identified", 1)
        await session.server.say("one")
        await session.until("accept", "answer", "sent")
        await session.server.break_connection()
        await session.server.say("two")
        await session.server.until("resumed", 1)
        await session.server.until("posts", 2)
    assert len(session.server.posts) == 2


async def test_a_command_that_two_processes_hear_is_answered_once(session: Session) -> None:
    """Who took it defers it, if it takes a moment too; the other does not say that the bot does not answer here."""
    session.desk.after_accept = lambda: asyncio.sleep(0.2)
    async with session.running(), session.running(session.another()):
        await session.server.until("identified", 2)
        token = await session.server.interact(ASK)
        await session.until("accept", "answer", "sent")
        await session.server.until("refused_callbacks", 1)
    assert session.desk.steps == ["accept", "answer", "sent"]
    assert [callback["type"] for callback in session.server.callbacks] == [5]
    assert session.server.responses[token]["content"] == "Press **Forgot password**."


async def test_a_command_that_another_process_deferred_is_answered_there(session: Session) -> None:
    """While the database is slow both defer it; the second, which is refused, then takes it."""
    calls = 0

    async def slow() -> None:
        nonlocal calls
        calls += 1
        is_first = calls == 1
        await session.server.until("refused_callbacks", 1)
        await asyncio.sleep(0.1 if is_first else 0)

    session.desk.before_accept = slow
    async with session.running(), session.running(session.another()):
        await session.server.until("identified", 2)
        token = await session.server.interact(ASK)
        await session.until("accept", "answer", "sent")
        await asyncio.sleep(0.3)
    assert session.desk.steps == ["accept", "answer", "sent"]
    assert session.server.posts == []
    assert session.server.responses[token]["content"] == "Press **Forgot password**."


async def test_a_command_is_deferred_while_the_database_is_slow(session: Session) -> None:
    """Discord waits three seconds; the answer comes when it can."""
    session.desk.before_accept = lambda: session.server.until("callbacks", 1)
    async with session.running():
        await session.server.until("identified", 1)
        token = await session.server.interact(ASK)
        await session.until("accept", "answer", "sent")
    assert session.server.responses[token]["content"] == "Press **Forgot password**."


async def test_a_thread_is_read_from_the_message_that_it_was_made_of(session: Session) -> None:
    """It stands in the channel above, and comes along with the thread's first message."""
    async with session.running():
        await session.server.until("identified", 1)
        await session.server.say_in_thread("How do I reset it?", "And on a phone?")
        await session.until("accept", "answer", "sent")
    assert session.desk.message.address.thread is not None
    assert session.desk.message.earlier == (Said("asker", "How do I reset it?"),)
