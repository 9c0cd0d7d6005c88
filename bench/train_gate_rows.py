"""The rows that the evidence gate is trained and measured on: questions over corpora of many sizes."""

from __future__ import annotations

import json
import pickle
import re
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from knowledge.answering.features import gate_features
from knowledge.answering.gate_support import support_for
from knowledge.answering.gate_words import load_word_vectors
from knowledge.answering.words import clip
from knowledge.models import Article, ScoredPassage, revision_of
from knowledge.stores.entries import Entry, Scope
from knowledge.stores.memory import MemorySearch
from knowledge.stores.passages import PassageSplitter, embedding_text
from knowledge.stores.query import plan_query
from knowledge.stores.records import entry_of, passage_of, row_of, text_hash

if TYPE_CHECKING:
    import random
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from knowledge.embedding.engine import Embedding
    from knowledge.models import Passage

SIZES = (60, 5, 2, 1)
"""Articles of a small help centre."""
NEAREST = 6
NEAREST_MADE = 3
WITHIN = 3
WORDS = load_word_vectors()
_COMMON = [word for word, row in WORDS.rows() if 1_500 < row < 14_000]


@dataclass(frozen=True, slots=True)
class Example:
    """A question's features, and whether the passages that they describe answer it (None: not to be counted)."""

    family: str
    group: str
    question: str
    answers: bool | None
    features: dict[str, float]


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read JSON Lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


@dataclass
class Vectors:
    """Vectors of texts, kept in a file, so that the second run embeds nothing."""

    path: Path
    embedding: Embedding
    known: dict[bytes, np.ndarray[Any, Any]] = field(default_factory=dict)

    def load(self, also: Path) -> None:
        """Read what earlier runs kept, here and in `also`; the files are this script's own."""
        for path in (also, self.path):
            if path.exists():
                self.known |= pickle.loads(path.read_bytes())  # noqa: S301 - written by `save`, in --work

    def save(self) -> None:
        """Keep them."""
        self.path.write_bytes(pickle.dumps(self.known))

    async def of(self, texts: Sequence[str]) -> list[np.ndarray[Any, Any]]:
        """Give the texts' vectors."""
        keys = [text_hash(text) for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self.known}
        if missing:
            names = list(missing)
            async with aclosing(self.embedding.embed_passages(list(missing.values()))) as batches:
                async for batch in batches:
                    for index, vector in zip(batch.indices, batch.vectors, strict=True):
                        self.known[names[int(index)]] = vector
        return [self.known[key] for key in keys]


class Corpus:
    """Articles that can be asked, all of them or a few."""

    def __init__(self, entries: dict[str, list[Entry]], vectors: Vectors) -> None:
        self._entries = {name: held for name, held in entries.items() if held}
        self._vectors = vectors
        self.ids = sorted(self._entries)
        self._all = self._search(self.ids)
        self._centres = {
            name: np.mean([entry.vector for entry in held if entry.vector is not None], axis=0)
            for name, held in self._entries.items()
        }

    def passages_of(self, name: str) -> list[Passage]:
        """Give the passages of an article, in their order."""
        return [passage_of(entry.id, entry.text, entry.payload) for entry in self._entries[name]]

    def _search(self, ids: Collection[str]) -> MemorySearch:
        search = MemorySearch()
        search.put(entry for name in ids for entry in self._entries[name])
        return search

    async def ask(
        self,
        question: str,
        *,
        exclude: Collection[str] = (),
        among: Collection[str] | None = None,
        besides: Sequence[Entry] = (),
    ) -> list[ScoredPassage]:
        """Give the best passages, of the whole without some articles, or of a corpus that has just a few.

        `besides` are put to those few.
        """
        plan = plan_query(clip(question))
        search = self._all if among is None else self._search(among)
        if besides:
            search.put(besides)
        vectors = np.array(await self._vectors.of(plan.texts))
        hits = search.search(vectors, plan, Scope(exclude=frozenset(exclude)), 8)
        return [ScoredPassage(passage_of(h.id, h.text, h.payload), h.score, h.dense, h.keyword) for h in hits]

    async def nearest(self, question: str, without: Collection[str]) -> list[str]:
        """Give the articles whose centres are nearest to a question."""
        (vector,) = await self._vectors.of([clip(question)])
        left = [name for name in self.ids if name not in without]
        return sorted(left, key=lambda name: -float(self._centres[name] @ vector))


async def corpus_of(rows: Sequence[dict[str, Any]], vectors: Vectors) -> Corpus:
    """Split and embed articles."""
    splitter = PassageSplitter(vectors.embedding.count_tokens, vectors.embedding.model.max_tokens)
    split = {row["id"]: splitter.split(rows_as_article(row)) for row in rows}
    passages = [passage for held in split.values() for passage in held]
    texts = [embedding_text(passage) for passage in passages]
    found = dict(zip((p.id for p in passages), await vectors.of(texts), strict=True))
    entries = {
        name: [entry_of(row_of(p, b"", found[p.id].astype(np.float32).tobytes())) for p in held]
        for name, held in split.items()
    }
    return Corpus(entries, vectors)


