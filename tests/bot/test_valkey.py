"""The embedded Valkey, with the real server."""

import asyncio
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
import redis.asyncio
from structlog.testing import capture_logs

from bot.errors import ValkeyError
from bot.valkey import EmbeddedValkey

PROGRAM = """
import asyncio, sys
from pathlib import Path
from bot.valkey import EmbeddedValkey

async def main():
    async with EmbeddedValkey(Path(sys.argv[1])) as valkey:
        client = valkey.client(decode_responses=True)
        await client.incr("starts")
        print(valkey.socket, (await client.info("server"))["process_id"], flush=True)
        sys.stdin.readline()

asyncio.run(main())
"""


@pytest.fixture
def short_environ(tmp_path, monkeypatch):
    """Sockets of a test go where those of a user go, but never into a user's session folder."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


pytestmark = pytest.mark.usefixtures("short_environ")


async def server_process(valkey: EmbeddedValkey) -> psutil.Process:
    """Give the server's process."""
    info = await valkey.client().info("server")
    return psutil.Process(info["process_id"])


async def until_gone(process: psutil.Process) -> None:
    """Wait until the process has ended; one that nobody reaped yet has."""
    async with asyncio.timeout(10):
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.005)


def start_program(folder: Path) -> subprocess.Popen[str]:
    """Start another process that uses the server of `folder` until it gets a line."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


async def test_keeps_data_across_restarts(tmp_path):
    """What was written is there after everybody left and somebody came back."""
    async with EmbeddedValkey(tmp_path) as valkey:
        await valkey.client().set("key", "value")
        process = await server_process(valkey)
    await until_gone(process)
    async with EmbeddedValkey(tmp_path) as valkey:
        assert await valkey.client(decode_responses=True).get("key") == "value"


async def test_configuration(tmp_path):
    """It appends each write to a file, evicts nothing, has no port and a socket for us alone."""
    async with EmbeddedValkey(tmp_path) as valkey:
        config = await valkey.client(decode_responses=True).config_get("*")
        assert stat.S_IMODE(valkey.socket.stat().st_mode) == 0o700
        assert stat.S_IMODE(valkey.socket.parent.stat().st_mode) == 0o700
        assert valkey.url == f"unix://{valkey.socket}"
    assert config["appendonly"] == "yes"
    assert config["appendfsync"] == "everysec"
    assert config["maxmemory-policy"] == "noeviction"
    assert config["port"] == "0"
    assert config["dir"] == str(tmp_path / "valkey")


async def test_long_folder(tmp_path):
    """A data folder with a path longer than a socket may have works."""
    folder = tmp_path / ("long" * 40)
    async with EmbeddedValkey(folder) as valkey:
        assert await valkey.client().ping()


async def test_has_its_own_session(tmp_path):
    """Ctrl-C in our terminal does not reach the server."""
    async with EmbeddedValkey(tmp_path) as valkey:
        process = await server_process(valkey)
        assert os.getsid(process.pid) != os.getsid(0)
        assert os.getpgid(process.pid) != os.getpgid(0)


async def test_start_is_quick(tmp_path):
    """A first start takes half a second at most."""
    start = time.perf_counter()
    async with EmbeddedValkey(tmp_path):
        assert time.perf_counter() - start < 0.5


async def test_two_users_share_one_server(tmp_path):
    """The first to leave does not take the server from the other."""
    async with EmbeddedValkey(tmp_path) as first:
        second = EmbeddedValkey(tmp_path)
        await second.start()
        assert (await server_process(first)).pid == (await server_process(second)).pid
        await second.close()
        assert await first.client().ping()


async def test_four_processes_at_once(tmp_path):
    """Four processes that start at the same moment all succeed and use one server."""
    programs = [start_program(tmp_path) for _ in range(4)]
    lines = [program.stdout.readline().split() for program in programs]
    assert all(len(line) == 2 for line in lines)
    assert len({tuple(line) for line in lines}) == 1
    process = psutil.Process(int(lines[0][1]))
    for program in programs:
        program.communicate("\n", timeout=30)
        assert program.returncode == 0
    await until_gone(process)


async def test_adopts_after_its_user_was_killed(tmp_path):
    """A user that is killed leaves the server running; the next user joins it and shuts it down."""
    program = start_program(tmp_path)
    _, pid = program.stdout.readline().split()
    program.kill()
    program.communicate()
    async with EmbeddedValkey(tmp_path) as valkey:
        process = await server_process(valkey)
        assert process.pid == int(pid)
        assert await valkey.client(decode_responses=True).get("starts") == "1"
    await until_gone(process)


async def test_comes_back_when_killed(tmp_path):
    """A server that is killed while it is used is started again, and a client from before goes on."""
    async with EmbeddedValkey(tmp_path) as valkey:
        client = valkey.client(decode_responses=True)
        await client.set("key", "value")
        process = await server_process(valkey)
        process.kill()
        await until_gone(process)
        await valkey.ensure()
        assert await client.get("key") == "value"


async def test_comes_back_by_itself(tmp_path):
    """Nobody has to ask: the death of the server is noticed and mended."""
    async with EmbeddedValkey(tmp_path) as valkey:
        process = await server_process(valkey)
        first_keeper = valkey._keeper
        process.kill()
        await until_gone(process)
        async with asyncio.timeout(20):
            while True:
                try:
                    if (await server_process(valkey)).pid != process.pid:
                        break
                except redis.exceptions.RedisError:
                    await asyncio.sleep(0.01)
        assert valkey._keeper is first_keeper


async def test_server_without_a_socket_is_replaced(tmp_path):
    """If a cleaner removes the socket, the next user ends the unreachable server and starts another."""
    async with EmbeddedValkey(tmp_path) as valkey:
        process = await server_process(valkey)
        await valkey.client().set("key", "value")
        valkey.socket.unlink()
        async with EmbeddedValkey(tmp_path) as other:
            assert (await server_process(other)).pid != process.pid
            assert await other.client(decode_responses=True).get("key") == "value"
    await until_gone(process)


async def test_only_ours_is_adopted(tmp_path):
    """A server that keeps another folder is not taken for ours, even at our socket."""
    async with EmbeddedValkey(tmp_path / "a") as ours:
        await ours.client().set("whose", "ours")
    async with EmbeddedValkey(tmp_path / "b") as theirs:
        await theirs.client().set("whose", "theirs")
        (tmp_path / "a" / "valkey" / "socket").write_text(str(theirs.socket))
        async with EmbeddedValkey(tmp_path / "a") as ours:
            assert await ours.client(decode_responses=True).get("whose") == "ours"
            assert await theirs.client(decode_responses=True).get("whose") == "theirs"


@pytest.mark.parametrize("part", ["*.incr.aof", "*.base.rdb", "*.manifest"])
async def test_corrupted_file(tmp_path, part):
    """Unreadable data are set aside, said with their path, and Valkey starts empty."""
    async with EmbeddedValkey(tmp_path) as valkey:
        await valkey.client().set("key", "value")
    (path,) = (tmp_path / "valkey" / "appendonlydir").glob(part)
    path.write_bytes(b"garbage\n" * 20)
    with capture_logs() as logs:
        async with EmbeddedValkey(tmp_path) as valkey:
            assert await valkey.client().get("key") is None
    (warning,) = [line for line in logs if line["event"] == "valkey.data_unreadable"]
    assert (Path(warning["kept_at"]) / path.name).read_bytes().startswith(b"garbage")
    assert re.search(r"\w+", warning["reason"])


async def test_cut_file(tmp_path):
    """A file whose last write was cut in half loses that write only."""
    async with EmbeddedValkey(tmp_path) as valkey:
        client = valkey.client()
        await client.set("first", "1")
        await client.set("second", "2")
    (path,) = (tmp_path / "valkey" / "appendonlydir").glob("*.incr.aof")
    path.write_bytes(path.read_bytes()[:-5])
    async with EmbeddedValkey(tmp_path) as valkey:
        assert await valkey.client(decode_responses=True).mget("first", "second") == ["1", None]


async def test_folder_that_cannot_be(tmp_path):
    """A data folder that is a file is said by its path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ValkeyError, match=re.escape(str(tmp_path / "file"))):
        await EmbeddedValkey(tmp_path / "file").start()


async def test_folder_deleted_under_it(tmp_path):
    """A server whose folder was deleted is ended by the next user of that path, who starts empty."""
    program = start_program(tmp_path / "data")
    _, pid = program.stdout.readline().split()
    process = psutil.Process(int(pid))
    program.send_signal(signal.SIGKILL)
    program.communicate()
    (tmp_path / "data").rename(tmp_path / "old")
    for path in sorted((tmp_path / "old").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (tmp_path / "old").rmdir()
    async with EmbeddedValkey(tmp_path / "data") as valkey:
        assert (await server_process(valkey)).pid != int(pid)
        assert await valkey.client().get("starts") is None
    await until_gone(process)


async def test_others_may_not_prepare_the_socket_folder(tmp_path):
    """A runtime folder that others can write to is refused."""
    with tempfile.TemporaryDirectory(dir="/tmp") as run:  # short: a path too long for a socket is passed over
        (Path(run) / "helpdesk-bot").mkdir()
        (Path(run) / "helpdesk-bot").chmod(0o777)
        with pytest.raises(ValkeyError, match="XDG_RUNTIME_DIR"):
            await EmbeddedValkey(tmp_path / "data", {"XDG_RUNTIME_DIR": run}).start()
