"""Commands on sources: sync, reindex, pause, resume; and what confirms or discards what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot import replies
from bot.commands.actors import actor_of
from bot.commands.article_proposals import GONE, KEPT
from bot.errors import CommandError
from bot.live import Throttled
from connectors.base import Action, Reply
from knowledge.errors import KnowledgeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.commands.article_proposals import ArticleProposals
    from bot.commands.call import Asking, Call, Doing
    from bot.proposals import Proposals
    from bot.source_control import Held, SourceControl
    from knowledge.sync import Progress

REMOVALS: Final = "removals"
_SHOWN: Final = 50


class SourceCommands:
    """Syncs, makes anew, pauses, resumes; confirms what waits for an admin."""

    def __init__(self, control: SourceControl, proposals: Proposals, articles: ArticleProposals) -> None:
        self._control = control
        self._proposals = proposals
        self._articles = articles

    def doing(self) -> Mapping[str, Doing]:
        """See `CommandGroup`."""
        return {
            "sync": self.sync,
            "reindex": self.reindex,
            "pause": self.pause,
            "resume": self.resume,
            "confirm": self.confirm,
            "discard": self.discard,
        }

    def asking(self) -> Mapping[str, Asking]:
        """See `CommandGroup`."""
        return {}

    async def sync(self, call: Call) -> Reply:
        """Sync some or all sources."""
        async with Throttled(call.live) as telling:
            reports = await self._control.sync(call.arguments.split(), actor_of(call), _told(telling))
        return replies.from_sync(reports)

    async def reindex(self, call: Call) -> Reply:
        """Make the index anew, or what it holds of one article or source."""
        try:
            async with Throttled(call.live) as telling:
                what, passages = await self._control.reindex(call.arguments, actor_of(call), _told(telling))
        except KnowledgeError as error:
            raise CommandError(str(error)) from error
        named = f"`{what}`" if call.arguments else "The index"
        return Reply(f"{named} was made anew: {passages:,} passages embedded.", private=True)

    async def pause(self, call: Call) -> Reply:
        """Pause a source."""
        name = call.arguments
        if not await self._control.pause(name, actor_of(call)):
            return Reply(f"{name} is paused already.", private=True)
        return Reply(
            f"Paused {name}: neither schedule nor webhook syncs it, also after a restart. Its articles stay. "
            f"`sync {name}` still does, `resume {name}` ends the pause.",
            private=True,
        )

    async def resume(self, call: Call) -> Reply:
        """Resume a paused source."""
        name = call.arguments
        if not await self._control.resume(name, actor_of(call)):
            return Reply(f"{name} is not paused.", private=True)
        return Reply(f"Resumed {name}: it is synced as soon as it is due.", private=True)

    async def confirm(self, call: Call) -> Reply:
        """Do what waits: store proposed articles, or let a held removal happen, which is shown first."""
        name, by = call.arguments, actor_of(call)
        stored = await self._articles.confirm(name, by)
        if stored is not None:
            return stored
        seen = await self._proposals.take(name, REMOVALS)
        if seen is None:
            return await self._ask(call)
        async with Throttled(call.live) as telling:
            telling.tell("syncing …")
            report = await self._control.confirm(seen["source"], seen["ids"], by)
        if report is None:
            shown = await self._shown(await self._control.held(seen["source"]), by.person)
            return Reply(f"Something else waits by now.\n\n{shown.text}", actions=shown.actions, private=True)
        text = replies.from_sync([report]).text
        return Reply(text, private=True, replaces=True)

    async def discard(self, call: Call) -> Reply:
        """Leave undone what waits."""
        discarded = await self._articles.discard(call.arguments)
        if discarded is not None:
            return discarded
        seen = await self._proposals.take(call.arguments, REMOVALS)
        if seen is None:
            return Reply(GONE, private=True)
        source = seen["source"]
        return Reply(
            f"Nothing was removed. The next sync of {source} holds it again; `pause {source}` keeps it from being "
            "synced until the helpdesk is in order.",
            private=True,
            replaces=True,
        )

    async def _ask(self, call: Call) -> Reply:
        try:
            held = await self._control.held(call.arguments)
        except CommandError:
            if len(call.arguments) == len("0123456789abcdef"):  # the id of a button
                return Reply(GONE, private=True)
            raise
        return await self._shown(held, call.sender.id)

    async def _shown(self, held: Held, person: str) -> Reply:
        if not held.ids:
            return Reply(f"No removal of {held.source} waits.", private=True)
        kept = await self._proposals.keep(
            REMOVALS, {"source": held.source, "ids": list(held.ids)}, person, KEPT
        )
        lines = [f"- `{article.ref}`" for article in held.articles[:_SHOWN]]
        if len(held.articles) > _SHOWN:
            lines.append(f"- and {len(held.articles) - _SHOWN} more")
        text = "\n".join(
            [
                f"{held.source} has {len(held.ids)} articles no more; that is so much of it that they were kept:",
                "",
                *lines,
                "",
                f"`confirm {kept}` removes those that it still lacks then, `discard {kept}` leaves them.",
            ]
        )
        actions = (Action("confirm", "Remove them", kept), Action("discard", "Keep them", kept))
        return Reply(text, actions=actions, private=True)


def _told(telling: Throttled) -> Progress:
    """Give what tells of a sync's phases, such as "embedding: 120 of 300"."""

    def progress(phase: str, done: int, total: int | None) -> None:
        counted = f"{done:,} of {total:,}" if total else f"{done:,}"
        telling.tell(f"{phase}: {counted} …")

    return progress
