"""What is measured on: real articles cut to a few hundred passages, and generated desks of any size with their vectors.

The product's own splitter cuts the articles, and the peers get its passages: the same texts are embedded on each side.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from filled import RandomVectors, generated

from bot.app import App
from config.settings import load_settings
from knowledge.models import Article, SyncPlan
from knowledge.sources.base import build_source
from knowledge.stores.filling import IndexFiller
from knowledge.stores.passage_file import PassageFile
from knowledge.stores.passages import PassageSplitter, embedding_text
from knowledge.stores.records import passage_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from config.settings import Settings
    from knowledge.models import Passage

SAMPLE = Path(__file__).resolve().parents[2] / "knowledge" / "samples" / "help_centre"
# Sections of a generated article, and passages where they are cut by the model's own count of tokens.
SECTIONS, CUT_PASSAGES = 6, 8.7


@dataclass(frozen=True)
class Real:
    """Real articles with the questions that they answer."""

    name: str
    articles: Path
    passages: Path
    count: int
    questions: list[dict[str, Any]]


@dataclass(frozen=True)
class Desk:
    """A generated desk: the product's folder, already indexed, and the peers' passages and vectors."""

    folder: Path
    passages: Path
    vectors: Path
    count: int


def settings_of(folder: Path) -> Settings:
    """Give the settings of a bot over `folder/articles.jsonl` that keeps its data in `folder/data`."""
    config = folder / "helpdesk-bot.toml"
    source = '[[sources]]\nname = "bulk"\ntype = "jsonl"\npath = "articles.jsonl"\naudience = ["public"]\n'
    config.write_text(
        f'data_dir = "data"\n{source}[limits]\nper_person = 0\nper_channel = 0\n', encoding="utf-8"
    )
    return load_settings(config, {})


def share_models(models: Path, folder: Path) -> None:
    """Let the bot in `folder` use the exported model that is there."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (data / "models").exists():
        (data / "models").symlink_to(models)


