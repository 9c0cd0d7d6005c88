"""Whose turn it is: the channels take turns, nobody is left without a word, and nobody gets two."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.turns import Busy, Turns
from config.desk import LimitSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Shown:
    """What is shown while somebody waits."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.news = asyncio.Event()

    async def say(self, text: str) -> None:
        """No answer is written here."""
        raise NotImplementedError(text)

    async def progress(self, text: str) -> None:
        """Keep it."""
        self.told.append(text)
        self.news.set()


@pytest.fixture
def order() -> list[str]:
    """Who had a turn."""
    return []


@pytest.fixture
def queue(order: list[str]) -> Callable[[Turns, str], Awaitable[None]]:
    """Wait for a turn, and note that one had it."""

    async def one(turns: Turns, name: str) -> None:
        async with turns.take(name[0]):
            order.append(name)
            await asyncio.sleep(0)

    return one


async def test_a_busy_channel_makes_its_own_people_wait(
    order: list[str], queue: Callable[[Turns, str], Awaitable[None]]
) -> None:
    """Five questions in A came first; those of B and C still come after one of A's, each channel in its order."""
    turns = Turns(LimitSettings(at_once=1))
    await asyncio.gather(*(queue(turns, name) for name in ["A1", "A2", "A3", "A4", "A5", "B1", "B2", "C1"]))
    assert order == ["A1", "A2", "B1", "C1", "A3", "B2", "A4", "A5"]
    assert turns.waiting == 0


async def test_so_many_at_once(queue: Callable[[Turns, str], Awaitable[None]]) -> None:
    """Never more than configured, and all of them where there are as many."""
    turns, inside, most = Turns(LimitSettings(at_once=3)), 0, 0

    async def one(number: int) -> None:
        nonlocal inside, most
        async with turns.take(number % 4):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(one(number) for number in range(40)))
    assert most == 3
    await queue(turns, "A1")


async def test_who_waits_too_long_is_told_so() -> None:
    """Busy comes after the patience, or at once where the line is full; who left the line takes no turn."""
    turns = Turns(LimitSettings(at_once=1, waiting=1, patience_seconds=0.01))
    async with turns.take("A"):
        first = asyncio.create_task(turns.take("B").__aenter__())
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await turns.take("C").__aenter__()
        with pytest.raises(Busy):
            await first
    assert turns.waiting == 0
    async with turns.take("B"):
        pass


async def test_a_turn_is_not_lost_with_who_left() -> None:
    """One that is cancelled in the very moment of its turn hands it on."""
    turns = Turns(LimitSettings(at_once=1))
    holding = turns.take("A")
    await holding.__aenter__()
    leaving = asyncio.create_task(turns.take("B").__aenter__())
    staying = asyncio.create_task(turns.take("C").__aenter__())
    await asyncio.sleep(0)
    await holding.__aexit__(None, None, None)
    leaving.cancel()
    await asyncio.wait_for(staying, 5)


async def test_who_waits_is_told_that_others_come_first() -> None:
    """After a while, once; who comes at once is told nothing."""
    turns, shown = Turns(LimitSettings(at_once=1), says_so_after=0.0), Shown()
    async with turns.take("A", shown):
        assert shown.told == []
        waiting = asyncio.create_task(turns.take("B", shown).__aenter__())
        await asyncio.wait_for(shown.news.wait(), 5)
    await waiting
    assert shown.told == ["Many people are asking just now; your question is in line."]
