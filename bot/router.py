"""The router: an incoming event becomes a reply, exactly one, whatever fails."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import structlog

from bot import replies
from bot.conversation import Conversation, Turn
from bot.follow_ups import standalone
from bot.helpdesk import below_threshold
from bot.spoken import as_command
from connectors.base import Command, Event, IncomingMessage, Reply
from knowledge.models import Answer, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.access import Access
    from bot.personas import Personas
    from bot.questions import Questions
    from config.persona import Persona
    from connectors.base import Live

COMMAND_SECONDS = 900.0
"""A command may sync a helpdesk; the platforms let a late reply in for 15 minutes."""
RECORD_SECONDS = 6.0
_REMEMBERED = frozenset({Verdict.ANSWERED, Verdict.UNSURE, Verdict.UNANSWERED})


class Answering(Protocol):
    """What the router needs of the helpdesk."""

    async def answer(
        self,
        text: str,
        *,
        audience: frozenset[str] | None,
        persona: Persona,
        sources: frozenset[str] | None = None,
        on_text: Callable[[str], Awaitable[None]] | None = None,
    ) -> Answer:
        """Answer a standalone question; what is certain of the answer goes to `on_text` piece by piece."""
        ...


class CommandRunner(Protocol):
    """What the router needs of the command table."""

    async def run(self, command: Command, audience: frozenset[str] | None, live: Live | None = None) -> Reply:
        """Do the command if its sender may."""
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
    ) -> None:
        self._helpdesk = helpdesk
        self._commands = commands
        self._access = access
        self._personas = personas
        self._questions = questions
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._command_seconds = command_seconds
        self._conversation = conversation or Conversation(None)
        self._log = structlog.get_logger()

    def concerns(self, event: Event) -> bool:
        """Whether the bot may speak to this event at all: it is addressed, or its channel has mode `auto`."""
        if isinstance(event, Command):
            return True
        channel = self._access.channel(event.address)
        mode = "mention" if channel is None else channel.mode
        if mode == "off":
            return False
        tops = event.starts_thread or event.address.thread is None
        return event.addressed or (mode == "auto" and tops)

    async def handle(self, event: Event, live: Live | None = None) -> Reply | None:
        """Answer the event; None when it does not concern the bot. Never raises for what it says or needs.

        `live` shows the reply while it is made, where it is sure that there will be one.
        """
        if not self.concerns(event):
            return None
        if isinstance(event, IncomingMessage) and event.files and not event.text.strip():
            return replies.FILES_NOT_READ if event.addressed else None
        event = as_command(event, self._access)
        reference = secrets.token_hex(4)
        limit = self._command_seconds if isinstance(event, Command) else self._timeout_seconds
        try:
            async with asyncio.timeout(limit):
                outcome = await self._outcome(event, live)
            return outcome if isinstance(outcome, Reply) else await self._reply(event, outcome)
        except TimeoutError:
            self._log.exception("reply_timed_out", reference=reference, seconds=limit)
        except Exception:  # noqa: BLE001 - the last resort: who asked gets an apology, the log the rest
            self._log.exception("reply_failed", reference=reference, platform=event.address.platform)
        return await self._apologise(event, reference)

    def apology(self, event: Event, reference: str) -> Reply:
        """Say in the place's persona that something failed."""
        return replies.apology(self._persona(event), reference)

    async def _outcome(self, event: Event, live: Live | None) -> Reply | Answer:
        audience = self._access.audience(event)
        if isinstance(event, Command):
            return await self._commands.run(event, audience, live)
        channel = self._access.channel(event.address)
        persona = self._persona(event)
        turns = await self._conversation.turns(event, audience)
        searched = standalone(event.text, [turn.searched for turn in turns])
        threshold = channel.min_confidence if channel else None
        said = live.say if live is not None and event.addressed and threshold is None else None
        answer = await self._helpdesk.answer(
            searched,
            audience=audience,
            persona=persona,
            sources=channel.sources if channel else None,
            on_text=said,
        )
        if answer.verdict in _REMEMBERED and (event.addressed or answer.verdict is Verdict.ANSWERED):
            await self._conversation.add(event, audience, Turn(event.text.strip(), searched))
        if searched != event.text.strip():
            answer = replace(answer, question=event.text, trace={"searched": searched, **answer.trace})
        return below_threshold(answer, persona, threshold)

    async def _reply(self, event: Event, answer: Answer) -> Reply | None:
        await self._record(event, answer)
        self._log.info(
            "question_answered",
            verdict=answer.verdict.value,
            cache=answer.cache.value,
            answer_id=answer.id,
            milliseconds=answer.timings_ms.get("total"),
        )
        if not _addressed(event) and answer.verdict is not Verdict.ANSWERED:
            return None  # nobody asked the bot: it speaks only when the articles answer
        return replies.from_answer(answer, self._persona(event), self._clock())

    async def _apologise(self, event: Event, reference: str) -> Reply | None:
        if isinstance(event, IncomingMessage):
            persona = self._persona(event)
            failed = Answer(reference, event.text, persona.apology, Verdict.ERROR, 0.0, persona=persona.name)
            await self._record(event, failed)
        return self.apology(event, reference) if _addressed(event) else None

    async def _record(self, event: Event, answer: Answer) -> None:
        try:
            async with asyncio.timeout(RECORD_SECONDS):
                await self._questions.record(
                    event.address, event.sender, answer, self._access.audience(event)
                )
        except Exception:  # noqa: BLE001 - a record that fails must not cost the reply
            self._log.warning("question_not_recorded", answer_id=answer.id, exc_info=True)

    def _persona(self, event: Event) -> Persona:
        return self._personas.of(event.address, self._access.channel(event.address))


def _addressed(event: Event) -> bool:
    return isinstance(event, Command) or event.addressed
