"""Assistance: what people can pick from, and the page that is theirs. Nothing that they may not read stands there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.commands import words
from bot.replies import ago
from config.persona import shipped_personas
from connectors.base import Action, Reply
from connectors.forms import Choice
from knowledge.models import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from bot.access import Access
    from bot.questions import Questions
    from bot.upkeep import Upkeep
    from connectors.base import Address, Person
    from connectors.forms import Wanted

FREQUENT_PEOPLE = 5
"""A question of fewer people may tell who asked it."""
FREQUENT_DAYS = timedelta(days=90)
OWN_QUESTIONS = 5
LONGEST = 150
"""Characters of a question that is suggested: a longer one is somebody's story."""
FORGET_ME = Action("forget_me", "Forget me")

HOW_TO_ASK = """\
**How to ask**
- write to me here, or mention me in a channel or a thread
- in a thread I go on with whoever asked; without words, a mention takes the question that stands there
- every answer names its articles and their dates; the buttons under it tell me whether it helped, show what it \
stands on, and call a person"""


class Assistance:
    """Suggests what could be asked or meant, and writes a person's own page."""

    def __init__(
        self, access: Access, questions: Questions, upkeep: Upkeep, clock: Callable[[], datetime]
    ) -> None:
        self._access = access
        self._questions = questions
        self._upkeep = upkeep
        self._clock = clock

    async def suggest(self, wanted: Wanted) -> list[Choice]:
        """Give what could be meant, the best first, at most `wanted.limit`.

        The labels are the person's own; where outsiders read along, `public` alone.
        """
        kinds: Mapping[str, Callable[[Wanted, frozenset[str] | None], Awaitable[Iterable[Choice]]]] = {
            "question": self._asked,
            "article": self._articles,
            "removed": self._removed,
            "source": self._sources,
            "persona": self._personas,
            "label": self._labels,
        }
        audience = self._audience(wanted)
        if wanted.kind == "article" and wanted.typed.strip():
            alike = await self._upkeep.suggest_articles(wanted.typed, audience, wanted.limit)
            return [Choice(article.title, str(article.ref)) for article in alike]
        return best(await kinds[wanted.kind](wanted, audience), wanted.typed, wanted.limit)

    async def home(self, address: Address, person: Person) -> Reply:
        """Give a person's own page; admins see how things stand as well."""
        now = self._clock()
        parts = [HOW_TO_ASK]
        asked = await self._questions.of_person(person.id, OWN_QUESTIONS)
        if asked:
            lines = [f"- {words.plain(each.text, LONGEST)} ({ago(each.asked_at, now)})" for each in asked]
            parts.append("\n".join(["**What you asked last**", *lines]))
        if self._access.is_admin(address, person):
            parts.append(await self._state(self._access.person_audience(address, person), now))
        return Reply("\n\n".join(parts), actions=(FORGET_ME,), private=True)

    async def _state(self, audience: frozenset[str] | None, now: datetime) -> str:
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        asked, unanswered = await self._questions.counts(midnight)
        sources = await self._upkeep.status(audience)
        lines = [
            "**How things stand**",
            f"- articles: {sum(source.articles for source in sources):,}",
            f"- questions today: {asked:,}, unanswered: {unanswered:,}",
        ]
        return "\n".join([*lines, words.sources_text(sources, now)])

    def _audience(self, wanted: Wanted) -> frozenset[str] | None:
        held = self._access.person_audience(wanted.address, wanted.person)
        return frozenset({PUBLIC}) if wanted.outsiders else held

    async def _asked(self, wanted: Wanted, audience: frozenset[str] | None) -> Iterable[Choice]:
        since = self._clock() - FREQUENT_DAYS
        place = wanted.address
        asked = await self._questions.frequent(place.platform, place.workspace, since, least=FREQUENT_PEOPLE)
        titles = await self._articles(wanted, audience)
        short = (text for text in asked if len(text) <= LONGEST)
        return [Choice(text, text) for text in (*short, *(title.label for title in titles))]

    async def _articles(self, _wanted: Wanted, audience: frozenset[str] | None) -> list[Choice]:
        found = await self._upkeep.articles(None, audience)
        newest = sorted(found, key=lambda article: article.updated_at or _LONG_AGO, reverse=True)
        return [Choice(article.title, str(article.ref)) for article in newest]

    async def _removed(self, wanted: Wanted, audience: frozenset[str] | None) -> list[Choice]:
        """Give what can be restored, to admins, who alone may do that."""
        if not self._is_admin(wanted):
            return []
        removals = await self._upkeep.removed(audience)
        return [Choice(removal.article.title, str(removal.article.ref)) for removal in removals]

    async def _sources(self, wanted: Wanted, audience: frozenset[str] | None) -> list[Choice]:
        is_admin = self._is_admin(wanted)
        status = await self._upkeep.status(audience)
        return [Choice(source.name, source.name) for source in status if is_admin or source.articles]

    async def _personas(self, _wanted: Wanted, _audience: frozenset[str] | None) -> list[Choice]:
        return [Choice(name, name) for name in shipped_personas()]

    async def _labels(self, wanted: Wanted, audience: frozenset[str] | None) -> list[Choice]:
        known = self._access.labels() if self._is_admin(wanted) else audience or frozenset()
        return [Choice(label, label) for label in sorted(known)]

    def _is_admin(self, wanted: Wanted) -> bool:
        return not wanted.outsiders and self._access.is_admin(wanted.address, wanted.person)


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def best(choices: Iterable[Choice], typed: str, limit: int) -> list[Choice]:
    """Give the choices that hold every word typed, those that begin with them first; each value once. Pure."""
    wanted = typed.casefold().split()
    whole = " ".join(wanted)

    def fits(choice: Choice) -> bool:
        text = f"{choice.label} {choice.value}".casefold()
        return all(word in text for word in wanted)

    once = {choice.value: choice for choice in reversed(list(choices))}
    found = [choice for choice in reversed(once.values()) if fits(choice)]
    found.sort(key=lambda choice: not choice.label.casefold().startswith(whole))
    return found[:limit]
