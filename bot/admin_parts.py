"""The parts of the bot that admins work with, each built when it is first asked for."""

# ruff: noqa: PLC0415 - a part is imported when it is built: a question needs none of these
from __future__ import annotations

from typing import TYPE_CHECKING

from bot.article_parts import ArticleParts

if TYPE_CHECKING:
    from bot.changes import ArticleChanges
    from bot.commands.call import CommandGroup
    from bot.gaps import Gaps
    from bot.platforms import Platforms
    from bot.proposals import Proposals
    from bot.source_control import SourceControl
    from connectors.base import Address, SharedFile
    from knowledge.previewing import ArticlePreview
    from knowledge.rehearsal import Rehearsal


class AdminParts(ArticleParts):
    """What changes articles and sources, and what shows how they do."""

    platforms: Platforms

    async def proposals(self) -> Proposals:
        """Give what waits for a click."""
        return await self._once("proposals", self._build_proposals)

    async def changes(self) -> ArticleChanges:
        """Give what admins change single articles with."""
        return await self._once("changes", self._build_changes)

    async def source_control(self) -> SourceControl:
        """Give what admins sync, pause and confirm sources with."""
        return await self._once("source_control", self._build_source_control)

    async def rehearsal(self) -> Rehearsal:
        """Give what tries questions against drafts."""
        return await self._once("rehearsal", self._build_rehearsal)

    async def gaps(self) -> Gaps:
        """Give what finds questions that no article answers."""
        return await self._once("gaps", self._build_gaps)

    def preview(self) -> ArticlePreview:
        """Give what shows how articles are cut."""
        from knowledge.previewing import ArticlePreview

        return ArticlePreview(self.embedding)

    async def admin_commands(self) -> tuple[CommandGroup, ...]:
        """Give what does the admins' commands."""
        from bot.commands.article_gaps import GapCommands
        from bot.commands.article_proposals import ArticleProposals
        from bot.commands.article_reading import ReadingCommands
        from bot.commands.article_sources import SourceCommands
        from bot.commands.articles import ArticleCommands
        from bot.handoff.store import Handoffs
        from bot.intake import Intake
        from bot.readers import known_labels

        changes, proposals = await self.changes(), await self.proposals()
        articles, labels = ArticleProposals(changes, proposals), known_labels(self.settings)
        return (
            ArticleCommands(
                changes,
                articles,
                Intake(self._fetch_file, self.read_file, self.clock),
                upkeep=await self.upkeep(),
                labels=labels,
                clock=self.clock,
            ),
            ReadingCommands(
                changes,
                await self.audit(),
                preview=self.preview(),
                rehearsal=await self.rehearsal(),
                clock=self.clock,
            ),
            SourceCommands(await self.source_control(), proposals, articles),
            GapCommands(
                await self.gaps(), labels, self.clock, Handoffs(await self.database(), self.clock).answer_to
            ),
        )

    async def _fetch_file(self, file: SharedFile, address: Address) -> bytes:
        from bot.intake import MOST_BYTES

        return await self.platforms.fetch(file, address, MOST_BYTES)

    async def _build_proposals(self) -> Proposals:
        from bot.proposals import Proposals

        return Proposals(await self.database(), self.clock)

    async def _build_changes(self) -> ArticleChanges:
        from bot.changes import ArticleChanges

        names = [source.name for source in self.settings.sources]
        return ArticleChanges(await self.library(), await self.sync(), await self.audit(), names, self.clock)

    async def _build_source_control(self) -> SourceControl:
        from bot.source_control import SourceControl

        return SourceControl(
            await self.upkeep(), await self.pauses(), await self.audit(), await self.library()
        )

    async def _build_gaps(self) -> Gaps:
        from bot.gaps import Gaps

        evidence = await self.evidence()
        return Gaps(await self.database(), self.embedding, evidence.run, self.clock)

    async def _build_rehearsal(self) -> Rehearsal:
        from config.persona import load_persona
        from knowledge.rehearsal import Rehearsal

        return Rehearsal(
            await self.database(),
            self.clock,
            self.embedding,
            index_dir=self.settings.data_dir / "index",
            evidence=await self.evidence(),
            answering=await self.answering(),
            persona=load_persona(self.settings.persona.default),
        )
