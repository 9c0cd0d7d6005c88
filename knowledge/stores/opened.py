"""A generation of the passage index that this process has open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from knowledge.stores.store import PassageStore


@dataclass(slots=True)
class OpenGeneration:
    """A generation in use by this process; closed when it is retired and its last user is done."""

    name: str
    store: PassageStore
    lock: IO[bytes]
    facts: Mapping[str, str]
    users: int = 0
    retired: bool = False

    def close(self) -> None:
        """Close the files; the generation may be deleted then."""
        self.store.close()
        self.lock.close()
