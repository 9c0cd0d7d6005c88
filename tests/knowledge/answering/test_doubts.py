"""What people called wrong is not answered as if it were certain, from the cache neither."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from knowledge.answering.doubts import Doubts, Heard
from knowledge.answering.phrases import phrases
from knowledge.models import Answer, CacheStatus, Citation, Verdict
from tests.knowledge.answering.conftest import PERSONA
from tests.knowledge.answering.test_cached import ASKED, PASSWORD, Cached, cached, clock, valkey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from knowledge.answering.doubts import StandsOn

__all__ = ["cached", "clock", "valkey"]
WARNING = phrases("en").doubted


class Switch:
    """Doubts a set of articles, which the test changes."""

    def __init__(self) -> None:
        self.doubted: set[StandsOn] = set()

    async def __call__(self, stands_on: Iterable[StandsOn]) -> bool:
        """Whether one of them is doubted."""
        return not self.doubted.isdisjoint(stands_on)


@pytest.fixture
def switch(cached: Cached) -> Switch:
    """The doubts of the cached desk."""
    switch = Switch()
    cached.answers._doubts = cached.answers._checks._doubts = Doubts(switch, 0.5)
    return switch


async def test_what_is_doubted_is_unsure_and_says_so(cached: Cached, switch: Switch) -> None:
    """A cached answer over doubted evidence is not served as answered; the unsure one is cached like any other."""
    assert (await cached.ask()).verdict is Verdict.ANSWERED
    assert (await cached.ask()).cache is CacheStatus.HIT
    switch.doubted.add((PASSWORD.ref, PASSWORD.revision))
    doubted = await cached.ask()
    assert (doubted.cache, doubted.verdict) == (CacheStatus.MISS, Verdict.UNSURE)
    assert doubted.text.startswith(WARNING)
    assert doubted.confidence < 0.5
    again = await cached.ask()
    assert (again.cache, again.verdict) == (CacheStatus.HIT, Verdict.UNSURE)
    assert again.trace["doubted"] is True


async def test_without_the_cache_it_is_unsure_too(cached: Cached, switch: Switch) -> None:
    """Doubts are not the cache's matter alone."""
    switch.doubted.add((PASSWORD.ref, PASSWORD.revision))
    assert (await cached.ask(use_cache=False)).verdict is Verdict.UNSURE


async def test_a_doubt_that_is_gone_leaves_nothing_behind(cached: Cached, switch: Switch) -> None:
    """The unsure copy is not served any more, neither as a hit nor revalidated."""
    switch.doubted.add((PASSWORD.ref, PASSWORD.revision))
    assert (await cached.ask()).verdict is Verdict.UNSURE
    switch.doubted.clear()
    answer = await cached.ask()
    assert (answer.verdict, WARNING in answer.text) == (Verdict.ANSWERED, False)


async def test_a_revision_ends_the_doubt(cached: Cached, switch: Switch) -> None:
    """It was the old revision that people called wrong."""
    switch.doubted.add((PASSWORD.ref, PASSWORD.revision))
    assert (await cached.ask()).verdict is Verdict.UNSURE
    await cached.desk.put(replace(PASSWORD, body=PASSWORD.body + "\n\nIt was reviewed.", revision="new"))
    assert (await cached.ask()).verdict is Verdict.ANSWERED


async def test_another_article_is_not_doubted(cached: Cached, switch: Switch) -> None:
    """Only what cites the doubted article is unsure."""
    switch.doubted.add((PASSWORD.ref, PASSWORD.revision))
    vpn = await cached.ask(replace(ASKED, text="How do I connect to the VPN?"))
    assert vpn.verdict is Verdict.ANSWERED


async def test_words_that_went_out_stay_in_front() -> None:
    """What was streamed is the beginning of the text; the warning follows."""
    heard: list[str] = []

    async def hear(text: str) -> None:
        heard.append(text)

    async def everything(_stands_on: Iterable[StandsOn]) -> bool:
        return True

    hearing = Heard(hear)
    assert hearing.on_text is not None
    await hearing.on_text("Press it.")
    answer = Answer(
        "a", "?", "Press it.", Verdict.ANSWERED, 0.9, (Citation("p", "d", "P", None, "r", None, ""),)
    )
    given = await Doubts(everything, 0.5).applied(answer, PERSONA, is_said=hearing.any)
    assert given.text == f"Press it.\n\n{WARNING}"
    assert heard == ["Press it."]
    assert Heard(None).on_text is None
