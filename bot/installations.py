"""The workspaces that installed the Slack app, in the bot's own database.

The tokens stand there as they are: whoever reads the database file, or the data folder's backup, has them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from bot.tables import slack_installations, slack_states
from connectors.slack.installations import STATE_LIFE, Installation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from knowledge.database import Database


class SqlInstallations:
    """Implements `connectors.slack.installations.KeepsInstallations`; the database is opened at the first use."""

    def __init__(self, database: Callable[[], Awaitable[Database]]) -> None:
        self._database = database

    async def find(self, team: str) -> Installation | None:
        """Give the installation in a workspace."""
        query = select(slack_installations).where(slack_installations.c.team == team)
        async with (await self._database()).read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        at = datetime.fromtimestamp(row.installed_at, UTC)
        return Installation(row.team, row.name, row.bot_token, row.bot_user, row.bot_id, row.installed_by, at)

    async def save(self, installation: Installation) -> None:
        """Keep an installation in place of an earlier one."""
        row = {
            "team": installation.team,
            "name": installation.name,
            "bot_token": installation.bot_token,
            "bot_user": installation.bot_user,
            "bot_id": installation.bot_id,
            "installed_by": installation.installed_by,
            "installed_at": installation.installed_at.timestamp(),
        }
        table = slack_installations
        async with (await self._database()).write() as connection:
            await connection.execute(delete(table).where(table.c.team == installation.team))
            await connection.execute(insert(table).values(row))

    async def drop(self, team: str, until: datetime) -> bool:
        """Forget an installation that is not younger than `until`."""
        table = slack_installations
        query = delete(table).where(table.c.team == team, table.c.installed_at <= until.timestamp())
        async with (await self._database()).write() as connection:
            return (await connection.execute(query)).rowcount > 0

    async def begin(self, state: str, until: datetime) -> None:
        """Keep the state of an installation that was begun; what is over its time is forgotten."""
        now = (until - STATE_LIFE).timestamp()
        async with (await self._database()).write() as connection:
            await connection.execute(delete(slack_states).where(slack_states.c.expires_at < now))
            await connection.execute(insert(slack_states).values(state=state, expires_at=until.timestamp()))

    async def finish(self, state: str, now: datetime) -> bool:
        """Take a state that is still good, once."""
        query = delete(slack_states).where(slack_states.c.state == state).returning(slack_states.c.expires_at)
        async with (await self._database()).write() as connection:
            expires_at = (await connection.execute(query)).scalar_one_or_none()
        return expires_at is not None and expires_at > now.timestamp()
