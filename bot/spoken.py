"""Commands said in a message, such as `@desk why`: Slack has no slash commands inside of threads. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.access import CONSOLE
from bot.commands.table import COMMANDS
from connectors.base import Command, IncomingMessage

if TYPE_CHECKING:
    from bot.access import Access
    from connectors.base import Event

_SPOKEN = {spec.name: spec.spoken for spec in COMMANDS}


def as_command(event: Event, access: Access) -> Event:
    """Give the command that an addressed message says, or the event as it is.

    What takes arguments is a command in an admin's mouth only: "sync outlook" may be somebody's question.
    """
    if not isinstance(event, IncomingMessage) or not event.addressed or event.address.platform == CONSOLE:
        return event
    first, _, rest = event.text.strip().partition("\n")
    name, _, word = first.strip().partition(" ")
    name, word, rest = name.casefold().removeprefix("/"), word.strip(), rest.strip()
    if not _is_command(name, word, rest, is_admin=access.is_admin(event.address, event.sender)):
        return event
    arguments = f"{word}\n{rest}" if rest else word
    return Command(event.message_id, event.address, event.sender, name, arguments, event.received_at)


def _is_command(name: str, word: str, rest: str, *, is_admin: bool) -> bool:
    spoken = _SPOKEN.get(name, "no")
    if not word and not rest:
        return spoken == "alone" or (is_admin and spoken == "word")
    if not is_admin:
        return False
    if rest:
        return spoken == "lines" and bool(word)
    return spoken == "word" and " " not in word
