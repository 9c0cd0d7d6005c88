"""JSON for what every message writes: by orjson, and by the standard library where that refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable


def dump_json(value: object, default: Callable[[Any], Any] | None = None) -> str:
    """Give compact JSON that `json.loads` reads; `default` turns what JSON does not know into what it does.

    Lone surrogates, from a broken client, and numbers beyond 64 bits are written as the standard library writes them.
    """
    try:
        return orjson.dumps(value, default=default).decode()
    except TypeError:
        return json.dumps(value, default=default, separators=(",", ":"))
