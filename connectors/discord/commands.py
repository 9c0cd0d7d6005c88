"""The slash commands and context menus, and their registration: only when their definition changed."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Literal, Protocol

import discord
import structlog
from discord import app_commands

from connectors.discord.format import shortened
from connectors.discord.options import LINE_LIMIT, WITH_FILES, Option, arguments_of, options_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from connectors.discord.options import Kind
    from connectors.forms import CommandInfo

    Callback = Callable[..., Awaitable[None]]

QUESTION_LIMIT = 2_000
DESCRIPTION_LIMIT = 100
FOR_ALL = "helpdesk"
FOR_ADMINS = "helpdesk-admin"
"""Discord's permissions are per top-level command, so there are two."""
ANSWER_THIS, SAVE, WHY = "Answer this", "Save as article", "Why"


class Desk(Protocol):
    """What commands, buttons and menus hand what somebody wants to."""

    async def ask(self, interaction: discord.Interaction[Any], question: str, *, shared: bool) -> None:
        """Answer a question."""
        ...

    async def do(
        self,
        interaction: discord.Interaction[Any],
        name: str,
        arguments: str,
        files: Sequence[discord.Attachment] = (),
    ) -> None:
        """Do a command, after its form if it has one."""
        ...

    async def on_message_menu(
        self, interaction: discord.Interaction[Any], menu: str, message: discord.Message
    ) -> None:
        """Do what stands in the menu of a message."""
        ...

    async def offer(
        self, interaction: discord.Interaction[Any], kinds: Sequence[Kind], typed: str, *, many: bool
    ) -> list[app_commands.Choice[str]]:
        """Give what could be meant; nothing when that takes too long."""
        ...


def build_tree(
    client: discord.Client, desk: Desk, commands: Sequence[CommandInfo]
) -> app_commands.CommandTree[Any]:
    """Give the commands of the bot. Who may use which is checked again when it is done."""
    tree: app_commands.CommandTree[Any] = app_commands.CommandTree(
        client,
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
    )
    tree.add_command(_ask(desk))
    shown = [command for command in commands if not command.hidden]
    for_all = [command for command in shown if not command.admin]
    for_admins = [command for command in shown if command.admin]
    if for_all:
        tree.add_command(_group(desk, FOR_ALL, "What I know, and how I came to an answer", for_all, None))
    if for_admins:
        managers = discord.Permissions(manage_guild=True)
        tree.add_command(_group(desk, FOR_ADMINS, "Keep the helpdesk's articles", for_admins, managers))
    names = {command.name for command in commands}
    for menu in _menus(desk, with_save="add" in names, with_why="why" in names):
        tree.add_command(menu)
    return tree


def _ask(desk: Desk) -> app_commands.Command[Any, ..., None]:
    @app_commands.command(name="ask", description="Ask a question about our articles")
    @app_commands.describe(question="Your question", share="Let everyone here read the answer")
    async def ask(
        interaction: discord.Interaction[Any],
        question: app_commands.Range[str, 1, QUESTION_LIMIT],
        share: bool = False,  # noqa: FBT001, FBT002 - an option of the command
    ) -> None:
        await desk.ask(interaction, question, shared=share)

    ask.autocomplete("question")(_offering(desk, Option("question", "", suggests=("question",))))
    return ask


def _group(
    desk: Desk,
    name: str,
    description: str,
    commands: Sequence[CommandInfo],
    permissions: discord.Permissions | None,
) -> app_commands.Group:
    group = app_commands.Group(name=name, description=description, default_permissions=permissions)
    for command in commands:
        group.add_command(_command(desk, command))
    return group


def _command(desk: Desk, info: CommandInfo) -> app_commands.Command[Any, ..., None]:
    """Make a slash command whose options are those of the table's row."""
    options = options_of(info)
    files = [
        "file" if number == 1 else f"file{number}" for number in range(1, WITH_FILES.get(info.name, 0) + 1)
    ]

    async def callback(interaction: discord.Interaction[Any], **given: Any) -> None:
        attached = [given[name] for name in files if given.get(name) is not None]
        await desk.do(interaction, info.name, arguments_of(options, given), attached)

    parameters = [*map(_parameter, options), *map(_file, files)]
    callback.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [_positional("interaction", discord.Interaction), *parameters]
    )
    described = {option.name: option.description for option in options}
    described |= dict.fromkeys(files, "A Markdown, HTML, PDF, DOCX or text file")
    words = shortened(info.help[:1].upper() + info.help[1:], DESCRIPTION_LIMIT)
    command: app_commands.Command[Any, ..., None] = app_commands.Command(
        name=info.name.replace("_", "-"),
        description=words,
        callback=app_commands.describe(**described)(callback),
    )
    for option in options:
        if option.suggests:
            command.autocomplete(option.name)(_offering(desk, option))
    return command


def _parameter(option: Option) -> inspect.Parameter:
    annotation: Any
    if option.choices:
        annotation = Literal[option.choices]
    else:
        annotation = app_commands.Range[str, 1 if option.required else 0, LINE_LIMIT]
    default = inspect.Parameter.empty if option.required else ""
    return _positional(option.name, annotation, default)


def _file(name: str) -> inspect.Parameter:
    return _positional(name, discord.Attachment | None, None)


def _positional(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation, default=default
    )


def _offering(desk: Desk, option: Option) -> Any:
    async def offer(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        return await desk.offer(interaction, option.suggests, current, many=option.many)

    return offer


def _menus(desk: Desk, *, with_save: bool, with_why: bool) -> list[app_commands.ContextMenu]:
    menus = [_menu(desk, ANSWER_THIS)]
    if with_save:
        menus.append(_menu(desk, SAVE))
        menus[-1].default_permissions = discord.Permissions(manage_guild=True)
    if with_why:
        menus.append(_menu(desk, WHY))
    return menus


def _menu(desk: Desk, name: str) -> app_commands.ContextMenu:
    @app_commands.context_menu(name=name)
    async def menu(interaction: discord.Interaction[Any], message: discord.Message) -> None:
        await desk.on_message_menu(interaction, name, message)

    return menu


async def register(
    tree: app_commands.CommandTree[Any], application_id: int, guild: discord.Object | None
) -> bool:
    """Register the commands, in one server or everywhere; False: they stand there already.

    Discord is asked what stands there, in one call. A digest of our own would be wrong after somebody removed a
    command, after another process or version registered its own, and whenever Redis was flushed.
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
