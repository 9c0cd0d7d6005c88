"""Doubts: an answer from evidence that people called wrong is not certain until that evidence is revised."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from knowledge.answering.phrases import phrases
from knowledge.models import Answer, ArticleRef, Verdict

if TYPE_CHECKING:
    from config.persona import Persona
    from knowledge.models import OnText

StandsOn = tuple[ArticleRef, str]
"""An article with the revision of it that an answer stands on."""
Doubted = Callable[[Iterable[StandsOn]], Awaitable[bool]]
"""Tells whether one of these articles is doubted as it stands; asked for each answer, so it is to be quick."""
_BELOW: Final = 0.99


async def nobody_doubts(_stands_on: Iterable[StandsOn]) -> bool:
    """Doubt nothing."""
    return False


class Doubts:
    """Keeps the verdict `answered` from what stands on doubted articles."""

    def __init__(self, doubted: Doubted = nobody_doubts, min_confidence: float = 0.5) -> None:
        """`min_confidence` is the gate's: what is doubted is less certain than that."""
        self._doubted = doubted
        self._most = _BELOW * min_confidence

    async def of(self, answer: Answer) -> bool:
        """Whether the answer cites a doubted article."""
        return bool(answer.citations) and await self._doubted(
            (ArticleRef(citation.source, citation.article_id), citation.revision)
            for citation in answer.citations
        )

    async def still_hold(self, answer: Answer) -> bool:
        """Whether a kept answer was made with the doubts that there are today."""
        return await self.of(answer) == bool(answer.trace.get("doubted"))

    def certainty(self, answer: Answer, confidence: float) -> float:
        """Give how certain an answer is that stands on evidence of that confidence."""
        return min(confidence, self._most) if answer.trace.get("doubted") else confidence

    async def applied(self, answer: Answer, persona: Persona, *, is_said: bool = False) -> Answer:
        """Give the answer; where it is doubted as an unsure one that says so.

        `is_said`: some of its text went out already, so the warning stands at its end and not before it.
        """
        if not await self.of(answer):
            return answer
        warning = phrases(persona.language).doubted
        parts = (answer.text, warning) if is_said else (warning, answer.text)
        return replace(
            answer,
            text="\n\n".join(parts),
            verdict=Verdict.UNSURE,
            confidence=min(answer.confidence, self._most),
            trace={**answer.trace, "doubted": True},
        )


class Heard:
    """Hands pieces of an answer on, and knows whether there were any."""

    def __init__(self, on_text: OnText | None) -> None:
        self._on_text = on_text
        self.any = False

    @property
    def on_text(self) -> OnText | None:
        """What the pieces are to be given to; None where nobody hears them."""
        return None if self._on_text is None else self._hear

    async def _hear(self, text: str) -> None:
        self.any = True
        if self._on_text is not None:
            await self._on_text(text)
