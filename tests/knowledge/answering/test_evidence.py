"""Evidence from a real index, with the real model, through a real Haystack pipeline."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from config.settings import EmbeddingSettings, RetrievalSettings
from knowledge.answering.evidence import EvidencePipeline
from knowledge.answering.gate import EvidenceGate, load_gate
from knowledge.database import Database
from knowledge.embedding.engine import Embedding
from knowledge.fingerprint import fingerprint
from knowledge.index import ArticleIndex
from knowledge.library import ArticleLibrary
from knowledge.models import Question, Verdict, revision_of
from tests.knowledge.answering.conftest import ARTICLES, INTERNAL, PUBLIC, article

if TYPE_CHECKING:
    from pathlib import Path

    from tests.knowledge.answering.conftest import Desk


async def test_the_article_that_answers_comes_first(desk: Desk) -> None:
    """A question finds its article, with the scores and features that /why shows."""
    evidence = await desk.evidence.run(Question("How do I reset my password?", PUBLIC))
    assert evidence.passages[0].passage.article.id == "password"
    assert evidence.verdict is Verdict.ANSWERED
    assert evidence.confidence > 0.5
    assert evidence.features["dense"] == pytest.approx(evidence.passages[0].dense)
    assert evidence.version == desk.index.version()


async def test_what_has_nothing_to_do_with_the_articles_is_unanswered(desk: Desk) -> None:
    """A question about something else has no answer in them."""
    for text in ("What is the capital of Portugal?", "How do I bake sourdough bread?"):
        evidence = await desk.evidence.run(Question(text, PUBLIC))
        assert evidence.verdict is Verdict.UNANSWERED, text


async def test_the_audience_filters_before_ranking(desk: Desk) -> None:
    """What a reader may not see is neither found nor ranked."""
    question = Question("How high is the sales bonus?", PUBLIC)
    hidden = await desk.evidence.run(question)
    assert all(scored.passage.audience & PUBLIC for scored in hidden.passages)
    assert hidden.verdict is Verdict.UNANSWERED
    seen = await desk.evidence.run(replace(question, audience=INTERNAL))
    assert seen.passages[0].passage.article.id == "bonus"
    everything = await desk.evidence.run(replace(question, audience=None))
    assert everything.passages[0].passage.article.id == "bonus"


async def test_passages_that_the_library_does_not_hold_any_more_are_dropped(desk: Desk) -> None:
    """Between a change of the library and that of the index, nothing old and nothing hidden is evidence."""
    question = Question("How do I reset my password?", PUBLIC)
    password = next(entry for entry in ARTICLES if entry.id == "password")
    hidden = replace(password, audience=INTERNAL, revision=revision_of("hidden"))
    await desk.library.put(hidden)
    evidence = await desk.evidence.run(question)
    assert "password" not in {scored.passage.article.id for scored in evidence.passages}
    assert evidence.features["stale"] > 0
    await desk.library.remove(hidden.ref)
    evidence = await desk.evidence.run(replace(question, audience=None))
    assert "password" not in {scored.passage.article.id for scored in evidence.passages}


async def test_excluded_articles_and_other_sources_are_not_seen(desk: Desk) -> None:
    """Both narrow what is retrieved."""
    question = Question("How do I reset my password?", PUBLIC)
    without = await desk.evidence.run(replace(question, exclude=frozenset({"password"})))
    assert "password" not in {scored.passage.article.id for scored in without.passages}
    elsewhere = await desk.evidence.run(replace(question, sources=frozenset({"other"})))
    assert (elsewhere.passages, elsewhere.verdict) == ((), Verdict.UNANSWERED)


@pytest.mark.parametrize("text", ["", "   \n", "😀🎉", "?!…", "\x00\ud800", "\u200b" * 40])
async def test_what_says_nothing_is_unanswered(desk: Desk, text: str) -> None:
    """Empty, emoji only, punctuation only: no evidence, and no exception."""
    evidence = await desk.evidence.run(Question(text, PUBLIC))
    assert (evidence.passages, evidence.verdict, evidence.confidence) == ((), Verdict.UNANSWERED, 0.0)
    assert await desk.evidence.ranked_articles(Question(text, PUBLIC)) == []


async def test_other_scripts_and_huge_questions_are_judged_in_time(desk: Desk) -> None:
    """A question in another script, and one of 50,000 characters, give evidence of some kind, not slowly."""
    await desk.evidence.run(Question("warm up", PUBLIC))
    start = time.perf_counter()
    for text in (
        "パスワードをリセットする方法",
        "Как сбросить пароль?",
        "a" * 50_000,
        "reset password " * 4_000,
    ):
        evidence = await desk.evidence.run(Question(text, PUBLIC))
        assert 0 <= evidence.confidence <= 1
    assert time.perf_counter() - start < 10


async def test_ranked_articles_are_distinct_and_in_order(desk: Desk) -> None:
    """Each article stands once, with its best passage, best first."""
    ranked = await desk.evidence.ranked_articles(Question("connect to the VPN on a Mac", PUBLIC), limit=3)
    refs = [scored.passage.article for scored in ranked]
    assert len(refs) == 3 == len(set(refs))
    assert refs[0].id == "vpn"
    assert [scored.score for scored in ranked] == sorted((s.score for s in ranked), reverse=True)


async def test_the_same_corpus_gives_the_same_fingerprint(desk: Desk) -> None:
    """An unrelated article leaves a question's fingerprint; a change of what it stands on moves it."""
    question = Question("How do I reset my password?", PUBLIC)
    before = fingerprint(await desk.evidence.run(question), ordered=True)
    assert fingerprint(await desk.evidence.run(question), ordered=True) == before
    await desk.put(article("password", "Reset your password", "Ask support for a new password."))
    assert fingerprint(await desk.evidence.run(question), ordered=True) != before


def test_haystack_comes_with_the_first_question_and_torch_never() -> None:
    """Importing the pipelines and the cache pulls in neither haystack, nor torch, nor onnxruntime."""
    code = (
        "import sys, knowledge.answering.evidence, knowledge.answering.answer, knowledge.answering.cached\n"
        "heavy = {'haystack', 'torch', 'onnxruntime', 'markdown_it', 'sklearn'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "from knowledge.embedding import block_torch; block_torch()\n"
        "import knowledge.answering.steps.judge, knowledge.answering.steps.extractive\n"
        "assert sys.modules['torch'] is None and 'haystack' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


async def test_an_empty_index_needs_no_model(tmp_path: Path) -> None:
    """Before there is any article a question is unanswered at once: the model is not exported for it."""
    embedding = Embedding(EmbeddingSettings(), tmp_path / "models")
    index = ArticleIndex(tmp_path / "index", embedding)
    async with Database(Database.url_for("", tmp_path)) as database:
        await database.upgrade("knowledge:migrations", "knowledge_version")
        await index.open()
        library = ArticleLibrary(database, lambda: datetime.now(UTC))
        gate = EvidenceGate(load_gate(), 0.5, 0.3)
        pipeline = EvidencePipeline(index, embedding, library, gate, RetrievalSettings())
        question = Question("How do I reset my password?", PUBLIC)
        evidence = await pipeline.run(question)
        assert (evidence.verdict, evidence.passages) == (Verdict.UNANSWERED, ())
        assert await pipeline.ranked_articles(question) == []
        await index.close()
    await embedding.close()
    assert not (tmp_path / "models").exists()
