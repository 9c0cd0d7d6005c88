"""Walking an API's pages without walking in circles or past a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from knowledge.errors import TransientSourceError
from knowledge.models import Failed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
    from typing import TypeVar

    from knowledge.sources.helpdesk.client import HelpdeskClient

    Said = TypeVar("Said", bound="Payload")

_MOST_PAGES: Final = 20_000


class Payload(BaseModel):
    """Base of what a helpdesk's JSON is checked against; what is not named is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, defer_build=True)


class PageWithoutEnd(ValueError):  # noqa: N818 - the name says the fact
    """A page says neither that it is the last one nor where the next one is."""


class PageWalk:
    """Follows one listing page by page; raises TransientSourceError for a circle or a total that changed."""

    def __init__(self, source: str, what: str) -> None:
        self._source = source
        self._what = what
        self._seen: set[str] = set()
        self._total: int | None = None
        self._items = 0

    def enter(self, address: str) -> None:
        """Note the page that is asked for next."""
        if address in self._seen or len(self._seen) >= _MOST_PAGES:
            raise self._fault("its pages lead in a circle")
        self._seen.add(address)

    def expect(self, total: int | None, items: int) -> None:
        """Note the total that a page names, and how many items it has."""
        if self._total is not None and total is not None and total != self._total:
            raise self._fault(f"its total went from {self._total} to {total} while it was read")
        self._total = total if total is not None else self._total
        self._items += items

    def end(self) -> None:
        """Hold the number of items against the total."""
        if self._total is not None and self._items != self._total:
            raise self._fault(f"it should have {self._total} entries, and has {self._items}")

    def _fault(self, reason: str) -> TransientSourceError:
        return TransientSourceError(
            f"source {self._source}: the list of {self._what} cannot be trusted: {reason}; "
            "nothing was removed; the next sync tries again"
        )


async def linked_pages(
    client: HelpdeskClient,
    source: str,
    what: str,
    first: tuple[str, Mapping[str, Any] | None],
    following: Callable[[dict[str, Any]], str | None],
) -> AsyncIterator[dict[str, Any]]:
    """Give each page of a listing whose pages name the next one's address."""
    walk = PageWalk(source, what)
    address: str | None = first[0]
    params = first[1]
    while address is not None:
        walk.enter(address)
        page = await client.json(address, what, params)
        yield checked_object(source, what, page)
        try:
            address, params = following(page), None
        except PageWithoutEnd:
            raise _unexpected(source, what, "a page that names no next one and no end") from None


def checked_object(source: str, what: str, page: Any) -> dict[str, Any]:
    """Give a page that is a JSON object; raises TransientSourceError for anything else."""
    if isinstance(page, dict):
        return page
    raise _unexpected(source, what, f"a {type(page).__name__}")


def checked_items(source: str, what: str, items: Any) -> list[Any]:
    """Give the entries of a page; raises TransientSourceError where there is no list of them."""
    if isinstance(items, list):
        return items
    raise _unexpected(source, what, "a page without its list")


def read_all(source: str, what: str, kind: type[Said], items: Iterable[Any]) -> list[Said]:
    """Read entries that must all be right, such as containers; raises TransientSourceError."""
    try:
        return [kind.model_validate(item) for item in items]
    except ValidationError as error:
        raise _unexpected(source, what, fault_of(error)) from None


def read_each(kind: type[Said], items: Iterable[Any], id_of: Callable[[Any], str]) -> Iterator[Said | Failed]:
    """Read entries one by one; a bad one is a Failed with the id that `id_of` finds, empty if it finds none."""
    for item in items:
        try:
            yield kind.model_validate(item)
        except ValidationError as error:
            yield Failed(_id_or_nothing(item, id_of), f"the helpdesk sent it with {fault_of(error)}")


def _id_or_nothing(item: Any, id_of: Callable[[Any], str]) -> str:
    try:
        return id_of(item)
    except (KeyError, TypeError, ValueError, IndexError):
        return ""


def fault_of(error: ValidationError) -> str:
    """Name the first wrong field, and nothing of its value."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"a wrong {'.'.join(map(str, first['loc'])) or 'shape'} ({first['msg']})"


def _unexpected(source: str, what: str, got: str) -> TransientSourceError:
    return TransientSourceError(
        f"source {source}: the list of {what} is not as its API describes it ({got}); nothing was removed"
    )
