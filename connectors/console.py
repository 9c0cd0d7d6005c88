"""A chat in the terminal; with standard input not a terminal, one line at a time and plain text."""

import asyncio
import contextlib
import os
import re
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory
from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console

from connectors.base import Address, Command, Event, Handler, IncomingMessage, Person, Reply
from connectors.console_view import MAX_WIDTH, to_plain, to_renderable
from connectors.errors import DeliveryError

_COMMAND = re.compile(r"/([a-z][a-z_-]*)(?:\s+(.*))?", re.IGNORECASE | re.DOTALL)
PROMPT = "you \N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT} "
_QUIT = frozenset({"quit", "exit"})


@dataclass(frozen=True, slots=True)
class CommandHint:
    """A command that the terminal offers to complete; `choices` are the arguments it is known to take."""

    name: str
    description: str = ""
    choices: tuple[str, ...] = ()


class SlashCompleter(Completer):
    """Completes the names of commands after a slash, and their known arguments."""

    def __init__(self, hints: Sequence[CommandHint]) -> None:
        self._hints = tuple(hints)

    def get_completions(
        self,
        document: Document,
        complete_event: CompleteEvent,  # noqa: ARG002 - prompt_toolkit's signature
    ) -> Iterable[Completion]:
        """Give what may follow the text before the cursor."""
        text = document.text_before_cursor
        if not text.startswith("/"):
            return
        name, space, argument = text[1:].partition(" ")
        for hint in self._hints:
            if not space and hint.name.startswith(name.lower()):
                yield Completion(
                    hint.name, -len(name), display=f"/{hint.name}", display_meta=hint.description
                )
            elif space and hint.name == name.lower():
                yield from (Completion(c, -len(argument)) for c in hint.choices if c.startswith(argument))


class ConsoleConnector:
    """A terminal as a chat platform: one person, one channel, a thread a session.

    The line history is kept in `history_dir`. `/quit`, Ctrl-D and Ctrl-C twice leave; every other command
    goes to the handler. When input or output is no terminal each line is answered in plain text, until the
    input ends.
    """

    name = "console"

    def __init__(
        self,
        *,
        history_dir: Path,
        person: Person,
        clock: Callable[[], datetime],
        hints: Sequence[CommandHint] = (),
        opening: Reply | None = None,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
    ) -> None:
        self._history_dir = history_dir
        self._person = person
        self._clock = clock
        self._hints = (*hints, CommandHint("quit", "leave"))
        self._opening = opening
        self._stdin = stdin or sys.stdin
        self._stdout = stdout or sys.stdout
        self._console = Console(file=self._stdout, highlight=False)
        self._address = Address("console", "terminal", thread=uuid4().hex)
        self._prompt: PromptSession[str] | None = None

    @property
    def is_interactive(self) -> bool:
        """Whether a person sits at both ends."""
        return self._stdin.isatty() and self._stdout.isatty()

    async def run(self, handler: Handler) -> None:
        """Answer lines until the person leaves or the input ends."""
        if self.is_interactive:
            await self._converse(handler)
        else:
            await self._answer_lines(handler)

    async def send(self, address: Address, reply: Reply) -> None:
        """Show a reply above the line that is being typed."""
        if address.platform != self.name:
            raise DeliveryError(f"the terminal cannot deliver to {address.platform}")
        if self._prompt is not None and self._prompt.app.is_running:
            await run_in_terminal(lambda: self._show(reply))
        else:
            self._show(reply)

    # A person at a terminal ------------------------------------------------------------------------------

    async def _converse(self, handler: Handler) -> None:
        self._prompt = self._make_prompt()
        if self._opening is not None:
            self._show(self._opening)
        interrupted = False
        while True:
            try:
                with patch_stdout(raw=True):
                    line = (await self._prompt.prompt_async()).strip()
            except EOFError:
                return
            except KeyboardInterrupt:
                if interrupted:
                    return
                interrupted = True
                self._console.print("  Ctrl-C again, Ctrl-D or /quit leaves.", style="dim")
                continue
            event = self._event(line)
            if event is None:
                return
            interrupted = bool(line) and not await self._answer(handler, event)

    def _make_prompt(self) -> PromptSession[str]:
        self._history_dir.mkdir(parents=True, exist_ok=True)
        path = self._history_dir / "console-history"
        path.touch(mode=0o600)
        return PromptSession(
            FormattedText([("bold ansicyan", PROMPT)]),
            history=FileHistory(str(path)),
            completer=SlashCompleter(self._hints),
            complete_while_typing=True,
            auto_suggest=AutoSuggestFromHistory(),
            prompt_continuation=FormattedText([("ansibrightblack", "    … ")]),
        )

    async def _answer(self, handler: Handler, event: Event) -> bool:
        """Show the answer to one event; gives False when the person cancelled it."""
        work = asyncio.ensure_future(handler.handle(event))
        with _on_interrupt(work.cancel), self._console.status("[dim]Looking it up …[/]", spinner="dots"):
            await asyncio.wait([work])
        if work.cancelled():
            self._console.print("  Cancelled.", style="dim")
            return False
        reply = work.result()
        if reply is not None:
            self._show(reply)
        return True

    def _show(self, reply: Reply) -> None:
        if not self.is_interactive:
            print(to_plain(reply) + "\n", file=self._stdout, flush=True)
            return
        view = to_renderable(reply, shows_links=self._console.color_system is not None)
        self._console.print()
        self._console.print(view, width=min(self._console.width, MAX_WIDTH))
        self._console.print()

    # Anything else ---------------------------------------------------------------------------------------

    async def _answer_lines(self, handler: Handler) -> None:
        async for line in _lines(self._stdin.fileno()):
            if not line.strip():
                continue
            event = self._event(line.strip())
            if event is None:
                return
            reply = await handler.handle(event)
            if reply is not None:
                self._show(reply)

    def _event(self, line: str) -> Event | None:
        """Make an event of a line; None when it says to leave."""
        command = _COMMAND.fullmatch(line)
        if command is None:
            return IncomingMessage(
                uuid4().hex, self._address, self._person, line, self._clock(), addressed=True, direct=True
            )
        name, arguments = command[1].lower(), (command[2] or "").strip()
        if name in _QUIT:
            return None
        return Command(uuid4().hex, self._address, self._person, name, arguments, self._clock())


@contextlib.contextmanager
def _on_interrupt(act: Callable[[], object]) -> Iterator[None]:
    """Let Ctrl-C do `act` for a while, and then what it did before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, act)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)


async def _lines(descriptor: int) -> AsyncIterator[str]:
    """Give the lines of a pipe or a file as they come.

    A daemon thread reads them, because a read from a pipe cannot be cancelled and must not hold up the exit;
    it reads the descriptor, because a thread that dies inside a buffered reader aborts the interpreter.
    """
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            rest = b""
            while chunk := os.read(descriptor, 65536):
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    loop.call_soon_threadsafe(queue.put_nowait, line)
            if rest:
                loop.call_soon_threadsafe(queue.put_nowait, rest)
            loop.call_soon_threadsafe(queue.put_nowait, None)

    threading.Thread(target=read, name="console-input", daemon=True).start()
    while (line := await queue.get()) is not None:
        yield line.decode("utf-8", "replace")
