"""One side of the comparison in a process of its own: `python worker.py ADAPTER FOLDER MODEL`.

Reads commands from standard input and answers on standard output, a line of JSON each; whatever a library prints goes
to standard error. Times are taken here, around the adapter's own call, so that the pipe is not in them.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import resource
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TextIO

# Nothing is to be looked up on a network, nor reported to one.
os.environ.update(
    HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HAYSTACK_TELEMETRY_ENABLED="False", DO_NOT_TRACK="1"
)
os.environ.update(TOKENIZERS_PARALLELISM="true", LANGCHAIN_TRACING_V2="false", PYTHONWARNINGS="ignore")

PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def main() -> None:
    """Serve commands until standard input ends, or the driver does."""
    _end_with_the_driver()
    _be_the_first_to_go()
    answers = _take_over_stdout()
    name, folder, model = sys.argv[1:4]
    adapter = importlib.import_module(f"adapters.{name.partition(':')[0]}").build(name, Path(folder), model)
    _say(answers, {"result": "ready"})
    try:
        for line in sys.stdin:
            try:
                _say(answers, _serve(adapter, json.loads(line)))
            except Exception as error:  # noqa: BLE001 - a peer's failure is a row of the table
                _say(answers, {"error": f"{type(error).__name__}: {error}"[:500]})
    finally:
        close = getattr(adapter, "close", None)
        if close is not None:
            close()


def _end_with_the_driver() -> None:
    """Have the kernel end this process with its parent: a long call does not see that standard input ended."""
    if sys.platform == "linux":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGTERM)


def _be_the_first_to_go() -> None:
    """Have the kernel take a side, and not the driver or something else, where memory runs out."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("900", encoding="ascii")


def _serve(adapter: Any, command: dict[str, Any]) -> dict[str, Any]:
    if command["do"] == "memory":
        return {"result": _resident()}
    method = _method(adapter, command["do"])
    if "each" in command:
        return _each(method, command["each"], command.get("seconds"))
    started = time.perf_counter()
    result = method(*command.get("with", ()))
    return {"seconds": time.perf_counter() - started, "result": result}


def _method(adapter: Any, name: str) -> Any:
    if name == "askers" and not hasattr(adapter, "askers"):
        return lambda number, questions: _threads(adapter.retrieve, number, questions)
    if name == "forget":
        return lambda: _forget(adapter)
    return getattr(adapter, name)


def _threads(retrieve: Any, number: int, questions: list[str]) -> None:
    """Ask from so many threads until all questions are asked."""
    with ThreadPoolExecutor(number) as pool:
        list(pool.map(retrieve, questions))


def _forget(adapter: Any) -> None:
    """Drop what was only needed for filling, and give it back, so that memory is the store's own."""
    adapter.forget()
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _each(method: Any, items: list[Any], seconds: float | None) -> dict[str, Any]:
    """Call with each item; stop after `seconds`, but not before the first."""
    times, results, begun = [], [], time.perf_counter()
    for item in items:
        started = time.perf_counter()
        result = method(item)
        took = (time.perf_counter() - started) * 1000
        own = isinstance(result, dict) and "milliseconds" in result  # the adapter timed a part of the call
        times.append(result["milliseconds"] if own else took)
        results.append(result)
        if seconds is not None and time.perf_counter() - begun > seconds:
            break
    return {"milliseconds": times, "result": results}


def _resident() -> float:
    """Give the resident megabytes of this process and of those that it started."""
    pages = {}
    parents = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry.name)], pages[int(entry.name)] = int(fields[1]), int(fields[21])
    family = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(pages[pid] for pid in family) * resource.getpagesize() / 2**20


def _take_over_stdout() -> TextIO:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _say(answers: TextIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer, default=float) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
