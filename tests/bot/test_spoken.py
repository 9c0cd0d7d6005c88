"""Commands said in a message."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.access import Access
from bot.spoken import as_command
from config.settings import AccessSettings
from connectors.base import Command, SharedFile
from tests.bot.conftest import message

NOBODY = Access(AccessSettings())
ADMIN = Access(AccessSettings(admins=frozenset({"slack:T1/U1"})))


@pytest.mark.parametrize(
    ("text", "name"),
    [("why", "why"), (" Help ", "help"), ("/sources", "sources"), ("sync", "sync"), ("Add", "add")],
)
def test_a_name_alone_is_a_command(text: str, name: str) -> None:
    """Anybody may say it; the table decides about the right."""
    said = as_command(message(text, thread="1.0"), NOBODY)
    assert isinstance(said, Command)
    assert (said.name, said.arguments, said.address.thread) == (name, "", "1.0")


@pytest.mark.parametrize(
    "text", ["help me", "why is the printer offline?", "list all printers", "", "sync outlook"]
)
def test_a_question_stays_a_question(text: str) -> None:
    """A command's name may begin a question."""
    event = message(text)
    assert as_command(event, NOBODY) is event


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("sync zendesk", "sync", "zendesk"),
        ("sync", "sync", ""),
        ("remove local/reset", "remove", "local/reset"),
        (
            "add Reset a password\nOpen the page.\n\nPress it.",
            "add",
            "Reset a password\nOpen the page.\n\nPress it.",
        ),
    ],
)
def test_an_admin_may_say_arguments(text: str, name: str, arguments: str) -> None:
    """What changes things is a command when an admin says it."""
    said = as_command(message(text), ADMIN)
    assert isinstance(said, Command)
    assert (said.name, said.arguments) == (name, arguments)


def test_files_are_articles_in_an_admins_hand() -> None:
    """One that can be read is enough: what cannot be is told by its name, beside the others' titles."""
    readable, other = SharedFile("printers.md", 9), SharedFile("setup.exe", 9)
    said = as_command(replace(message(""), files=(readable, other)), ADMIN)
    assert isinstance(said, Command)
    assert (said.name, said.files) == ("add", (readable, other))
    for event, access in (
        (replace(message(""), files=(other,)), ADMIN),
        (replace(message(""), files=(readable,)), NOBODY),
        (replace(message("What is this?"), files=(readable,)), ADMIN),
    ):
        assert as_command(event, access) is event


def test_what_does_not_address_the_bot_is_no_command() -> None:
    """A channel in mode auto may say "status"."""
    event = message("status", addressed=False)
    assert as_command(event, ADMIN) is event


def test_the_terminal_has_slashes() -> None:
    """There a word is a question."""
    event = replace(message("help"), address=replace(message().address, platform="console"))
    assert as_command(event, NOBODY) is event
