"""Events, addresses and replies as JSON, for the inbox and the outbox. Pure."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

from connectors.base import (
    Action,
    Address,
    Command,
    Event,
    IncomingMessage,
    Link,
    Person,
    Reply,
    Said,
    SharedFile,
)
from knowledge.quick_json import dump_json


def dump_event(event: Event) -> str:
    """Give the event as JSON that `load_event` reads back to an equal one."""
    kind = "command" if isinstance(event, Command) else "message"
    return dump_json({"kind": kind, "event": event}, _plain)


def load_event(text: str) -> Event:
    """Read what `dump_event` wrote; raises ValueError or KeyError for anything else."""
    stored = json.loads(text)
    row = dict(stored["event"])
    row["address"] = Address(**row["address"])
    sender = dict(row["sender"])
    sets = {name: frozenset(sender.get(name, ())) for name in ("groups", "labels")}
    row["sender"] = Person(**(sender | sets))
    row["received_at"] = datetime.fromisoformat(row["received_at"])
    row["files"] = tuple(SharedFile(**file) for file in row.get("files") or ())
    if "earlier" in row:
        row["earlier"] = tuple(Said(**said) for said in row["earlier"])
    if row.get("asked_in"):
        row["asked_in"] = Address(**row["asked_in"])
    return Command(**row) if stored["kind"] == "command" else IncomingMessage(**row)


def dump_address(address: Address) -> str:
    """Give the address as JSON that `load_address` reads back."""
    return _dump(asdict(address))


def load_address(text: str) -> Address:
    """Read what `dump_address` wrote."""
    return Address(**json.loads(text))


def dump_reply(reply: Reply) -> str:
    """Give the reply as JSON that `load_reply` reads back."""
    return _dump(asdict(reply))


def load_reply(text: str) -> Reply:
    """Read what `dump_reply` wrote."""
    row = json.loads(text)
    row["links"] = tuple(Link(**link) for link in row["links"])
    row["actions"] = tuple(Action(**action) for action in row["actions"])
    return Reply(**row)


def _plain(value: Any) -> Any:
    """Give what JSON can hold of what an event may hold."""
    if value is None or isinstance(value, str | int | float):
        return value
    if is_dataclass(value):
        return {name: _plain(getattr(value, name)) for name in _names(cast("Hashable", type(value)))}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _plain(held) for name, held in value.items()}
    return [_plain(held) for held in value]


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _dump(value: dict[str, Any]) -> str:
    # escaped to ASCII: a lone surrogate from a broken client must not fail the commit that the ack waits for
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
