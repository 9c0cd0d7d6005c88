"""The driver's end of a worker: start it, command it, cut it when it hangs."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).resolve().parent


class PeerFailed(RuntimeError):  # noqa: N818 - the name says the fact
    """A peer could not do what it was asked; the text says why."""


@dataclass(frozen=True)
class Side:
    """One side of the comparison: what the table calls it, its adapter, and the Python that has its packages."""

    name: str
    adapter: str
    python: Path


class Worker:
    """A process that holds one side; within `with`."""

    def __init__(self, side: Side, folder: Path, model: Path) -> None:
        """Start it; it is ready when `wait_ready` returns."""
        folder.mkdir(parents=True, exist_ok=True)
        self.side = side
        self.started = time.perf_counter()
        self._log = (folder / "worker.log").open("a")
        command = [
            str(side.python),
            "-W",
            "ignore",
            str(HERE / "worker.py"),
            side.adapter,
            str(folder),
            str(model),
        ]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=HERE,
            bufsize=0,
            start_new_session=True,
        )
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait_ready(self, timeout: float = 120) -> float:
        """Wait until its libraries and model are there; give the seconds since it was started."""
        self._answer(timeout)
        return time.perf_counter() - self.started

    def call(self, do: str, *arguments: Any, timeout: float = 300) -> tuple[float, Any]:
        """Call a method of the adapter; give the seconds that it took, and its result."""
        answer = self._ask({"do": do, "with": arguments}, timeout)
        return answer["seconds"], answer["result"]

    def each(
        self, do: str, items: list[Any], *, seconds: float | None = None, timeout: float = 300
    ) -> tuple[list[float], list[Any]]:
        """Call a method with each item, for about `seconds` at most; give milliseconds and results."""
        answer = self._ask({"do": do, "each": items, "seconds": seconds}, timeout)
        return answer["milliseconds"], answer["result"]

    def memory(self) -> float:
        """Give the resident megabytes of the process and its children."""
        return float(self._ask({"do": "memory"}, 30)["result"])

    def close(self) -> None:
        """End it, and whatever it started."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()

    def kill(self) -> None:
        """End it at once."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def _ask(self, command: dict[str, Any], timeout: float) -> dict[str, Any]:
        try:
            self._process.stdin.write((json.dumps(command) + "\n").encode())  # type: ignore[union-attr]
        except OSError as error:
            raise PeerFailed(f"{self.side.name}, {command['do']}: {self._end()}") from error
        return self._answer(timeout, str(command["do"]))

    def _answer(self, timeout: float, doing: str = "start") -> dict[str, Any]:
        line = self._line(timeout, doing)
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise PeerFailed(f"{self.side.name}, {doing}: {answer['error']}")
        return answer

    def _end(self) -> str:
        """Say how the process ended; a kill that is not ours is the kernel's, where memory ran out."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        if self._process.returncode == -signal.SIGKILL:
            return "the process was killed, as the kernel does where memory runs out"
        return f"the process ended; {self._last_words()}"

    def _last_words(self) -> str:
        lines = Path(self._log.name).read_text(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "without a word"

    def _line(self, timeout: float, doing: str) -> bytes:
        assert self._process.stdout is not None
        until = time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not selector.select(max(0.0, until - time.monotonic())):
                    self.kill()
                    raise PeerFailed(f"{self.side.name}, {doing}: cut after {timeout:.0f} s")
                chunk = os.read(self._process.stdout.fileno(), 1 << 20)
                if not chunk:
                    raise PeerFailed(f"{self.side.name}, {doing}: {self._end()}")
                self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line
