"""Who is an admin, which audience a person and a channel have, and what holds in a place. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.places import KnownPlaces, Place
from config.settings import ChannelSettings
from connectors.base import Command, Event
from knowledge.models import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from config.settings import AccessSettings
    from connectors.base import Address, Person

CONSOLE = "console"
WEB = "web"
"""The platform of the terminal: whoever sits at it runs the bot."""
INTERNAL = "internal"
"""The label of what an admin adds in a chat, unless another is said."""
_UNCHANGED = Place()


class Access:
    """Decides by the config, and by what was changed in a place since. An audience of None means every audience.

    `console_audience` narrows what the terminal sees; without it the terminal, an operator's tool, sees all.
    """

    def __init__(
        self,
        settings: AccessSettings,
        channels: Iterable[ChannelSettings] = (),
        console_audience: frozenset[str] | None = None,
        places: KnownPlaces | None = None,
    ) -> None:
        self._settings = settings
        self._channels = {channel.id: channel for channel in channels}
        self._console_audience = console_audience
        self._places = places or KnownPlaces()

    def is_admin(self, address: Address, person: Person) -> bool:
        """Whether the person may change things: named as an admin, or in a group that is. A guest never is."""
        if address.platform == CONSOLE:
            return True
        return not person.guest and bool(({person.id} | person.groups) & self._settings.admins)

    def configured(self, address: Address) -> ChannelSettings | None:
        """Give the `[[channels]]` table of the place, by its id with or without the workspace, or the workspace's."""
        if not self._channels:
            return None
        names = (
            f"{address.platform}:{address.workspace}/{address.channel}",
            f"{address.platform}:{address.channel}",
            f"{address.platform}:{address.workspace}",
        )
        return next((self._channels[name] for name in names if name in self._channels), None)

    def channel(self, address: Address) -> ChannelSettings | None:
        """Give what holds in the place: its `[[channels]]` table, and over it what was changed from the chat."""
        configured = self.configured(address)
        changed = self._places.of(address)
        if configured is None:
            if changed == _UNCHANGED:
                return None
            configured = ChannelSettings.model_construct(id=f"{address.platform}:{address.channel}")
        settings = changed.over(configured)
        widest = self.widest_audience(address)
        return settings.model_copy(update={"audience": settings.audience & widest})

    def widest_audience(self, address: Address) -> frozenset[str]:
        """Give the labels that a channel may have by a command: those of the config's table, and every member's."""
        configured = self.configured(address)
        own = configured.audience if configured else frozenset()
        return frozenset({PUBLIC}) | own | self._settings.members

    def is_muted(self, address: Address, now: datetime) -> bool:
        """Whether somebody asked the bot to be silent in this channel or thread."""
        until = self._places.of(address).muted_until
        return until is not None and now.timestamp() < until

    def labels(self) -> frozenset[str]:
        """Give every label that the config gives to a person, a group, a channel or every member."""
        given = [*self._settings.people.values(), *self._settings.groups.values()]
        channels = (channel.audience for channel in self._channels.values())
        return frozenset({PUBLIC, INTERNAL}).union(self._settings.members, *given, *channels)

    def person_audience(self, address: Address, person: Person) -> frozenset[str] | None:
        """Give the labels that the person holds; what is said to them alone may use all of these.

        A guest holds `public` and what the platform vouches for, whatever the config says of them. An admin holds
        every label: who may add, show and change any article reads it anyway.
        """
        if address.platform == CONSOLE:
            return self._console_audience
        if person.guest:
            return frozenset({PUBLIC}) | person.labels
        if self.is_admin(address, person):
            return None
        own = self._settings.people.get(person.id, frozenset())
        groups = (self._settings.groups.get(group, frozenset()) for group in person.groups)
        return frozenset({PUBLIC}).union(self._settings.members, person.labels, own, *groups)

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

    def audience_here(self, command: Command, own: frozenset[str] | None) -> frozenset[str] | None:
        """Give the labels by which a person may know of an answer that stands where the command was said.

        Whoever stands in a channel reads what is answered there, though they hold fewer labels elsewhere: `own`.
        """
        there = self.channel_audience(command.address)
        if own is None or there is None or command.sender.guest or command.outsiders:
            return own
        return own | there
