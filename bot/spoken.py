"""Commands said in a message, such as `@desk why`: Slack has no slash commands inside of threads. Pure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from bot.access import CONSOLE
from bot.commands.table import COMMANDS
from bot.human_words import asks_for_a_person
from bot.thread_context import asked_above
from connectors.base import Command, IncomingMessage

if TYPE_CHECKING:
    from bot.access import Access
    from connectors.base import Event

ARTICLE_FILES = frozenset({".md", ".markdown", ".html", ".htm", ".txt", ".pdf", ".docx"})
"""What an admin may drop on the bot to add it as an article."""
_SPOKEN = {spec.name: spec.spoken for spec in COMMANDS}
_OF_TWO_WORDS = {("forget", "me"): "forget_me"}


def as_command(event: Event, access: Access) -> Event:
    """Give the command that an addressed message says, or the event as it is.

    What takes arguments is a command in an admin's mouth only: "sync outlook" may be somebody's question. Its name
    alone is one in anybody's, who is then told that it is for admins. Files to which an admin says nothing are
    articles to add, if only one of them can be.
    """
    if isinstance(event, Command):
        return joined(event)
    if not event.addressed:
        return event
    if not event.text.strip():
        return _said(event, "add", "") if _are_articles(event, access) else event
    if asks_for_a_person(event.text):
        return _said(event, "human", "")
    return event if event.address.platform == CONSOLE else _spoken(event, access)


def _spoken(event: IncomingMessage, access: Access) -> Event:
    first, _, rest = event.text.strip().partition("\n")
    name, _, word = first.strip().partition(" ")
    name, word, rest = name.casefold().removeprefix("/"), word.strip(), rest.strip()
    if name == "help" and not word and not rest and asked_above(event.earlier):
        return event  # below somebody's question it asks for help with that, not for the list of commands
    if not rest and (name, word.casefold().rstrip(".!")) in _OF_TWO_WORDS:
        name, word = _OF_TWO_WORDS[name, word.casefold().rstrip(".!")], ""
    if not _is_command(name, word, rest, is_admin=access.is_admin(event.address, event.sender)):
        return event
    return _said(event, name, f"{word}\n{rest}" if rest else word)


def _said(event: IncomingMessage, name: str, arguments: str) -> Command:
    # at the top of a channel the command means the channel, not the thread in which its reply will stand
    address = replace(event.address, thread=None) if event.starts_thread else event.address
    return Command(
        event.message_id,
        address,
        event.sender,
        name,
        arguments,
        event.received_at,
        files=event.files,
        outsiders=event.outsiders,
    )


def joined(command: Command) -> Command:
    """Make one command of `forget me`, whose second word a platform takes for an argument."""
    name = _OF_TWO_WORDS.get((command.name.casefold(), command.arguments.strip().casefold()))
    return replace(command, name=name, arguments="") if name else command


def _are_articles(event: IncomingMessage, access: Access) -> bool:
    kinds = {PurePosixPath(file.name).suffix.casefold() for file in event.files}
    return bool(kinds & ARTICLE_FILES) and access.is_admin(event.address, event.sender)


def _is_command(name: str, word: str, rest: str, *, is_admin: bool) -> bool:
    spoken = _SPOKEN.get(name, "no")
    if not word and not rest:
        return spoken != "no"
    if spoken == "anyone":
        return not rest and len(word) <= _LONGEST_WORD and " " not in word
    if not is_admin:
        return False
    if rest:
        return spoken == "lines" and bool(word)
    return spoken == "words" or (spoken == "word" and " " not in word)


_LONGEST_WORD = 20
"""Of what follows a command that anybody may say, such as `mute 30m`."""
