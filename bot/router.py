"""The router: an incoming event becomes a reply, exactly one, whatever fails."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol

import structlog

from bot import replies
from bot.access import CONSOLE, WEB
from bot.asking import Answering, Asker
from bot.counts import BUSY, OVER_LIMIT, Counts
from bot.limits import Allowed
from bot.spoken import as_command, joined
from bot.turns import Busy
from connectors.base import Command, Event, IncomingMessage, Reply
from knowledge.models import Answer, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime, timedelta

    from bot.access import Access
    from bot.asking import Answered, Rewriting
    from bot.conversation import Conversation
    from bot.limits import Limits
    from bot.personas import Personas
    from bot.questions import Questions
    from bot.turns import Turns
    from config.persona import Persona
    from connectors.base import Address, Live
    from connectors.forms import Form

COMMAND_SECONDS = 900.0
"""A command may sync a helpdesk; the platforms let a late reply in for 15 minutes."""
FORM_SECONDS = 2.0
"""A platform lets a form in for three."""


class CommandRunner(Protocol):
    """What the router needs of the command table."""

    async def run(self, command: Command, audience: frozenset[str] | None, live: Live | None = None) -> Reply:
        """Do the command if its sender may."""
        ...

    async def form(self, command: Command, audience: frozenset[str] | None) -> Form | None:
        """Give what is to be filled in before."""
        ...

    def counts(self, command: Command) -> bool:
        """Whether the command costs its sender as much as a question does."""
        ...


class Drafting(Protocol):
    """What the router needs where people look at answers before they go out."""

    def covers(self, event: IncomingMessage) -> bool:
        """Whether the answer to this message is a draft."""
        ...

    def audience(self, event: IncomingMessage, audience: frozenset[str] | None) -> frozenset[str] | None:
        """Give the labels that the readers of the draft hold as well."""
        ...

    async def offer(self, event: IncomingMessage, answered: Answered, persona: Persona) -> Reply | None:
        """Lay the draft before those people; give what whoever asked is told now."""
        ...


class Router:
    """Answers events; the last-resort catch of the whole bot is here."""

    def __init__(
        self,
        *,
        helpdesk: Answering,
        commands: CommandRunner,
        access: Access,
        personas: Personas,
        questions: Questions,
        clock: Callable[[], datetime],
        timeout_seconds: float,
        command_seconds: float = COMMAND_SECONDS,
        conversation: Conversation | None = None,
        rewriter: Rewriting | None = None,
        limits: Limits | None = None,
        turns: Turns | None = None,
        shadow: Drafting | None = None,
        gives_way: Callable[[Address], Awaitable[bool]] | None = None,
        offers_human: bool = True,
        old: timedelta | None = None,
        counts: Counts | None = None,
    ) -> None:
        """`gives_way` tells where a person has taken over, so that the bot does commands only.

        Without `offers_human` nobody is shown a button for a human: there is none to pass questions on to.
        Articles that were not updated for longer than `old` are marked under answers.
        """
        self._asker = Asker(helpdesk, access, personas, conversation, rewriter)
        self._commands = commands
        self._access = access
        self._personas = personas
        self._questions = questions
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._command_seconds = command_seconds
        self._limits = limits
        self._turns = turns
        self._shadow = shadow
        self._gives_way = gives_way
        self._offers_human = offers_human
        self._old = old
        self._counts = counts or Counts()
        self._log = structlog.get_logger()

    def concerns(self, event: Event) -> bool:
        """Whether the bot may speak to this event at all.

        It is addressed, or its channel has mode `auto` or `shadow`; where the bot is muted it hears commands only.
        """
        if isinstance(event, Command):
            return True
        channel = self._access.channel(event.address)
        mode = "mention" if channel is None else channel.mode
        if mode == "off":
            return False
        if self._access.is_muted(event.address, self._clock()):
            return isinstance(as_command(event, self._access), Command)
        tops = event.starts_thread or event.address.thread is None
        unasked = mode == "auto" or (mode == "shadow" and self._shadow is not None)
        return event.addressed or (unasked and tops)

    async def handle(self, event: Event, live: Live | None = None) -> Reply | None:
        """Answer the event; None when it does not concern the bot. Never raises for what it says or needs.

        `live` shows the reply while it is made, where it is sure that there will be one.
        """
        reply = await self._handle(event, live)
        if reply is None or self._offers_human:
            return reply
        return replies.without_human(reply)

    async def _handle(self, event: Event, live: Live | None) -> Reply | None:
        if not self.concerns(event):
            return None
        event = as_command(event, self._access)
        if isinstance(event, IncomingMessage) and event.files and not event.text.strip():
            return replies.no_files(self._persona(event)) if event.addressed else None
        limit = self._command_seconds if isinstance(event, Command) else self._timeout_seconds
        try:
            async with self._turn(event, live), asyncio.timeout(limit):
                return await self._reply(event, live)
        except Busy:
            self._log.warning("too_busy", platform=event.address.platform)
            self._counts.unanswered(event.address.platform, BUSY)
            return replies.busy(self._persona(event)) if _addressed(event) else None
        except TimeoutError:
            reference = secrets.token_hex(4)
            self._log.exception("reply_timed_out", reference=reference, seconds=limit)
        except Exception:  # noqa: BLE001 - the last resort: who asked gets an apology, the log the rest
            reference = secrets.token_hex(4)
            self._log.exception("reply_failed", reference=reference, platform=event.address.platform)
        return self._apologise(event, reference)

    def _turn(self, event: Event, live: Live | None) -> AbstractAsyncContextManager[None]:
        """Wait until it is this question's turn. Commands are few and cheap, or long: they wait for nobody.

        Where others read, no word is said of the wait: it would go to the asker alone, and the answer after it.
        """
        if self._turns is None or isinstance(event, Command):
            return nullcontext()
        place = event.address
        return self._turns.take(
            (place.platform, place.workspace, place.channel),
            live if event.addressed and event.direct else None,
        )

    def apology(self, event: Event, reference: str) -> Reply:
        """Say in the place's persona that something failed."""
        return replies.apology(self._persona(event), reference)

    async def form(self, command: Command) -> Form | None:
        """Give what is to be filled in before the command is done; None, too, when that cannot be told in time."""
        try:
            async with asyncio.timeout(FORM_SECONDS):
                command = joined(command)
                return await self._commands.form(command, self._access.audience(command))
        except Exception:  # noqa: BLE001 - without its form the command is done as it is, and says what it lacks
            self._log.warning("form_failed", command=command.name, exc_info=True)
            return None

    async def forget(self, address: Address, message_id: str) -> None:
        """Forget a message that was deleted."""
        await self._asker.conversation.forget_message(address, message_id)

    async def _reply(self, event: Event, live: Live | None) -> Reply | None:
        if isinstance(event, IncomingMessage) and self._gives_way and await self._gives_way(event.address):
            return None  # a person has taken over here
        allowed = await self._allowed(event)
        if allowed is not Allowed.YES:
            return self._refused(event, allowed)
        audience = self._access.audience(event)
        if isinstance(event, Command):
            return await self._commands.run(event, audience, live)
        if self._shadow is not None and self._shadow.covers(event):
            return await self._drafted(event, audience, self._shadow)
        answered = await self._asker.ask(event, audience, live)
        self._note(event, answered)
        if not event.addressed and answered.answer.verdict is not Verdict.ANSWERED:
            return None  # nobody asked the bot: it speaks only when the articles answer
        return replies.from_answer(
            answered.answer,
            answered.persona,
            self._clock(),
            share=event.asked_in is not None,
            wish=event.address.platform not in {CONSOLE, WEB},
            old=self._old,
        )

    async def _drafted(
        self, event: IncomingMessage, audience: frozenset[str] | None, shadow: Drafting
    ) -> Reply | None:
        answered = await self._asker.ask(event, shadow.audience(event, audience))
        self._note(event, answered)
        return await shadow.offer(event, answered, answered.persona)

    def _note(self, event: IncomingMessage, answered: Answered) -> None:
        answer = answered.answer
        if not (event.addressed or answer.verdict is Verdict.ANSWERED or "?" in event.text):
            return  # talk among people: nothing of it is kept
        self._counts.answered(event.address.platform, answer)
        self._record(event, answer, answered.audience)
        self._log.info(
            "question_answered",
            verdict=answer.verdict.value,
            cache=answer.cache.value,
            answer_id=answer.id,
            milliseconds=answer.timings_ms.get("total"),
        )

    async def _allowed(self, event: Event) -> Allowed:
        if self._limits is None or event.address.platform == CONSOLE:
            return Allowed.YES
        if self._access.is_admin(event.address, event.sender):
            return Allowed.YES
        if isinstance(event, Command) and not self._commands.counts(event):
            return Allowed.YES
        return await self._limits.take(event.address, event.sender)

    def _refused(self, event: Event, allowed: Allowed) -> Reply | None:
        self._log.info("over_limit", platform=event.address.platform, told=allowed is Allowed.TOLD)
        if isinstance(event, IncomingMessage):
            self._counts.unanswered(event.address.platform, OVER_LIMIT)
        if allowed is Allowed.TOLD and _addressed(event):
            return replies.too_many(self._persona(event))
        return None

    def _apologise(self, event: Event, reference: str) -> Reply | None:
        if isinstance(event, IncomingMessage):
            persona = self._persona(event)
            failed = Answer(reference, event.text, persona.apology, Verdict.ERROR, 0.0, persona=persona.name)
            self._counts.answered(event.address.platform, failed)
            self._record(event, failed, self._access.audience(event))
        return self.apology(event, reference) if _addressed(event) else None

    def _record(self, event: Event, answer: Answer, audience: frozenset[str] | None) -> None:
        """Keep the question: it is committed together with the note that its reply is about to be posted."""

        def failed(error: BaseException) -> None:
            self._log.warning("question_not_recorded", answer_id=answer.id, exc_info=error)

        try:
            self._questions.note(event, answer, audience, failed)
        except Exception as error:  # noqa: BLE001 - a record that fails must not cost the reply
            failed(error)

    def _persona(self, event: Event) -> Persona:
        said = (event.text,) if isinstance(event, IncomingMessage) else ()
        return self._personas.of(event.address, self._access.channel(event.address), said)


def _addressed(event: Event) -> bool:
    return isinstance(event, Command) or event.addressed
