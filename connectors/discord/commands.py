"""The slash commands and context menus, and their registration: only when their definition changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
import structlog
from discord import app_commands

from connectors.discord.views import ArticleForm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connectors.discord.client import HelpdeskClient

QUESTION_LIMIT = 2_000
LINE_LIMIT = 200

FOR_ALL = {
    "help": "What I can do",
    "sources": "Where my articles come from, and how fresh they are",
    "why": "How my last answer here came about",
}
FOR_ADMINS = {
    "status": "What works and what does not",
    "reindex": "Make the search index anew",
}
"""Commands without arguments, with what Discord shows of them."""


def build_tree(client: HelpdeskClient) -> app_commands.CommandTree[HelpdeskClient]:
    """Give the commands of the bot. Who may use which is checked again when it is done."""
    tree = app_commands.CommandTree(
        client,
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
    )
    tree.add_command(_ask(client))
    tree.add_command(_helpdesk(client))
    tree.add_command(_admin(client))
    for menu in _menus(client):
        tree.add_command(menu)
    return tree


def _ask(client: HelpdeskClient) -> app_commands.Command[Any, ..., None]:
    @app_commands.command(name="ask", description="Ask a question about our articles")
    @app_commands.describe(question="Your question", share="Let everyone here read the answer")
    async def ask(
        interaction: discord.Interaction[HelpdeskClient],
        question: app_commands.Range[str, 1, QUESTION_LIMIT],
        share: bool = False,  # noqa: FBT001, FBT002 - an option of the command
    ) -> None:
        await client.ask(interaction, question, shared=share)

    return ask


def _helpdesk(client: HelpdeskClient) -> app_commands.Group:
    group = app_commands.Group(name="helpdesk", description="What I know, and how I came to an answer")
    for name, description in FOR_ALL.items():
        group.add_command(_plain(client, name, description))

    @group.command(name="list", description="The articles that you may read")
    @app_commands.describe(source="Only those of this source")
    async def list_articles(
        interaction: discord.Interaction[HelpdeskClient],
        source: app_commands.Range[str, 0, LINE_LIMIT] = "",
    ) -> None:
        await client.do(interaction, "list", source)

    return group


def _admin(client: HelpdeskClient) -> app_commands.Group:
    group = app_commands.Group(
        name="helpdesk-admin",
        description="Keep the helpdesk's articles",
        default_permissions=discord.Permissions(manage_guild=True),
    )
    for name, description in FOR_ADMINS.items():
        group.add_command(_plain(client, name, description))

    @group.command(name="sync", description="Read the sources again now")
    @app_commands.describe(sources="Their names; empty for all")
    async def sync(
        interaction: discord.Interaction[HelpdeskClient],
        sources: app_commands.Range[str, 0, LINE_LIMIT] = "",
    ) -> None:
        await client.do(interaction, "sync", sources)

    @group.command(name="persona", description="In whose voice I speak here")
    @app_commands.describe(name="Empty to see who there is")
    async def persona(
        interaction: discord.Interaction[HelpdeskClient],
        name: app_commands.Range[str, 0, LINE_LIMIT] = "",
    ) -> None:
        await client.do(interaction, "persona", name)

    @group.command(name="add", description="Add an article")
    async def add(interaction: discord.Interaction[HelpdeskClient]) -> None:
        await interaction.response.send_modal(ArticleForm())

    @group.command(name="remove", description="Remove an article")
    @app_commands.describe(article="Its id, as /helpdesk list shows it")
    async def remove(
        interaction: discord.Interaction[HelpdeskClient],
        article: app_commands.Range[str, 1, LINE_LIMIT],
    ) -> None:
        await client.do(interaction, "remove", article)

    return group


def _plain(client: HelpdeskClient, name: str, description: str) -> app_commands.Command[Any, ..., None]:
    @app_commands.command(name=name, description=description)
    async def plain(interaction: discord.Interaction[HelpdeskClient]) -> None:
        await client.do(interaction, name, "")

    return plain


def _menus(client: HelpdeskClient) -> list[app_commands.ContextMenu]:
    @app_commands.context_menu(name="Answer this")
    async def answer_this(interaction: discord.Interaction[HelpdeskClient], message: discord.Message) -> None:
        await client.ask(interaction, message.content, shared=False)

    @app_commands.context_menu(name="Save as article")
    @app_commands.default_permissions(manage_guild=True)
    async def save_as_article(
        interaction: discord.Interaction[HelpdeskClient], message: discord.Message
    ) -> None:
        await interaction.response.send_modal(ArticleForm(message.content))

    return [answer_this, save_as_article]


async def register(
    tree: app_commands.CommandTree[HelpdeskClient], application_id: int, guild: discord.Object | None
) -> bool:
    """Register the commands, in one server or everywhere; False: they stand there already.

    Discord is asked what stands there: that is true for every process, and after somebody removed one.
    """
    http = tree.client.http
    if guild is not None:
        tree.copy_global_to(guild=guild)
        found = await http.get_guild_commands(application_id, guild.id)
    else:
        found = await http.get_global_commands(application_id)
    wanted = [command.to_dict(tree) for command in tree.get_commands(guild=guild)]
    if same_commands(found, wanted):
        return False
    await tree.sync(guild=guild)
    structlog.get_logger().info("discord_commands_registered", number=len(wanted))
    return True


def same_commands(found: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> bool:
    """Whether Discord has these commands and no others; what it adds of its own does not count."""
    known = {(command["name"], command.get("type", 1)): command for command in found}
    if len(known) != len(wanted):
        return False
    return all(_holds(known.get((command["name"], command["type"])), command) for command in wanted)


def _holds(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_holds(found.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        items = found or []
        return len(items) == len(wanted) and all(map(_holds, items, wanted))
    if not wanted and not found:
        return True  # Discord leaves out what is empty, or says null
    return str(found) == str(wanted)  # permissions are numbers here and text there
