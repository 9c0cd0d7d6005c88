"""A language model with OpenAI's protocol that says what a test tells it to, streamed, on a free port.

POST /v1/chat/completions (platform.openai.com/docs/api-reference/chat/streaming): each request takes the next of
`turns`, the last one again and again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PROMPT_TOKENS = 1000


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer.

    `text` is streamed in pieces of `piece` characters. `status` other than 200 is an error. `silent`: no word ever
    comes; `stall_after` pieces nothing more comes; `cut_after` pieces the connection is torn; `endless` repeats the
    text. `raw` is sent instead of any stream. `finish` is the finish reason, None leaves it out.
    """

    text: str = ""
    piece: int = 12
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    stall_after: int | None = None
    cut_after: int | None = None
    endless: bool = False
    raw: bytes | None = None
    finish: str | None = "stop"
    usage: bool = True


class LlmServer:
    """Serves while its block lasts; `url` is what `api_base_url` wants, `requests` the bodies that came."""

    def __init__(
        self, turns: Sequence[Turn] = (), reply: Callable[[dict[str, Any]], Turn] | None = None
    ) -> None:
        self.turns = list(turns)
        self.reply = reply
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.gone = asyncio.Event()  # set when a client hung up before the end
        self._held = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._held.set()
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def prompts(self) -> list[str]:
        """The messages of each request as one text."""
        return ["\n".join(str(m["content"]) for m in body["messages"]) for body in self.requests]

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        self.keys.append(request.headers.get("Authorization", ""))
        turn = self.reply(body) if self.reply else self.turns[min(len(self.requests), len(self.turns)) - 1]
        if turn.status != 200:
            error = {"error": {"message": "scripted", "type": "scripted", "code": str(turn.status)}}
            return web.json_response(error, status=turn.status, headers=turn.headers)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            await self._stream(turn, request, response)
        except (ConnectionError, asyncio.CancelledError):
            self.gone.set()
            raise
        return response

    async def _stream(self, turn: Turn, request: web.Request, response: web.StreamResponse) -> None:
        if turn.raw is not None:
            await response.write(turn.raw)
            return
        if turn.silent:
            await self._held.wait()
        sent = 0
        pieces = [turn.text[i : i + turn.piece] for i in range(0, len(turn.text), turn.piece)]
        while True:
            for piece in pieces:
                if sent == turn.stall_after:
                    await self._held.wait()
                if sent == turn.cut_after:
                    assert request.transport is not None
                    request.transport.abort()
                    return
                await response.write(_event({"delta": {"content": piece}, "finish_reason": None}))
                await asyncio.sleep(0)
                sent += 1
            if not turn.endless:
                break
        if turn.finish is not None:
            await response.write(_event({"delta": {}, "finish_reason": turn.finish}))
        if turn.usage:
            used = {
                "prompt_tokens": _PROMPT_TOKENS,
                "completion_tokens": sent,
                "total_tokens": _PROMPT_TOKENS + sent,
            }
            await response.write(_event(None, used))
        with contextlib.suppress(ConnectionError):
            await response.write(b"data: [DONE]\n\n")


def _event(choice: dict[str, Any] | None, usage: dict[str, int] | None = None) -> bytes:
    chunk = {
        "id": "x",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "scripted",
        "choices": [{"index": 0, **choice}] if choice else [],
        "usage": usage,
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"
