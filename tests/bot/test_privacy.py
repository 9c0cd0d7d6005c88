"""Whoever asks to be forgotten is forgotten."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.tables import inbox, proposals, questions, ratings
from connectors.base import Command
from knowledge.answer_cache import AnswerCache
from knowledge.cache_entry import CachedAnswer
from knowledge.models import CorpusVersion
from tests.bot.people_desk import ADMIN, CHANNEL, COLLEAGUE, MEMBER, PeopleDesk, said, told

if TYPE_CHECKING:
    from sqlalchemy import Table

THREAD = replace(CHANNEL, thread="1.0")
SECRET = "How do I get vpn access for my divorce lawyer?"


async def everything(desk: PeopleDesk, *tables: Table) -> str:
    """All that stands in the tables, and in Redis."""
    async with (await desk.app.database()).read() as connection:
        rows = [(await connection.execute(select(table))).all() for table in tables]
    redis = await desk.app.redis()
    assert redis is not None
    kept = [await redis.dump(key) for key in await redis.keys("*thread*")]
    return repr(rows) + repr(kept)


async def test_nothing_of_a_person_is_left(desk: PeopleDesk) -> None:
    """Questions, comments, memory, cached wordings, events and drafts; others' stay, and so do the counts."""
    await desk.put("VPN access", "Open the app.")
    cache = AnswerCache(await desk.app.redis(), desk.app.settings.cache, desk.clock)
    helpdesk = await desk.app.helpdesk()
    for sender in (MEMBER, COLLEAGUE):
        text = SECRET if sender is MEMBER else "How does a colleague get vpn access?"
        answer = await desk.say(text, sender, address=THREAD)
        assert answer is not None
        await desk.do(
            "not_helpful", answer.reference, sender, fields={"reason": "wrong", "comment": f"{text}!"}
        )
        made = await helpdesk.answer(text, audience=frozenset({"public"}), persona=desk.app.personas.default)
        assert await cache.store(made.trace["cache_key"], CachedAnswer(made, "f", CorpusVersion("g", 1)))
    await desk.do("channel", "shadow", ADMIN, address=replace(CHANNEL, channel="C2"))
    await desk.say(SECRET, address=replace(CHANNEL, channel="C2"))
    assert await desk.delivery.accept(said(SECRET))
    assert SECRET in await everything(desk, questions, ratings, inbox, proposals)

    reply = await desk.do("forget_me")
    for line in ("question texts: 2", "in threads: 1", "comments on answers: 1", "drafts: 1"):
        assert line in reply.text
    for line in ("cached wordings: 1", "still to be answered: 1", "tickets", "messages that stand"):
        assert line in reply.text
    left = await everything(desk, questions, ratings, inbox, proposals)
    assert SECRET not in left
    assert "colleague" in left
    assert await cache.size() == 1
    assert (await (await desk.app.questions()).counts(desk.clock.now.replace(hour=0)))[0] == 3


async def test_it_is_asked_for_in_words_too(desk: PeopleDesk) -> None:
    """`forget me` in a message, as a slash command of two words, and with the button's name; nobody else is meant."""
    await desk.say(SECRET)
    for event in (said("Forget me!"), told("forget", "me"), told("forget-me"), told("forget_me")):
        reply = await desk.delivery.handle(event)
        assert reply is not None
        assert "I have forgotten" in reply.text
        assert reply.private
    reply = await desk.say("forget me not, what do they need?")
    assert reply is not None
    assert "I have forgotten" not in reply.text


async def test_an_unknown_person_has_nothing_to_be_forgotten(desk: PeopleDesk) -> None:
    """Zeros, and what is kept elsewhere."""
    reply = await desk.do("forget_me", sender=COLLEAGUE)
    assert "question texts: 0" in reply.text


async def test_the_question_is_not_answered_after_that(desk: PeopleDesk) -> None:
    """A message that was accepted before gets no reply; the command itself does."""
    event = said(SECRET)
    assert await desk.delivery.accept(event)
    assert isinstance(told("forget_me"), Command)
    await desk.do("forget_me")
    assert await desk.delivery.answer(event) is None


async def test_it_shows_nowhere_any_more(desk: PeopleDesk) -> None:
    """Neither on their own page nor in `why`."""
    await desk.put("VPN access", "Open the app.")
    await desk.say(SECRET)
    assert "divorce" in (await desk.delivery.home(CHANNEL, MEMBER)).text
    assert "divorce" in (await desk.do("why")).text
    await desk.do("forget_me")
    assert "divorce" not in (await desk.delivery.home(CHANNEL, MEMBER)).text
    assert "divorce" not in (await desk.do("why")).text
