"""Discord, by discord.py over simcord."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import discord

from bot.cli.running import command_infos
from bot.commands import find_command
from connectors.discord.connector import DiscordConnector
from connectors.discord.incoming import SPOKEN
from tests.parity.driver import Shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.app import App
    from bot.delivery import Delivery
    from connectors.base import Address, Handler, SharedFile
    from tests.parity.driver import Who

GUILD = 100000000000000001
ADMIN = 1456074443980800200
"""simcord numbers what it makes; this number is far enough on, and people are made until it comes."""
SETTINGS: dict[str, Any] = {"access": {"admins": [f"discord:{ADMIN}"]}}


class Simulated(DiscordConnector):
    """The connector as it is, on a simulated Discord instead of a socket."""

    def __init__(self) -> None:
        super().__init__("token", guilds=frozenset({str(GUILD)}), commands=command_infos())
        self.env: Any = None
        self.there = asyncio.Event()

    async def run(self, handler: Handler) -> None:
        """Open the simulation and stay in it."""
        import simcord  # noqa: PLC0415 - the tests that need it skip without it

        async with simcord.run(self.client(handler), shard_count=1, strict_sync=True) as self.env:  # type: ignore[arg-type]
            self.there.set()
            await asyncio.Event().wait()

    async def fetch(self, file: SharedFile, address: Address, most_bytes: int) -> bytes:  # noqa: ARG002
        """Read what was attached where the simulation keeps it: it has no server for files."""
        content: bytes = self.env.backend.cdn.get(file.key)
        assert len(content) <= most_bytes
        return content


class DiscordDriver:
    """Ana asks in #support; the admin may manage the server."""

    name = "Discord"
    lacks: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.connector = Simulated()
        self._delivery: Delivery | None = None

    async def ready(self, app: App) -> None:
        """Make the server and its people."""
        self._delivery = await app.delivery()
        await self.connector.there.wait()
        env = self.connector.env
        admin = env.create_user("admin")
        while admin.id < ADMIN:
            admin = env.create_user("admin")
        assert admin.id == ADMIN
        guild = env.create_guild("Help", id=GUILD)
        self._channel = guild.create_text_channel("support")
        self._auto = guild.create_text_channel("questions")
        role = guild.create_role("admins", permissions=discord.Permissions(manage_guild=True))
        self._people = {
            "ana": guild.add_member(env.create_user("ana")),
            "admin": guild.add_member(admin, roles=[role]),
        }
        await self._people["admin"].slash(self._auto, "helpdesk-admin channel", mode="auto")

    async def ask(self, text: str, who: Who = "ana") -> Shown:
        """Mention the bot in the channel."""
        me = self.connector.env.bot.user.id
        return await self._said(self._channel, f"<@{me}> {text}", who)

    async def go_on(self, shown: Shown, text: str, who: Who = "ana") -> Shown:
        """Write in the thread that the answer opened."""
        return await self._said(shown.raw["place"], text, who)

    async def click(self, shown: Shown, button: str, who: Who = "ana") -> Shown:
        """Press it."""
        place = shown.raw["place"]
        person = self._people[who]
        direct = place.id == person.user.dm_channel.id
        click = (person.user if direct else person).click
        done = await self._done(click(shown.raw["message"], custom_id=shown.buttons[button]), place)
        if done.texts or done.form is not None:
            return done
        (changed,) = [each for each in place.history() if each.id == shown.raw["message"].id]
        return Shown((_words(changed),), _buttons(changed), raw={**shown.raw, "message": changed})

    async def command(self, name: str, arguments: str = "", who: Who = "admin") -> Shown:
        """Use the slash command, its first option filled with the arguments."""
        group = "helpdesk-admin" if find_command(name).admin else "helpdesk"
        options = {}
        if arguments:
            tree = self.connector.env.bot.tree.get_command(group)
            options[tree.get_command(name.replace("_", "-")).parameters[0].name] = arguments
        slash = self._people[who].slash(self._channel, f"{group} {name.replace('_', '-')}", **options)
        return await self._done(slash, self._channel)

    async def fill(self, shown: Shown, values: Mapping[str, str], who: Who = "admin") -> Shown:
        """Send the modal as it opened, but for `values`."""
        filled = {**_defaults(shown.raw["result"].modal), **values}
        return await self._done(self._people[who].submit_modal(shown.raw["result"], filled), self._channel)

    async def share(self, files: Sequence[tuple[str, bytes]], who: Who = "admin") -> Shown:
        """Attach the files to a mention of the bot."""
        me = self.connector.env.bot.user.id
        return await self._said(self._channel, f"<@{me}>", who, attachments=list(files))

    async def overhear(self, text: str) -> Shown:
        """Write in a channel where the bot answers by itself."""
        return await self._said(self._auto, text, "ana")

    async def _said(self, channel: Any, text: str, who: Who, **more: Any) -> Shown:
        before = self._all()
        said = await self._people[who].send(channel, text, **more)
        assert self._delivery is not None
        await self._delivery._idle.wait()
        new = [
            (place, message) for place, message in self._all() if message.id not in {m.id for _, m in before}
        ]
        if not new:
            return Shown()
        place, message = new[-1]
        return Shown(
            tuple(_words(each) for _, each in new),
            _buttons(message),
            raw={"message": message, "place": place, "said": said},
        )

    async def _done(self, work: Any, place: Any) -> Shown:
        result = await work
        assert self._delivery is not None
        await self._delivery._idle.wait()
        if result.modal is not None:
            return Shown(form={}, raw={"result": result})
        message = result.followups[-1] if getattr(result, "followups", None) else result.response
        if message is None:
            return Shown()
        return Shown(
            (_words(message),), _buttons(message), raw={"message": message, "place": place, "result": result}
        )

    def _all(self) -> list[tuple[Any, Any]]:
        me = self.connector.env.bot.user.id
        direct = [person.user.dm_channel for person in self._people.values()]
        places = [self._channel, self._auto, *self._channel.threads, *self._auto.threads, *direct]
        return [
            (place, message)
            for place in places
            for message in place.history()
            if message.author.id == me and message.type in SPOKEN
        ]


def _defaults(modal: Any) -> dict[str, Any]:
    """Give what a person sends who changes nothing."""
    found: dict[str, Any] = {}
    waiting = [modal]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            if "options" in part:
                chosen = [option["value"] for option in part["options"] if option.get("default")]
                found[part["custom_id"]] = chosen or [part["options"][0]["value"]]
            elif part.get("value") is not None and "style" in part:
                found[part["custom_id"]] = part["value"]
            waiting += part.values()
    return found


def _words(message: Any) -> str:
    return "\n".join([message.content or "", *(embed.description or "" for embed in message.embeds)]).strip()


def _buttons(message: Any) -> dict[str, str]:
    found = {}
    for row in message.components:
        for button in getattr(row, "children", ()):
            name = (button.custom_id or "").split(":")
            found[name[1] if len(name) > 1 else name[0]] = button.custom_id
    return found
