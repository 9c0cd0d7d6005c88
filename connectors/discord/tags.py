"""A forum's posts are tagged as answered, or as waiting for a human, where the forum has such tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import discord
import structlog

from connectors.base import Command
from connectors.discord.places import FAILURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.base import Event, Reply

MOST = 5
"""discord.com/developers/docs/resources/channel#channel-object: `applied_tags`"""
RATED = "helpful"
"""The button that only answers have."""
HUMAN = "human"


@dataclass(frozen=True, slots=True)
class TagNames:
    """What the tags are called, in small letters."""

    answered: str = "answered"
    human: str = "needs a human"


class Tags:
    """Tags posts; that it may not, or cannot, is no reason to give no answer."""

    def __init__(self, client: discord.Client, names: TagNames) -> None:
        self._client = client
        self._names = names
        self._log = structlog.get_logger()

    async def mark(self, event: Event, reply: Reply | None) -> None:
        """Tag the post in which the event was said by what became of it; None is silence."""
        wanted = self._wanted(event, reply)
        thread = (
            self._client.get_channel(int(event.address.thread)) if wanted and event.address.thread else None
        )
        if not isinstance(thread, discord.Thread) or not isinstance(thread.parent, discord.ForumChannel):
            return
        tags = self._changed(thread, thread.parent, wanted)
        if tags is None:
            return
        try:
            await thread.edit(applied_tags=tags)
        except FAILURES as error:
            self._log.info("post_not_tagged", thread=thread.id, reason=str(error))

    def _wanted(self, event: Event, reply: Reply | None) -> str:
        if isinstance(event, Command):
            return self._names.human if event.name == HUMAN else ""
        if reply is None:
            return self._names.human if event.starts_thread else ""
        actions = {action.name for action in reply.actions}
        if RATED in actions:
            return self._names.answered
        return self._names.human if HUMAN in actions else ""

    def _changed(
        self, thread: discord.Thread, forum: discord.ForumChannel, wanted: str
    ) -> Sequence[discord.ForumTag] | None:
        """Give the post's tags with the wanted one in place of the other; None when nothing changes."""
        known = {tag.name.casefold(): tag for tag in forum.available_tags}
        tag = known.get(wanted.casefold())
        if tag is None or tag in thread.applied_tags or not _may_tag(thread, tag):
            return None
        ours = {self._names.answered.casefold(), self._names.human.casefold()}
        kept = [other for other in thread.applied_tags if other.name.casefold() not in ours]
        return [*kept, tag] if len(kept) < MOST else None


def _may_tag(thread: discord.Thread, tag: discord.ForumTag) -> bool:
    me = thread.guild.me
    if thread.permissions_for(me).manage_threads:
        return True
    return thread.owner_id == me.id and not tag.moderated
