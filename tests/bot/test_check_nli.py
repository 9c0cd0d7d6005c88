"""`helpdesk-bot check` and the NLI model of `[grounding]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.check_nli import NAME, check_nli
from tests.bot.checking import check, settings_of
from tests.knowledge.embedding.test_entailment import write_model

if TYPE_CHECKING:
    from pathlib import Path

    from bot.check_result import CheckResult


async def test_the_nli_model_is_tried(tmp_path: Path) -> None:
    """One that judges is good, one whose labels are mixed up or whose folder is not there is named with the remedy."""
    sound = write_model(tmp_path / "nli")
    mixed = write_model(tmp_path / "mixed", {"0": "entailment", "1": "contradiction", "2": "neutral"})
    torn = write_model(tmp_path / "torn")
    (torn / "config.json").write_text("{")
    llm = {"model": "scripted", "api_base_url": "http://127.0.0.1:9/v1"}

    async def tried(folder: Path, **more: object) -> CheckResult:
        return await check_nli(settings_of(tmp_path, grounding={"nli_model": str(folder)}, **more))

    assert (await tried(sound, llm=llm)).ok
    unused = await tried(sound)
    assert unused.warning
    assert "[llm] model" in unused.remedy
    swapped = await tried(mixed, llm=llm)
    assert not swapped.ok
    assert "id2label" in swapped.remedy
    for folder, words in ((tmp_path / "none", "no folder"), (torn, "config.json cannot be read")):
        missing = await tried(folder, llm=llm)
        assert not missing.ok
        assert words in missing.detail
        assert "[grounding] nli_model" in missing.remedy


async def test_it_has_a_row_where_the_config_names_one(tmp_path: Path) -> None:
    """No folder, no row."""
    assert NAME not in await check(settings_of(tmp_path))
    named = settings_of(tmp_path, grounding={"nli_model": str(tmp_path / "none")})
    assert not (await check(named))[NAME].ok
