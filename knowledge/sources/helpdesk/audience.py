"""Who may read an article, of what the config allows and what the helpdesk says. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from knowledge.models import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

INTERNAL: Final = "internal"
NOBODY: Final[frozenset[str]] = frozenset()
"""What two restrictions come to that no label satisfies; such an article is left out."""


@dataclass(frozen=True, slots=True)
class AudienceRules:
    """Narrows a source's audience by what its helpdesk says, and never widens it.

    `restricted` are the labels for what the helpdesk shows to some only, `groups` those of single groups of
    its (segments, roles …) by id or name, `drafts` those for what is not published; empty leaves it out.
    """

    source: frozenset[str]
    restricted: frozenset[str] = frozenset()
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    drafts: frozenset[str] = frozenset()

    def some(self) -> frozenset[str]:
        """Give the labels for what is not for everybody."""
        return self.restricted or (self.source - {PUBLIC}) or frozenset({INTERNAL})

    def only(self, groups: Iterable[tuple[str, ...]]) -> frozenset[str]:
        """Give the labels of whoever is in one of `groups`, each a group's id and its names."""
        labels: set[str] = set()
        for names in groups:
            mapped = next((self.groups[name] for name in names if name in self.groups), None)
            labels |= self.some() if mapped is None else mapped
        return frozenset(labels) or self.some()


def narrowest(source: frozenset[str], *restrictions: frozenset[str] | None) -> frozenset[str]:
    """Give who satisfies every restriction; None restricts nothing, and NOBODY is what may remain."""
    said = [restriction for restriction in restrictions if restriction is not None]
    return frozenset.intersection(*said) if said else source
