"""Daily counts in the database, where there is no Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from knowledge.tables import llm_days

if TYPE_CHECKING:
    from knowledge.database import Database


class SqlCounter:
    """One row a day and name; the rows of earlier days go when a new day begins."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, day: str, name: str, amount: int) -> int:
        """Add, and give the new sum. Raises SQLAlchemyError or StorageError."""
        mine = (llm_days.c.day == day) & (llm_days.c.name == name)
        async with self._database.write() as connection:
            changed = await connection.execute(
                update(llm_days).where(mine).values(amount=llm_days.c.amount + amount)
            )
            if not changed.rowcount:
                await connection.execute(delete(llm_days).where(llm_days.c.day < day))
                await connection.execute(insert(llm_days), {"day": day, "name": name, "amount": amount})
            return int((await connection.execute(select(llm_days.c.amount).where(mine))).scalar_one())
