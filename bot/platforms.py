"""The chat platforms that run, for what is asked of them besides showing replies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.base import FetchesFiles, LinksBack
from connectors.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connectors.base import Address, ChatConnector, SharedFile


class Platforms:
    """Knows the connectors once they run; before that it knows none."""

    def __init__(self) -> None:
        self._connectors: dict[str, ChatConnector] = {}

    def run(self, connectors: Iterable[ChatConnector]) -> None:
        """Note which connectors run."""
        self._connectors = {connector.name: connector for connector in connectors}

    @property
    def names(self) -> tuple[str, ...]:
        """Which platforms run."""
        return tuple(self._connectors)

    async def fetch(self, file: SharedFile, address: Address, most_bytes: int) -> bytes:
        """Give the bytes of a file that was shared there. Raises DeliveryError, whose message a person may read."""
        connector = self._connectors.get(address.platform)
        if not isinstance(connector, FetchesFiles):
            raise DeliveryError(f"I cannot read files on {address.platform}")
        return await connector.fetch(file, address, most_bytes)

    def link_to(self, address: Address) -> str | None:
        """Give a URL that opens the place for whoever may read there; None where there is none."""
        connector = self._connectors.get(address.platform)
        return connector.link_to(address) if isinstance(connector, LinksBack) else None
