"""What a workspace holds: people, channels, and messages with Slack's own stamps."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

BOT_TOKEN = "xoxb-1-fake"
APP_TOKEN = "xapp-1-fake"
TEAM = "T1"
BOT_USER = "UBOT"
BOT_ID = "BBOT"
START = 1_900_000_000


class SlackError(Exception):
    """A call is refused; the message is Slack's error code."""


@dataclass(slots=True)
class User:
    """A person; `restricted` is a guest."""

    id: str
    team: str = TEAM
    restricted: bool = False
    bot: bool = False

    def to_json(self) -> dict[str, Any]:
        """Give what users.info tells."""
        return {
            "id": self.id,
            "team_id": self.team,
            "name": self.id.lower(),
            "real_name": f"Name of {self.id}",
            "deleted": False,
            "is_bot": self.bot,
            "is_restricted": self.restricted,
            "is_ultra_restricted": False,
            "is_stranger": self.team != TEAM,
        }


@dataclass(slots=True)
class StoredFile:
    """A file that somebody shared; `url` is where its bytes are to be had with the token."""

    id: str
    name: str
    content: bytes
    url: str
    more: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Give what files.info tells."""
        return {
            "id": self.id,
            "name": self.name,
            "size": len(self.content),
            "mode": "hosted",
            "is_external": False,
            "mimetype": "text/plain",
            "url_private": self.url,
            "url_private_download": f"{self.url}/download",
            **self.more,
        }


@dataclass(slots=True)
class Channel:
    """A conversation and what was said in it, ephemeral messages apart."""

    id: str
    members: set[str]
    messages: list[dict[str, Any]] = field(default_factory=list)
    whispers: list[dict[str, Any]] = field(default_factory=list)

    def find(self, ts: str) -> dict[str, Any] | None:
        """Give the message of this stamp."""
        return next((message for message in self.messages if message["ts"] == ts), None)

    def thread(self, ts: str) -> list[dict[str, Any]]:
        """Give a thread with the message that it hangs on."""
        return [each for each in self.messages if ts in {each["ts"], each.get("thread_ts")}]


class Workspace:
    """Ada, Bob, a guest, the bot and two channels, until a test adds more."""

    def __init__(self, team: str = TEAM) -> None:
        self.team = team
        self.files: dict[str, StoredFile] = {}
        self.users = {
            user.id: user for user in (User("U1", team), User("U2", team), User(BOT_USER, team, bot=True))
        }
        self.users["UGUEST"] = User("UGUEST", restricted=True)
        self.channels = {"C1": Channel("C1", {"U1", "U2", BOT_USER}), "C2": Channel("C2", {"U1"})}
        self.groups: dict[str, set[str]] = {}
        self.statuses: dict[tuple[str, str], str] = {}
        self._numbers = count(1)

    def stamp(self) -> str:
        """Give a stamp later than all before."""
        number = next(self._numbers)
        return f"{START + number}.{number:06}"

    def channel(self, channel_id: str) -> Channel:
        """Give a channel; a person's id means the conversation with the bot. Raises SlackError."""
        if channel_id in self.users:
            return self.direct(channel_id)
        if channel_id not in self.channels:
            raise SlackError("channel_not_found")
        return self.channels[channel_id]

    def direct(self, user: str) -> Channel:
        """Give the conversation of a person with the bot."""
        return self.channels.setdefault(f"D{user}", Channel(f"D{user}", {user, BOT_USER}))

    def say(
        self, channel: str, user: str, text: str, thread: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """Put a message into a channel and give it."""
        message = {"type": "message", "user": user, "text": text, "ts": self.stamp(), **more}
        if thread is not None:
            message["thread_ts"] = thread
        self.channel(channel).messages.append(message)
        return message
