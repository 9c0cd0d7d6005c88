"""A language model with Anthropic's protocol that says what a test tells it to, streamed, on a free port.

POST /v1/messages (docs.anthropic.com/en/api/messages and …/messages-streaming): the key stands in `x-api-key` or,
from version 2 of its client on, as a bearer token; the system prompt stands apart from the messages; a stream is named
events from `message_start` to `message_stop`, and an error may come in the middle of it. A request that the API would
refuse is refused here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Sequence

INPUT_TOKENS = 900
KEY = "test-key"


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer, streamed in pieces; `status` other than 200 is an error.

    `error_after` pieces an `overloaded_error` comes in the stream, `cut_after` pieces the connection is torn. `stop` is
    the stop reason.
    """

    text: str = ""
    status: int = 200
    error_after: int | None = None
    cut_after: int | None = None
    stop: str = "end_turn"


class AnthropicServer:
    """Serves while its block lasts; `url` is what `api_base_url` wants, `requests` the bodies that came."""

    def __init__(self, turns: Sequence[Turn] = ()) -> None:
        self.turns = list(turns)
        self.requests: list[dict[str, Any]] = []
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/messages", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        if KEY not in {request.headers.get("x-api-key"), _bearer(request)}:
            return _refused(401, "authentication_error", "invalid x-api-key")
        fault = _fault(request, body)
        if fault:
            return _refused(400, "invalid_request_error", fault)
        turn = self.turns[min(len(self.requests), len(self.turns)) - 1]
        if turn.status != 200:
            return _refused(
                turn.status, "overloaded_error" if turn.status == 529 else "api_error", "scripted"
            )
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await _stream(turn, body, request, response)
        return response


def _bearer(request: web.Request) -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


def _fault(request: web.Request, body: dict[str, Any]) -> str:
    if "anthropic-version" not in request.headers:
        return "anthropic-version: header is required"
    if not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1:
        return "max_tokens: field required"
    roles = [message["role"] for message in body["messages"]]
    if not roles or roles[0] != "user" or set(roles) - {"user", "assistant"}:
        return "messages: first message must use the user role"
    return "" if body.get("stream") else "stream: the test wants a stream"


def _refused(status: int, kind: str, message: str) -> web.Response:
    return web.json_response({"type": "error", "error": {"type": kind, "message": message}}, status=status)


async def _stream(
    turn: Turn, body: dict[str, Any], request: web.Request, response: web.StreamResponse
) -> None:
    async def send(kind: str, **data: Any) -> None:
        written = json.dumps({"type": kind, **data})
        await response.write(f"event: {kind}\ndata: {written}\n\n".encode())

    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": 1},
    }
    await send("message_start", message=message)
    await send("content_block_start", index=0, content_block={"type": "text", "text": ""})
    await send("ping")
    pieces = [turn.text[i : i + 12] for i in range(0, len(turn.text), 12)]
    for number, piece in enumerate(pieces):
        if number == turn.cut_after:
            assert request.transport is not None
            request.transport.abort()
            return
        if number == turn.error_after:
            await send("error", error={"type": "overloaded_error", "message": "Overloaded"})
            return
        await send("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
    await send("content_block_stop", index=0)
    await send(
        "message_delta",
        delta={"stop_reason": turn.stop, "stop_sequence": None},
        usage={"output_tokens": len(pieces)},
    )
    await send("message_stop")
