"""The whole bot but for the model, in Discord: `/ask`, suggestions, forums, menus, forms, buttons, every command."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import discord
import pytest
from sqlalchemy import select

from bot.commands.table import COMMANDS
from bot.outbox import OutboxRunner
from bot.tables import ratings
from connectors.discord.incoming import SPOKEN
from knowledge.models import Article
from tests.bot.conftest import Clock
from tests.bot.people_desk import DeskApp, desk_settings, revision_of
from tests.parity.discord import ADMIN, GUILD, Simulated, _defaults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from bot.delivery import Delivery
    from connectors.discord.connector import DiscordConnector
    from tests.fakes.discord_spec import DiscordSpec

    Open = Callable[[], AbstractAsyncContextManager["Whole"]]

pytestmark = pytest.mark.counterpart("simcord")
ARTICLES = (
    ("Reset a password", "Press the red button.", frozenset({"public"})),
    ("Master key", "It hangs behind the door.", frozenset({"internal"})),
)


class Whole:
    """The whole bot, in a server with a channel, an admin, a member and, in another server, a stranger."""

    def __init__(self, app: DeskApp, delivery: Delivery, connector: DiscordConnector, env: Any) -> None:
        self.app = app
        self.delivery = delivery
        self.connector = connector
        self.env = env
        admin = env.create_user("grace")
        while admin.id < ADMIN:
            admin = env.create_user("grace")
        guild = env.create_guild("Help", id=GUILD)
        self.guild = guild
        self.channel = guild.create_text_channel("support")
        role = guild.create_role("managers", permissions=discord.Permissions(manage_guild=True))
        self.grace = guild.add_member(admin, roles=[role])
        self.ada = guild.add_member(env.create_user("ada"))
        self.elsewhere = env.create_guild("Elsewhere")
        self.hall = self.elsewhere.create_text_channel("hall")
        self.stranger = self.elsewhere.add_member(
            env.create_user("bob"),
            roles=[self.elsewhere.create_role("all", permissions=discord.Permissions.all())],
        )

    @property
    def mention(self) -> str:
        """How the bot is spoken to."""
        return f"<@{self.env.bot.user.id}>"

    async def settled(self) -> None:
        """Wait until every event is answered."""
        async with asyncio.timeout(20):
            await self.delivery._idle.wait()
        await self.env.settle()

    def said(self, place: Any) -> list[str]:
        """Give what the bot said to all in a place."""
        me = self.env.bot.user.id
        return [
            each.content
            for each in place.history()
            if each.author.id == me and each.type in SPOKEN and not each.flags.ephemeral
        ]

    async def titles(self, audience: frozenset[str] | None = None) -> list[str]:
        """Give what articles there are."""
        return [each.title for each in await (await self.app.library()).summaries(None, audience)]


def button(message: Any, name: str) -> str:
    """Give the id of a button under a message."""
    found: list[str] = [
        part.custom_id
        for row in message.components
        for part in getattr(row, "children", ())
        if str(part.custom_id).startswith(f"helpdesk:{name}:")
    ]
    assert found, f"there is no button {name}"
    return found[0]


@pytest.fixture
def open_whole(tmp_path: Path, request: pytest.FixtureRequest, spec: DiscordSpec | None) -> Open:
    """One public article, one internal for members; Discord would take every body that was sent."""

    @asynccontextmanager
    async def checked() -> AsyncIterator[Whole]:
        async with opened(tmp_path, request) as found:
            yield found
            requests = list(found.env.http_requests)
        if spec is not None:
            assert requests
            assert spec.problems(requests) == []

    return checked


@asynccontextmanager
async def opened(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Whole]:
    """Open it."""
    simcord = pytest.importorskip("simcord", reason="needs simcord: pip install simcord==3.2.1")
    data = tmp_path / "data"
    data.mkdir()
    assert request.config.cache is not None
    (data / "models").symlink_to(request.config.cache.mkdir("embedding-models"))
    access = {"admins": [f"discord:{ADMIN}"], "members": ["internal"]}
    channels = [{"id": f"discord:{GUILD}", "mode": "mention"}]
    staff = {"to": "channel", "channel": "slack:T1/C9"}
    settings = desk_settings(
        data, access=access, channels=channels, limits={"per_person": 0}, desk={}, handoff=staff
    )
    async with DeskApp(settings, clock=Clock()) as app:
        library = await app.library()
        for title, body, audience in ARTICLES:
            name = title.replace(" ", "-")
            await library.put(
                Article("help", name, title, body, revision_of(title, body, audience), audience)
            )
        connector = Simulated()
        app.platforms.run([connector])
        delivery = await app.delivery()
        async with simcord.run(connector.client(delivery), shard_count=1, strict_sync=True) as env:
            connector.env = env
            env.settle_timeout = 30.0  # an article is embedded by a child process
            outbox = asyncio.create_task(OutboxRunner(await app.outbox(), {"discord": connector}).run())
            try:
                yield Whole(app, delivery, connector, env)
            finally:
                outbox.cancel()
                await asyncio.gather(outbox, return_exceptions=True)


async def test_ask_is_for_the_asker_alone_until_it_is_shared(open_whole: Open) -> None:
    """The button "Share in channel" answers afresh with what all may read there."""
    async with open_whole() as whole:
        shown = await whole.ada.slash(whole.channel, "ask", question="reset my password")
        assert shown.response.ephemeral
        assert "red button" in shown.response.content
        assert whole.said(whole.channel) == []
        await whole.ada.click(shown.response, custom_id=button(shown.response.message, "share"))
        async with asyncio.timeout(20):
            while not whole.said(whole.channel):
                await asyncio.sleep(0.01)
        (post,) = whole.said(whole.channel)
        assert "red button" in post


async def test_what_others_may_not_read_is_not_shared(open_whole: Open) -> None:
    """Neither by the button nor by the option; the asker alone reads what is internal."""
    async with open_whole() as whole:
        alone = await whole.ada.slash(whole.channel, "ask", question="the master key")
        assert "behind the door" in alone.response.content
        told = await whole.ada.click(alone.response, custom_id=button(alone.response.message, "share"))
        assert "did not share" in str([each.content for each in (*told.followups, alone.response)])
        await whole.ada.slash(whole.channel, "ask", question="the master key", share=True)
        await whole.settled()
        assert all("behind the door" not in post for post in whole.said(whole.channel))


async def test_in_a_server_that_the_config_does_not_name_all_are_guests(open_whole: Open) -> None:
    """Its admins too: they read what is public, are offered no more, and change nothing."""
    async with open_whole() as whole:
        shown = await whole.stranger.slash(whole.hall, "ask", question="the master key")
        assert "behind the door" not in shown.response.content
        offered = await whole.stranger.autocomplete(whole.hall, "ask", "question", "")
        assert [choice["name"] for choice in offered] == ["Reset a password"]
        refused = await whole.stranger.slash(whole.hall, "helpdesk-admin gaps")
        assert "admins" in refused.response.content


async def test_what_is_offered_is_what_one_may_read(open_whole: Open) -> None:
    """Questions for all; articles to admins, with their ids; to others' typing nothing that they may not see."""
    async with open_whole() as whole:
        to_ada = await whole.ada.autocomplete(whole.channel, "ask", "question", "mas")
        assert [choice["name"] for choice in to_ada] == ["Master key"]
        to_bob = await whole.stranger.autocomplete(whole.hall, "ask", "question", "mas")
        assert to_bob == []
        found = await whole.grace.autocomplete(whole.channel, "helpdesk-admin remove", "article", "")
        assert {choice["name"] for choice in found} == {"Reset a password", "Master key"}
        personas = await whole.ada.autocomplete(whole.channel, "helpdesk persona", "name", "for")
        assert [choice["value"] for choice in personas] == ["formal", "german-formal"]


