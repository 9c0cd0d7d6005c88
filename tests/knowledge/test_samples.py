"""The sample help centre is what the README promises."""

from __future__ import annotations

import json
import re
from pathlib import Path

import frontmatter

SAMPLE = Path(__file__).resolve().parents[2] / "knowledge" / "samples" / "help_centre"
ARTICLES = sorted(SAMPLE.rglob("*.md"))


def _ids() -> set[str]:
    return {str(frontmatter.load(path)["id"]) for path in ARTICLES}


def test_it_is_large_enough_to_be_believable() -> None:
    """At least 60 articles, two audiences, three languages."""
    assert len(ARTICLES) >= 60
    assert {path.relative_to(SAMPLE).parts[0] for path in ARTICLES} == {"public", "internal"}
    assert {frontmatter.load(path).get("language", "en") for path in ARTICLES} == {"en", "de", "fr"}


def test_every_id_is_used_once() -> None:
    """No two articles share an id."""
    assert len(_ids()) == len(ARTICLES)


def test_cross_links_lead_to_articles() -> None:
    """Every relative link between articles names a file that is there."""
    for path in ARTICLES:
        for target in re.findall(r"\]\((?!https?:)([^)]+\.md)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).resolve() in ARTICLES, f"{path}: {target}"


def test_questions_name_their_articles() -> None:
    """At least 40 questions with gold articles that exist, and at least 15 that nothing answers."""
    rows = [
        json.loads(line) for line in (SAMPLE / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    answerable = [row for row in rows if row["kind"] == "answerable"]
    unanswerable = [row for row in rows if row["kind"] == "unanswerable"]
    assert len(answerable) >= 40
    assert len(unanswerable) >= 15
    assert len({row["id"] for row in rows}) == len(rows)
    assert {gold for row in answerable for gold in row["gold_article_ids"]} <= _ids()
    assert not any(row["gold_article_ids"] for row in unanswerable)
