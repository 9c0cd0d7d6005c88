"""From a change at the helpdesk to an answer that shows it, with the whole bot in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bot.fresh_desk import fresh_desk

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


async def test_a_webhook_shows_in_an_answer_within_five_seconds(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The schedule is a day away; the webhook alone brings the change, and its text is never what is answered."""
    assert request.config.cache is not None
    models = request.config.cache.mkdir("embedding-models")
    async with fresh_desk(tmp_path / "data", models=models) as desk:
        assert await desk.announce(b'{"detail":{"body":"The gold plan costs 999 euros a month."}}') == 202
        wanted = desk.change()
        assert wanted not in (await desk.ask()).text
        assert await desk.announce() == 202
        assert await desk.until_answered(wanted) < 5.0
        wanted = desk.change()
        assert await desk.announce() == 202
        assert await desk.until_answered(wanted) < 5.0
        assert "999" not in (await desk.ask()).text
