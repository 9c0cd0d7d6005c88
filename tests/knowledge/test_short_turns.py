"""Python's lock changes hands often while a sync computes beside the event loop, and as usual otherwise."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from knowledge.short_turns import SECONDS, ShortTurns

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def usual() -> Iterator[float]:
    """Give the interval as it is, and leave it so."""
    before = sys.getswitchinterval()
    yield before
    sys.setswitchinterval(before)


def test_turns_are_short_until_the_last_one_leaves(usual: float) -> None:
    """Two syncs may run at once, and one indexes within itself."""
    turns = ShortTurns()
    with turns:
        assert sys.getswitchinterval() == pytest.approx(SECONDS)
        with turns:
            pass
        assert sys.getswitchinterval() == pytest.approx(SECONDS)
    assert sys.getswitchinterval() == pytest.approx(usual)


def test_a_sync_that_fails_leaves_turns_as_they_were(usual: float) -> None:
    """Whatever is raised within."""
    turns = ShortTurns()
    with pytest.raises(ValueError, match="broken"), turns:
        raise ValueError("broken")
    assert sys.getswitchinterval() == pytest.approx(usual)


def test_shorter_ones_stay(usual: float) -> None:
    """Whoever runs the process with shorter turns keeps them."""
    assert usual > SECONDS
    sys.setswitchinterval(SECONDS / 5)
    with ShortTurns():
        assert sys.getswitchinterval() <= SECONDS / 5
