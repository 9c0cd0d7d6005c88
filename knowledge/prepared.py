"""Statements that are the same for every message, compiled once: building one takes longer than running it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from sqlalchemy import Executable

_DIALECT = sqlite.dialect()


class Prepared:
    """A statement with `?` for its parameters, as SQLite and `Database.commit` take it.

    Made of an SQLAlchemy statement whose values are `bindparam`s; say nothing in it that PostgreSQL does not know.
    """

    def __init__(self, statement: Executable) -> None:
        compiled: Any = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]
        self.sql = str(compiled)
        self._names: list[str] = list(compiled.positiontup)
        self._fixed: dict[str, Any] = dict(compiled.params)
        self._processors: dict[str, Any] = dict(compiled._bind_processors)  # noqa: SLF001 - what `execute` applies

    def parameters(self, **values: object) -> list[object]:
        """Give the values in the statement's order, each as its column's type writes it."""
        unknown = values.keys() - self._fixed.keys()
        if unknown:
            raise TypeError(f"the statement has no {', '.join(sorted(unknown))}")
        known = self._fixed | values
        return [
            self._processors[name](known[name]) if name in self._processors else known[name]
            for name in self._names
        ]
