"""Forms on Discord: shown first, taken once, also when the bot is slow or was started anew."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from connectors.base import Action, Command, Reply
from connectors.discord import wanted
from connectors.forms import Choice, Field, Form

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.connectors.discord.conftest import World

    Open = Callable[..., AbstractAsyncContextManager[World]]

pytestmark = pytest.mark.counterpart("simcord")

ADD = Form("add", "Add an article", (Field("title", "Title"), Field("text", "Text", kind="text")))
WHY_NOT = Form(
    "not_helpful",
    "What was not helpful?",
    (
        Field(
            "reason",
            "Reason",
            kind="choice",
            options=(Choice("It is wrong", "wrong"), Choice("Other", "other")),
        ),
    ),
    arguments="a1",
)


async def test_a_command_that_lacks_something_asks_for_it(discord_world: Open) -> None:
    """The form is the first answer; what was filled in comes as the command's fields."""
    async with discord_world() as world:
        world.desk.forms["add"] = ADD
        grace = world.admin()
        shown = await grace.slash(world.channel, "helpdesk-admin add")
        assert world.desk.steps == []
        result = await grace.submit_modal(shown, {"title": "Reset it", "text": "Press it.\nTwice."})
        assert world.desk.command.name == "add"
        assert world.desk.command.fields == {"title": "Reset it", "text": "Press it.\nTwice."}
        assert result.response.ephemeral
        assert world.desk.steps == ["accept", "answer", "sent"]


async def test_a_click_may_ask_too(discord_world: Open) -> None:
    """The reason follows the rating, and the message that was clicked is known."""
    async with discord_world() as world:
        world.desk.forms["not_helpful"] = WHY_NOT
        await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        (reply,) = world.said(world.thread)
        shown = await world.ada.click(reply, label="👎 Not helpful")
        assert world.desk.asked[-1].origin == str(reply.id)
        await world.ada.submit_modal(shown, {"reason": ["other"]})
        command = world.desk.command
        assert (command.name, command.arguments, command.fields) == ("not_helpful", "a1", {"reason": "other"})
        assert command.origin == str(reply.id)


async def test_a_message_is_saved_as_an_article(discord_world: Open) -> None:
    """Its first line is offered as the title, and its words as the text."""
    async with discord_world() as world:
        world.desk.forms["add"] = ADD
        grace = world.admin()
        said = await world.ada.send(world.channel, "Press it twice.\nThen wait.")
        shown = await grace.context_menu(world.channel, "Save as article", said)
        assert shown.modal is not None
        (asked,) = world.desk.asked
        assert asked.arguments == "Press it twice.\nPress it twice.\nThen wait."
        assert asked.origin == str(said.id)


async def test_an_answer_is_explained_from_its_menu(discord_world: Open) -> None:
    """The command knows which message is meant, and which answer by its buttons."""
    async with discord_world() as world:
        await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        (reply,) = world.said(world.thread)
        result = await world.ada.context_menu(world.thread, "Why", reply)
        assert (world.desk.command.name, world.desk.command.origin) == ("why", str(reply.id))
        assert world.desk.command.arguments == "a1"
        assert result.response.ephemeral


async def test_a_form_that_was_open_during_a_restart_is_taken(discord_world: Open) -> None:
    """What somebody wrote meanwhile is not lost."""
    async with discord_world() as world:
        world.desk.forms["add"] = ADD
        grace = world.admin()
        shown = await grace.slash(world.channel, "helpdesk-admin add")
        await world.env.restart_bot(world.connector.client(world.desk))
        result = await grace.submit_modal(shown, {"title": "Reset it", "text": "Press it."})
        assert world.desk.command.fields == {"title": "Reset it", "text": "Press it."}
        assert result.response.content == "Done."


async def test_a_form_with_long_arguments_ends_with_its_process_and_gives_the_words_back(
    discord_world: Open,
) -> None:
    """A custom id takes a hundred characters, so more is kept in the process."""
    async with discord_world() as world:
        world.desk.forms["add"] = Form("add", "Add", ADD.fields, arguments="x" * 200)
        grace = world.admin()
        shown = await grace.slash(world.channel, "helpdesk-admin add")
        await grace.submit_modal(shown, {"title": "Reset it", "text": "Press it."})
        assert world.desk.command.arguments == "x" * 200
        shown = await grace.slash(world.channel, "helpdesk-admin add")
        await world.env.restart_bot(world.connector.client(world.desk))
        result = await grace.submit_modal(shown, {"title": "Reset it", "text": "Press it."})
        assert result.response.content.startswith(wanted.FORGOTTEN)
        assert "Press it." in result.response.content
        assert len([event for event in world.desk.events if isinstance(event, Command)]) == 1


async def test_two_people_fill_in_the_same_form_at_once(discord_world: Open) -> None:
    """Each is taken for whoever sent it."""
    async with discord_world() as world:
        world.desk.forms["add"] = ADD
        people = world.admin(), world.admin()
        forms = [await person.slash(world.channel, "helpdesk-admin add") for person in people]
        for person, form in zip(people, forms, strict=True):
            await person.submit_modal(form, {"title": "Reset it", "text": str(person.id)})
        done = [event for event in world.desk.events if isinstance(event, Command)]
        assert [event.sender.id for event in done] == [f"discord:{person.id}" for person in people]
        assert [event.fields["text"] for event in done] == [str(person.id) for person in people]


