"""Articles that are files of a Git repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field

from knowledge.errors import PermanentSourceError
from knowledge.sources.base import read_options
from knowledge.sources.folder import FolderOptions, FolderSource
from knowledge.sources.git_history import Git
from knowledge.sources.helpdesk.options import read_token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from config.settings import SourceSettings
    from knowledge.models import Found


class GitOptions(FolderOptions):
    """Beside what a folder knows: the `branch` (by default the repository's own) and the token's `user`."""

    branch: str = Field(default="", pattern=r"^(\w[\w./+-]*)?$")
    user: str = "x-access-token"
    git_seconds: float = Field(default=300.0, gt=0, le=7200)


class GitSource(FolderSource):
    """The files of a checkout, dated by their last commits.

    With a `url` the checkout is made and brought up to date at each sync; a fetch that fails ends the sync,
    and nothing is removed.
    """

    _git: Git
    _url: str
    _branch: str

    @classmethod
    def from_settings(cls, settings: SourceSettings) -> Self:
        """Build the source of a `[[sources]]` table; raises PermanentSourceError naming a wrong key."""
        options = read_options(settings, GitOptions)
        if settings.path is None:
            raise PermanentSourceError(
                f'source {settings.name}: the checkout needs a path; set path = "…", with url to have it made'
            )
        url = settings.url or ""
        if "://" in url and ":" in url.partition("://")[2].rpartition("@")[0]:
            raise PermanentSourceError(
                f"source {settings.name}: url has a password in it; use token_env or token_file"
            )
        has_secret = settings.token_env is not None or settings.token_file is not None
        token = read_token(settings, needs="a token") if has_secret else ""
        source = cls(settings.name, settings.path, settings.audience, options)
        source._git = Git(
            settings.name, settings.path, user=options.user, token=token, seconds=options.git_seconds
        )
        source._url, source._branch = url, options.branch
        return source

    async def articles(self, known: Mapping[str, str], *, full: bool = False) -> AsyncIterator[Found]:
        """Bring the checkout up to date and list every file; see FolderSource."""
        await self._update()
        self._dates = await self._git.dates()
        async for found in super().articles(known, full=full):
            yield found

    async def check(self) -> str:
        """Say how many files there are, after bringing the checkout up to date."""
        await self._update()
        return await super().check()

    async def _update(self) -> None:
        if self._url:
            await self._git.update(self._url, self._branch)
