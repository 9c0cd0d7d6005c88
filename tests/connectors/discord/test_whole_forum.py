"""A forum in mode `auto`, with the whole bot behind it: what it answers, how it tags, where it keeps silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.connectors.discord.test_forums import Forum
from tests.connectors.discord.test_whole_bot import button, open_whole

if TYPE_CHECKING:
    from tests.connectors.discord.test_whole_bot import Open

__all__ = ["open_whole"]  # the fixture
pytestmark = pytest.mark.counterpart("simcord")


async def test_a_forum_that_an_admin_switched_to_auto(open_whole: Open) -> None:
    """A confident answer and its tag, silence and the other tag; a person who is asked for changes the tag."""
    async with open_whole() as whole:
        forum = Forum(whole, "Answered", "Needs a human")  # type: ignore[arg-type]
        before = await forum.post("How do I reset my password?")
        assert (whole.said(before), forum.tags(before)) == ([], [])
        told = await whole.grace.slash(before, "helpdesk-admin channel", mode="auto")
        assert "auto" in told.response.content
        answered = await forum.post("How do I reset my password?")
        await whole.settled()
        (answer,) = whole.said(answered)
        assert "red button" in answer
        assert forum.tags(answered) == ["Answered"]
        silent = await forum.post("Who has seen my umbrella?")
        secret = await forum.post("Where is the master key?")
        await whole.settled()
        assert [whole.said(post) for post in (silent, secret)] == [[], []]
        assert [forum.tags(post) for post in (silent, secret)] == [["Needs a human"]] * 2
        (post,) = [each for each in answered.history() if "red button" in each.content]
        await whole.ada.click(post, custom_id=button(post, "human"))
        await whole.settled()
        assert forum.tags(answered) == ["Needs a human"]


async def test_what_people_say_to_each_other_in_a_post_is_not_answered(open_whole: Open) -> None:
    """Each new post is, and what is said below it to the bot; nothing else."""
    async with open_whole() as whole:
        forum = Forum(whole)  # type: ignore[arg-type]
        first = await forum.post("Hello all")
        await whole.grace.slash(first, "helpdesk-admin channel", mode="auto")
        await whole.ada.send(first, "How do I reset my password?")
        await whole.settled()
        assert whole.said(first) == []
        await whole.ada.send(first, f"{whole.mention} How do I reset my password?")
        await whole.settled()
        assert "red button" in whole.said(first)[0]
