"""Commands that change what holds in a channel or a thread: channel, mute, unmute."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.access import CONSOLE
from bot.commands import place_words
from bot.errors import CommandError, NotAllowed
from bot.places import FOREVER, address_of
from config.durations import parse_duration
from connectors.base import Reply
from knowledge.sync import LOCAL_SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.access import Access
    from bot.commands.call import Asking, Call, Doing
    from bot.personas import Personas
    from bot.places import Places
    from bot.shadow import Shadow
    from bot.upkeep import Upkeep
    from connectors.base import Address
    from connectors.forms import Form

CHANNEL_MUTED = "30m"
"""How long a channel is muted where nothing is said; a thread, for good."""


class PlaceCommands:
    """Changes places."""

    def __init__(
        self,
        *,
        access: Access,
        places: Places,
        personas: Personas,
        upkeep: Upkeep,
        shadow: Shadow,
        clock: Callable[[], datetime],
    ) -> None:
        self._access = access
        self._places = places
        self._personas = personas
        self._upkeep = upkeep
        self._shadow = shadow
        self._clock = clock

    def doing(self) -> Mapping[str, Doing]:
        """See `CommandGroup`."""
        return {"channel": self.channel, "mute": self.mute, "unmute": self.unmute}

    def asking(self) -> Mapping[str, Asking]:
        """See `CommandGroup`."""
        return {"channel": self.form}

    async def form(self, call: Call) -> Form | None:
        """Ask for the settings of the channel, if none was said."""
        if call.arguments:
            return None
        return place_words.form(
            self._access.channel(call.address), self._access.widest_audience(call.address)
        )

    async def channel(self, call: Call) -> Reply:
        """Show or change how I behave in a channel."""
        address, said = self._meant(call)
        changed = place_words.parsed(said, call.fields)
        self._check(address, changed)
        if changed:
            await self._places.change(address, call.sender, thread=False, **changed)
        return Reply(place_words.told(self._access.channel(address), is_new=bool(changed)), private=True)

    async def mute(self, call: Call) -> Reply:
        """Be silent in this thread, or in this channel."""
        seconds = _seconds(call.arguments or ("forever" if call.address.thread else CHANNEL_MUTED))
        self._check_right(call)
        until = FOREVER if seconds == FOREVER else self._clock().timestamp() + seconds
        await self._change_mute(call, until)
        where = "thread" if call.address.thread else "channel"
        if until == FOREVER:
            return Reply(
                f"I say nothing more in this {where} until somebody tells me `unmute`.", private=True
            )
        ends = f"{datetime.fromtimestamp(until, UTC):%Y-%m-%d %H:%M} UTC"
        return Reply(
            f"I say nothing in this {where} until {ends}, or until I am told `unmute`.", private=True
        )

    async def unmute(self, call: Call) -> Reply:
        """Speak here again."""
        self._check_right(call)
        await self._change_mute(call, None)
        if self._access.is_muted(call.address, self._clock()):
            return Reply("I may speak in this thread again, but the whole channel is muted.", private=True)
        return Reply("I am here again.", private=True)

    async def _change_mute(self, call: Call, until: float | None) -> None:
        in_thread = bool(call.address.thread)
        await self._places.change(call.address, call.sender, thread=in_thread, muted_until=until)

    def _check_right(self, call: Call) -> None:
        """Let anybody quiet the thread that they stand in; a channel belongs to all, so it takes an admin."""
        if not call.address.thread and not call.is_admin:
            raise NotAllowed("a whole channel is muted by the bot's admins; in a thread, anybody may.")

    def _meant(self, call: Call) -> tuple[Address, str]:
        """Give the channel that is meant and what is said of it: this one, or one that is named first."""
        first, _, rest = call.arguments.partition(" ")
        if ":" not in first or "=" in first:
            return call.address, call.arguments
        there, here = address_of(first), call.address
        if here.platform != CONSOLE and (there.platform, there.workspace) != (here.platform, here.workspace):
            raise CommandError(f'"{first}" is no channel of this workspace; name one such as `{_name(here)}`')
        return there, rest

    def _check(self, address: Address, changed: Mapping[str, Any]) -> None:
        if changed.get("persona"):
            self._personas.named(address, changed["persona"])
        widest = self._access.widest_audience(address)
        strange = sorted((changed.get("audience") or frozenset()) - widest)
        if strange:
            raise CommandError(
                f"{', '.join(strange)} cannot be given to this channel from a chat, only {', '.join(sorted(widest))}; "
                "its [[channels]] table in the config may give more"
            )
        sources = changed.get("sources") or frozenset()
        self._upkeep.named(sorted(sources - {LOCAL_SOURCE}))
        if changed.get("mode") == "shadow" and not (changed.get("staff") or self._shadow.staff_of(address)):
            raise CommandError(
                "nobody would read the drafts; say where: `channel shadow staff=slack:T01/C09`"
            )


def _name(address: Address) -> str:
    workspace = f"{address.workspace}/" if address.workspace else ""
    return f"{address.platform}:{workspace}{address.channel}"


def _seconds(text: str) -> float:
    if text.casefold() in {"forever", "on"}:
        return FOREVER
    try:
        return parse_duration(text).total_seconds()
    except ValueError as error:
        raise CommandError(f'"{text}" is no time; say `mute 30m`, `mute 2h` or `mute forever`') from error
