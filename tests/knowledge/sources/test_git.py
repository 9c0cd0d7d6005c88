"""The Git source on real repositories."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from config.settings import SourceSettings
from knowledge.errors import PermanentSourceError, TransientSourceError
from knowledge.models import Article, ListingComplete
from knowledge.sources.base import build_source

if TYPE_CHECKING:
    from pathlib import Path

    from knowledge.models import Found
    from knowledge.sources.base import ArticleSource

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git: apt-get install git")


def git(folder: Path, *words: str, date: str = "2024-05-06T07:08:09+00:00") -> None:
    """Run git as its user would."""
    who = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    environment = {**os.environ, **who, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    subprocess.run(["git", "-C", str(folder), *words], check=True, env=environment, capture_output=True)


def commit(folder: Path, name: str, text: str, date: str) -> None:
    """Write a file and commit it."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x", date=date)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with two articles, written at different times."""
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "docs/größe.md", "# Size\n\nBig.", "2024-01-02T03:04:05+00:00")
    commit(folder, "docs/b.md", "# B\n\nText.", "2024-05-06T07:08:09+00:00")
    return folder


def source(**options: Any) -> ArticleSource:
    """Build the source."""
    table = {"name": "docs", "type": "git", "audience": ["public"], **options}
    return build_source(SourceSettings.model_validate(table))


async def listing(one: ArticleSource) -> dict[str, Found]:
    """List all that a source yields, by id."""
    found = [item async for item in one.articles({})]
    assert found[-1] == ListingComplete()
    return {item.id: item for item in found if isinstance(item, Article)}


async def test_dates_are_those_of_commits(repo: Path) -> None:
    """A file's date is its last commit's, also in a folder of the repository; without a history, its own."""
    found = await listing(source(path=repo / "docs"))
    assert {name: article.updated_at for name, article in found.items()} == {  # type: ignore[union-attr]
        "größe.md": datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
        "b.md": datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
    }
    shutil.rmtree(repo / ".git")
    found = await listing(source(path=repo / "docs"))
    assert found["b.md"].updated_at.year >= 2025  # type: ignore[union-attr]


async def test_clone_and_fetch(repo: Path, tmp_path: Path) -> None:
    """With a url the checkout is made, follows its origin, and forgets what was changed in it."""
    options = {"path": tmp_path / "made" / "checkout", "url": repo.as_uri(), "include": ["docs/*.md"]}
    assert set(await listing(source(**options))) == {"docs/größe.md", "docs/b.md"}
    assert await source(**options).check() == "2 files"
    commit(repo, "docs/b.md", "# B\n\nNew.", "2025-01-01T00:00:00+00:00")
    (tmp_path / "made" / "checkout" / "docs" / "b.md").write_text("# Mine")
    found = await listing(source(**options))
    assert found["docs/b.md"].body == "New.\n"  # type: ignore[union-attr]


async def test_faults(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fetch that fails ends the listing; a checkout of something else is left alone; no secret is told."""
    monkeypatch.setenv("DOCS_TOKEN", "secret-token")
    options = {"path": tmp_path / "checkout", "url": repo.as_uri(), "token_env": "DOCS_TOKEN"}
    await listing(source(**options))
    repo.rename(tmp_path / "elsewhere")
    with pytest.raises(TransientSourceError, match="git fetch failed") as raised:
        await listing(source(**options))
    assert "secret-token" not in str(raised.value)
    with pytest.raises(PermanentSourceError, match="is a checkout of"):
        await listing(source(**options | {"url": "https://git.example/other.git"}))
    with pytest.raises(TransientSourceError, match="git clone failed"):
        await listing(source(path=tmp_path / "new", url="ext::sh -c id"))
    with pytest.raises(PermanentSourceError, match="url has a password in it"):
        source(path=tmp_path, url="https://me:secret-token@git.example/docs.git")
    with pytest.raises(PermanentSourceError, match="branch"):
        source(path=tmp_path, branch="--upload-pack=id")
