"""Question sets: what is read, and how a bad line is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from knowledge.evaluation.question_set import (
    ConversationRow,
    QuestionRow,
    QuestionSetError,
    TurnRow,
    read_conversations,
    read_question_set,
)

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, text: str) -> Path:
    """Write a set."""
    path = folder / "set.jsonl"
    path.write_bytes(text.encode())
    return path


def test_rows_are_read_with_what_they_exclude(tmp_path: Path) -> None:
    """Ids, gold articles, kinds and exclusions are read; blank lines and unknown keys are passed over."""
    path = write(
        tmp_path,
        '{"id": 7, "question": "How?", "gold_article_ids": ["a"], "kind": "answerable", "split": "dev"}\n\n'
        '{"question": "Why?\u2028", "gold_article_ids": [], "exclude_article_ids": ["b", "c"]}\r\n',
    )
    assert read_question_set(path) == [
        QuestionRow("7", "How?", frozenset({"a"}), answerable=True),
        QuestionRow("3", "Why?\u2028", frozenset(), answerable=False, exclude=frozenset({"b", "c"})),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"question": "How?"', "line 2 is not JSON"),
        ('{"gold_article_ids": ["a"]}', "line 2: question"),
        ('{"question": "How?", "kind": "perhaps"}', "line 2: kind"),
        ('{"question": "How?", "kind": "answerable"}', "needs gold_article_ids"),
        ('{"id": "1", "question": "How?"}', "the id '1' stands in line 1 too"),
        ("[1]", "line 2: the line"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    """The message names file and line, and shows what a line looks like."""
    path = write(tmp_path, '{"id": "1", "question": "Who?", "gold_article_ids": ["a"]}\n' + line)
    with pytest.raises(QuestionSetError, match=r"set\.jsonl") as raised:
        read_question_set(path)
    assert said in str(raised.value)


def test_no_file_and_no_questions_are_errors(tmp_path: Path) -> None:
    """Neither a missing nor an empty nor a binary file passes as an evaluation of nothing."""
    with pytest.raises(QuestionSetError, match="cannot be read"):
        read_question_set(tmp_path / "none.jsonl")
    with pytest.raises(QuestionSetError, match="holds no questions"):
        read_question_set(write(tmp_path, "\n"))
    (tmp_path / "set.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(QuestionSetError, match="cannot be read"):
        read_question_set(tmp_path / "set.jsonl")


def test_conversations_may_stand_among_the_questions(tmp_path: Path) -> None:
    """Each reader takes its own lines; a topic is read by any of its names."""
    path = write(
        tmp_path,
        '{"id": "q", "question": "How?", "gold_article_ids": ["a"], "product": "mail"}\n'
        '{"id": "t", "first": "How?", "kind": "changed", "turns": ['
        '{"said": "and b?", "standalone": "How b?", "gold_article_ids": ["b", 2]}]}\n',
    )
    assert read_question_set(path) == [
        QuestionRow("q", "How?", frozenset("a"), answerable=True, topic="mail")
    ]
    turn = TurnRow("and b?", "How b?", frozenset({"b", "2"}))
    assert read_conversations(path) == [ConversationRow("t", "How?", (turn,), changed=True)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"first": "How?", "turns": []}', "turns"),
        ('{"turns": [{"said": "x", "standalone": "y", "gold_article_ids": ["a"]}]}', "first"),
        (
            '{"first": "How?", "turns": [{"said": "x", "standalone": "y", "gold_article_ids": []}]}',
            "turns.0.gold",
        ),
    ],
)
def test_a_bad_conversation_is_named(tmp_path: Path, line: str, said: str) -> None:
    """With file, line and field."""
    with pytest.raises(QuestionSetError, match="line 1: " + said):
        read_conversations(write(tmp_path, line))
