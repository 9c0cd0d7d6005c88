"""Places: what admins and people changed in a channel or a thread from a chat, in SQL, over what the config says."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.tables import place_versions, places
from connectors.base import Address
from knowledge.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from config.settings import ChannelSettings
    from connectors.base import Person
    from knowledge.database import Database

FOREVER = math.inf
PlaceKey = tuple[str, str, str, str]
"""Platform, workspace, channel, and the thread or nothing."""
_SETS = frozenset({"audience", "sources"})


@dataclass(frozen=True, slots=True)
class Place:
    """What was changed in a place; None leaves what the config says. `muted_until` is in seconds of the epoch."""

    mode: str | None = None
    persona: str | None = None
    min_confidence: float | None = None
    audience: frozenset[str] | None = None
    sources: frozenset[str] | None = None
    staff: str | None = None
    muted_until: float | None = None

    def over(self, settings: ChannelSettings) -> ChannelSettings:
        """Lay what was changed over the settings of the config."""
        changed = {
            name: getattr(self, name)
            for name in ("mode", "persona", "min_confidence", "audience", "sources", "staff")
            if getattr(self, name) is not None
        }
        return settings.model_copy(update=changed) if changed else settings


class KnownPlaces:
    """What this process knows of places; reading it costs nothing."""

    def __init__(self) -> None:
        self._rows: Mapping[PlaceKey, Mapping[str, Any]] = {}

    def of(self, address: Address) -> Place:
        """Give what holds in a channel, and in its thread where the address names one."""
        if not self._rows:
            return _NOTHING
        channel = self._rows.get(key_of(address, thread=False), {})
        thread = self._rows.get(key_of(address, thread=True), {}) if address.thread else {}
        if not channel and not thread:
            return _NOTHING
        muted = [row["muted_until"] for row in (channel, thread) if "muted_until" in row]
        return _place({**channel, **thread} | ({"muted_until": max(muted)} if muted else {}))

    def learn(self, rows: Mapping[PlaceKey, Mapping[str, Any]]) -> None:
        """Know these rows from now on, and no others."""
        self._rows = rows


class Places:
    """Keeps what was changed; `known` is what this process reads of it."""

    def __init__(self, database: Database, clock: Callable[[], datetime], known: KnownPlaces) -> None:
        self.known = known
        self._database = database
        self._clock = clock
        self._version: int | None = None

    async def refresh(self) -> bool:
        """Read what another process changed; False when nothing was."""
        versions = await self._database.fetch(_VERSION.sql, _VERSION.parameters())
        version = int(versions[0][0]) if versions else 0  # read first: what comes between is read once more
        if version == self._version:
            return False
        rows = await self._database.fetch(_CHANGED.sql, _CHANGED.parameters())
        self.known.learn({(row[0], row[1], row[2], row[3]): json.loads(row[4]) for row in rows})
        self._version = version
        return True

    async def change(self, address: Address, by: Person, *, thread: bool, **changed: Any) -> Place:
        """Change settings of a channel, or of the thread there; None takes one back. Gives what holds there now."""
        key = key_of(address, thread=thread)
        try:
            await self._write(key, by, changed)
        except IntegrityError:  # another process made the row between our look and our write
            await self._write(key, by, changed)
        self._version = None
        await self.refresh()
        return self.known.of(address)

    async def _write(self, key: PlaceKey, by: Person, changed: Mapping[str, Any]) -> None:
        here = and_(*(places.c[name] == part for name, part in zip(_KEY, key, strict=True)))
        async with self._database.write() as connection:
            row = (await connection.execute(select(places).where(here))).one_or_none()
            held = {} if row is None else json.loads(row.settings)
            held |= {name: _plain(value) for name, value in changed.items()}
            kept = {name: value for name, value in held.items() if value is not None}
            values = {
                "settings": json.dumps(kept),
                "changed_at": self._clock().timestamp(),
                "person": by.id,
            }
            if row is None:
                await connection.execute(insert(places).values(dict(zip(_KEY, key, strict=True)) | values))
            else:
                await connection.execute(update(places).where(here).values(values))
            await _move_on(connection)


def key_of(address: Address, *, thread: bool) -> PlaceKey:
    """Give the key of the address's channel, or of its thread."""
    return (
        address.platform,
        address.workspace or "",
        address.channel,
        (address.thread or "") if thread else "",
    )


def address_of(name: str) -> Address:
    """Give the channel that the config names, such as `slack:T01/C02` or `discord:123`."""
    platform, _, rest = name.partition(":")
    workspace, slash, channel = rest.partition("/")
    return Address(platform, channel if slash else rest, None, workspace if slash else None)


_KEY = ("platform", "workspace", "channel", "thread")
_VERSION = Prepared(select(place_versions.c.version))
_CHANGED = Prepared(select(*(places.c[name] for name in (*_KEY, "settings"))))
_NOTHING = Place()
_NAMES = frozenset(field.name for field in fields(Place))


def _place(changed: Mapping[str, Any]) -> Place:
    known: dict[str, Any] = {name: value for name, value in changed.items() if name in _NAMES}
    for name in _SETS & known.keys():
        known[name] = frozenset(known[name])
    return Place(**known)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value


async def _move_on(connection: AsyncConnection) -> None:
    moved = update(place_versions).values(version=place_versions.c.version + 1)
    if not (await connection.execute(moved)).rowcount:
        await connection.execute(insert(place_versions).values(id=1, version=1))
