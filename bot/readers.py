"""Who may read an article, as admins write it: labels such as `internal` or `public`. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.errors import CommandError
from bot.local_articles import INTERNAL
from config.nearest import did_you_mean
from knowledge.models import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Collection

    from config.settings import Settings

_BETWEEN = re.compile(r"[,;\s]+")


def known_labels(settings: Settings) -> frozenset[str]:
    """Give every label that the config names: of people, groups, members, channels and sources."""
    access = settings.access
    named = [access.members, *access.people.values(), *access.groups.values()]
    named += [channel.audience for channel in settings.channels]
    named += [source.audience for source in settings.sources]
    return frozenset({PUBLIC}).union(INTERNAL, *named)


def parse_readers(text: str, known: Collection[str]) -> frozenset[str]:
    """Read labels between commas or spaces; `internal` when there are none.

    Raises CommandError for a label that nobody can hold: such an article would be hidden from everyone.
    """
    wanted = frozenset(label for label in _BETWEEN.split(text.strip()) if label)
    for label in sorted(wanted):
        if label not in known:
            raise CommandError(f'nobody holds the label "{label}"; {did_you_mean(label, known)}')
    return wanted or INTERNAL
