"""Commands that show articles to admins and change nothing: show, preview, try, audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.access import CONSOLE
from bot.commands import article_words as words
from bot.commands.article_forms import trying
from bot.errors import CommandError
from bot.local_articles import local_article
from connectors.base import Reply
from knowledge.errors import KnowledgeError
from knowledge.models import ArticleRef

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from bot.audit import AuditEntry, AuditLog
    from bot.changes import ArticleChanges
    from bot.commands.call import Asking, Call, Doing
    from connectors.forms import Form
    from knowledge.previewing import ArticlePreview
    from knowledge.rehearsal import Rehearsal

AUDITED = 30


class ReadingCommands:
    """Shows articles as they are, as they are cut, and what a draft would answer."""

    def __init__(
        self,
        changes: ArticleChanges,
        audit: AuditLog,
        *,
        preview: ArticlePreview,
        rehearsal: Rehearsal,
        clock: Callable[[], datetime],
    ) -> None:
        self._changes = changes
        self._audit = audit
        self._preview = preview
        self._rehearsal = rehearsal
        self._clock = clock

    def doing(self) -> Mapping[str, Doing]:
        """See `CommandGroup`."""
        return {
            "show": self.show,
            "preview": self.preview,
            "try": self.try_draft,
            "audit": self.audit,
        }

    def asking(self) -> Mapping[str, Asking]:
        """See `CommandGroup`."""
        return {"try": self.ask_for_draft}

    async def show(self, call: Call) -> Reply:
        """Show an article with what is known of it and what was done to it."""
        article = await self._changes.find(_named(call, "show"), call.audience)
        history = await self._changes.history(article.ref)
        return Reply(words.article_text(article, history), private=True)

    async def preview(self, call: Call) -> Reply:
        """Show how an article is cut into passages."""
        article = await self._changes.find(_named(call, "preview"), call.audience)
        try:
            cuts = await self._preview.cuts(article)
        except KnowledgeError as error:
            raise CommandError(str(error)) from error
        return Reply(words.preview_text(article, cuts, self._preview.most_tokens), private=True)

    async def ask_for_draft(self, call: Call) -> Form | None:
        """Ask for the draft, and for the question where none was said."""
        return None if "\n" in call.arguments else trying(call.arguments)

    async def try_draft(self, call: Call) -> Reply:
        """Answer a question as if a draft were published; nothing of it is kept."""
        question, title, text = _draft_of(call)
        if not question.strip():
            raise CommandError("ask something of the draft")
        draft = local_article(title, text, audience=frozenset({"internal"}), now=self._clock())
        try:
            outcome = await self._rehearsal.answer(draft, question, call.audience)
        except KnowledgeError as error:
            raise CommandError(str(error)) from error
        return Reply(words.outcome_text(outcome, draft.title), private=True)

    async def audit(self, call: Call) -> Reply:
        """Tell who changed what, the newest first; of one article or source where it is named."""
        entries = await self._audit.entries(call.arguments or None, AUDITED)
        if not entries and call.arguments:
            article = await self._changes.find(call.arguments, call.audience)
            entries = await self._audit.entries(str(article.ref), AUDITED)
        hidden = await self._hidden(entries, call.audience)
        return Reply(words.audit_text(entries, hidden), private=True)

    async def _hidden(self, entries: Sequence[AuditEntry], audience: frozenset[str] | None) -> frozenset[str]:
        """Give the articles whose titles this audience is not told: others' to read, or gone."""
        if audience is None:
            return frozenset()
        refs = {ArticleRef(*entry.object.split("/", 1)) for entry in entries if "/" in entry.object}
        held = await self._changes.held(refs)
        readable = {str(ref) for ref, article in held.items() if article.audience & audience}
        return frozenset(str(ref) for ref in refs) - readable


def _named(call: Call, command: str) -> str:
    if not call.arguments:
        raise CommandError(f"say which article: `{command} ID`; `list` shows the ids")
    return call.arguments


def _draft_of(call: Call) -> tuple[str, str, str]:
    if call.fields:
        return call.fields.get("question", ""), call.fields.get("title", ""), call.fields.get("text", "")
    question, _, draft = call.arguments.partition("\n")
    title, _, text = draft.strip().partition("\n")
    if not text.strip():
        where = (
            "`helpdesk-bot articles try FILE QUESTION`" if call.address.platform == CONSOLE else "`try` alone"
        )
        raise CommandError(
            f"write the question on the first line, the draft's title and its text below; or {where}"
        )
    return question, title, text
