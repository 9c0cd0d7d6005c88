"""Discord's OpenAPI description as a judge of what the bot sent."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SNOWFLAKES = frozenset({"recipient_id", "message_id", "channel_id", "guild_id", "attachment"})


class DiscordSpec:
    """Checks REST bodies against the schemas of their routes."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._routes = [
            (re.compile("^" + re.sub(r"\{[^}]+\}", "[^/]+", path) + "$"), operations)
            for path, operations in sorted(document["paths"].items(), key=lambda item: item[0].count("{"))
        ]

    @classmethod
    def load(cls, path: Path) -> DiscordSpec:
        """Read the description from a file."""
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def problems(self, requests: Iterable[Any]) -> list[str]:
        """Give what Discord would refuse, one line a request."""
        found = []
        for request in requests:
            if request.json is None:
                continue
            schema = self._schema(request.method, request.path)
            if schema is None:
                found.append(f"{request.method} {request.path}: no such route with a body")
                continue
            validator = Draft202012Validator({**schema, "components": self._document["components"]})
            errors = sorted(
                validator.iter_errors(_normalised(request.json)), key=lambda error: error.json_path
            )
            found += [
                f"{request.method} {request.path} {error.json_path}: {error.message[:300]}"
                for error in errors
            ]
        return found

    def _schema(self, method: str, path: str) -> dict[str, Any] | None:
        for pattern, operations in self._routes:
            operation = operations.get(method.lower())
            if operation is None or not pattern.match(path):
                continue
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                schema: dict[str, Any] = content["application/json"]["schema"]
                return schema
        return None


def _normalised(body: Any, key: str = "") -> Any:
    """Write ids as text: discord.py sends some as numbers, which Discord takes."""
    if isinstance(body, dict):
        places = {"id": "attachment"} if key == "attachments" else {}
        return {name: _normalised(value, places.get(name, name)) for name, value in body.items()}
    if isinstance(body, list):
        return [_normalised(value, key) for value in body]
    return str(body) if key in _SNOWFLAKES and isinstance(body, int) else body
