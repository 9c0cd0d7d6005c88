"""Rows of a generation's file, and what of them changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A passage as it lies in the file. `payload` is JSON; `vector` is float32 bytes or None."""

    id: str
    source: str
    article_id: str
    text: str
    payload: str
    text_hash: bytes | None = None
    vector: bytes | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What a reader that stood at an older counter has to do to stand at `counter`."""

    counter: int
    rows: Sequence[PassageRow]
    removed: Sequence[str]


class RowExists(ValueError):  # noqa: N818 - the name says the fact
    """A row with this id is there already."""
