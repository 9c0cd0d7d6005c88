"""docs/sources.md is true: its tables build, and it tells of every type and every option."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from config.settings import SourceSettings
from knowledge.sources.base import ENTRY_POINT_GROUP, build_source
from knowledge.sources.helpdesk.options import HelpdeskOptions

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_TABLE = re.compile(r"```toml\n(type = .*?)```", re.DOTALL)


async def test_every_table_builds(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each type's example is a table that the type accepts."""
    monkeypatch.setenv("TOKEN", "x")
    text = (repository / "docs" / "sources.md").read_text("utf-8")
    built = set()
    for example in _TABLE.findall(text):
        table = {"name": "x", "audience": ["public"], "token_env": "TOKEN"} | tomllib.loads(example)
        source = build_source(SourceSettings.model_validate(table))
        built.add(table["type"])
        await source.close()
    types = {entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)}
    assert built == types - {"folder", "jsonl"}


def test_every_common_option_is_told(repository: Path) -> None:
    """What all helpdesks know stands in the table of options."""
    text = (repository / "docs" / "sources.md").read_text("utf-8")
    assert [name for name in HelpdeskOptions.model_fields if f"`{name}`" not in text] == []
