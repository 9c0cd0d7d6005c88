"""The audit log, and sources that are paused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.audit import Actor, AuditLog, Change
from bot.pauses import Pauses
from knowledge.library import ArticleLibrary
from knowledge.models import Article

if TYPE_CHECKING:
    from knowledge.database import Database
    from tests.bot.conftest import Clock

ADA = Actor("slack:T1/U1", "slack:T1/C1")


@pytest.fixture
def audit(database: Database, clock: Clock) -> AuditLog:
    """An empty log."""
    return AuditLog(database, clock)


async def test_entries_come_newest_first_with_all_that_was_noted(audit: AuditLog, clock: Clock) -> None:
    """Who, when, what, to what, from where, and both revisions; of one object when asked."""
    began = clock()
    await audit.add(ADA, Change("add", "local/a", "A", None, "r1", "readers: internal"))
    clock.advance(minutes=1)
    await audit.add(Actor("cli:root", "terminal"), Change("edit", "local/a", "A", "r1", "r2"))
    await audit.add(ADA, Change("sync", "help"))
    newest, *_ = await audit.entries()
    assert (newest.action, newest.object) == ("sync", "help")
    edit, add = await audit.entries("local/a")
    assert (edit.before, edit.after, edit.person, edit.place) == ("r1", "r2", "cli:root", "terminal")
    assert (add.at, add.title, add.note, add.before) == (began, "A", "readers: internal", None)
    assert edit.number > add.number


async def test_a_change_that_fails_is_not_noted(audit: AuditLog, database: Database, clock: Clock) -> None:
    """The note is in the change's transaction: an article that was not stored has no entry."""
    library = ArticleLibrary(database, clock)
    article = Article("local", "a", "A", "Text.", "r1", frozenset({"internal"}))
    await library.put(article, within=audit.within(ADA, Change("add", "local/a", "A", None, "r1")))
    with pytest.raises(Exception, match="changed meanwhile"):
        await library.put(article, "other", audit.within(ADA, Change("edit", "local/a")))
    assert [entry.action for entry in await audit.entries()] == ["add"]


async def test_pausing_is_known_everywhere_and_noted_once(
    audit: AuditLog, database: Database, clock: Clock
) -> None:
    """Another process sees it; a second pause changes and notes nothing."""
    pauses, elsewhere = Pauses(database, clock), Pauses(database, clock)
    assert await pauses.pause("help", ADA.person, audit.within(ADA, Change("pause", "help")))
    assert not await elsewhere.pause("help", ADA.person, audit.within(ADA, Change("pause", "help")))
    assert await elsewhere.names() == {"help"}
    assert await elsewhere.resume("help", audit.within(ADA, Change("resume", "help")))
    assert not await pauses.resume("help", audit.within(ADA, Change("resume", "help")))
    assert await pauses.names() == frozenset()
    assert [entry.action for entry in await audit.entries("help")] == ["resume", "pause"]
