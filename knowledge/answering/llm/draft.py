"""The answer while it is written: each sentence is held against its passages before it goes out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

import structlog

from config.style import Style
from knowledge.answering.abridge import Told, is_over, toned
from knowledge.answering.addressed import which_rule
from knowledge.answering.ground import Unsupported, neutralise
from knowledge.answering.grounding.cutter import SentenceCutter, Unit
from knowledge.answering.grounding.facts import bare
from knowledge.answering.grounding.hidden import visible
from knowledge.answering.grounding.markers import cited_numbers, plain, without_markers
from knowledge.answering.language import detect_language, same_language
from knowledge.answering.llm.chat_model import Enough
from knowledge.answering.llm.prompt import NO_ANSWER
from knowledge.answering.style_words import may_be_left_out

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
        style: Style | None = None,
    ) -> None:
        self._passages = passages
        self._checks = checks
        self._language = language
        self._limit = max_characters
        self._foreign = foreign
        self._on_text = on_text
        self._opening = opening
        self._style = style or Style()
        self.text = ""
        self.dropped: list[Unsupported] = []
        self.stated: list[tuple[str, Passage]] = []
        self.declined = False
        self.toned = False
        self._waiting: list[tuple[str, list[Passage], str]] = []  # no room for them, unless more must follow
        self._told: list[Told] = []
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
        said = visible(unit.text).strip()
        if NO_ANSWER in said:
            self.declined = True
            raise Enough
        text = toned(said, self._style, "\n".join(passage.text for passage in self._passages))
        self.toned = self.toned or text != said
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
        if self._may_wait(text, passages):
            self._waiting.append((text, passages, self._gap))
            self._gap = ""
            return
        await self._send_waiting()
        await self._send(text, passages, self._gap)

    async def _send_waiting(self) -> None:
        """Send what had no room, since what follows it must be said."""
        held, self._held = self._held, []
        gap = self._gap
        while self._waiting:
            await self._send(*self._waiting.pop(0))
        self._held, self._gap = held, gap

    @property
    def left_out(self) -> tuple[str, ...]:
        """The supported sentences at the end that the persona's style has no room for."""
        return tuple(text for text, _, _ in self._waiting)

    def _may_wait(self, text: str, passages: Sequence[Passage]) -> bool:
        """Whether the style has no room for a sentence that nobody misses unless something follows it."""
        if not self.text or self._held or _is_block(text) or not may_be_left_out(text):
            return False
        told = [*self._told, *(Told(waiting, is_prose=True) for waiting, _, _ in self._waiting)]
        cited = {passage.article for passage in passages} <= self._articles.keys()
        return cited and is_over([*told, Told(text, is_prose=True)], self._style)

    async def _supporting(self, text: str, numbers: Sequence[int]) -> tuple[list[Passage], str | None]:
        if which_rule(without_markers(text)) is not None:
            return [], "it speaks to the bot instead of to people"
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

    async def _send(self, text: str, passages: Sequence[Passage], gap: str) -> None:
        self._told.append(Told(without_markers(text), is_prose=not _is_block(text)))
        for passage in passages:
            self._articles.setdefault(passage.article, len(self._articles) + 1)
            self.stated.append((without_markers(bare(text)), passage))
        marks = "".join(f" [{n}]" for n in sorted({self._articles[p.article] for p in passages}))
        body = without_markers(text).rstrip()
        body = f"{body}{marks}" if not body.endswith("```") else body
        pieces = [*self._held, Unit(body, gap)]
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


def _is_block(text: str) -> bool:
    return bool(_LIST_ITEM.match(text)) or text.lstrip().startswith(("|", "```", "~~~", "#"))