def rows_as_article(row: dict[str, Any]) -> Article:
    """Read a row of `articles.jsonl`."""
    title, body = row["title"], row["body_markdown"]
    language = row.get("language")
    return Article(
        "set", row["id"], title, body, revision_of(title, body), frozenset({"public"}), language=language
    )


def found_ids(found: Sequence[ScoredPassage]) -> list[str]:
    """Give the articles found, best first."""
    return list(dict.fromkeys(scored.passage.article.id for scored in found))


def example(
    family: str, group: str, question: str, found: Sequence[ScoredPassage], *, answers: bool | None
) -> Example:
    """Make an example."""
    return Example(family, group, question, answers, gate_features(question, found, WORDS))


async def labelled(corpus: Corpus, rows: Sequence[dict[str, Any]], family: str) -> list[Example]:
    """Make examples of labelled questions; an answerable one whose article is not near the top counts for nothing."""
    made = []
    for row in rows:
        found = await corpus.ask(row["question"], exclude=row.get("exclude_article_ids", ()))
        if found:
            right = bool(set(row["gold_article_ids"]) & set(found_ids(found)[:WITHIN])) or None
            answers = right if row["kind"] == "answerable" else False
            made.append(example(family, row["id"], row["question"], found, answers=answers))
    return made


async def silver(corpus: Corpus, row: dict[str, Any], chance: random.Random) -> list[Example]:
    """Make examples of a question with its article and without: a story in large corpora, its title in all sizes."""
    gold = frozenset(row["gold_article_ids"])
    title = row.get("title") or row["question"].split("\n")[0]
    made: list[Example] = []
    for kind, text, sizes in (("story", row["question"], SIZES[:1]), ("brief", title, SIZES)):
        found = await corpus.ask(text)
        good = bool(gold & set(found_ids(found)[:WITHIN]))
        if good:
            made.append(example(f"full {kind}", row["id"], text, found, answers=True))
        near = await corpus.nearest(text, gold)
        gone = gold | set(near[:NEAREST]) | set(found_ids(found)[:NEAREST])
        without = await corpus.ask(text, exclude=gone)
        made.append(example(f"full {kind}", row["id"], text, without, answers=False))
        for size in sizes:
            others = others_than(near, gone, corpus.ids, size, chance)
            sets = [(others, False)] + ([([*others[: size - 1], min(gold)], True)] if good else [])
            for among, answers in sets:
                found = await corpus.ask(text, among=among)
                if not answers or found_ids(found)[0] in gold:
                    made.append(example(f"{size} {kind}", row["id"], text, found, answers=answers))
        if good and kind == "brief":
            made += await _swapped(corpus, row["id"], text, min(gold), chance)
    return made


def others_than(
    near: Sequence[str], gone: Collection[str], ids: Sequence[str], size: int, chance: random.Random
) -> list[str]:
    """Choose articles that do not answer: some of the same corner, the rest from anywhere."""
    close = [name for name in near[:40] if name not in gone]
    chosen = chance.sample(close, min(len(close), chance.randint(0, min(size, 5))))
    rest = [name for name in ids if name not in gone and name not in chosen]
    return chosen + chance.sample(rest, min(size - len(chosen), len(rest)))


async def _swapped(corpus: Corpus, group: str, text: str, gold: str, chance: random.Random) -> list[Example]:
    """Ask the same of another thing: one word of the topic becomes a word that is somewhat like it."""
    found = await corpus.ask(text, among=[gold])
    support = support_for(text, [f"{s.passage.title} {s.passage.text}" for s in found], WORDS)
    shares = support.of(range(len(found)))
    held = [word for word, share in zip(support.words, shares, strict=True) if share == 1]
    asked = reworded(text, held, (), chance, (0.12, 0.5)) if held else None
    if asked is None:
        return []
    more = chance.sample([name for name in corpus.ids if name != gold], 2)
    sets = (("1 swapped", [gold]), ("3 swapped", [gold, *more]), ("full swapped", None))
    return [
        example(name, group, asked, await corpus.ask(asked, among=among), answers=False)
        for name, among in sets
    ]


def reworded(
    asked: str,
    choices: Sequence[str],
    without: Collection[str],
    chance: random.Random,
    cosines: tuple[float, float],
) -> str | None:
    """Change one of the `choices` for a common word whose vector is so near to it; None where there is none."""
    word = chance.choice(list(choices))
    row = WORDS.row(word)
    if row is None:
        return None
    low, high = cosines
    common = _COMMON if low > 0.5 else chance.sample(_COMMON, 400)
    near = WORDS.cosines([row], [WORDS.row(other) or 0 for other in common])[0]
    fit = [
        other
        for other, cosine in zip(common, near, strict=True)
        if low < cosine < high and other[:4] != word[:4] and other not in without
    ]
    changed = re.sub(rf"(?i)\b{re.escape(word)}\b", chance.choice(fit), asked) if fit else asked
    return None if changed == asked else changed
