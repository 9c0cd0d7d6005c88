"""What people can tell the bot to do: one table, and groups of functions that do it."""

from bot.commands.call import Call, CommandGroup
from bot.commands.runner import Commands
from bot.commands.table import COMMANDS, CommandSpec, find_command

__all__ = ["COMMANDS", "Call", "CommandGroup", "CommandSpec", "Commands", "find_command"]
