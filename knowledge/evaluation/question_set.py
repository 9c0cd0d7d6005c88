"""Question sets: JSON Lines, a question a line, with the articles that answer it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge.errors import KnowledgeError

if TYPE_CHECKING:
    from pathlib import Path

_FORMAT = (
    '{"question": "…", "gold_article_ids": ["…"], "kind": "answerable"}; '
    '"kind": "unanswerable" needs no articles; "id" and "exclude_article_ids" are optional'
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


class _Row(BaseModel):
    """A line as it comes in; other keys are ignored."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    id: str = ""
    question: str = Field(min_length=1)
    gold_article_ids: tuple[str, ...] = ()
    kind: Literal["answerable", "unanswerable"] | None = None
    exclude_article_ids: tuple[str, ...] = ()


def read_question_set(path: Path) -> list[QuestionRow]:
    """Read a question set; blank lines are skipped. Raises QuestionSetError with the line that is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionSetError(f"{path} cannot be read: {error}") from error
    rows: list[QuestionRow] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        row = _read_row(line, f"{path}, line {number}", str(number))
        if row.id in seen:
            raise QuestionSetError(
                f"{path}, line {number}: the id {row.id!r} stands in line {seen[row.id]} too"
            )
        seen[row.id] = number
        rows.append(row)
    if not rows:
        raise QuestionSetError(f"{path} holds no questions; each line is {_FORMAT}")
    return rows


def _read_row(line: str, place: str, number: str) -> QuestionRow:
    try:
        data: Any = json.loads(line)
        row = _Row.model_validate(data)
    except json.JSONDecodeError as error:
        raise QuestionSetError(f"{place} is not JSON ({error.msg}); each line is {_FORMAT}") from error
    except ValidationError as error:
        first = error.errors()[0]
        what = ".".join(str(part) for part in first["loc"]) or "the line"
        raise QuestionSetError(f"{place}: {what}: {first['msg']}; each line is {_FORMAT}") from error
    answerable = row.kind == "answerable" if row.kind else bool(row.gold_article_ids)
    if answerable and not row.gold_article_ids:
        raise QuestionSetError(f"{place}: an answerable question needs gold_article_ids")
    return QuestionRow(
        row.id or number,
        row.question,
        frozenset(row.gold_article_ids),
        answerable,
        frozenset(row.exclude_article_ids),
    )
