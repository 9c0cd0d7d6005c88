"""The router: for whom, in whose voice, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from bot.access import Access
from bot.helpdesk import LONGEST_QUESTION, Helpdesk, below_threshold, without_articles
from bot.questions import Questions
from bot.router import Router
from bot.tables import questions
from config.persona import load_persona
from config.settings import AccessSettings, ChannelSettings
from connectors.base import SharedFile
from knowledge.models import Answer, Question, Verdict
from tests.bot.conftest import message

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.personas import Personas
    from config.persona import Persona
    from connectors.base import Command, Live, Reply
    from knowledge.database import Database
    from knowledge.models import OnText
    from tests.bot.conftest import Clock, ScriptedHelpdesk


class NoCommands:
    """These tests are about messages."""

    async def run(self, command: Command, audience: frozenset[str] | None, live: Live | None = None) -> Reply:
        """Refuse."""
        raise NotImplementedError

    async def form(self, command: Command, audience: frozenset[str] | None) -> None:
        """Refuse."""
        raise NotImplementedError

    def counts(self, command: Command) -> bool:
        """Refuse."""
        raise NotImplementedError


@pytest.fixture
def make_router(
    helpdesk: ScriptedHelpdesk, personas: Personas, database: Database, clock: Clock
) -> Callable[..., Router]:
    """Make a router with the channels given."""

    def make(*channels: ChannelSettings) -> Router:
        return Router(
            helpdesk=helpdesk,
            commands=NoCommands(),
            access=Access(AccessSettings(), channels),
            personas=personas,
            questions=Questions(database, clock),
            clock=clock,
            timeout_seconds=5,
        )

    return make


async def test_a_channel_decides_audience_sources_and_persona(
    helpdesk: ScriptedHelpdesk, make_router: Callable[..., Router]
) -> None:
    """What `[[channels]]` says of a channel reaches the helpdesk."""
    channel = ChannelSettings(
        id="slack:T1/C1",
        audience=frozenset({"internal"}),
        persona="formal",
        sources=frozenset({"handbook"}),
    )
    await make_router(channel).handle(message())
    (asked,) = helpdesk.asked
    assert asked["audience"] == {"public", "internal"}
    assert asked["persona"] == load_persona("formal").name
    assert asked["sources"] == {"handbook"}


async def test_a_broken_persona_of_a_channel_costs_no_answer(
    helpdesk: ScriptedHelpdesk, make_router: Callable[..., Router], persona: Persona
) -> None:
    """The default persona speaks instead."""
    channel = ChannelSettings(id="slack:T1/C1", persona="nobody")
    assert await make_router(channel).handle(message()) is not None
    assert helpdesk.asked[0]["persona"] == persona.name


async def test_a_channel_may_ask_for_more_confidence(
    helpdesk: ScriptedHelpdesk, make_router: Callable[..., Router], persona: Persona
) -> None:
    """Below the channel's threshold the answer is not shown."""
    router = make_router(ChannelSettings(id="slack:T1/C1", min_confidence=0.95))
    reply = await router.handle(message())
    assert reply is not None
    assert reply.text.startswith(persona.no_answer)
    assert "The answer to" not in reply.text
    helpdesk.confidence = 0.96
    reply = await router.handle(message())
    assert reply is not None
    assert "The answer to" in reply.text


@pytest.mark.parametrize(
    "case",
    [
        ("mention", True, Verdict.UNANSWERED, True),
        ("mention", False, Verdict.ANSWERED, False),
        ("auto", False, Verdict.ANSWERED, True),
        ("auto", False, Verdict.UNSURE, False),
        ("auto", False, Verdict.UNANSWERED, False),
        ("auto", False, Verdict.SMALLTALK, False),
        ("auto", True, Verdict.UNANSWERED, True),
        ("off", True, Verdict.ANSWERED, False),
        ("shadow", False, Verdict.ANSWERED, False),
    ],
)
async def test_when_the_bot_speaks(
    helpdesk: ScriptedHelpdesk, make_router: Callable[..., Router], case: tuple[str, bool, Verdict, bool]
) -> None:
    """Addressed: always, unless off. Not addressed: only in `auto`, and only if the articles answer."""
    mode, addressed, helpdesk.verdict, speaks = case
    channel = ChannelSettings.model_validate({"id": "slack:T1/C1", "mode": mode})
    reply = await make_router(channel).handle(message(addressed=addressed))
    assert (reply is not None) == speaks


async def test_a_failure_nobody_asked_for_stays_silent(
    helpdesk: ScriptedHelpdesk, make_router: Callable[..., Router]
) -> None:
    """In `auto` an error is logged; the channel did not ask to hear of it."""

    async def fail() -> None:
        raise OSError

    helpdesk.act = fail
    router = make_router(ChannelSettings(id="slack:T1/C1", mode="auto"))
    assert await router.handle(message(addressed=False)) is None
    assert await router.handle(message(addressed=True)) is not None


@pytest.mark.parametrize("offers", [True, False])
async def test_a_human_is_offered_where_there_is_one(
    helpdesk: ScriptedHelpdesk, personas: Personas, database: Database, clock: Clock, *, offers: bool
) -> None:
    """Without a helpdesk behind the bot no button promises one; the others stay."""
    router = Router(
        helpdesk=helpdesk,
        commands=NoCommands(),
        access=Access(AccessSettings()),
        personas=personas,
        questions=Questions(database, clock),
        clock=clock,
        timeout_seconds=5,
        offers_human=offers,
    )
    reply = await router.handle(message())
    assert reply is not None
    names = [action.name for action in reply.actions]
    assert ("human" in names) is offers
    assert "helpful" in names