async def export_model(folder: Path) -> tuple[Path, Path]:
    """Export the model once; give the folder of exports and the model's own."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "articles.jsonl").touch()
    settings = settings_of(folder)
    async with App(settings) as app:
        await app.embedding.start()
        return settings.data_dir / "models", app.embedding.model.path


async def real_articles(data: Path | None, folder: Path, most: int, model_folder: Path) -> Real:
    """Take wixqa's articles up to `most` passages, or the shipped sample's, and the questions that they answer."""
    folder.mkdir(parents=True, exist_ok=True)
    if data is not None and (data / "wixqa" / "articles.jsonl").exists():
        name = "wixqa"
        rows = _lines(data / name / "articles.jsonl")
        asked = _lines(data / name / "queries.jsonl")
    else:
        name = "the sample help centre"
        rows = await _sample_rows()
        asked = _lines(SAMPLE / "questions.jsonl")
    async with App(settings_of_models(model_folder)) as app:
        splitter = PassageSplitter(app.embedding.count_tokens, app.embedding.model.max_tokens)
        kept, passages = _up_to(rows, most, splitter)
    articles, out = folder / "articles.jsonl", folder / "passages.jsonl"
    settings_of(folder)
    articles.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
    _write_passages(out, passages)
    there = {str(row["id"]) for row in kept}
    questions = [
        {"question": row["question"], "gold": [str(gold) for gold in row["gold_article_ids"]]}
        for row in asked
        if row["gold_article_ids"] and {str(gold) for gold in row["gold_article_ids"]} <= there
    ]
    return Real(name, articles, out, len(passages), questions)


def settings_of_models(folder: Path) -> Settings:
    """Give the settings of the bot that exported the model."""
    return settings_of(folder)


async def make_desk(folder: Path, passages: int, models: Path, *, exact: bool) -> Desk:
    """Make a desk of about so many passages, unless it is there from an earlier step.

    `exact` cuts the articles as a sync does, so that a later sync finds them unchanged; else words stand for tokens,
    which is quicker.
    """
    desk = Desk(folder, folder / "passages.jsonl", folder / "vectors.npy", 0)
    done = folder / "count"
    if done.exists():
        return Desk(folder, desk.passages, desk.vectors, int(done.read_text()))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    share_models(models, folder)
    with (folder / "articles.jsonl").open("w", encoding="utf-8") as file:
        for article in generated(round(passages / (CUT_PASSAGES if exact else SECTIONS))):
            file.write(json.dumps(_row(article)) + "\n")
    count = await _fill(settings_of(folder), desk, exact=exact)
    done.write_text(str(count))
    return Desk(folder, desk.passages, desk.vectors, count)


async def _fill(settings: Settings, desk: Desk, *, exact: bool) -> int:
    """Index the articles with random vectors, and write down what the peers need."""
    async with App(settings) as app:
        source = build_source(settings.sources[0])
        found = [item async for item in source.articles({}) if isinstance(item, Article)]
        library, index = await app.library(), await app.index()
        await library.apply(SyncPlan(source.name, added=tuple(found)), None)
        await index.open()
        path = settings.data_dir / "index" / f"{index.version().generation}.sqlite"
        file = PassageFile(path)
        vectors = RandomVectors(app.embedding)
        counted = app.embedding.count_tokens if exact else vectors.count_tokens
        splitter = PassageSplitter(counted, app.embedding.model.max_tokens)
        await IndexFiller(file, vectors, splitter).run(library)
        count = _export(file, sorted(file.revisions()), desk)
        file.close()
    return count


def _export(file: PassageFile, refs: Sequence[Any], desk: Desk) -> int:
    vectors = []
    with desk.passages.open("w", encoding="utf-8") as out:
        for ref in refs:
            for row in file.rows_of(ref):
                text = embedding_text(passage_of(row.id, row.text, row.payload))
                out.write(json.dumps({"id": row.id, "article_id": row.article_id, "text": text}) + "\n")
                vectors.append(np.frombuffer(row.vector or b"", np.float32))
    np.save(desk.vectors, np.stack(vectors))
    return len(vectors)


async def change_articles(desk: Desk, share: float, turn: int) -> int:
    """Edit a share of the articles, others at each turn, and cut them for the peers; give how many."""
    path = desk.folder / "articles.jsonl"
    rows = _lines(path)
    count = max(1, round(len(rows) * share))
    changed = [rows[(turn * count + number) % len(rows)] for number in range(count)]
    for row in changed:
        row["body_markdown"] += f"\n\nIn version {turn + 1} this moved to the page of settings.\n"
    other = path.with_suffix(".new")
    other.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    other.replace(path)
    async with App(settings_of(desk.folder)) as app:
        splitter = PassageSplitter(app.embedding.count_tokens, app.embedding.model.max_tokens)
        _, fresh = _up_to(changed, sys.maxsize, splitter)
    ids = {str(row["id"]) for row in changed}
    kept = [row for row in _lines(desk.passages) if row["article_id"] not in ids]
    desk.passages.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
    with desk.passages.open("a", encoding="utf-8") as out:
        _append(out, fresh)
    return count


async def _sample_rows() -> list[dict[str, Any]]:
    from config.settings import SourceSettings

    settings = SourceSettings(name="sample", type="folder", path=SAMPLE, audience=frozenset({"public"}))
    source = build_source(settings)
    return [_row(item) async for item in source.articles({}) if isinstance(item, Article)]


def _row(article: Article) -> dict[str, Any]:
    return {"id": article.id, "title": article.title, "url": article.url, "body_markdown": article.body}


def _up_to(
    rows: list[dict[str, Any]], most: int, splitter: PassageSplitter
) -> tuple[list[dict[str, Any]], list[Passage]]:
    kept, passages = [], []
    for row in rows:
        article = Article(
            "bulk", str(row["id"]), row["title"], row["body_markdown"], "1", frozenset({"public"})
        )
        cut = splitter.split(article)
        if len(passages) + len(cut) > most:
            continue
        kept.append(row)
        passages += cut
    return kept, passages


def _write_passages(out: Path, passages: Sequence[Passage]) -> None:
    with out.open("w", encoding="utf-8") as file:
        _append(file, passages)


def _append(file: TextIO, passages: Sequence[Passage]) -> None:
    for passage in passages:
        row = {"id": passage.id, "article_id": passage.article.id, "text": embedding_text(passage)}
        file.write(json.dumps(row) + "\n")


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
