"""When each file of a Git checkout was last changed, by its history, and bringing a checkout up to date."""

from __future__ import annotations

import asyncio
import base64
import os
from asyncio.subprocess import DEVNULL, PIPE
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from knowledge.errors import PermanentSourceError, TransientSourceError

if TYPE_CHECKING:
    from pathlib import Path

_PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "SYSTEMROOT", "SSH_AUTH_SOCK")
_QUIET: Final = {
    "GIT_TERMINAL_PROMPT": "0",  # nobody is there to answer
    "GIT_ALLOW_PROTOCOL": "https:ssh:file",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
}
_SAFE: Final = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
_MARK: Final = "\x01"


class Git:
    """Runs git for one source, in one checkout, with a limit on time; the secret reaches it by its environment."""

    def __init__(
        self, source: str, folder: Path, *, user: str = "", token: str = "", seconds: float = 300.0
    ) -> None:
        self._source = source
        self._folder = folder
        self._user = user
        self._token = token
        self._seconds = seconds

    async def update(self, url: str, branch: str) -> None:
        """Clone, or fetch and move the checkout to what the branch is now; raises SourceError.

        What is changed in the checkout is lost, so it must be one of `url`.
        """
        if not (self._folder / ".git").exists():
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            wanted = ("--branch", branch) if branch else ()
            await self._run("clone", "--quiet", "--filter=blob:none", *wanted, "--", url, str(self._folder))
            return
        if (origin := (await self._run("remote", "get-url", "origin", inside=True)).strip()) != url:
            raise PermanentSourceError(
                f"source {self._source}: {self._folder} is a checkout of {_without_secret(origin)}; give path an "
                "empty folder, or correct url"
            )
        await self._run("fetch", "--quiet", "--prune", "origin", branch or "HEAD", inside=True)
        await self._run("reset", "--quiet", "--hard", "FETCH_HEAD", inside=True)

    async def dates(self) -> dict[str, datetime]:
        """Give when each file's last commit was made, by its path under the folder; {} without a history."""
        try:
            top = (await self._run("rev-parse", "--show-prefix", inside=True)).strip()
        except (PermanentSourceError, TransientSourceError):
            return {}
        log = await self._run(
            "log",
            "--no-renames",
            "--name-only",
            "--no-merges",
            f"--format={_MARK}%ct",
            "--",
            ".",
            inside=True,
        )
        return _read_log(log, top)

    async def _run(self, *words: str, inside: bool = False) -> str:
        place = ("-C", str(self._folder)) if inside else ()
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | _QUIET
        if self._token:
            secret = base64.b64encode(f"{self._user}:{self._token}".encode()).decode()
            environment |= {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "http.extraHeader",
                "GIT_CONFIG_VALUE_0": f"Authorization: Basic {secret}",
            }
        try:
            process = await asyncio.create_subprocess_exec(
                "git", *_SAFE, *place, *words, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=environment,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise PermanentSourceError(
                f"source {self._source}: git cannot be started ({error.strerror}); install git"
            ) from None
        try:
            async with asyncio.timeout(self._seconds):
                out, err = await process.communicate()
        except BaseException as error:
            process.kill()
            await process.communicate()
            if isinstance(error, TimeoutError):
                raise TransientSourceError(
                    f"source {self._source}: git {words[0]} took over {self._seconds:g} s"
                ) from None
            raise
        if process.returncode:
            raise TransientSourceError(
                f"source {self._source}: git {words[0]} failed: {self._last_words(err)}"
            )
        return out.decode("utf-8", "surrogateescape")

    def _last_words(self, said: bytes) -> str:
        lines = said.decode("utf-8", "replace").strip().splitlines()
        words = lines[-1] if lines else "it said nothing"
        return words.replace(self._token, "…") if self._token else words


def _without_secret(url: str) -> str:
    scheme, found, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if found else url


def _read_log(log: str, top: str) -> dict[str, datetime]:
    """Read the newest date of each file; paths in a log start at the top of the repository."""
    found: dict[str, datetime] = {}
    moment: datetime | None = None
    for line in log.split("\n"):
        if line.startswith(_MARK):
            moment = datetime.fromtimestamp(int(line[1:]), UTC)
        elif line and moment is not None and line.startswith(top):
            found.setdefault(line.removeprefix(top), moment)
    return found
