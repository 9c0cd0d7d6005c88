"""The tables of docs/commands.md are those of the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.commands.docs import with_tables

if TYPE_CHECKING:
    from pathlib import Path


def test_the_page_is_what_the_table_says(repository: Path) -> None:
    """`python -m bot.commands.docs docs/commands.md` writes it anew."""
    page = (repository / "docs" / "commands.md").read_text(encoding="utf-8")
    assert page == with_tables(page)
    assert "| `forget_me` |" in page
    assert "| `share ANSWER` |" in page
