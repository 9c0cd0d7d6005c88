"""The admins' command groups over a real database, for tests of the table as a whole; nothing that takes the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.audit import AuditLog
from bot.changes import ArticleChanges
from bot.commands.article_gaps import GapCommands
from bot.commands.article_proposals import ArticleProposals
from bot.commands.article_reading import ReadingCommands
from bot.commands.article_sources import SourceCommands
from bot.commands.articles import ArticleCommands
from bot.gaps import Gaps
from bot.handoff.store import Handoffs
from bot.intake import Intake
from bot.pauses import Pauses
from bot.proposals import Proposals
from bot.source_control import SourceControl

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from bot.commands.call import CommandGroup
    from bot.upkeep import Upkeep
    from connectors.base import Address, SharedFile
    from knowledge.database import Database
    from knowledge.library import ArticleLibrary
    from knowledge.models import Article
    from knowledge.sync import ArticleSync
    from tests.bot.conftest import Clock


def article_groups(
    database: Database,
    library: ArticleLibrary,
    sync: ArticleSync,
    upkeep: Upkeep,
    clock: Clock,
    *,
    read_file: Callable[[Path], Awaitable[Article]],
) -> tuple[CommandGroup, ...]:
    """Build them as the app does; `preview` and `try` need a model, which `tests/bot/admin_desk.py` has."""
    audit, proposals = AuditLog(database, clock), Proposals(database, clock)
    changes = ArticleChanges(library, sync, audit, upkeep.sources, clock)
    articles = ArticleProposals(changes, proposals)
    intake = Intake(_no_files, read_file, clock)
    labels = frozenset({"public", "internal"})
    return (
        ArticleCommands(changes, articles, intake, upkeep=upkeep, labels=labels, clock=clock),
        ReadingCommands(changes, audit, preview=None, rehearsal=None, clock=clock),  # type: ignore[arg-type]
        GapCommands(Gaps(database, None, None, clock), labels, clock, Handoffs(database, clock).answer_to),  # type: ignore[arg-type]
        SourceCommands(SourceControl(upkeep, Pauses(database, clock), audit, library), proposals, articles),
    )


async def _no_files(_file: SharedFile, _address: Address) -> bytes:
    raise AssertionError
