"""What a source of articles is, and how one is built from its `[[sources]]` table."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Final, Protocol, Self, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict, ValidationError

from config.nearest import did_you_mean
from config.settings import SourceSettings
from knowledge.errors import PermanentSourceError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from knowledge.models import Found

ENTRY_POINT_GROUP: Final = "helpdesk_bot.sources"


@runtime_checkable
class ArticleSource(Protocol):
    """A place that articles come from. `name` is what the config calls it."""

    name: str

    @classmethod
    def from_settings(cls, settings: SourceSettings) -> Self:
        """Build the source; raises PermanentSourceError naming a key that is wrong. Reads nothing yet."""
        ...

    def articles(self, known: Mapping[str, str], *, full: bool = False) -> AsyncIterator[Found]:
        """List everything; `known` maps the ids that the bot holds to their revisions.

        Yields `Unchanged` for what still has its known revision, unless `full`; ends with `ListingComplete`
        only when what was not listed is certainly gone. A bad article is a `Failed`, and the rest goes on.
        Raises PermanentSourceError or TransientSourceError when the listing cannot go on.
        """
        ...

    async def check(self) -> str:
        """Say in a line what is there ("12 files"); raises SourceError with the remedy if it cannot."""
        ...

    async def close(self) -> None:
        """Let go of whatever is open; safe to call twice."""
        ...


@runtime_checkable
class ResumableSource(Protocol):
    """A source whose next listing goes on where the last one ended.

    `cursor` is set before `articles` is called, to what it was after the last listing that ended well, and
    read after it: opaque, short, without secrets; None means to begin at the beginning.
    """

    cursor: str | None


class SourceOptions(BaseModel):
    """Base of the keys that one type of source knows beyond SourceSettings."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


Options = TypeVar("Options", bound=SourceOptions)


def build_source(settings: SourceSettings) -> ArticleSource:
    """Build a source of the type that `settings` names, from the entry points `helpdesk_bot.sources`.

    Raises PermanentSourceError for a type that is not known or cannot be loaded, and for wrong options.
    """
    types = _types()
    entry = types.get(settings.type)
    if entry is None:
        raise PermanentSourceError(
            f"source {settings.name}: the type {settings.type!r} is not known; "
            f"{did_you_mean(settings.type, types)}"
        )
    try:
        source_class = entry.load()
    except (ImportError, AttributeError) as error:
        raise PermanentSourceError(
            f"source {settings.name}: the type {settings.type!r} ({entry.value}) cannot be loaded: {error}"
        ) from error
    source: ArticleSource = source_class.from_settings(settings)
    return source


@lru_cache
def _types() -> dict[str, EntryPoint]:
    """Read what is installed once: it takes milliseconds, and each sync builds its source anew."""
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}


def read_options(settings: SourceSettings, options: type[Options]) -> Options:
    """Check the keys of the type; raises PermanentSourceError naming each wrong one and the nearest."""
    try:
        return options.model_validate(settings.options)
    except ValidationError as error:
        known = (set(options.model_fields) | set(SourceSettings.model_fields)) - {"name", "type"}
        faults = []
        for fault in error.errors(include_url=False, include_context=False, include_input=False):
            key = str(fault["loc"][0])
            if fault["type"] == "extra_forbidden":
                faults.append(f"{key} is not known to the type {settings.type}; {did_you_mean(key, known)}")
            else:
                faults.append(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}")
        raise PermanentSourceError(f"source {settings.name}: {'; '.join(faults)}") from None
