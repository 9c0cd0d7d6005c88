"""Does the commands of the table, after it has checked who may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.commands import words
from bot.commands.call import Call
from bot.commands.table import COMMANDS, find_command
from bot.errors import CommandError, NotAllowed
from connectors.base import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.access import Access
    from bot.commands.call import Asking, CommandGroup, Doing
    from bot.commands.table import CommandSpec
    from connectors.base import Command, Live
    from connectors.forms import Form


class Commands:
    """Does the commands of `COMMANDS` by its groups. Raises ValueError when one is done by none, or by two."""

    def __init__(self, access: Access, groups: Iterable[CommandGroup]) -> None:
        self._access = access
        self._doing: dict[str, Doing] = {"help": self._help}
        self._asking: dict[str, Asking] = {}
        for group in groups:
            for name, doing in group.doing().items():
                if name in self._doing:
                    raise ValueError(f"two groups do the command {name}")
                self._doing[name] = doing
            self._asking.update(group.asking())
        strange = {spec.name for spec in COMMANDS} ^ set(self._doing)
        if strange:
            raise ValueError(
                f"the table of commands and what does them differ in: {', '.join(sorted(strange))}"
            )

    def visible(self, command: Command) -> list[CommandSpec]:
        """Give the commands that the sender may use, without those of buttons."""
        admin = self._access.is_admin(command.address, command.sender)
        return [spec for spec in COMMANDS if not spec.hidden and (admin or not spec.admin)]

    async def run(self, command: Command, audience: frozenset[str] | None, live: Live | None = None) -> Reply:
        """Do the command if its sender may; what cannot be done as asked is told to the sender alone."""
        try:
            spec, call = self._checked(command, audience, live)
            return await self._doing[spec.name](call)
        except CommandError as error:
            return Reply(str(error), private=True)

    def counts(self, command: Command) -> bool:
        """Whether the command costs its sender as much as a question does; what buttons do mostly does not."""
        try:
            spec = find_command(command.name)
        except CommandError:
            return True
        return spec.counts if spec.counts is not None else not spec.hidden

    async def form(self, command: Command, audience: frozenset[str] | None) -> Form | None:
        """Give what is to be filled in before the command is done; None when it can be done, or refused."""
        try:
            spec, call = self._checked(command, audience, None)
            asking = None if call.fields else self._asking.get(spec.name)
            return None if asking is None else await asking(call)
        except CommandError:
            return None  # `run` meets it again, and tells

    def _checked(
        self, command: Command, audience: frozenset[str] | None, live: Live | None
    ) -> tuple[CommandSpec, Call]:
        spec = find_command(command.name)
        admin = self._access.is_admin(command.address, command.sender)
        if spec.admin and not admin:
            raise NotAllowed(f"`{spec.name}` is for the bot's admins.")
        return spec, Call(command, audience, admin, live)

    async def _help(self, call: Call) -> Reply:
        """List the commands that the sender may use."""
        return Reply(words.help_text(self.visible(call.command)), private=True)