async def test_talk_among_people_is_not_kept(
    helpdesk: ScriptedHelpdesk, make_router: Callable[..., Router], database: Database
) -> None:
    """Where the bot listens, it keeps what it answered and what was asked; what people say beside it is theirs."""
    helpdesk.verdict = Verdict.UNANSWERED
    router = make_router(ChannelSettings(id="slack:T1/C1", mode="auto"))
    for text in ("Lunch was great, thanks Ben.", "Where can I park?"):
        assert await router.handle(message(text, addressed=False)) is None
    helpdesk.verdict = Verdict.ANSWERED
    assert await router.handle(message("my printer is on fire", addressed=False)) is not None
    async with database.read() as connection:
        kept = (await connection.execute(select(questions.c.text).order_by(questions.c.id))).scalars().all()
    assert kept == ["Where can I park?", "my printer is on fire"]


async def test_each_question_is_recorded(
    helpdesk: ScriptedHelpdesk, make_router: Callable[..., Router], database: Database
) -> None:
    """Who asked what where, and what became of it; errors are recorded under the reference that was shown."""
    router = make_router()
    await router.handle(message("first"))

    async def fail() -> None:
        raise OSError

    helpdesk.act = fail
    shown = await router.handle(message("second"))
    assert shown is not None
    async with database.read() as connection:
        rows = (await connection.execute(select(questions).order_by(questions.c.id))).all()
    assert [(row.text, row.verdict, row.person, row.channel) for row in rows] == [
        ("first", "answered", "slack:T1/U1", "C1"),
        ("second", "error", "slack:T1/U1", "C1"),
    ]
    assert [row.answer_id for row in rows] == ["answer1", shown.reference]


class NoArticles:
    """Would look into the articles."""

    async def answer(
        self,
        question: Question,
        persona: Persona,  # noqa: ARG002
        *,
        use_cache: bool = True,  # noqa: ARG002
        on_text: OnText | None = None,  # noqa: ARG002
    ) -> Answer:
        """Answer from the articles."""
        return Answer("a", question.text, "From the articles.", Verdict.ANSWERED, 0.9)


@pytest.mark.parametrize("text", ["", "   ", "🦊🦊", "?!", "hi", "Hello there!", "\x00"])
async def test_what_is_no_question_gets_the_greeting(persona: Persona, text: str) -> None:
    """Nothing at all, emoji only and greetings need no articles."""
    answer = await Helpdesk(NoArticles()).answer(text, audience=None, persona=persona)
    assert answer.verdict is Verdict.SMALLTALK
    assert answer.text == persona.greeting


async def test_far_too_long_a_question_gets_a_sane_reply(persona: Persona) -> None:
    """50,000 characters: the reply says how many are the most."""
    answer = await Helpdesk(NoArticles()).answer("why? " * 10_000, audience=None, persona=persona)
    assert answer.verdict is Verdict.UNANSWERED
    assert f"{LONGEST_QUESTION:,}" in answer.text
    assert len(answer.question) <= LONGEST_QUESTION


@pytest.mark.parametrize(
    "text", ["hi, how do I reset it?", "パスワード", "7", "x" * LONGEST_QUESTION, "\ud800 key?"]
)
async def test_everything_else_is_for_the_articles(persona: Persona, text: str) -> None:
    """A question that begins with a greeting, one of another script, a number: all are looked up."""
    answer = await Helpdesk(NoArticles()).answer(text, audience=None, persona=persona)
    assert answer.text == "From the articles."
    assert answer.timings_ms["total"] >= 0


def test_thanks_are_returned(persona: Persona) -> None:
    """Thanks get a word back."""
    answer = without_articles("thanks!", persona)
    assert answer is not None
    assert "welcome" in answer.text


async def test_what_cannot_be_read_is_said(
    helpdesk: ScriptedHelpdesk, make_router: Callable[..., Router]
) -> None:
    """A picture without words is answered without the helpdesk, and in silence where nobody asked the bot."""
    router = make_router(ChannelSettings(id="slack:T1/C1", mode="auto"))
    reply = await router.handle(replace(message(""), files=(SharedFile("screen.png", 9),)))
    assert reply is not None
    assert "cannot read pictures" in reply.text
    assert (
        await router.handle(replace(message("", addressed=False), files=(SharedFile("screen.png", 9),)))
        is None
    )
    assert helpdesk.asked == []


async def test_auto_mode_answers_what_opens_a_thread(make_router: Callable[..., Router]) -> None:
    """A message at the top of a channel is for the bot there, though its reply goes into a thread."""
    router = make_router(ChannelSettings(id="slack:T1/C1", mode="auto"))
    top = message(addressed=False, thread="1.0")
    assert router.concerns(replace(top, starts_thread=True))
    assert not router.concerns(top)


def test_a_channel_that_asks_for_more_certainty_is_told_what_is_missing(persona: Persona) -> None:
    """The refusal names it there too, and nothing else of the question."""
    trace = {"missing": {"thing": "Fax", "anywhere": True}}
    unsure = Answer("a", "by fax?", "Perhaps this.", Verdict.UNSURE, 0.4, trace=trace)
    refused = below_threshold(unsure, persona, 0.6)
    assert (refused.verdict, refused.text) == (
        Verdict.UNANSWERED,
        "I found nothing about Fax in our articles.",
    )
