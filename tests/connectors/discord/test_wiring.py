"""The running bot gives Discord what it needs."""

from __future__ import annotations

from bot.cli.running import build_connectors
from bot.commands import COMMANDS
from config.settings import DiscordSettings, Settings
from connectors.base import AnswersEvents, ChatConnector, FetchesFiles
from connectors.discord.connector import DiscordConnector
from connectors.discord.tags import TagNames
from connectors.remembering import Remembers


def test_the_connector_knows_every_command_and_setting() -> None:
    """The table of commands, and the names of the tags."""
    settings = Settings(discord=DiscordSettings(token="t", human_tag="call us"))  # type: ignore[arg-type]
    (connector,) = build_connectors(settings)
    assert isinstance(connector, DiscordConnector)
    assert [info.name for info in connector._options.commands] == [spec.name for spec in COMMANDS]
    assert connector._options.tags == TagNames("answered", "call us")
    for protocol in (ChatConnector, AnswersEvents, FetchesFiles, Remembers):
        assert isinstance(connector, protocol)
