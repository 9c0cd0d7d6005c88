"""Who is an admin, and which audience a person and a channel have. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.base import Command, Event
from knowledge.models import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterable

    from config.settings import AccessSettings, ChannelSettings
    from connectors.base import Address, Person

CONSOLE = "console"
"""The platform of the terminal: whoever sits at it runs the bot."""


class Access:
    """Decides by the config alone. An audience of None means every audience.

    `console_audience` narrows what the terminal sees; without it the terminal, an operator's tool, sees all.
    """

    def __init__(
        self,
        settings: AccessSettings,
        channels: Iterable[ChannelSettings] = (),
        console_audience: frozenset[str] | None = None,
    ) -> None:
        self._settings = settings
        self._channels = {channel.id: channel for channel in channels}
        self._console_audience = console_audience

    def is_admin(self, address: Address, person: Person) -> bool:
        """Whether the person may change things: named as an admin, or in a group that is. A guest never is."""
        if address.platform == CONSOLE:
            return True
        return not person.guest and bool(({person.id} | person.groups) & self._settings.admins)

    def channel(self, address: Address) -> ChannelSettings | None:
        """Give the `[[channels]]` table of the place, by its id with or without the workspace."""
        full = f"{address.platform}:{address.workspace}/{address.channel}"
        return self._channels.get(full) or self._channels.get(f"{address.platform}:{address.channel}")

    def person_audience(self, address: Address, person: Person) -> frozenset[str] | None:
        """Give the labels that the person holds; what is said to them alone may use all of these.

        A guest holds `public` and nothing else, whatever the config says of them.
        """
        if address.platform == CONSOLE:
            return self._console_audience
        if person.guest:
            return frozenset({PUBLIC})
        own = self._settings.people.get(person.id, frozenset())
        groups = (self._settings.groups.get(group, frozenset()) for group in person.groups)
        return frozenset({PUBLIC}).union(self._settings.members, own, *groups)

    def channel_audience(self, address: Address) -> frozenset[str] | None:
        """Give the labels that everyone in the channel holds."""
        if address.platform == CONSOLE:
            return self._console_audience
        settings = self.channel(address)
        return frozenset({PUBLIC}) | (settings.audience if settings else frozenset())

    def audience(self, event: Event) -> frozenset[str] | None:
        """Give the audience of the reply: the channel's where others read it, else the sender's.

        Replies to commands are private, so they use the sender's.
        """
        if isinstance(event, Command) or event.direct:
            return self.person_audience(event.address, event.sender)
        if event.outsiders:
            return frozenset({PUBLIC})
        return self.channel_audience(event.address)