async def test_an_answer_after_fifteen_minutes_is_written_to_the_asker(open_whole: Open) -> None:
    """Its interaction has ended: the answer comes as a direct message, and the inbox knows that it is out."""
    async with open_whole() as whole:
        helpdesk = await whole.app.helpdesk()
        answer = helpdesk.answer

        async def late(*args: Any, **details: Any) -> Any:
            whole.env.backend.clock.advance(16 * 60)
            return await answer(*args, **details)

        helpdesk.answer = late  # type: ignore[method-assign]
        await whole.ada.slash(whole.channel, "ask", question="reset my password")
        await whole.settled()
        (told,) = whole.said(whole.ada.user.dm_channel)
        assert "red button" in told
        assert whole.said(whole.channel) == []


async def test_a_message_becomes_an_article_by_an_admins_menu(open_whole: Open) -> None:
    """The form comes filled, and what is sent is an internal article; others see no form, and nothing is kept."""
    async with open_whole() as whole:
        said = await whole.ada.send(whole.channel, "Printer jams\nOpen the flap and pull.")
        menus = whole.env.bot.tree.get_commands(type=discord.AppCommandType.message)
        (save,) = [menu for menu in menus if menu.name == "Save as article"]
        assert save.default_permissions == discord.Permissions(manage_guild=True)
        opened_form = await whole.grace.context_menu(whole.channel, "Save as article", said)
        assert "Printer jams" in str(opened_form.modal)
        done = await whole.grace.submit_modal(opened_form, _defaults(opened_form.modal))
        assert "Printer jams" in done.response.content
        assert "Printer jams" in await whole.titles(frozenset({"internal"}))
        assert "Printer jams" not in await whole.titles(frozenset({"public"}))


