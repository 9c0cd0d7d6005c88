"""The parent's end of the embedding child: start it, talk to it, and leave nothing of it behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from typing import TYPE_CHECKING, Any

from knowledge.embedding import frames
from knowledge.errors import DiskFull, EmbeddingError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from types import TracebackType
    from typing import Self

# The longest a child may say nothing: an export on a slow disk, or one batch on a slow CPU.
_SILENCE_SECONDS = 600.0
_LAST_WORDS = 12
_STREAM_LIMIT = 4 * 1024 * 1024


class EmbeddingChild:
    """One child process, alive within `async with`; not for concurrent requests."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process: asyncio.subprocess.Process | None = None
        self._last_words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._listening: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._process.pid if self._process is not None else None

    async def __aenter__(self) -> Self:
        """Start the child.

        Raises:
            EmbeddingError: The system starts no process.
        """
        # Its own process group: Ctrl-C in a terminal is for the parent, which then ends the child.
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "knowledge.embedding.worker",
                str(os.getpid()),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"},
                limit=_STREAM_LIMIT,
                process_group=0,
            )
        except OSError as error:
            raise EmbeddingError(f"cannot start the embedding process: {error}") from error
        self._listening = asyncio.create_task(self._listen(), name="embedding-child-stderr")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the child, whatever it is doing."""
        await self.kill()

    async def ask(
        self, request: Mapping[str, Any], payload: bytes = b""
    ) -> AsyncGenerator[tuple[dict[str, Any], bytes], None]:
        """Send a request and yield its answers (header, payload), up to "done".

        Raises:
            EmbeddingError: The child refused, with its reason, or died, with its exit code and last words.
            DiskFull: It could not write.
        """
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise EmbeddingError("the embedding process is not running")
        try:
            process.stdin.write(frames.pack(request, payload))
            await process.stdin.drain()
            while True:
                async with asyncio.timeout(_SILENCE_SECONDS):
                    header, data = await frames.read_async(process.stdout)
                if header["event"] == "done":
                    return
                if header["event"] == "error":
                    raise (DiskFull if header["kind"] == "disk_full" else EmbeddingError)(header["message"])
                yield header, data
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise await self._obituary() from error
        except TimeoutError as error:
            raise EmbeddingError(
                f"the embedding process said nothing for {_SILENCE_SECONDS:.0f} s and was ended; try again"
            ) from error

    async def kill(self) -> None:
        """End the child and everything that it started; safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.stdin is not None:
            process.stdin.close()
        if process.stdout is not None:  # its transport closes once everything is read
            with contextlib.suppress(ConnectionError):
                await process.stdout.read()
        if self._listening is not None:
            await self._listening
        await process.wait()

    async def _listen(self) -> None:
        process = self._process
        if process is None or process.stderr is None:
            return
        while chunk := await process.stderr.read(65_536):
            self._last_words.extend(chunk.decode(errors="replace").splitlines())

    async def _obituary(self) -> EmbeddingError:
        process = self._process
        code = await process.wait() if process is not None else None
        if self._listening is not None:
            await asyncio.wait([self._listening])
        words = " | ".join(line for line in self._last_words if line.strip()) or "nothing"
        return EmbeddingError(
            f"the embedding process died (exit code {code}; its last words: {words}); "
            "what it had embedded is kept, run it again for the rest"
        )
