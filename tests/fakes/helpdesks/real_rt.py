"""A real Request Tracker 5, as Debian packages it, on a private copy of its empty database."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import sqlite3
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

SERVER = Path("/usr/share/request-tracker5/libexec/rt-server")
EMPTY = Path("/var/lib/dbconfig-common/sqlite3/request-tracker5/rtdb")
MISSING = "needs Request Tracker: apt-get install --no-install-recommends request-tracker5 rt5-db-sqlite rt5-standalone"
USER, PASSWORD = "root", "password"
_CONFIG = """
Set($rtname, 'test'); Set($Organization, 'test');
Set($WebDomain, '127.0.0.1'); Set($WebPort, {port}); Set($WebPath, '');
Set($DatabaseType, 'SQLite'); Set($DatabaseName, '{database}');
Set($LogToSyslog, undef); Set($LogToSTDERR, 'error'); Set($Timezone, 'UTC');
Set($MailCommand, 'testfile');
1;
"""


def is_there() -> bool:
    """Whether this machine has it and may read its empty database."""
    return SERVER.exists() and os.access(EMPTY, os.R_OK)


@contextlib.asynccontextmanager
async def running_rt(
    folder: Path, rights: Mapping[str, Sequence[str]] | None = None
) -> AsyncIterator[RealRt]:
    """Run one in a folder, for the length of a block.

    `rights` are those of the system's groups, "Privileged" and "Unprivileged", in all queues.
    """
    database, settings = folder / "rtdb", folder / "config"
    shutil.copy(EMPTY, database)
    _grant(database, rights or {})
    settings.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (settings / "90-test.pm").write_text(_CONFIG.format(port=port, database=database))
    environment = {**os.environ, "RT_SITE_CONFIG_DIR": str(settings)}
    with (folder / "rt.log").open("wb") as log:
        process = subprocess.Popen(
            [str(SERVER), "--port", str(port), "--host", "127.0.0.1"], env=environment, stdout=log, stderr=log
        )
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", auth=(USER, PASSWORD), trust_env=False, timeout=60
        ) as client:
            async with asyncio.timeout(90):
                while not await _answers(client):
                    await asyncio.sleep(0.2)
            yield RealRt(str(client.base_url).rstrip("/"), client)
    finally:
        process.terminate()
        process.wait()


def _grant(database: Path, rights: Mapping[str, Sequence[str]]) -> None:
    """Give rights as the admin's page does, for which its REST interface has no request."""
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        for group, names in rights.items():
            [number] = connection.execute(
                "SELECT id FROM Groups WHERE Domain = 'SystemInternal' AND Name = ?", (group,)
            ).fetchone()
            connection.executemany(
                "INSERT INTO ACL (PrincipalType, PrincipalId, RightName, ObjectType, ObjectId)"
                " VALUES ('Group', ?, ?, 'RT::System', 1)",
                [(number, name) for name in names],
            )


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/REST/2.0/rt")).is_success
    except httpx.HTTPError:
        return False


class RealRt:
    """Writes articles and tickets by its REST 2 interface."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self.url = url
        self._client = client

    async def post(self, path: str, **body: Any) -> Any:
        """Create a record."""
        response = await self._client.post(f"/REST/2.0/{path}", json=body)
        assert response.is_success, response.text
        return response.json()

    async def put(self, path: str, **body: Any) -> Any:
        """Change a record."""
        response = await self._client.put(f"/REST/2.0/{path}", json=body)
        assert response.is_success, response.text
        return response.json()

    async def get(self, path: str, **params: Any) -> Any:
        """Read a record."""
        response = await self._client.get(f"/REST/2.0/{path}", params=params)
        assert response.is_success, response.text
        return response.json()

    async def say(self, user: str, how: str, text: str, content_type: str = "text/plain") -> None:
        """Write into the first ticket: `how` is "correspond", which its requester sees, or "comment"."""
        response = await self._client.post(
            f"/REST/2.0/ticket/1/{how}",
            json={"Content": text, "ContentType": content_type},
            auth=(user, PASSWORD),
        )
        assert response.is_success, response.text
