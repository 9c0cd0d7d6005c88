"""What people can tell the bot to do, in one table; it serves the terminal, and Slack and Discord later."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from bot import command_words as words
from bot import replies
from bot.access import CONSOLE
from bot.errors import CommandError, NotAllowed
from bot.upkeep import local_article
from config.nearest import did_you_mean
from config.persona import shipped_personas
from connectors.base import Command, Reply
from knowledge.errors import KnowledgeError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from bot.access import Access
    from bot.personas import Personas
    from bot.questions import Questions
    from bot.upkeep import Upkeep
    from knowledge.models import Article

INTERNAL = frozenset({"internal"})
"""Who reads what an admin adds in a chat; `helpdesk-bot articles add --audience` says otherwise."""
REASONS = frozenset({"wrong", "outdated", "incomplete", "other"})
"""Why an answer did not help, as far as a log may tell it; other words are a person's own."""


@dataclass(frozen=True, slots=True)
class Call:
    """A command that is being done: what was said, and the labels of whoever said it."""

    command: Command
    audience: frozenset[str] | None

    @property
    def arguments(self) -> str:
        """What follows the command's name."""
        return self.command.arguments.strip()


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One command. `hidden` ones are what buttons send; `admin` ones take an admin."""

    name: str
    arguments: str
    help: str
    run: Callable[[Commands, Call], Awaitable[Reply]]
    admin: bool = False
    hidden: bool = False


class Commands:
    """Does the commands of the table `COMMANDS`."""

    def __init__(
        self,
        *,
        access: Access,
        personas: Personas,
        questions: Questions,
        upkeep: Upkeep,
        read_file: Callable[[Path], Awaitable[Article]],
        health: Callable[[], Awaitable[dict[str, str]]],
        clock: Callable[[], datetime],
    ) -> None:
        self._access = access
        self._personas = personas
        self._questions = questions
        self._upkeep = upkeep
        self._read_file = read_file
        self._health = health
        self._clock = clock
        self._log = structlog.get_logger()

    def visible(self, command: Command) -> list[CommandSpec]:
        """Give the commands that the sender may use, without those of buttons."""
        admin = self._access.is_admin(command.address, command.sender)
        return [spec for spec in COMMANDS if not spec.hidden and (admin or not spec.admin)]

    async def run(self, command: Command, audience: frozenset[str] | None) -> Reply:
        """Do the command if its sender may; what cannot be done as asked is told to the sender alone."""
        try:
            spec = find_command(command.name)
            if spec.admin and not self._access.is_admin(command.address, command.sender):
                raise NotAllowed(f"`{spec.name}` is for the bot's admins.")
            return await spec.run(self, Call(command, audience))
        except CommandError as error:
            return Reply(str(error), private=True)

    async def help(self, call: Call) -> Reply:
        """List the commands that the sender may use."""
        return Reply(words.help_text(self.visible(call.command)), private=True)

    async def sources(self, call: Call) -> Reply:
        """Tell where the articles come from and how fresh they are."""
        shown = await self._upkeep.status(call.audience)
        if not self._access.is_admin(call.command.address, call.command.sender):
            shown = [source for source in shown if source.articles]  # a name alone may tell too much
        return Reply(words.sources_text(shown, self._clock()), private=True)

    async def list_articles(self, call: Call) -> Reply:
        """List articles that the sender may read."""
        found = await self._upkeep.articles(call.arguments or None, call.audience)
        return Reply(words.list_text(found), private=True)

    async def why(self, call: Call) -> Reply:
        """Tell how the last answer here came about."""
        asked = await self._questions.last(call.command.address, call.audience)
        if asked is None:
            return Reply("I have answered nothing here yet.", private=True)
        return Reply(words.why_text(asked), private=True)

    async def persona(self, call: Call) -> Reply:
        """Change who speaks here, until the next start."""
        if not call.arguments:
            speaking = self._personas.of(call.command.address, self._access.channel(call.command.address))
            names = ", ".join(shipped_personas())
            return Reply(f"Speaking as {speaking.name}. Others: {names}.", private=True)
        chosen = self._personas.choose(call.command.address, call.arguments)
        return Reply(f"Now speaking as {chosen.name}. {chosen.greeting}", private=True)

    async def status(self, call: Call) -> Reply:
        """Tell what works and what does not."""
        articles = len(await self._upkeep.articles(None, call.audience))
        return Reply(words.status_text(articles, await self._health()), private=True)

    async def sync(self, call: Call) -> Reply:
        """Sync some or all sources."""
        return replies.from_sync(await self._upkeep.sync(call.arguments.split()))

    async def reindex(self, _call: Call) -> Reply:
        """Make the index anew."""
        try:
            passages = await self._upkeep.reindex()
        except KnowledgeError as error:
            raise CommandError(str(error)) from error
        return Reply(f"The index was made anew: {passages:,} passages embedded.", private=True)

    async def add(self, call: Call) -> Reply:
        """Add an article: its title on the first line and its text below, or at the terminal a file."""
        try:
            article = await self._article_of(call)
            await self._upkeep.add(article)
        except KnowledgeError as error:
            raise CommandError(str(error)) from error
        readers = ", ".join(sorted(article.audience))
        return Reply(f'Added "{article.title}" as `{article.ref}`, for {readers}.', private=True)

    async def remove(self, call: Call) -> Reply:
        """Remove an article."""
        if not call.arguments:
            raise CommandError("say which article: `remove ID`; `list` shows the ids")
        try:
            ref = await self._upkeep.remove(call.arguments)
        except KnowledgeError as error:
            raise CommandError(str(error)) from error
        again = (
            " Its source still has it, so the next sync brings it back."
            if ref.source in self._upkeep.sources
            else ""
        )
        return Reply(f"Removed `{ref}`.{again}", private=True)

    async def helpful(self, call: Call) -> Reply:
        """Keep a good rating."""
        return await self._rate(call, helpful=True)

    async def not_helpful(self, call: Call) -> Reply:
        """Keep a bad rating."""
        return await self._rate(call, helpful=False)

    async def human(self, _call: Call) -> Reply:
        """Say how to reach a person."""
        return Reply(
            "I cannot pass questions on to a person here; please write to your helpdesk.", private=True
        )

    async def _rate(self, call: Call, *, helpful: bool) -> Reply:
        answer_id, _, reason = call.arguments.partition(" ")
        if not await self._questions.rate(answer_id, call.command.sender, helpful=helpful):
            raise CommandError("I do not know that answer any more.")
        self._log.info(
            "answer_rated", answer_id=answer_id, helpful=helpful, reason=reason if reason in REASONS else None
        )
        return Reply("Thank you, noted." if helpful else "Noted. Thank you for telling me.", private=True)

    async def _article_of(self, call: Call) -> Article:
        title, _, body = call.arguments.partition("\n")
        if body.strip():
            return local_article(title, body, audience=INTERNAL, now=self._clock())
        if call.command.address.platform == CONSOLE and title:
            return await self._read_file(Path(title))
        raise CommandError("write the title on the first line and the article's text on the lines below")


def find_command(name: str) -> CommandSpec:
    """Give the command of this name. Raises CommandError that names the nearest one."""
    for spec in COMMANDS:
        if spec.name == name.casefold():
            return spec
    known = [spec.name for spec in COMMANDS if not spec.hidden]
    raise CommandError(f'there is no command "{name}"; {did_you_mean(name, known)} Try `help`.')


COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec("help", "", "what I can do", Commands.help),
    CommandSpec("sources", "", "where my articles come from, and how fresh they are", Commands.sources),
    CommandSpec("why", "", "how my last answer here came about", Commands.why),
    CommandSpec("persona", "[NAME]", "in whose voice I speak here", Commands.persona, admin=True),
    CommandSpec("list", "[SOURCE]", "the articles that you may read", Commands.list_articles),
    CommandSpec("status", "", "what works and what does not", Commands.status, admin=True),
    CommandSpec("sync", "[SOURCE …]", "read the sources again now", Commands.sync, admin=True),
    CommandSpec("reindex", "", "make the search index anew", Commands.reindex, admin=True),
    CommandSpec("add", "TITLE, then the text below", "add an article", Commands.add, admin=True),
    CommandSpec("remove", "ID", "remove an article", Commands.remove, admin=True),
    CommandSpec("helpful", "ANSWER", "rate an answer", Commands.helpful, hidden=True),
    CommandSpec("not_helpful", "ANSWER [REASON]", "rate an answer", Commands.not_helpful, hidden=True),
    CommandSpec("human", "", "reach a person", Commands.human, hidden=True),
)
"""Every command, in the order of `help`."""
