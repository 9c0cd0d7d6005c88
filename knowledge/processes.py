"""Which process this is, and whether another one still lives: a lease of the dead need not be waited for."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process. `host` differs between machines, boots and containers, `started` between uses of one id."""

    host: str
    pid: int
    started: str

    @classmethod
    def of_this_process(cls) -> ProcessIdentity:
        """Give the identity of the calling process."""
        pid = os.getpid()
        return cls(_host(), pid, _started(pid))

    def is_dead(self) -> bool:
        """Whether the process is gone for certain; False when it lives elsewhere or cannot be asked."""
        if self.host != _host() or sys.platform == "win32":
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return _started(self.pid) != self.started


def _host() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        # Process ids mean the same only in one namespace: two containers may share a boot and a folder.
        return f"{boot}:{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()


def _started(pid: int) -> str:
    """Give the kernel's start time of a process, or "" where there is no /proc or the process is a zombie."""
    try:
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
