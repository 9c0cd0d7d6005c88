"""The asker and a model that completes follow-ups: when it is asked, and what is searched for when it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.access import Access
from bot.asking import Asker
from bot.conversation import Conversation, Turn
from config.settings import AccessSettings
from knowledge.answering.llm.rewriter import Rewritten
from tests.bot.conftest import message
from tests.knowledge.valkey_server import RealValkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bot.personas import Personas
    from tests.bot.conftest import ScriptedHelpdesk

PUBLIC = frozenset({"public"})
FIRST = "how do i get on the vpn with my macbook?"
BY_RULE = "how do i get on the vpn on android?"


class Says:
    """Gives one question to all, or none."""

    def __init__(self, question: str | None) -> None:
        self.question = question
        self.asked: list[tuple[str, list[str]]] = []

    async def rewrite(self, message: str, earlier: Sequence[str]) -> Rewritten:
        """Keep what it was asked."""
        self.asked.append((message, list(earlier)))
        return Rewritten(self.question, {"outcome": "used" if self.question else "slow"})


@pytest.fixture
async def conversation() -> AsyncIterator[Conversation]:
    """A thread memory with one question in it."""
    with RealValkey() as server:
        client = server.client()
        held = Conversation(client)
        await held.add(message(thread="t1", message_id="0"), PUBLIC, Turn(FIRST, FIRST))
        yield held
        await client.aclose()


@pytest.mark.parametrize(
    ("said", "searched"), [("VPN on an Android phone", "VPN on an Android phone"), (None, BY_RULE)]
)
async def test_the_model_completes_a_follow_up_and_the_rules_where_it_fails(
    conversation: Conversation,
    helpdesk: ScriptedHelpdesk,
    personas: Personas,
    said: str | None,
    searched: str,
) -> None:
    """What was searched is remembered, and the trace tells what became of asking the model."""
    model = Says(said)
    asker = Asker(helpdesk, Access(AccessSettings()), personas, conversation, model)
    event = message("and on android?", thread="t1", message_id="1")
    found = await asker.ask(event, PUBLIC)
    assert model.asked == [("and on android?", [FIRST])]
    assert found.searched == searched
    assert helpdesk.asked[-1]["text"] == searched
    assert found.answer.trace["rewriting"] == {"outcome": "used" if said else "slow"}
    assert [turn.searched for turn in await conversation.turns(event, PUBLIC)] == [FIRST, searched]


@pytest.mark.parametrize(
    ("text", "thread"),
    [
        ("and on android?", "t2"),
        ("thanks!", "t1"),
        ("one\ntwo", "t1"),
        ("what about this: " + "x" * 300, "t1"),
    ],
)
async def test_the_model_is_not_asked_without_need(
    conversation: Conversation, helpdesk: ScriptedHelpdesk, personas: Personas, text: str, thread: str
) -> None:
    """Not without a thread, for thanks, or for a message that is a whole story."""
    model = Says("never")
    asker = Asker(helpdesk, Access(AccessSettings()), personas, conversation, model)
    await asker.ask(message(text, thread=thread, message_id="1"), PUBLIC)
    assert model.asked == []
