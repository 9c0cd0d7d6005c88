"""Asking: the way of a question that came in a chat, from the thread it stands in to an answer for its readers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from bot.conversation import Conversation, Turn
from bot.follow_ups import standalone
from bot.helpdesk import below_threshold
from bot.thread_context import in_thread
from knowledge.answering.smalltalk import is_smalltalk
from knowledge.models import Answer, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bot.access import Access
    from bot.personas import Personas
    from config.persona import Persona
    from connectors.base import Address, IncomingMessage, Live
    from knowledge.answering.llm.rewriter import Rewritten

_LONGEST_FOLLOW_UP = 300
"""Characters; whoever writes more asks a whole question, and no model is asked to complete it."""
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


class Rewriting(Protocol):
    """What may turn a follow-up into a standalone question: a language model."""

    async def rewrite(self, message: str, earlier: Sequence[str]) -> Rewritten:
        """Give the question, or none where it failed; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer with whom it is for: `audience` are the labels that all its readers hold; `persona` gave it."""

    answer: Answer
    audience: frozenset[str] | None
    searched: str
    persona: Persona


class Asker:
    """Answers messages with what their readers may read."""

    def __init__(
        self,
        helpdesk: Answering,
        access: Access,
        personas: Personas,
        conversation: Conversation | None = None,
        rewriter: Rewriting | None = None,
    ) -> None:
        """Without a `rewriter` follow-ups are completed by rules; so they are where it fails."""
        self._helpdesk = helpdesk
        self._access = access
        self._personas = personas
        self.conversation = conversation or Conversation(None)
        self._rewriter = rewriter

    async def ask(
        self, event: IncomingMessage, audience: frozenset[str] | None, live: Live | None = None
    ) -> Answered:
        """Answer a message for these readers, and remember its question in its thread."""
        channel = self._access.channel(event.address)
        turns = await self.conversation.turns(event, audience)
        meant, before = in_thread(event.text, [turn.searched for turn in turns], event.earlier)
        searched, rewriting = await self._standalone(meant, before)
        threshold = channel.min_confidence if channel else None
        said = live.say if live is not None and event.addressed and threshold is None else None
        persona = self._personas.of(event.address, channel, (event.text, *reversed(before)))
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
        if rewriting:
            answer = replace(answer, trace={"rewriting": rewriting, **answer.trace})
        return Answered(below_threshold(answer, persona, threshold), audience, searched, persona)

    async def _standalone(self, text: str, before: Sequence[str]) -> tuple[str, dict[str, Any]]:
        """Complete a follow-up, by the model where there is one; give what became of asking it, too."""
        by_rule = standalone(text, before)
        if self._rewriter is None or not before or is_smalltalk(text):
            return by_rule, {}
        if len(text) > _LONGEST_FOLLOW_UP or "\n" in text:
            return by_rule, {}
        made = await self._rewriter.rewrite(text, before)
        return made.question or by_rule, made.trace

    async def ask_for(
        self, question: str, address: Address, audience: frozenset[str] | None
    ) -> tuple[Answer, Persona]:
        """Answer a standalone question as it would be answered in a place, for these readers."""
        channel = self._access.channel(address)
        persona = self._personas.of(address, channel, (question,))
        sources = channel.sources if channel else None
        answer = await self._helpdesk.answer(question, audience=audience, persona=persona, sources=sources)
        return below_threshold(answer, persona, channel.min_confidence if channel else None), persona
