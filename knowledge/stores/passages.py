"""Articles as passages: split by headings, and never longer than the embedding model reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.models import Article, Passage
from knowledge.stores.blocks import Block, MarkdownReader, Section, plain_text, sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_TITLE_CHARACTERS = 120
_PATH_CHARACTERS = 100
_SPECIAL_TOKENS = 4


def embedding_text(passage: Passage) -> str:
    """Give what the model reads for a passage: title, headings and words, without markup."""
    return _prefix(passage.title, passage.heading_path) + plain_text(passage.text)


def _prefix(title: str, path: Sequence[str]) -> str:
    """Bound what stands above the words, so that a monstrous heading leaves room for them."""
    lines = [title.strip()[:_TITLE_CHARACTERS], " > ".join(path)[-_PATH_CHARACTERS:]]
    return "".join(f"{line}\n" for line in lines if line)


@dataclass(frozen=True, slots=True)
class _Text:
    """A piece of a passage in the making, with its length in tokens."""

    text: str
    tokens: int


class PassageSplitter:
    """Makes passages of about `target_tokens` that never exceed `max_tokens` with their title and headings.

    `count_tokens` is the model's own count. Lists, tables and code stay whole where they fit.
    """

    def __init__(self, count_tokens: Callable[[str], int], max_tokens: int, target_tokens: int = 240) -> None:
        self._count = count_tokens
        self._max_tokens = max_tokens
        self._target = target_tokens
        self._reader = MarkdownReader()

    def split(self, article: Article) -> list[Passage]:
        """Give the passages of an article in reading order; none for an article without text."""
        passages: list[Passage] = []
        for section in self._reader.sections(article.body):
            path = _without_title(section.path, article.title)
            room = self._max_tokens - _SPECIAL_TOKENS - self._count(_prefix(article.title, path))
            for text in self._texts(section, max(room, 1)):
                passages.append(_passage(article, len(passages), path, text))
        return passages

    def _texts(self, section: Section, room: int) -> list[str]:
        """Pack a section's blocks into texts of about the target, a lead-in line beside what it introduces."""
        target = min(self._target, room)
        texts: list[str] = []
        open_pieces: list[_Text] = []
        for piece in self._pieces(section.blocks, room):
            if open_pieces and sum(kept.tokens for kept in open_pieces) + piece.tokens > target:
                carried = self._lead_in(open_pieces, piece, room)
                texts.append(_joined(open_pieces))
                open_pieces = carried
            open_pieces.append(piece)
        if open_pieces:
            texts.append(_joined(open_pieces))
        return [text for text in texts if text.strip()]

    @staticmethod
    def _lead_in(pieces: list[_Text], following: _Text, room: int) -> list[_Text]:
        """Take a last line such as "Follow these steps:" off `pieces` when it fits before what follows."""
        last = pieces[-1]
        fits = last.tokens + following.tokens <= room
        if len(pieces) > 1 and fits and last.text.rstrip().endswith((":", "\uff1a")):
            return [pieces.pop()]
        return []

    def _pieces(self, blocks: Iterable[Block], room: int) -> Iterator[_Text]:
        for block in blocks:
            whole = self._measured(block.text)
            if whole.tokens <= room:
                yield whole
            else:
                yield from self._cut(block, room)

    def _measured(self, text: str) -> _Text:
        return _Text(text, self._count(plain_text(text)))

    def _cut(self, block: Block, room: int) -> Iterator[_Text]:
        """Cut a block between its parts, as full as fits; a part that is too long alone is cut inside."""
        around = self._count(plain_text(block.prefix + block.suffix))
        if around > room // 2:
            # A header so wide that repeating it would leave no room for rows.
            block, around = Block((block.prefix.strip("\n"), *block.parts, block.suffix.strip("\n"))), 0
        start = 0
        while start < len(block.parts):
            stop = self._furthest(block, start, room)
            if stop > start:
                yield self._measured(block.piece(start, stop))
                start = stop
                continue
            for text in self._cut_text(block.parts[start], max(room - around, 1)):
                yield self._measured(f"{block.prefix}{text}{block.suffix}")
            start += 1

    def _furthest(self, block: Block, start: int, room: int) -> int:
        """Find how many parts fit, by a running sum that the last count confirms."""
        used = self._count(plain_text(block.prefix))
        stop = start
        while stop < len(block.parts):
            used += self._count(plain_text(block.parts[stop]))
            if used > room:
                break
            stop += 1
        while stop > start and self._count(plain_text(block.piece(start, stop))) > room:
            stop -= 1
        return stop

    def _cut_text(self, text: str, room: int) -> Iterator[str]:
        """Cut a text that is too long at lines, else sentences, else words, else anywhere."""
        for cut, glue in ((str.splitlines, "\n"), (sentences, " "), (str.split, " ")):
            parts = [part for part in cut(text) if part.strip()]
            if len(parts) > 1:
                yield from self._regrouped(parts, glue, room)
                return
        middle = len(text) // 2
        if self._count(plain_text(text)) <= room or middle == 0:
            yield text
            return
        yield from self._cut_text(text[:middle], room)
        yield from self._cut_text(text[middle:], room)

    def _regrouped(self, parts: Sequence[str], glue: str, room: int) -> Iterator[str]:
        kept: list[str] = []
        used = 0
        for part in parts:
            tokens = self._count(plain_text(part)) + 1
            if kept and used + tokens > room:
                yield glue.join(kept)
                kept, used = [], 0
            if tokens > room:
                yield from self._cut_text(part, room)
                continue
            kept.append(part)
            used += tokens
        if kept:
            yield glue.join(kept)


def _joined(pieces: Sequence[_Text]) -> str:
    return "\n\n".join(piece.text for piece in pieces)


def _without_title(path: tuple[str, ...], title: str) -> tuple[str, ...]:
    """Drop an outermost heading that only repeats the title."""
    return path[1:] if path and path[0].casefold() == title.strip().casefold() else path


def _passage(article: Article, position: int, path: tuple[str, ...], text: str) -> Passage:
    return Passage(
        id=f"{article.source}/{article.id}#{position}",
        article=article.ref,
        revision=article.revision,
        position=position,
        title=article.title,
        heading_path=path,
        text=text,
        audience=article.audience,
        url=article.url,
        updated_at=article.updated_at,
        language=article.language,
    )
