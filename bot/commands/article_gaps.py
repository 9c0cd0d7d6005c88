"""Commands from gap to article: gaps, draft."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.commands import article_forms as forms
from bot.commands.words import plain
from bot.errors import CommandError
from bot.gaps import LOOKED_BACK
from bot.replies import ago
from connectors.base import Action, Reply
from knowledge.errors import KnowledgeError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping
    from datetime import datetime

    from bot.commands.call import Asking, Call, Doing
    from bot.gaps import Gap, GapReport, Gaps
    from connectors.forms import Form

_LONGEST: Final = 200
_BUTTONS: Final = 5


class GapCommands:
    """Tells what the articles lack, and begins the article."""

    def __init__(
        self,
        gaps: Gaps,
        labels: Collection[str],
        clock: Callable[[], datetime],
        agents_answer: Callable[[str], Awaitable[str]],
    ) -> None:
        """`agents_answer` gives what people answered to a question that was passed on, or nothing."""
        self._gaps = gaps
        self._labels = labels
        self._agents_answer = agents_answer
        self._clock = clock

    def doing(self) -> Mapping[str, Doing]:
        """See `CommandGroup`."""
        return {"gaps": self.gaps, "draft": self.draft}

    def asking(self) -> Mapping[str, Asking]:
        """See `CommandGroup`."""
        return {"draft": self.ask_for_article}

    async def gaps(self, call: Call) -> Reply:
        """List what people ask and no article answers, the most asked first."""
        if call.live is not None:
            await call.live.progress("grouping questions …")
        try:
            report = await self._gaps.find(call.audience)
        except KnowledgeError as error:
            raise CommandError(str(error)) from error
        actions = tuple(
            Action("draft", f"Draft {number}", str(gap.number))
            for number, gap in enumerate(report.gaps[:_BUTTONS], 1)
        )
        return Reply(gaps_text(report, self._clock()), actions=actions, private=True)

    async def ask_for_article(self, call: Call) -> Form | None:
        """Show the form of a new article: the gap's question as its title, a person's answer to it as its text."""
        question = await self._question(call)
        answer = await self._agents_answer(question)
        form = forms.adding(question.strip().rstrip("?").rstrip(), answer, self._labels)
        title, text, readers = form.fields
        text = replace(text, hint=f"Asked: {question}"[:150])
        return replace(form, title="Draft an article", fields=(title, text, readers))

    async def draft(self, call: Call) -> Reply:
        """Say how to write the article, where no form can be shown."""
        question = await self._question(call)
        answer = await self._agents_answer(question)
        said = f"\n\nA person answered:\n\n{answer}" if answer else ""
        return Reply(
            f"People ask: {plain(question, _LONGEST)}{said}\n\n"
            "Write `add`, a title, and the answer on the lines below; at the terminal `helpdesk-bot articles add FILE`."
            " `gaps` leaves it out once the articles answer it.",
            private=True,
        )

    async def _question(self, call: Call) -> str:
        if not call.arguments.isdecimal():
            raise CommandError("say which gap: `draft NUMBER`; `gaps` shows the numbers")
        return await self._gaps.question(int(call.arguments), call.audience)


def gaps_text(report: GapReport, now: datetime) -> str:
    """List gaps, with what was asked in public; of the rest the number alone."""
    days = LOOKED_BACK.days
    if not report.gaps and not report.in_private:
        return f"Nothing that was asked in the last {days} days is without an answer."
    lines = [f"Asked in the last {days} days and not answered, or not helpfully:", ""] if report.gaps else []
    for number, gap in enumerate(report.gaps, 1):
        lines.append(
            f"{number}. **{plain(gap.label, _LONGEST)}** ({_counts(gap)}; last {ago(gap.newest, now)})"
        )
        lines.append(f"   - `draft {gap.number}` begins its article")
        lines += [f"   - {plain(quote, _LONGEST)}" for quote in gap.quotes]
    if report.in_private:
        number = report.in_private
        asked = "1 question that was" if number == 1 else f"{number:,} questions that were"
        lines += ["", f"And {asked} asked in private, which I do not show."]
    return "\n".join(lines).strip()


def _counts(gap: Gap) -> str:
    times = "once" if gap.asked == 1 else f"{gap.asked:,} times"
    people = "1 person" if gap.people == 1 else f"{gap.people:,} people"
    bad = f", {gap.not_helpful:,} not helpful" if gap.not_helpful else ""
    return f"{times} by {people}{bad}"