async def test_who_is_shown_the_menu_and_is_no_admin_is_refused(open_whole: Open) -> None:
    """Discord's permissions may say more than the config: the router says no."""
    async with open_whole() as whole:
        role = whole.guild.create_role("mods", permissions=discord.Permissions(manage_guild=True))
        mod = whole.guild.add_member(whole.env.create_user("mod"), roles=[role])
        said = await whole.ada.send(whole.channel, "Printer jams\nOpen the flap and pull.")
        refused = await mod.context_menu(whole.channel, "Save as article", said)
        assert refused.modal is None
        assert refused.response.ephemeral
        assert "admins" in refused.response.content


async def test_a_form_is_taken_by_another_process(open_whole: Open) -> None:
    """It was opened before a restart: what somebody wrote meanwhile becomes the article."""
    async with open_whole() as whole:
        form = await whole.grace.slash(whole.channel, "helpdesk-admin add")
        assert form.modal is not None
        await whole.env.restart_bot(whole.connector.client(whole.delivery))
        done = await whole.grace.submit_modal(
            form, {**_defaults(form.modal), "title": "Scanner", "text": "Wipe the glass."}
        )
        assert "Scanner" in done.response.content
        assert "Scanner" in await whole.titles()


async def test_a_rating_with_its_reason_after_a_restart(open_whole: Open) -> None:
    """The button is served by the next process, its modal asks why, and the rating is kept."""
    async with open_whole() as whole:
        await whole.ada.send(whole.channel, f"{whole.mention} reset my password")
        await whole.settled()
        (thread,) = whole.channel.threads
        post = [each for each in thread.history() if "red button" in each.content][-1]
        await whole.env.restart_bot(whole.connector.client(whole.delivery))
        form = await whole.ada.click(post, custom_id=button(post, "not_helpful"))
        assert form.modal is not None
        await whole.ada.submit_modal(form, {"reason": ["outdated"], "comment": "The button is green now."})
        await whole.settled()
        async with (await whole.app.database()).read() as connection:
            (row,) = (await connection.execute(select(ratings))).all()
        assert (row.helpful, row.reason) == (0, "outdated")


@pytest.mark.parametrize("admin", [True, False])
async def test_every_command_is_a_slash_command(open_whole: Open, admin: bool) -> None:  # noqa: FBT001 - a parameter
    """Each gets a form or a private answer, and who may not use it a plain refusal; nothing is posted for all."""
    async with open_whole() as whole:
        role = whole.guild.create_role("mods", permissions=discord.Permissions(manage_guild=True))
        mod = whole.guild.add_member(whole.env.create_user("mod"), roles=[role])
        person = whole.grace if admin else mod
        for spec in COMMANDS:
            if spec.hidden:
                continue
            group = "helpdesk-admin" if spec.admin else "helpdesk"
            name = spec.name.replace("_", "-")
            command = whole.env.bot.tree.get_command(group).get_command(name)
            needed = {option.name: "nothing" for option in command.parameters if option.required}
            shown = await person.slash(whole.channel, f"{group} {name}", **needed)
            await whole.settled()
            if shown.modal is not None:
                assert admin
                continue
            assert shown.response.ephemeral, spec.name
            refused = f"`{spec.name}` is for the bot's admins" in shown.response.content
            assert (spec.name, refused) == (spec.name, spec.admin and not admin)
            assert "there is no command" not in shown.response.content
            assert shown.response.content
        assert whole.said(whole.channel) == []
