"""A terminal chat whose handler says what it was given; test_console.py runs it as a process."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from connectors.base import Address, Command, Event, Link, Person, Reply
from connectors.console import CommandHint, ConsoleConnector


class Echo:
    """Answers with what it was asked."""

    def __init__(self) -> None:
        self.cancelled = 0

    async def handle(self, event: Event) -> Reply | None:
        """Answer one event."""
        if isinstance(event, Command):
            return Reply(f"command {event.name}, arguments <{event.arguments}>")
        if event.text == "silence":
            return None
        if event.text == "slow":
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        link = Link("Reset your password", "https://help.example.com/reset", "updated 3 weeks ago")
        return Reply(f"You said **{event.text}**, after {self.cancelled} cancelled", links=(link,))


async def main() -> None:
    """Chat, and say something unasked first."""
    connector = ConsoleConnector(
        history_dir=Path(sys.argv[1]),
        person=Person("console:somebody"),
        clock=lambda: datetime.now(UTC),
        hints=[CommandHint("persona", "change the voice", ("friendly", "formal"))],
        opening=Reply("Welcome."),
    )
    if connector.is_interactive:
        await connector.send(Address("console", "terminal"), Reply("Unasked."))
    await connector.run(Echo())


asyncio.run(main())
