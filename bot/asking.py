"""Asking: the way of a question that came in a chat, from the thread it stands in to an answer for its readers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from bot.conversation import Conversation, Turn
from bot.helpdesk import below_threshold
from bot.thread_context import searched_for
from knowledge.models import Answer, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.access import Access
    from bot.personas import Personas
    from config.persona import Persona
    from connectors.base import Address, IncomingMessage, Live

_REMEMBERED = frozenset({Verdict.ANSWERED, Verdict.UNSURE, Verdict.UNANSWERED})


class Answering(Protocol):
    """What is needed of the helpdesk."""

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


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer with whom it is for: `audience` are the labels that all its readers hold."""

    answer: Answer
    audience: frozenset[str] | None
    searched: str


class Asker:
    """Answers messages with what their readers may read."""

    def __init__(
        self,
        helpdesk: Answering,
        access: Access,
        personas: Personas,
        conversation: Conversation | None = None,
    ) -> None:
        self._helpdesk = helpdesk
        self._access = access
        self._personas = personas
        self.conversation = conversation or Conversation(None)

    async def ask(
        self, event: IncomingMessage, audience: frozenset[str] | None, live: Live | None = None
    ) -> Answered:
        """Answer a message for these readers, and remember its question in its thread."""
        channel = self._access.channel(event.address)
        turns = await self.conversation.turns(event, audience)
        meant, searched = searched_for(event.text, [turn.searched for turn in turns], event.earlier)
        threshold = channel.min_confidence if channel else None
        said = live.say if live is not None and event.addressed and threshold is None else None
        persona = self._personas.of(event.address, channel)
        answer = await self._helpdesk.answer(
            searched,
            audience=audience,
            persona=persona,
            sources=channel.sources if channel else None,
            on_text=said,
        )
        if answer.verdict in _REMEMBERED and (event.addressed or answer.verdict is Verdict.ANSWERED):
            await self.conversation.add(event, audience, Turn(meant, searched))
        if searched != event.text.strip():
            answer = replace(answer, question=meant, trace={"searched": searched, **answer.trace})
        return Answered(below_threshold(answer, persona, threshold), audience, searched)

    async def ask_for(
        self, question: str, address: Address, audience: frozenset[str] | None
    ) -> tuple[Answer, Persona]:
        """Answer a standalone question as it would be answered in a place, for these readers."""
        channel = self._access.channel(address)
        persona = self._personas.of(address, channel)
        sources = channel.sources if channel else None
        answer = await self._helpdesk.answer(question, audience=audience, persona=persona, sources=sources)
        return below_threshold(answer, persona, channel.min_confidence if channel else None), persona
