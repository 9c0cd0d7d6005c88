"""Commands that change single articles: add, edit, remove, restore."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.access import CONSOLE
from bot.changes import RESTORABLE_DAYS
from bot.commands import article_forms as forms
from bot.commands.actors import actor_of
from bot.diffs import as_lines, difference, fenced
from bot.errors import CommandError
from bot.local_articles import edited, local_article
from bot.readers import parse_readers
from connectors.base import Reply
from knowledge.errors import KnowledgeError, RevisionConflict
from knowledge.library import NEW
from knowledge.sync import LOCAL_SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from bot.changes import ArticleChanges
    from bot.commands.article_proposals import ArticleProposals
    from bot.commands.call import Asking, Call, Doing
    from bot.intake import Intake
    from bot.upkeep import Upkeep
    from connectors.forms import Form
    from knowledge.models import Article

_LISTED: Final = 30
_WEB: Final = ("http://", "https://")


class ArticleCommands:
    """Adds, edits, removes and restores articles; what they answer about is true when they answer."""

    def __init__(
        self,
        changes: ArticleChanges,
        proposals: ArticleProposals,
        intake: Intake,
        *,
        upkeep: Upkeep,
        labels: frozenset[str],
        clock: Callable[[], datetime],
    ) -> None:
        self._changes = changes
        self._proposals = proposals
        self._intake = intake
        self._upkeep = upkeep
        self._labels = labels
        self._clock = clock

    def doing(self) -> Mapping[str, Doing]:
        """See `CommandGroup`."""
        return {"add": self.add, "edit": self.edit, "remove": self.remove, "restore": self.restore}

    def asking(self) -> Mapping[str, Asking]:
        """See `CommandGroup`."""
        return {"add": self.ask_what_to_add, "edit": self.ask_what_to_edit}

    async def ask_what_to_add(self, call: Call) -> Form | None:
        """Ask for title, text and readers; not for files, nor for a page."""
        if call.command.files or call.arguments.lower().startswith(_WEB):
            return None
        title, _, body = call.arguments.partition("\n")
        return forms.adding(title.strip(), body.strip(), self._labels)

    async def ask_what_to_edit(self, call: Call) -> Form | None:
        """Show the article as it is now, to be changed; not when the new text came along."""
        if not call.arguments or "\n" in call.arguments:
            return None
        return forms.editing(await self._changes.editable(call.arguments, call.audience))

    async def add(self, call: Call) -> Reply:
        """Add an article: of a form, of a title with lines below, of files, of a page, at the terminal of a file."""
        try:
            if call.command.files:
                return await self._add_files(call)
            if call.arguments.lower().startswith(_WEB):
                return await self._add_page(call)
            return await self._add_article(call, await self._article_of(call))
        except (CommandError, KnowledgeError) as error:
            raise _with_what_was_written(call, error) from error

    async def edit(self, call: Call) -> Reply:
        """Edit an article; a form's edit is stored, a text that came along is shown as a diff first."""
        try:
            if call.fields:
                return await self._edit_by_form(call)
            name, body = await self._edit_of(call)
            article = await self._changes.editable(name, call.audience)
            return await self._propose_edit(call, article, body)
        except (CommandError, KnowledgeError) as error:
            raise _with_what_was_written(call, error) from error

    async def remove(self, call: Call) -> Reply:
        """Remove an article; it can be restored for thirty days."""
        if not call.arguments:
            raise CommandError("say which article: `remove ID`; `list` shows the ids")
        try:
            ref = (await self._changes.remove(call.arguments, actor_of(call))).ref
        except KnowledgeError as error:
            raise CommandError(str(error)) from error
        again = (
            f" Its source still has it, so the next sync brings it back, unless you hide it there or "
            f"`pause {ref.source}`."
            if ref.source in self._upkeep.sources
            else ""
        )
        return Reply(
            f"Removed `{ref}`. `restore {ref}` brings it back within {RESTORABLE_DAYS} days.{again}",
            private=True,
        )

    async def restore(self, call: Call) -> Reply:
        """Restore a removed article, or list those that can be."""
        if not call.arguments:
            return await self._restorable(call)
        try:
            restored = await self._changes.restore(call.arguments, actor_of(call))
        except KnowledgeError as error:
            raise CommandError(str(error)) from error
        if restored.copy_of is None:
            return Reply(f"Restored `{restored.article.ref}`, as it was.", private=True)
        return Reply(
            f"The source {restored.copy_of.source} has `{restored.copy_of}` no more, and its next sync would remove "
            f"it again. It is back as `{restored.article.ref}`, an article of the bot's own, for internal; `edit` "
            "changes who may read it.",
            private=True,
        )

    async def _add_files(self, call: Call) -> Reply:
        readers = parse_readers(call.arguments, self._labels)
        taken = await self._intake.from_files(call.command.files, call.address, readers)
        opening = "To be added:" if taken.articles else "None of this can be added:"
        return await self._proposals.propose(
            await self._by_title(taken.articles), actor_of(call), failed=taken.failed, opening=opening
        )

    async def _by_title(self, articles: Sequence[Article]) -> list[Article]:
        """Let a file stand for the bot's own article of the same title, whatever the file is called."""
        own = await self._upkeep.articles(LOCAL_SOURCE, None)
        titles = {one.title.casefold(): one.ref.id for one in own}
        taken = {one.ref.id for one in own} & {article.id for article in articles}
        found: list[Article] = []
        for article in articles:
            same = titles.get(article.title.casefold(), article.id)
            if article.id not in taken and same not in taken:
                taken.add(same)
                article = replace(article, id=same)  # noqa: PLW2901 - the same file
            found.append(article)
        return found

    async def _add_page(self, call: Call) -> Reply:
        url, *labels = call.arguments.split()
        article = await self._intake.from_url(url, parse_readers(" ".join(labels), self._labels))
        return await self._proposals.propose([article], actor_of(call), opening=f"Of {url} comes:")

    async def _add_article(self, call: Call, article: Article) -> Reply:
        by = actor_of(call)
        try:
            await self._changes.store(article, by, NEW)
        except RevisionConflict:
            there = (await self._changes.held([article.ref])).get(article.ref)
            if there is None or as_lines(there) != as_lines(article):  # else a killed process had stored it
                opening = "There is an article with this title already:"
                return await self._proposals.propose([article], by, opening=opening, verb="Replace it")
        await self._changes.publish()
        readers = ", ".join(sorted(article.audience))
        hidden = call.audience is not None and not call.audience & article.audience
        note = " You hold none of these labels, so your own questions do not find it." if hidden else ""
        return Reply(f'Added "{article.title}" as `{article.ref}`, for {readers}.{note}', private=True)

    async def _article_of(self, call: Call) -> Article:
        if call.fields:
            readers = parse_readers(call.fields.get("readers", ""), self._labels)
            title, body = call.fields.get("title", ""), call.fields.get("text", "")
            return local_article(title, body, audience=readers, now=self._clock())
        title, _, body = call.arguments.partition("\n")
        if body.strip():
            return local_article(title, body, audience=parse_readers("", self._labels), now=self._clock())
        if call.address.platform == CONSOLE and title:
            return await self._intake.from_path(Path(title))
        raise CommandError("write the title on the first line and the article's text on the lines below")

    async def _edit_of(self, call: Call) -> tuple[str, str]:
        """Give the article's name and its new text. Raises CommandError, ArticleError."""
        name, _, given = call.arguments.partition("\n")
        if name.strip() and given.strip():
            return name.strip(), given
        name, _, path = name.strip().partition(" ")
        if call.address.platform == CONSOLE and path.strip():
            return name, (await self._intake.from_path(Path(path.strip()))).body
        if name:
            await self._changes.editable(name, call.audience)  # what cannot be edited at all is told first
        if call.address.platform == CONSOLE:
            raise CommandError("say which article and where its new text is: `edit ID FILE`")
        raise CommandError(
            "say which article, and its new text on the lines below: `edit ID`; `list` shows the ids"
        )

    async def _edit_by_form(self, call: Call) -> Reply:
        name, _, revision = call.arguments.rpartition(" ")
        now = await self._changes.editable(name, call.audience)
        wanted = edited(
            now,
            title=call.fields.get("title", now.title),
            body=call.fields.get("text", now.body),
            url=call.fields.get("url", now.url or ""),
            audience=parse_readers(call.fields.get("readers", ""), self._labels | now.audience),
            now=self._clock(),
        )
        if wanted is now:
            return Reply(f"`{now.ref}` is as it was: nothing was changed.", private=True)
        try:
            await self._changes.store(wanted, actor_of(call), revision)
        except RevisionConflict:
            return await self._conflict(call, wanted)
        await self._changes.publish()
        changed = fenced(difference(now, wanted), "diff")
        return Reply(f'Changed `{wanted.ref}` "{wanted.title}".\n\n{changed}', private=True)

    async def _conflict(self, call: Call, wanted: Article) -> Reply:
        """Give back what the admin wrote, beside what somebody else made of the article meanwhile."""
        mine = fenced("\n".join(as_lines(wanted)), "markdown")
        opening = (
            f"`{wanted.ref}` was changed by somebody else while you edited it, so your edit is not stored. "
            f"Yours:\n\n{mine}\n\nWhat storing it would change now:"
        )
        return await self._proposals.propose([wanted], actor_of(call), opening=opening, verb="Store mine")

    async def _propose_edit(self, call: Call, article: Article, body: str) -> Reply:
        wanted = edited(
            article,
            title=article.title,
            body=body,
            url=article.url or "",
            audience=article.audience,
            now=self._clock(),
        )
        if wanted is article:
            return Reply(f"`{article.ref}` has this text already.", private=True)
        return await self._proposals.propose([wanted], actor_of(call), verb="Store it")

    async def _restorable(self, call: Call) -> Reply:
        removals = await self._upkeep.removed(call.audience)
        if not removals:
            return Reply(f"Nothing was removed in the last {RESTORABLE_DAYS} days.", private=True)
        lines = [
            f"- `{found.article.ref}` {found.article.title}, removed {found.removed_at:%Y-%m-%d}"
            for found in removals[:_LISTED]
        ]
        if len(removals) > _LISTED:
            lines.append(f"- and {len(removals) - _LISTED} more")
        return Reply("\n".join(["`restore ID` brings one back:", "", *lines]), private=True)


def _with_what_was_written(call: Call, error: Exception) -> CommandError:
    """Give the error with the text that was filled in: nobody is to write it twice."""
    text = call.fields.get("text", "").strip()
    return CommandError(f"{error}\n\nWhat you wrote:\n\n{fenced(text, 'markdown')}" if text else str(error))
