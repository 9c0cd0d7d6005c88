"""The child process that turns HTML, PDF and DOCX into Markdown.

It is started as `python -m knowledge.sources.convert_worker BYTES_OF_MEMORY`. It reads requests from
standard input and writes replies to standard output, each a frame of four bytes of length (big-endian) and
that many bytes: a JSON object, followed for a request by a second frame, the document itself. Before the
first document it gives up the network, new processes, writing files, and memory beyond its limit.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import json
import os
import resource
import struct
import sys
import types
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable

_LENGTH = struct.Struct(">I")
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_FORBIDDEN_EVENTS = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "os.remove",
    "os.rename",
    "shutil.",
    "ctypes.dlopen",
)
_WRITING_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def read_frame(stream: BinaryIO) -> bytes | None:
    """Read one frame; None at the end of the stream."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None


def write_frame(stream: BinaryIO, body: bytes) -> None:
    """Write one frame and flush it."""
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def skip_package_imports() -> None:
    """Let converters be imported one by one, without what `import markitdown` brings in.

    Its `__init__` imports magika, onnxruntime, pandas and every other converter: 1.2 s and several hundred
    MB of address space that would have to be allowed for under the memory limit.
    """
    spec = importlib.util.find_spec("markitdown")
    if spec is None or not spec.submodule_search_locations:
        return
    root = spec.submodule_search_locations[0]
    for name, folder in (("markitdown", root), ("markitdown.converters", os.path.join(root, "converters"))):  # noqa: PTH118 - no pathlib needed here
        package = types.ModuleType(name)
        package.__path__ = [folder]
        sys.modules[name] = package


def leave_network() -> bool:
    """Move into an empty network namespace (Linux); False where the system does not allow that."""
    if not sys.platform.startswith("linux"):
        return False
    with contextlib.suppress(OSError, AttributeError):
        return bool(ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)
    return False


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        _path, mode, flags = arguments
        if (isinstance(mode, str) and set(mode) & set("wax+")) or (flags or 0) & _WRITING_FLAGS:
            raise PermissionError("a document made the converter write a file, which it may not")
    elif event.startswith(_FORBIDDEN_EVENTS):
        raise PermissionError(f"a document made the converter do {event}, which it may not")


def limit_resources(memory_bytes: int) -> None:
    """Bound the memory, forbid writing files and core dumps; a system without a limit goes without it."""
    for kind, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (value, value))


def limit_cpu(seconds: float) -> None:
    """Allow `seconds` more of CPU time; past that the kernel ends the process, even if nobody waits."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with contextlib.suppress(ValueError, OSError):
        limit = int(used.ru_utime + used.ru_stime + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))


def _serve(
    requests: BinaryIO, replies: BinaryIO, convert: Callable[[dict[str, Any], bytes], dict[str, Any]]
) -> None:
    while (head := read_frame(requests)) is not None and (data := read_frame(requests)) is not None:
        request = json.loads(head)
        limit_cpu(request["seconds"])
        try:
            reply = convert(request, data)
        except MemoryError:
            reply = {"error": "needs more memory than the converter may use; split it", "fatal": True}
        except RecursionError:
            reply = {"error": "is nested too deeply"}
        except Exception as error:  # noqa: BLE001 - a converter may raise anything for a bad document
            reply = {"error": f"cannot be converted ({type(error).__name__}: {error})"[:500]}
        write_frame(replies, json.dumps(reply).encode("ascii"))
        if "fatal" in reply:
            return  # what is left of the memory may not be enough for the next one


def main() -> None:
    """Serve until standard input ends."""
    requests = sys.stdin.buffer
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not break a frame
    os.nice(10)  # answers come before conversions
    isolated = leave_network()  # before anything starts a thread: a user namespace needs a single one
    skip_package_imports()
    from knowledge.sources.convert_formats import convert  # noqa: PLC0415 - after the packages were replaced

    limit_resources(int(sys.argv[1]))
    sys.addaudithook(_refuse)
    write_frame(replies, json.dumps({"ready": True, "isolated": isolated}).encode("ascii"))
    _serve(requests, replies, convert)


if __name__ == "__main__":
    main()