async def test_a_form_that_is_too_long_comes_as_a_file(discord_world: Open) -> None:
    """Half of an article would be saved as the whole; as a file it can be changed and given back."""
    async with discord_world() as world:
        fields = (Field("title", "Title", "Reset it"), Field("text", "Text", "word " * 5_000, "text"))
        world.desk.forms["edit"] = Form("edit", "Edit", fields)
        result = await world.admin().slash(world.channel, "helpdesk-admin edit", article="local/reset-it")
        assert result.modal is None
        assert result.response.content == wanted.TOO_LONG
        assert result.response.ephemeral
        (file,) = result.response.attachments
        assert file.filename == "text.md"
        assert world.env.backend.cdn.get(file.url) == b"# Reset it\n\n" + b"word " * 5_000


async def test_a_form_that_comes_late_is_opened_by_a_button(
    discord_world: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interaction is deferred in time; the click on the button shows the form at once."""
    monkeypatch.setattr(wanted, "FORM_SECONDS", 0.05)
    async with discord_world() as world:
        world.desk.forms["remove"] = Form(
            "remove", "Remove?", (Field("sure", "Sure?"),), arguments="local/a1"
        )
        world.desk.before_form = lambda: asyncio.sleep(0.2)
        grace = world.admin()
        late = await grace.slash(world.channel, "helpdesk-admin remove", article="local/a1")
        assert late.response.content == wanted.TOO_SLOW
        world.desk.before_form = None
        shown = await grace.click(late.response, label="Open the form")
        await grace.submit_modal(shown, {"sure": "yes"})
        assert (world.desk.command.name, world.desk.command.arguments) == ("remove", "local/a1")


async def test_a_command_whose_form_is_never_known_is_done_as_it_is(
    discord_world: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells itself what it lacks."""
    monkeypatch.setattr(wanted, "FORM_SECONDS", 0.05)

    async def fail() -> None:
        await asyncio.sleep(0.1)
        raise OSError("the database is away")

    async with discord_world() as world:
        world.desk.before_form = fail
        result = await world.admin().slash(world.channel, "helpdesk status")
        assert result.response.content == "Done."
        assert world.desk.steps == ["accept", "answer", "sent"]


async def test_a_reply_takes_the_place_of_what_was_clicked(discord_world: Open) -> None:
    """A confirmation that only its reader sees is changed, not followed by another message."""
    async with discord_world() as world:
        grace = world.admin()
        world.desk.command_with = Reply(
            "Remove it?", actions=(Action("remove", "Yes", "local/a1"),), private=True
        )
        asked = await grace.slash(world.channel, "helpdesk status")
        world.desk.command_with = Reply("Removed.", private=True, replaces=True)
        clicked = await grace.click(asked.response, label="Yes")
        assert clicked.followups == []
        (patch,) = [
            each
            for each in world.requests("PATCH", "/messages/@original")
            if each.json["content"] == "Removed."
        ]
        assert patch.json["components"] == []
        world.desk.command_with = Reply("Not that one.", private=True)
        asked = await grace.slash(world.channel, "helpdesk status")


async def test_another_reply_to_a_private_click_stands_below(discord_world: Open) -> None:
    """What was clicked stays as it is."""
    async with discord_world() as world:
        grace = world.admin()
        world.desk.command_with = Reply(
            "Remove it?", actions=(Action("remove", "Yes", "local/a1"),), private=True
        )
        asked = await grace.slash(world.channel, "helpdesk status")
        world.desk.command_with = Reply("Not that one.", private=True)
        clicked = await grace.click(asked.response, label="Yes")
        assert [(each.content, each.ephemeral) for each in clicked.followups] == [("Not that one.", True)]


async def test_a_reply_that_comes_too_late_for_its_click_takes_its_place_still(discord_world: Open) -> None:
    """A public message is the bot's own; what only its reader saw is gone, so they are written to."""
    async with discord_world() as world:
        await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        (reply,) = world.said(world.thread)
        await world.ada.click(reply, label="Talk to a human")
        click, late = world.desk.command, Reply("A human comes.", replaces=True)
        assert await world.connector.reply(click, late) == str(reply.id)
        assert [message.content for message in world.said(world.thread)] == ["A human comes."]
        await world.connector.reply(replace(click, origin="1"), late)
        assert [message.content for message in world.said(world.thread)] == ["A human comes."]
        assert [message.content for message in world.said(world.ada.user.dm_channel)] == ["A human comes."]


async def test_a_public_message_is_replaced_where_it_stands(discord_world: Open) -> None:
    """And nothing is left of the thinking that Discord showed."""
    async with discord_world() as world:
        await world.ada.send(world.channel, f"{world.mention} How do I reset it?")
        (reply,) = world.said(world.thread)
        world.desk.command_with = Reply("A human comes.", replaces=True)
        await world.ada.click(reply, label="Talk to a human")
        assert [message.content for message in world.said(world.thread)] == ["A human comes."]
        assert world.desk.command.origin == str(reply.id)
