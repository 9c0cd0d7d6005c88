"""The parts of the bot that people meet: what their buttons do, drafts, places and what is forgotten."""

# ruff: noqa: PLC0415 - a part is imported when it is built, as in bot/app.py
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.app import App
    from bot.asking import Asker
    from bot.commands.call import CommandGroup
    from bot.privacy import Privacy
    from bot.shadow import Shadow
    from bot.warming import Warming
    from bot.wishes import Wish, WishWatch


async def build_asker(app: App) -> Asker:
    """Give what answers questions that no message asks: shared answers, and drafts that are made anew."""
    from bot.asking import Asker

    return Asker(await app.helpdesk(), app.access, app.personas)


async def build_shadow(app: App) -> Shadow:
    """Give what keeps drafts."""
    from bot.shadow import Shadow

    return Shadow(
        access=app.access,
        asker=await build_asker(app),
        proposals=await app.proposals(),
        outbox=await app.outbox(),
        library=await app.library(),
        clock=app.clock,
        staff_channel=app.settings.desk.staff_channel,
        old=app.settings.answer.old,
    )


async def build_wish_watch(app: App) -> WishWatch:
    """Give what tells people that their question can be answered now."""
    from bot.wishes import WishWatch
    from knowledge.models import Question, Verdict

    index, evidence, helpdesk = await app.index(), await app.evidence(), await app.helpdesk()

    async def is_answered(wish: Wish) -> bool:
        found = await evidence.run(Question(wish.text, wish.audience))
        if found.verdict is not Verdict.ANSWERED:
            return False  # most end here, before an answer is written
        persona = app.personas.default
        answer = await helpdesk.answer(wish.text, audience=wish.audience, persona=persona)
        return answer.verdict is Verdict.ANSWERED

    return WishWatch(await app.wishes(), await app.outbox(), await app.leases(), index.version, is_answered)


async def build_warming(app: App) -> Warming:
    """Give what answers the most asked questions afresh before they are asked again."""
    from bot.warming import Warming

    evidence, index, llm = await app.evidence(), await app.index(), app.settings.llm

    async def may_spend() -> bool:
        """Whether the day's limits of the language model are less than half spent: the rest is for people."""
        if not llm.model or not (llm.daily_cost or llm.daily_tokens):
            return True
        cost, tokens = await (await app.llm_budget()).spent()
        within_cost = not llm.daily_cost or cost < llm.daily_cost / 2
        return within_cost and (not llm.daily_tokens or tokens < llm.daily_tokens / 2)

    return Warming(
        app.settings.cache,
        database=await app.database(),
        leases=await app.leases(),
        answers=await app.cached_answers(),
        access=app.access,
        personas=app.personas,
        version=index.version,
        ready=evidence.warm,
        may_spend=may_spend,
        clock=app.clock,
    )


async def people_commands(app: App) -> tuple[CommandGroup, ...]:
    """Give what does the commands of people and places."""
    from bot.commands.about import AboutCommands
    from bot.commands.answers import AnswerCommands
    from bot.commands.drafts import DraftCommands
    from bot.commands.feedback import FeedbackCommands
    from bot.commands.places import PlaceCommands
    from bot.commands.privacy import PrivacyCommands
    from bot.commands.voice import VoiceCommands
    from bot.commands.wishes import WishCommands
    from bot.given_answers import GivenAnswers

    questions, upkeep, places = await app.questions(), await app.upkeep(), await app.places()
    shadow = await app.shadow()
    given = GivenAnswers(questions, app.access)
    answers = AnswerCommands(
        questions=questions,
        given=given,
        library=await app.library(),
        asker=await build_asker(app),
        access=app.access,
        outbox=await app.outbox(),
        clock=app.clock,
        old=app.settings.answer.old,
    )
    return (
        AboutCommands(questions, upkeep, (await app.health()).states, app.clock, answers),
        answers,
        VoiceCommands(app.access, app.personas, places),
        FeedbackCommands(questions, await app.complaints()),
        PlaceCommands(
            access=app.access,
            places=places,
            personas=app.personas,
            upkeep=upkeep,
            shadow=shadow,
            clock=app.clock,
        ),
        DraftCommands(shadow),
        PrivacyCommands(await _privacy(app)),
        WishCommands(await app.wishes(), given),
    )


async def _privacy(app: App) -> Privacy:
    from bot.handoff.store import Handoffs
    from bot.privacy import Privacy

    return Privacy(
        database=await app.database(),
        conversation=await app.conversation(),
        cache=await app.answer_cache(),
        clock=app.clock,
        others={
            "objections to answers": await app.objections(),
            "wishes to be told": await app.wishes(),
            "questions passed on and done": Handoffs(await app.database(), app.clock),
        },
    )
