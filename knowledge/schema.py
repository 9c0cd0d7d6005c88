"""A history of tables: reads where a database stands, and lets Alembic bring it to the head."""

from __future__ import annotations

import importlib.resources
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, text

from knowledge.errors import DatabaseTooNew

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

_REVISION = re.compile(r"^revision(?:\s*:[^=\n]+)?\s*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)
_DOWN_REVISION = re.compile(r"^down_revision(?:\s*:[^=\n]+)?\s*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)


class SchemaHistory:
    """The Alembic revisions under `script_location` (`package:folder` or a path), kept in `version_table`.

    Where the database stands is compared with the revision files as text, so that a start with nothing to do
    does not import Alembic.
    """

    SQLITE_HAS_TABLE: Final = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"

    def __init__(self, script_location: str, version_table: str) -> None:
        self._folder = _folder_of(script_location)
        self.version_table = version_table
        self.query = f"SELECT version_num FROM {version_table}"  # noqa: S608 - our own name
        texts = [file.read_text(encoding="utf-8") for file in sorted(self._folder.glob("versions/*.py"))]
        found = [match[1] for text in texts if (match := _REVISION.search(text))]
        below = {match[1] for text in texts if (match := _DOWN_REVISION.search(text))}
        heads = [revision for revision in found if revision not in below]
        if len(heads) != 1:
            raise ValueError(f"{self._folder} must have one head, it has {heads}")
        self._known = frozenset(found)
        self._head = heads[0]

    def is_at_head(self, connection: Connection, place: str) -> bool:
        """Whether nothing is left to do. Raises DatabaseTooNew, naming `place`."""
        if not inspect(connection).has_table(self.version_table):
            return False
        return self.is_head(connection.execute(text(self.query)), place)

    def is_head(self, rows: Iterable[Sequence[object]], place: str) -> bool:
        """Whether these rows of the version table say so. Raises DatabaseTooNew, naming `place`."""
        revisions = {str(row[0]) for row in rows}
        if revisions - self._known:
            raise DatabaseTooNew(
                f"the database {place} was written by a newer version of helpdesk-bot "
                f"({', '.join(sorted(revisions - self._known))}); install that version or a later one, "
                "or put back a backup from before the upgrade"
            )
        return revisions == {self._head}

    def upgrade(self, connection: Connection, place: str) -> None:
        """Bring the database to the head inside the connection's transaction, unless another process did."""
        if self.is_at_head(connection, place):
            return
        from alembic.config import Config  # noqa: PLC0415 - costs 0.1 s, and most starts do not need it
        from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
        from alembic.script import ScriptDirectory  # noqa: PLC0415

        scripts = ScriptDirectory(str(self._folder))

        def steps(current: object, _context: object) -> object:
            return scripts._upgrade_revs(self._head, current)  # type: ignore[arg-type]  # noqa: SLF001 - Alembic's recipe

        with EnvironmentContext(Config(), scripts, fn=steps) as environment:
            environment.configure(connection=connection, version_table=self.version_table)
            with environment.begin_transaction():
                environment.run_migrations()


def _folder_of(script_location: str) -> Path:
    package, colon, folder = script_location.partition(":")
    if colon and package.isidentifier():
        return Path(str(importlib.resources.files(package))) / folder
    return Path(script_location)
