"""The answer while it is written: each sentence is held against its passages before it goes out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

import structlog

from knowledge.answering.ground import Unsupported, neutralise
from knowledge.answering.grounding.cutter import SentenceCutter, Unit
from knowledge.answering.grounding.facts import bare, plain
from knowledge.answering.grounding.hidden import visible
from knowledge.answering.grounding.markers import cited_numbers, without_markers
from knowledge.answering.language import detect_language, same_language
from knowledge.answering.llm.chat_model import Enough
from knowledge.answering.llm.prompt import NO_ANSWER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from knowledge.models import ArticleRef, OnText, Passage

_MOST_READ = 8
"""Times the longest answer: whoever writes more than that without being supported is stopped."""
_LIST_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+\S")


class Checks(Protocol):
    """What a draft needs of the Grounder."""

    async def fault(
        self, sentence: str, passages: Sequence[Passage], *, context: str = "", foreign: bool = False
    ) -> str | None:
        """Say why the passages do not support the sentence."""
        ...


class Draft:
    """Takes a model's words and keeps `text`, all that was supported; `on_text` gets it piece by piece.

    `opening` goes before the first piece. Markers are renumbered by article, in the order of their first use.
    """

    def __init__(
        self,
        passages: Sequence[Passage],
        checks: Checks,
        *,
        language: str | None,
        max_characters: int,
        foreign: bool = False,
        opening: str = "",
        on_text: OnText | None = None,
    ) -> None:
        self._passages = passages
        self._checks = checks
        self._language = language
        self._limit = max_characters
        self._foreign = foreign
        self._on_text = on_text
        self._opening = opening
        self.text = ""
        self.dropped: list[Unsupported] = []
        self.stated: list[tuple[str, Passage]] = []
        self.declined = False
        self._articles: dict[ArticleRef, int] = {}
        self._start()

    def _start(self) -> None:
        self._cutter = SentenceCutter()
        self._read = 0
        self._held: list[Unit] = []  # lines that announce what comes next; they go out with it
        self._gap = ""
        self._said: set[str] = set()

    @property
    def sent(self) -> bool:
        """Whether anything was supported, and so may have gone out."""
        return bool(self.text)

    def again(self) -> None:
        """Begin anew. Only while nothing was sent; what was dropped stays on record."""
        assert not self.sent, "what was sent cannot be taken back"
        self.declined = False
        self._start()

    async def hear(self, piece: str) -> None:
        """Take the next words. Raises Enough when no more are of use."""
        self._read += len(piece)
        for unit in self._cutter.feed(piece):
            await self._take(unit)
        if self._read > _MOST_READ * self._limit:
            raise Enough

    async def end(self, *, whole: bool) -> None:
        """Take what is left; of words that were cut, whole sentences only."""
        try:
            for unit in self._cutter.end(whole=whole):
                await self._take(unit)
        except Enough:
            return

    async def _take(self, unit: Unit) -> None:
        text = visible(unit.text).strip()
        if NO_ANSWER in text:
            self.declined = True
            raise Enough
        self._gap = max(self._gap, unit.before, key=len)
        key = plain(bare(text))
        if not key or key in self._said:
            return
        numbers = cited_numbers(text)
        if not numbers and text.rstrip("*_ ").endswith(":"):
            if await self._checks.fault(text, self._passages, foreign=True) is None:
                self._held = [*self._held[-1:], Unit(text, self._gap or unit.before)]
                self._gap = ""
            return
        passages, reason = await self._supporting(text, numbers)
        if reason:
            self.dropped.append(Unsupported(text, reason))
            return
        self._said.add(key)
        await self._send(text, passages)

    async def _supporting(self, text: str, numbers: Sequence[int]) -> tuple[list[Passage], str | None]:
        for number in numbers:
            if not 1 <= number <= len(self._passages):
                return [], f"it cites [{number}], which was not given"
        if not self._foreign and not same_language(self._language, detect_language(bare(text))):
            return [], "it is in another language than asked for"
        context = " ".join(
            [*(sentence for sentence, _ in self.stated[-2:]), *(held.text for held in self._held)]
        )
        if numbers:
            cited = [self._passages[number - 1] for number in numbers]
            return cited, await self._checks.fault(text, cited, context=context, foreign=self._foreign)
        reason: str | None = "it cites nothing"
        for passage in self._likely(text):
            reason = await self._checks.fault(text, [passage], context=context, foreign=self._foreign)
            if reason is None:
                return [passage], None
        return [], f"it cites nothing, and {reason}"

    def _likely(self, text: str) -> list[Passage]:
        """Give the two passages that share most words with a sentence that cites none."""
        wanted = set(plain(text).split())
        return sorted(self._passages, key=lambda p: -len(wanted & set(plain(p.text).split())))[:2]

    async def _send(self, text: str, passages: Sequence[Passage]) -> None:
        for passage in passages:
            self._articles.setdefault(passage.article, len(self._articles) + 1)
            self.stated.append((without_markers(bare(text)), passage))
        marks = "".join(f" [{n}]" for n in sorted({self._articles[p.article] for p in passages}))
        body = without_markers(text).rstrip()
        body = f"{body}{marks}" if not body.endswith("```") else body
        pieces = [*self._held, Unit(body, self._gap)]
        new = "".join(
            f"{piece.before if self.text or i else ''}{piece.text}" for i, piece in enumerate(pieces)
        )
        if self.text and len(self.text) + len(new) > self._limit and not _LIST_ITEM.match(body):
            raise Enough
        if not self.text:
            new = self._opening + new.lstrip()
        new = neutralise(new)
        self._held, self._gap = [], ""
        self.text += new
        await self._hand_out(new)

    async def _hand_out(self, piece: str) -> None:
        if self._on_text is None:
            return
        try:
            await self._on_text(piece)
        except Exception:  # noqa: BLE001 - who shows the pieces may fail; the whole answer still comes
            self._on_text = None
            structlog.get_logger().warning("piece_of_an_answer_not_shown", exc_info=True)
