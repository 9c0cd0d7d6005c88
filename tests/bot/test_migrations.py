"""The bot's tables in the database are those that the code thinks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.tables import metadata
from knowledge.database import Database
from knowledge.errors import DatabaseTooNew

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection


def differences(connection: Connection) -> list[object]:
    """What Alembic would change in the bot's own tables."""

    def is_ours(_item: object, name: str | None, kind: str, _reflected: object, _other: object) -> bool:
        return kind != "table" or name in metadata.tables

    options = {"version_table": "bot_version", "include_object": is_ours, "compare_type": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


async def test_the_migrations_build_the_tables_of_the_code(database: Database) -> None:
    """Neither a column nor an index is missing on either side."""
    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """The message names the database; nothing is changed in it."""
    async with Database(Database.url_for("", tmp_path)) as database:
        await database.upgrade("bot:migrations", "bot_version")
        async with database.write() as connection:
            await connection.exec_driver_sql("UPDATE bot_version SET version_num = 'bot_9999'")
        with pytest.raises(DatabaseTooNew, match=r"helpdesk\.sqlite"):
            await database.upgrade("bot:migrations", "bot_version")
