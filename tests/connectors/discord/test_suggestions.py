"""Autocomplete on Discord, and the options that commands take."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.discord import assisting
from connectors.discord.format import length
from connectors.discord.options import Option, arguments_of, choices, options_of
from connectors.forms import Choice, CommandInfo

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.connectors.discord.conftest import World

    Open = Callable[..., AbstractAsyncContextManager[World]]

simulated = pytest.mark.counterpart("simcord")


@simulated
async def test_a_question_is_completed(discord_world: Open) -> None:
    """With what the handler says that this person may see, in this place."""
    async with discord_world() as world:
        world.desk.choices = [Choice("How do I reset it?", "How do I reset it?")]
        offered = await world.ada.autocomplete(world.channel, "ask", "question", "reset")
        assert offered == [{"name": "How do I reset it?", "value": "How do I reset it?"}]
        (wanted,) = world.desk.wanted
        assert (wanted.kind, wanted.typed, wanted.limit) == ("question", "reset", 25)
        assert wanted.person.id == f"discord:{world.ada.id}"
        assert not wanted.person.guest
        assert wanted.address.channel == str(world.channel.id)


@simulated
@pytest.mark.parametrize(
    ("command", "option", "kinds"),
    [
        ("helpdesk list", "source_or_words", ["source"]),
        ("helpdesk-admin sync", "source", ["source"]),
        ("helpdesk-admin remove", "article", ["article"]),
        ("helpdesk-admin audit", "article_or_source", ["article", "source"]),
    ],
)
async def test_commands_are_completed(
    discord_world: Open, command: str, option: str, kinds: list[str]
) -> None:
    """By the kind of thing that they take."""
    async with discord_world() as world:
        grace = world.admin()
        await grace.autocomplete(world.channel, command, option, "x")
        assert [wanted.kind for wanted in world.desk.wanted] == kinds


@simulated
async def test_in_a_direct_message_it_is_looked_up_who_types(discord_world: Open) -> None:
    """A member of a server that counts is no guest there."""
    async with discord_world() as world:
        await world.ada.send_dm("hello")
        await world.ada.user.autocomplete("ask", "question", "x")
        await world.env.create_user("eve").autocomplete("ask", "question", "x")
        assert [wanted.person.guest for wanted in world.desk.wanted] == [False, True]


@simulated
async def test_a_slow_or_broken_bot_offers_nothing(
    discord_world: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord waits three seconds, and an error would be shown to whoever types."""
    monkeypatch.setattr(assisting, "SUGGEST_SECONDS", 0.05)

    async def fail() -> None:
        raise OSError("Redis is away")

    async with discord_world() as world:
        world.desk.choices = [Choice("a", "a")]
        world.desk.before_form = fail
        assert await world.ada.autocomplete(world.channel, "ask", "question", "x") == []
        world.desk.before_form = lambda: asyncio.sleep(1)
        assert await world.ada.autocomplete(world.channel, "ask", "question", "x") == []


@given(st.lists(st.builds(Choice, st.text(max_size=150), st.text(max_size=150)), max_size=40), st.booleans())
def test_what_is_offered_fits_into_discord(found: list[Choice], many: bool) -> None:  # noqa: FBT001 - hypothesis
    """At most 25, each with a label and a value of 1 to 100 characters, and no value twice."""
    offered = choices(found, "typed before", many=many)
    assert len(offered) <= 25
    assert len({choice.value for choice in offered}) == len(offered)
    for choice in offered:
        assert 0 < length(choice.label) <= 100
        assert 0 < length(choice.value) <= 100


def test_of_several_words_the_last_is_completed() -> None:
    """What stands before it stays."""
    assert choices([Choice("faq", "faq")], "zendesk f", many=True) == [Choice("zendesk faq", "zendesk faq")]


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("help", "", ()),
        ("remove", "ID", (("article", True, ("article",)),)),
        ("restore", "[ID]", (("article", False, ("removed",)),)),
        ("persona", "[NAME]", (("name", False, ("persona",)),)),
        ("sync", "[SOURCE …]", (("source", False, ("source",)),)),
        ("pause", "SOURCE [DAYS]", (("source", True, ("source",)), ("days", False, ()))),
        ("list", "[SOURCE or words]", (("source_or_words", False, ("source",)),)),
        ("audit", "[ID or SOURCE]", (("article_or_source", False, ("article", "source")),)),
        ("channel", "[auto|off] [persona=…]", (("mode", False, ()), ("persona", False, ("persona",)))),
        ("edit", "ID, then the new text below", (("article", True, ("article",)),)),
        ("new", "TITLE, then the text below", ()),
        ("why", "[ANSWER]", ()),
        ("odd", "[all of it]", (("arguments", False, ()),)),
        ("twice", "ID ID", (("arguments", True, ()),)),
    ],
)
def test_options_are_read_from_the_table(
    name: str, arguments: str, options: tuple[tuple[str, bool, tuple[str, ...]], ...]
) -> None:
    """As it words them; what it tells in prose is asked by a form, or is one text."""
    found = options_of(CommandInfo(name, arguments, "help"))
    assert tuple((option.name, option.required, option.suggests) for option in found) == options


def test_what_was_filled_in_becomes_the_line() -> None:
    """In the order of the table, without what was left out."""
    options = (Option("source", ""), Option("days", ""), Option("persona", "", prefix="persona="))
    assert (
        arguments_of(options, {"persona": "formal", "source": " faq ", "days": None}) == "faq persona=formal"
    )
