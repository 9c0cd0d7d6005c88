"""Articles that wait until an admin confirms them: what is shown, and what the two buttons under it do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.article_json import dump_article, load_article
from bot.diffs import difference, fenced
from bot.errors import CommandError
from connectors.base import Action, Reply
from knowledge.errors import KnowledgeError, RevisionConflict
from knowledge.library import NEW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.audit import Actor
    from bot.changes import ArticleChanges
    from bot.proposals import Proposals
    from knowledge.models import Article, Failed

KIND: Final = "articles"
KEPT: Final = timedelta(hours=24)
GONE: Final = "That was confirmed or discarded already, or it waited for more than a day."


@dataclass(frozen=True, slots=True)
class Wanted:
    """An article that is to be stored, and the revision that it was made of (NEW for none)."""

    article: Article
    expected: str


class ArticleProposals:
    """Proposes articles and stores what is confirmed."""

    def __init__(self, changes: ArticleChanges, proposals: Proposals) -> None:
        self._changes = changes
        self._proposals = proposals

    async def propose(
        self,
        articles: Sequence[Article],
        by: Actor,
        *,
        failed: Sequence[Failed] = (),
        opening: str = "",
        verb: str = "Add",
    ) -> Reply:
        """Show what would be stored, what it replaces, and what could not be read; nothing is stored yet."""
        held = await self._changes.held([article.ref for article in articles])
        lines = [opening] if opening else []
        lines += [_line(article, held.get(article.ref)) for article in articles]
        lines += [f"- not readable: {failure.article_id}: {failure.reason}" for failure in failed]
        text = "\n".join(lines)
        if len(articles) == 1 and (was := held.get(articles[0].ref)) is not None:
            text += f"\n\n{fenced(difference(was, articles[0]), 'diff')}"
        if not articles:
            return Reply(text, private=True)
        wanted = [
            Wanted(article, held[article.ref].revision if article.ref in held else NEW)
            for article in articles
        ]
        payload = {"articles": [{"article": dump_article(w.article), "expected": w.expected} for w in wanted]}
        kept = await self._proposals.keep(KIND, payload, by.person, KEPT)
        text += f"\n\n`confirm {kept}` stores this, `discard {kept}` does not. It waits for a day."
        actions = (Action("confirm", verb, kept), Action("discard", "Discard", kept))
        return Reply(text, actions=actions, private=True)

    async def confirm(self, proposal_id: str, by: Actor) -> Reply | None:
        """Store what was proposed; what somebody changed meanwhile is shown again. None for no such proposal."""
        payload = await self._proposals.peek(proposal_id, KIND)
        if payload is None:
            return None
        stored: list[str] = []
        refused: list[Article] = []
        try:
            for row in payload["articles"]:
                done = await self._store(load_article(row["article"]), row["expected"], by)
                (stored if isinstance(done, str) else refused).append(done)  # type: ignore[arg-type]
            if stored:
                await self._changes.publish()
        except KnowledgeError as error:
            raise CommandError(str(error)) from error
        await self._proposals.take(proposal_id, KIND)  # after it is stored: a kill before then loses nothing
        text = "\n".join(stored)
        if not refused:
            return Reply(text, private=True, replaces=True)
        opening = "Somebody changed this meanwhile; nothing of theirs was touched. Look at what differs:"
        return await self.propose(refused, by, opening="\n\n".join(filter(None, (text, opening))))

    async def _store(self, article: Article, expected: str, by: Actor) -> str | Article:
        """Say what was done, or give the article back that may not be stored over what is there."""
        try:
            was = await self._changes.store(article, by, expected)
        except RevisionConflict:
            there = (await self._changes.held([article.ref])).get(article.ref)
            if there is None or there.revision != article.revision:
                return article
            was = None  # a process that was killed had stored it
        return _done(article, was)

    async def discard(self, proposal_id: str) -> Reply | None:
        """Forget what was proposed; None for no such proposal."""
        if await self._proposals.take(proposal_id, KIND) is None:
            return None
        return Reply("Discarded; nothing was changed.", private=True, replaces=True)


def _line(article: Article, was: Article | None) -> str:
    readers = ", ".join(sorted(article.audience))
    line = f"- **{article.title}** as `{article.ref}`, for {readers}"
    return line if was is None else f"{line}, in place of “{was.title}”"


def _done(article: Article, was: Article | None) -> str:
    readers = ", ".join(sorted(article.audience))
    if was is None:
        return f'Added "{article.title}" as `{article.ref}`, for {readers}.'
    return f'Replaced `{article.ref}` by "{article.title}", for {readers}.'
