"""The table of what each platform can do, for docs/connectors.md."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests.parity.capabilities import CAPABILITIES
from tests.parity.console import ConsoleDriver
from tests.parity.discord import DiscordDriver
from tests.parity.slack import SlackDriver
from tests.parity.web import WebDriver

DRIVERS = (SlackDriver, DiscordDriver, ConsoleDriver, WebDriver)
_PLACE = re.compile(r"(?<=<!-- parity -->\n).*?(?=<!-- /parity -->)", re.DOTALL)


def table() -> str:
    """Give the table in Markdown: a row a capability, and a note for each that a platform lacks."""
    reasons: list[str] = []
    lines = [
        f"| | what | {' | '.join(driver.name for driver in DRIVERS)} |",
        "|---" * (len(DRIVERS) + 2) + "|",
    ]
    for name, capability in CAPABILITIES.items():
        cells = []
        for driver in DRIVERS:
            reason = driver.lacks.get(name)
            if reason is None:
                cells.append("yes")
                continue
            if reason not in reasons:
                reasons.append(reason)
            cells.append(f"no ({reasons.index(reason) + 1})")
        what = (capability.__doc__ or "").rstrip(".")
        lines.append(f"| {name} | {what} | {' | '.join(cells)} |")
    notes = [f"({number}) {reason[0].upper()}{reason[1:]}." for number, reason in enumerate(reasons, 1)]
    return "\n".join([*lines, "", *notes, ""])


def within(page: str) -> str:
    """Give the page with the table as it is now."""
    return _PLACE.sub(lambda _: table(), page)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(within(path.read_text(encoding="utf-8")), encoding="utf-8")
