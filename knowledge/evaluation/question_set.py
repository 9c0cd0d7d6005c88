"""Question sets: JSON Lines, a question a line, with the articles that answer it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge.errors import KnowledgeError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FORMAT = (
    '{"question": "…", "gold_article_ids": ["…"], "kind": "answerable"}; '
    '"kind": "unanswerable" needs no articles; "id", "exclude_article_ids" and "topic" are optional; a conversation is '
    '{"first": "…", "kind": "carried", "turns": [{"said": "…", "standalone": "…", "gold_article_ids": ["…"]}]}'
)


class QuestionSetError(KnowledgeError):
    """A question set cannot be read; the message names the file, the line and the format."""


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A question, the ids of the articles that answer it, and those that retrieval must not see."""

    id: str
    text: str
    gold: frozenset[str]
    answerable: bool
    exclude: frozenset[str] = frozenset()
    topic: str = ""


@dataclass(frozen=True, slots=True)
class TurnRow:
    """A later turn of a conversation: as it was said, as somebody wrote it out in full, and what answers it."""

    said: str
    standalone: str
    gold: frozenset[str]


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A question and what follows it in a thread; `changed`: the last turn is about something else."""

    id: str
    first: str
    turns: tuple[TurnRow, ...]
    changed: bool = False


class _Turn(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    said: str = Field(min_length=1)
    standalone: str = Field(min_length=1)
    gold_article_ids: tuple[str, ...] = Field(min_length=1)


class _Talk(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    id: str = ""
    first: str = Field(min_length=1)
    kind: Literal["carried", "changed"] = "carried"
    turns: tuple[_Turn, ...] = Field(min_length=1)


class _Row(BaseModel):
    """A line as it comes in; other keys are ignored."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    id: str = ""
    question: str = Field(min_length=1)
    gold_article_ids: tuple[str, ...] = ()
    kind: Literal["answerable", "unanswerable"] | None = None
    exclude_article_ids: tuple[str, ...] = ()
    topic: str | None = None
    category: str | None = None
    label: str | None = None
    product: str | None = None


def read_question_set(path: Path) -> list[QuestionRow]:
    """Read the questions of a set; blank lines and conversations are skipped.

    Raises QuestionSetError with the line that is wrong.
    """
    rows: list[QuestionRow] = []
    seen: dict[str, int] = {}
    for number, data in _lines(path):
        if _is_talk(data):
            continue
        row = _question(data, f"{path}, line {number}", str(number))
        if row.id in seen:
            raise QuestionSetError(
                f"{path}, line {number}: the id {row.id!r} stands in line {seen[row.id]} too"
            )
        seen[row.id] = number
        rows.append(row)
    if not rows:
        raise QuestionSetError(f"{path} holds no questions; each line is {_FORMAT}")
    return rows


def read_conversations(path: Path) -> list[ConversationRow]:
    """Read the conversations of a set; lines without "turns" are skipped. Raises QuestionSetError."""
    found: list[ConversationRow] = []
    for number, data in _lines(path):
        if not _is_talk(data):
            continue
        talk = _valid(_Talk, data, f"{path}, line {number}")
        turns = tuple(
            TurnRow(turn.said, turn.standalone, frozenset(turn.gold_article_ids)) for turn in talk.turns
        )
        found.append(
            ConversationRow(talk.id or str(number), talk.first, turns, changed=talk.kind == "changed")
        )
    return found


def _is_talk(data: Any) -> bool:
    return isinstance(data, dict) and "turns" in data


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionSetError(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            data: Any = json.loads(line)
        except json.JSONDecodeError as error:
            raise QuestionSetError(
                f"{path}, line {number} is not JSON ({error.msg}); each line is {_FORMAT}"
            ) from error
        yield number, data


_ModelT = TypeVar("_ModelT", bound=BaseModel)


def _valid(model: type[_ModelT], data: Any, place: str) -> _ModelT:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        what = ".".join(str(part) for part in first["loc"]) or "the line"
        raise QuestionSetError(f"{place}: {what}: {first['msg']}; each line is {_FORMAT}") from error


def _question(data: Any, place: str, number: str) -> QuestionRow:
    row = _valid(_Row, data, place)
    answerable = row.kind == "answerable" if row.kind else bool(row.gold_article_ids)
    if answerable and not row.gold_article_ids:
        raise QuestionSetError(f"{place}: an answerable question needs gold_article_ids")
    return QuestionRow(
        row.id or number,
        row.question,
        frozenset(row.gold_article_ids),
        answerable,
        frozenset(row.exclude_article_ids),
        row.topic or row.category or row.label or row.product or "",
    )
