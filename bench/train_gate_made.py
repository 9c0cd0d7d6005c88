"""Rows made of articles: titles as brief questions, with the article (its title hidden) and without, and reworded.

In a forum people tell stories; in a chat they ask in five words, in help centres of any size.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from train_gate_rows import (
    NEAREST_MADE,
    WORDS,
    Corpus,
    Example,
    Vectors,
    example,
    others_than,
    reworded,
    rows_as_article,
)

from knowledge.answering.gate_support import support_for, topic_words
from knowledge.answering.words import words
from knowledge.stores.passages import PassageSplitter, embedding_text
from knowledge.stores.records import entry_of, row_of

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from knowledge.stores.entries import Entry

MADE_SIZES = (12, 4, 2, 1)
_FORMS = ("{}", "{}", "how do I {}", "{}?", "{} please")
_ASKS = ("how", "what", "why", "where")
_PASSAGES = 5
_TOPIC = 2


async def made(
    corpus: Corpus, row: dict[str, Any], vectors: Vectors, splitter: PassageSplitter, chance: random.Random
) -> list[Example]:
    """Make a question of an article's title and ask it in corpora of all sizes, with the article and without."""
    title = re.sub(r"^[\w ]+: ", "", row["title"]).strip()
    hidden = await _hidden(row, vectors, splitter) if len(topic_words(title)) >= _TOPIC else []
    if not hidden:
        return []
    asked = title
    form = chance.choice(_FORMS)
    if not title.lower().startswith(_ASKS):
        asked = form.format(title[0].lower() + title[1:])
    near = await corpus.nearest(asked, {row["id"]})
    gone = {row["id"], *near[:NEAREST_MADE]}
    examples: list[Example] = []
    for size in MADE_SIZES:
        others = others_than(near, gone, corpus.ids, size, chance)
        found = await corpus.ask(asked, among=others)
        examples.append(example(f"made {size}", row["id"], asked, found, answers=False))
        with_it = (others[: size - 1], hidden)
        found = await corpus.ask(asked, among=with_it[0], besides=hidden)
        if found[0].passage.article.id == row["id"]:
            examples.append(example(f"made {size}", row["id"], asked, found, answers=True))
        if size != MADE_SIZES[0]:
            examples += await _reworded(corpus, row["id"], asked, with_it, chance)
    return examples


async def _hidden(row: dict[str, Any], vectors: Vectors, splitter: PassageSplitter) -> list[Entry]:
    """Give the article's passages under another title, its first heading, so that its words do not give it away."""
    passages = splitter.split(rows_as_article(row))
    title = next((" ".join(p.heading_path) for p in passages if p.heading_path), "")
    renamed = [
        replace(p, title=title, heading_path=p.heading_path[int(p.heading_path[:1] == (title,)) :])
        for p in passages[:_PASSAGES]
    ]
    found = await vectors.of([embedding_text(p) for p in renamed])
    return [
        entry_of(row_of(p, b"", vector.astype(np.float32).tobytes()))
        for p, vector in zip(renamed, found, strict=True)
    ]


async def _reworded(
    corpus: Corpus,
    group: str,
    asked: str,
    among: tuple[Sequence[str], list[Entry]],
    chance: random.Random,
) -> list[Example]:
    """Ask with one word changed for one that means the same, and for one of another thing."""
    others, hidden = among
    texts = [f"{entry.title} {entry.words}" for entry in hidden]
    support = support_for(asked, texts, WORDS)
    held = [w for w, s in zip(support.words, support.of(range(len(texts))), strict=True) if s == 1]
    if not held:
        return []
    size = len(others) + 1
    examples = []
    same = reworded(asked, held, (), chance, (0.62, 0.99))
    if same:
        found = await corpus.ask(same, among=others, besides=hidden)
        if found[0].passage.article.id == group:
            examples.append(example(f"made same {size}", group, same, found, answers=True))
    another = reworded(asked, held, set(words(" ".join(texts))), chance, (0.05, 0.45))
    if another:
        found = await corpus.ask(another, among=others, besides=hidden)
        examples.append(example(f"made swapped {size}", group, another, found, answers=False))
    return examples
