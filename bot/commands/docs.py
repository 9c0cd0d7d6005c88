"""Writes the tables of docs/commands.md: `python -m bot.commands.docs docs/commands.md`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bot.commands.table import COMMANDS

if TYPE_CHECKING:
    from bot.commands.table import CommandSpec

_SPOKEN = {
    "no": "",
    "alone": "yes",
    "anyone": "yes, with one word",
    "word": "admins, with one word",
    "words": "admins",
    "lines": "admins, with the text below",
}


def with_tables(page: str) -> str:
    """Give the page with the tables as they should stand between its marks. Pure."""
    for name, table in (("commands", _commands()), ("buttons", _buttons())):
        mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        page = mark.sub(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", page)  # type: ignore[misc]
    return page


def _commands() -> str:
    rows = [
        f"| `{_usage(spec)}` | {spec.help} | {'admins' if spec.admin else 'everyone'} | {_SPOKEN[spec.spoken]} |"
        for spec in COMMANDS
        if not spec.hidden
    ]
    return "\n".join(["| command | what it does | who | in a message |", "|---|---|---|---|", *rows])


def _buttons() -> str:
    rows = [f"| `{_usage(spec)}` | {spec.help} |" for spec in COMMANDS if spec.hidden]
    return "\n".join(["| command | what it does |", "|---|---|", *rows])


def _usage(spec: CommandSpec) -> str:
    return f"{spec.name} {spec.arguments}".strip().replace("|", "\\|")


if __name__ == "__main__":
    where = Path(sys.argv[1])
    where.write_text(with_tables(where.read_text(encoding="utf-8")), encoding="utf-8")
