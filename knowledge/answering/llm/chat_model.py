"""One language model behind Haystack's chat generators."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from knowledge.answering.llm.errors import LlmError, as_llm_error
from knowledge.answering.llm.usage import Usage, estimate, told

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from knowledge.answering.llm.prompt import Prompt
    from knowledge.answering.llm.usage import Price

_WHOLE = frozenset({"stop", "end_turn", "stop_sequence", "eos"})


class Generator(Protocol):
    """What is used of OpenAIChatGenerator and AnthropicChatGenerator."""

    async def run_async(self, messages: Any, streaming_callback: Any = None) -> dict[str, Any]:
        """Answer the messages; the callback gets each piece."""
        ...

    async def close_async(self) -> None:
        """Release the connections."""
        ...


class Enough(Exception):  # noqa: N818 - no error: the listener needs no more
    """Raised by a listener that wants no further words."""


@dataclass(frozen=True, slots=True)
class Written:
    """How a request ended: `whole` unless it was cut by a limit, by the listener or by a lost connection."""

    usage: Usage
    whole: bool
    reason: str


class ChatModel:
    """Streams the words of one model; makes no retries of its own.

    `build` makes the generator when it is first needed, in a thread: importing a provider's client takes a second.
    """

    def __init__(
        self,
        name: str,
        price: Price,
        build: Callable[[], Generator],
        close: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self.price = price
        self._build = build
        self._close = close
        self._generator: Generator | None = None
        self._building = asyncio.Lock()

    async def warm(self) -> None:
        """Import the provider's client before the first question."""
        await self._ready()

    async def close(self) -> None:
        """Close the connections."""
        if self._generator is not None:
            await self._generator.close_async()
            self._generator = None
        if self._close:
            self._close()

    async def write(
        self,
        prompt: Prompt,
        listen: Callable[[str], Awaitable[None]],
        *,
        first_word_seconds: float,
        until: float,
        spent: Callable[[Usage], None],
    ) -> Written:
        """Send the prompt and hand each piece of the answer to `listen`, until the loop's time `until`.

        `listen` may raise Enough. `spent` is called once, however it ends. Raises LlmError.
        """
        pieces: list[str] = []
        loop = asyncio.get_running_loop()
        enough = False
        usage: Usage | None = None
        try:
            async with asyncio.timeout_at(until) as limit:

                async def heard(chunk: Any) -> None:
                    nonlocal enough
                    if enough or not chunk.content:
                        return
                    if not pieces:
                        limit.reschedule(until)
                    pieces.append(chunk.content)
                    try:
                        await listen(chunk.content)
                    except Enough:
                        enough = True
                        limit.reschedule(loop.time())  # cancels the request, and so closes its connection
                        await asyncio.sleep(0)

                generator = await self._ready()
                limit.reschedule(min(until, loop.time() + first_word_seconds))
                replies = await generator.run_async(prompt.messages(), streaming_callback=heard)
            meta = replies["replies"][0].meta if replies.get("replies") else {}
            usage = told(meta.get("usage"), self.price)
            return self._ended(meta, prompt, pieces, usage)
        except TimeoutError as error:
            if enough:
                return Written(
                    estimate(prompt.text, "".join(pieces), self.price), whole=True, reason="enough"
                )
            raise LlmError("slow", self._too_slow(pieces, first_word_seconds)) from error
        except Exception as error:  # two clients, each with a tree of errors of its own
            raise as_llm_error(error, self.name) from error
        finally:
            spent(usage or estimate(prompt.text, "".join(pieces), self.price))

    def _ended(self, meta: dict[str, Any], prompt: Prompt, pieces: list[str], usage: Usage | None) -> Written:
        reason = str(meta.get("finish_reason") or "")
        if not "".join(pieces).strip():
            raise LlmError("empty", f"{self.name}: it answered without a word", may_retry=True)
        if not reason:
            raise LlmError("cut", f"{self.name}: its answer broke off")
        used = usage or estimate(prompt.text, "".join(pieces), self.price)
        return Written(used, reason in _WHOLE, reason)

    def _too_slow(self, pieces: list[str], first_word_seconds: float) -> str:
        if pieces:
            return f"{self.name}: not done when the time was up"
        return f"{self.name}: no word within {first_word_seconds:g} s"

    async def _ready(self) -> Generator:
        async with self._building:
            if self._generator is None:
                self._generator = await asyncio.to_thread(self._build)
            return self._generator
