"""HTML, PDF and DOCX to Markdown in a child process with limits, so that no document can harm the bot."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import structlog

from knowledge.errors import ArticleError

_LENGTH = struct.Struct(">I")
_START_SECONDS = 60.0
_PDF_PATIENCE = 4
_PASSED_ON = (
    "PATH",
    "PYTHONPATH",
    "PYTHONHOME",
    "SYSTEMROOT",
    "LANG",
    "LC_ALL",
    "VIRTUAL_ENV",
    "LD_LIBRARY_PATH",
)
"""The child gets no other environment variable: there are secrets among them."""


class DocumentKind(StrEnum):
    """A format that needs the child process."""

    HTML = "html"
    PAGE = "page"
    """HTML of any web site: trafilatura finds what is the article in it."""
    PDF = "pdf"
    DOCX = "docx"


@dataclass(frozen=True, slots=True)
class ConverterLimits:
    """What one document may cost: seconds (wall clock and CPU), the child's memory, a zip's unpacked size.

    A PDF may take four times `seconds`: it costs more than any other format, by the page.
    """

    seconds: float = 30.0
    memory_bytes: int = 1536 * 1024 * 1024
    unzipped_bytes: int = 200_000_000

    def seconds_for(self, kind: DocumentKind) -> float:
        """Give the seconds that a document of this kind may take."""
        return self.seconds * (_PDF_PATIENCE if kind is DocumentKind.PDF else 1)


@dataclass(frozen=True, slots=True)
class Converted:
    """A document as CommonMark, its title taken out of it, and what the document says about itself."""

    markdown: str
    title: str | None = None
    language: str | None = None
    url: str | None = None
    updated_at: str | None = None


class DocumentConverter:
    """Converts documents one after the other in one child process, which is started when first needed.

    The child has no network where the system lets it give it up (Linux), and nowhere does it open sockets,
    write files or start processes from Python. `close` ends it; the next `convert` starts another.
    """

    def __init__(self, limits: ConverterLimits | None = None) -> None:
        self._limits = limits or ConverterLimits()
        self._process: Process | None = None
        self._lock = asyncio.Lock()
        self._log = structlog.get_logger()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def convert(
        self,
        kind: DocumentKind,
        name: str,
        data: bytes,
        base_url: str | None = None,
        *,
        fragment: bool = False,
    ) -> Converted:
        """Convert one document (HTML as UTF-8); raises ArticleError that names it, and nothing else.

        A `fragment` is the HTML of a body alone, as helpdesks give it: nothing around it is left out, and its
        first heading stays, as it is no title.
        """
        seconds = self._limits.seconds_for(kind)
        request = {
            "kind": kind.value,
            "base_url": base_url,
            "fragment": fragment,
            "seconds": seconds,
            "unzipped_bytes": self._limits.unzipped_bytes,
        }
        async with self._lock:
            try:
                reply = await self._exchange(json.dumps(request).encode("ascii"), data, seconds)
            except TimeoutError:
                await self._end()
                raise ArticleError(
                    f"{name}: converting it took over {seconds:g} s; make it smaller or split it"
                ) from None
            except (OSError, EOFError) as error:
                raise ArticleError(f"{name}: {await self._cause_of_death(error)}") from error
            except BaseException:
                await self._end()  # half an exchange must not be taken for the next one
                raise
            if reply.pop("fatal", False):
                await self._end()
        if "error" in reply:
            raise ArticleError(f"{name}: {reply['error']}")
        return Converted(**reply)

    async def close(self) -> None:
        """End the child process, if there is one."""
        async with self._lock:
            await self._end()

    async def _exchange(self, request: bytes, data: bytes, seconds: float) -> dict[str, Any]:
        process = await self._running()
        async with asyncio.timeout(seconds):
            assert process.stdin is not None
            process.stdin.writelines([_LENGTH.pack(len(request)), request, _LENGTH.pack(len(data)), data])
            await process.stdin.drain()
            return await _read_reply(process)

    async def _running(self) -> Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        await self._end()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", "-B", "-m", "knowledge.sources.convert_worker", str(self._limits.memory_bytes)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            start_new_session=True,  # Ctrl-C in the terminal is for the bot
        )
        async with asyncio.timeout(_START_SECONDS):
            hello = await _read_reply(self._process)
        self._log.debug("converter started", pid=self._process.pid, without_network=hello["isolated"])
        return self._process

    async def _cause_of_death(self, error: Exception) -> str:
        process = self._process
        code = None
        if process is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(5):
                    code = await process.wait()
        await self._end()
        if code is not None and code < 0:
            return f"the converter was ended by signal {-code} at this file; make it smaller or split it"
        return f"the converter ended with code {code} at this file ({type(error).__name__})"

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()
        if process.stdout is not None:
            await process.stdout.read()  # to its end, so that the pipe closes


async def _read_reply(process: Process) -> dict[str, Any]:
    assert process.stdout is not None
    (length,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
    reply: dict[str, Any] = json.loads(await process.stdout.readexactly(length))
    return reply
