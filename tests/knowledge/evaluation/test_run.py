"""An evaluation over retrieval whose results are known, and its report."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from knowledge.evaluation.cases import excerpt
from knowledge.evaluation.question_set import QuestionRow
from knowledge.evaluation.report import html_report
from knowledge.evaluation.run import EvaluationReport, evaluate
from knowledge.models import ArticleRef, CorpusVersion, Evidence, Passage, Question, ScoredPassage, Verdict

PUBLIC = frozenset({"public"})


class KnownRanking:
    """Ranks articles a, b, c for every question, without what it excludes; confident when "a" is there."""

    def __init__(self) -> None:
        self.asked: list[Question] = []

    async def ranked_articles(self, question: Question, limit: int = 10) -> list[ScoredPassage]:
        """Give a, b, c."""
        found = [name for name in "abc" if name not in question.exclude]
        return [ScoredPassage(passage(name), 1.0 / rank) for rank, name in enumerate(found, 1)][:limit]

    async def run(self, question: Question) -> Evidence:
        """Judge by whether a is there."""
        self.asked.append(question)
        found = tuple(await self.ranked_articles(question))
        sure = "a" not in question.exclude
        verdict = Verdict.ANSWERED if sure else Verdict.UNANSWERED
        return Evidence(question, found, 0.9 if sure else 0.1, verdict, CorpusVersion("g", 1))


def passage(name: str) -> Passage:
    """Give a passage with markup in it."""
    text = f"About <b>{name}</b> & more"
    return Passage(f"s/{name}#0", ArticleRef("s", name), "r", 0, f"<i>{name}</i>", (), text, PUBLIC)


def row(number: int, gold: str, exclude: str = "") -> QuestionRow:
    """Give a question, answerable when it has gold articles."""
    return QuestionRow(f"q{number}", f"<script>{number}", frozenset(gold), bool(gold), frozenset(exclude))


async def evaluated() -> EvaluationReport:
    """Evaluate two answerable questions and two that are not."""
    rows = [row(1, "a"), row(2, "c"), row(3, "", "a"), row(4, "")]
    return await evaluate(rows, KnownRanking(), audience=PUBLIC)


async def test_measures_of_a_known_ranking() -> None:
    """Gold at ranks 1 and 3; of two unanswerable questions one is declined."""
    report = (await evaluated()).to_json()
    assert (report["n"], report["answerable"]) == (4, 2)
    assert report["recall_at_1"] == 0.5
    assert report["recall_at_5"] == 1
    assert report["mrr_at_10"] == pytest.approx(2 / 3, abs=1e-4)
    assert report["ndcg_at_10"] == 0.75
    assert report["abstention"] == {"auroc": 0.75, "precision": 1.0, "recall": 0.5}


async def test_a_row_excludes_articles_for_itself_alone() -> None:
    """exclude_article_ids reach retrieval with their own question, and the audience with each."""
    source = KnownRanking()
    report = await evaluate([row(1, "b", "a"), row(2, "b")], source, audience=PUBLIC)
    assert [outcome.ranked for outcome in report.outcomes] == [("b", "c"), ("a", "b", "c")]
    assert {question.audience for question in source.asked} == {PUBLIC}


async def test_gold_may_be_named_with_its_source() -> None:
    """source/id and id both name an article in a question set."""
    rows = [QuestionRow("1", "x", frozenset({"s/b"}), answerable=True)]
    report = await evaluate(rows, KnownRanking())
    assert report.to_json()["mrr_at_10"] == 0.5


async def test_only_answerable_questions_leave_abstention_out() -> None:
    """There is no abstention where there is nothing to decline, and no ranking without gold."""
    answerable = (await evaluate([row(1, "a")], KnownRanking())).to_json()
    assert "abstention" not in answerable
    unanswerable = (await evaluate([row(1, "")], KnownRanking())).to_json()
    assert "ndcg_at_10" not in unanswerable
    assert unanswerable["abstention"] == {"precision": 1.0, "recall": 0.0}


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.loads += [str(value) for name, value in attrs if name in {"src", "href"}]
        if tag not in {"meta", "br", "rect", "path"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Nothing is left open."""

    def handle_endtag(self, tag: str) -> None:
        if tag == "rect":
            return
        assert self.open.pop() == tag


async def test_the_report_is_one_sound_page() -> None:
    """Tags are balanced, nothing is loaded from elsewhere, and what people wrote is escaped."""
    page = html_report(await evaluated(), "Sample <set>")
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.loads == []
    assert tags.scripts == 0
    assert "&lt;script&gt;1" in page
    assert "Sample &lt;set&gt;" in page
    assert "Not answerable, but not declined" in page


def test_excerpts_are_read_without_the_marks_of_markdown() -> None:
    """Tables are lines of cells; the marks of bold, code, headings and links go, their words stay."""
    text = "# Plans\n\n| Plan | Price |\n|---|---:|\n| **Team** | [8 euros](x.md) |\n\n```json\n{}\n```\n1. Press `Go`."
    assert excerpt(text) == "Plans\nPlan \u00b7 Price\nTeam \u00b7 8 euros\n{}\n1. Press Go."
    assert excerpt("word " * 200).endswith("word\u2026")
