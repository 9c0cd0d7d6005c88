"""What an answer stands on, and how it is shared: the buttons `Sources` and `Share in channel`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot import replies
from bot.commands.why_words import passage_article, why_text
from bot.commands.words import plain
from bot.errors import CommandError
from connectors.base import Reply
from knowledge.models import PUBLIC, ArticleRef, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    from bot.access import Access
    from bot.asking import Asker
    from bot.commands.call import Asking, Call, Doing
    from bot.given_answers import GivenAnswers
    from bot.outbox import Outbox
    from bot.questions import Asked, Questions
    from knowledge.library import ArticleLibrary
    from knowledge.models import Article

UNKNOWN = "I do not know that answer any more."
NOTHING_YET = "I have answered nothing here yet."
NOT_FOR_ALL = (
    "I did not share it: the articles that everyone in this channel may read do not answer this question."
)
_QUESTION_SHOWN = 300
_LONGEST_QUOTE = 1_500


class AnswerCommands:
    """Tells of an answer that was given; shares one by answering afresh for all who read there."""

    def __init__(
        self,
        *,
        questions: Questions,
        given: GivenAnswers,
        library: ArticleLibrary,
        asker: Asker,
        access: Access,
        outbox: Outbox,
        clock: Callable[[], datetime],
        old: timedelta | None = None,
    ) -> None:
        self._questions = questions
        self._given = given
        self._library = library
        self._asker = asker
        self._access = access
        self._outbox = outbox
        self._clock = clock
        self._old = old

    def doing(self) -> Mapping[str, Doing]:
        """See `CommandGroup`."""
        return {"share": self.share, "why": self.why}

    def asking(self) -> Mapping[str, Asking]:
        """See `CommandGroup`."""
        return {}

    async def sources_of(self, call: Call, answer_id: str) -> Reply:
        """List the articles of an answer as they are today, and the passages that it quoted."""
        known = await self._given.find(call, answer_id)
        if known is None:
            raise CommandError(UNKNOWN)
        asked, audience = known
        cited: list[Mapping[str, Any]] = asked.trace.get("cited") or []
        refs = [ArticleRef(one["source"], one["article"]) for one in cited]
        found = {
            article.ref: article
            for article in await self._library.load(refs)
            if audience is None or audience & article.audience
        }
        if not found:
            return Reply(
                "What this answer stands on is not there any more, or it stands on no article.", private=True
            )
        parts = [self._shown(article, cited) for article in found.values()]
        if len(found) < len(set(refs)):
            parts.append("An article that it stood on as well is not there any more.")
        return Reply(
            "\n\n".join(parts), replies.links_to(found.values(), self._clock(), self._old), private=True
        )

    async def why(self, call: Call) -> Reply:
        """Tell how an answer came about: the one that is named, or the last one here."""
        known = await (self._given.find(call, call.arguments) if call.arguments else self._given.last(call))
        if known is None:
            return Reply(UNKNOWN if call.arguments else NOTHING_YET, private=True)
        asked, audience = known
        passages = (asked.trace.get("trace") or {}).get("passages") or ()
        named = [ArticleRef(one["source"], one["article"]) for one in asked.trace.get("cited") or ()]
        named += [passage_article(str(one["id"])) for one in passages]
        current = await self._library.current(named)

        def may_read(ref: ArticleRef) -> bool:
            labels = current.get(ref, ("", frozenset()))[1]
            return audience is None or bool(labels & audience)

        return Reply(why_text(asked, is_admin=call.is_admin, may_read=may_read), private=True)

    async def share(self, call: Call) -> Reply:
        """Answer a private question afresh for everyone in the channel, and post that there."""
        answer_id = call.arguments
        asked = await self._questions.find(answer_id, call.audience, call.sender)
        if asked is None or asked.person != call.sender.id or not asked.text:
            raise CommandError(UNKNOWN)
        readers = self._readers(call)
        answer, persona = await self._asker.ask_for(searched(asked), call.address, readers)
        if answer.verdict not in {Verdict.ANSWERED, Verdict.UNSURE}:
            raise CommandError(NOT_FOR_ALL)
        shown = replies.from_answer(answer, persona, self._clock(), old=self._old)
        who = plain(call.sender.name or call.sender.id, 80)
        head = f"**{who}** asked: {plain(asked.text, _QUESTION_SHOWN)}"
        reply = Reply(f"{head}\n\n{shown.text}", shown.links, shown.actions, reference=answer.id)
        place = f"{call.address.channel}/{call.address.thread or ''}"
        if not await self._outbox.put(f"share/{answer_id}/{place}"[:255], call.address, reply):
            return Reply("It was shared here already.", private=True)
        await self._questions.record(call.address, call.sender, answer, readers)
        return Reply("Shared, answered afresh with what everyone here may read.", private=True)

    def _readers(self, call: Call) -> frozenset[str] | None:
        if call.command.outsiders:
            return frozenset({PUBLIC})
        return self._access.channel_audience(call.address)

    def _shown(self, article: Article, cited: list[Mapping[str, Any]]) -> str:
        age = f" (updated {replies.ago(article.updated_at, self._clock())})" if article.updated_at else ""
        lines = [f"**{plain(article.title, 200)}**{age}"]
        mine = [one for one in cited if (one["source"], one["article"]) == tuple(article.ref)]
        same = [one for one in mine if one["revision"] == article.revision]
        lines += [_quoted(str(one["quote"])) for one in same if one["quote"]]
        if len(same) < len(mine):
            lines.append("It has changed since I quoted it.")
        return "\n".join(lines)


def searched(asked: Asked) -> str:
    """Give the question as it was searched for: whole, also where it was asked as a follow-up."""
    return str((asked.trace.get("trace") or {}).get("searched") or asked.text)


def _quoted(text: str) -> str:
    cut = text if len(text) <= _LONGEST_QUOTE else f"{text[: _LONGEST_QUOTE - 1]}…"
    return "\n".join(f"> {line}" for line in cut.splitlines())
