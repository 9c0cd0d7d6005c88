"""Prism holds our requests against the helpdesks' own OpenAPI descriptions: paths, parameters, credentials."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.fakes.helpdesks.discourse import FakeDiscourse
from tests.fakes.helpdesks.freshdesk import FakeFreshdesk
from tests.fakes.helpdesks.intercom import FakeIntercom

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.knowledge.sources.helpdesks.conftest import Desk

PRISM = "@stoplight/prism-cli@5.14.2"
DESCRIPTIONS = {
    FakeIntercom: ("intercom-2.15.yaml", ""),
    FakeFreshdesk: ("freshdesk-solutions.yml", "/api/v2"),
    FakeDiscourse: ("discourse.json", ""),
}
"""The file, and what of our paths it leaves to its server's address."""
NOT_DESCRIBED = ("/l/latest.json", "/posts/by_number/")
"""Addresses that Discourse serves, but does not describe."""

pytestmark = [pytest.mark.counterpart("prism"), pytest.mark.slow]


@contextlib.asynccontextmanager
async def running_prism(prism: str, description: Path) -> AsyncIterator[str]:
    """Give the address of a Prism that refuses what the description does not allow."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    process = await asyncio.create_subprocess_exec(
        prism,
        *("mock", str(description), "--errors", "--host", "127.0.0.1", "--port", port),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
    )
    assert process.stdout is not None
    said = b""
    try:
        async with asyncio.timeout(60):
            while b"Prism is listening" not in said:
                line = await process.stdout.readline()
                assert line, said.decode()
                said += line
        reading = asyncio.create_task(process.stdout.read())
        yield f"http://127.0.0.1:{port}"
        process.terminate()
        await reading
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def requests_of(desk: Desk, fake: Any) -> list[str]:
    """Give the distinct requests of a first sync, of one without changes, and of a deletion."""
    for number in (1, 2, 3):
        fake.put(number, f"Title {number}", f"<p>Text {number}</p>")
    fake.page_size = 2
    async with fake.running() as url:
        desk.options |= fake.options | {"url": url}
        assert (await desk.run()).error is None
        assert (await desk.run()).error is None
        fake.delete(3)
        assert (await desk.run(full=True)).error is None
    return sorted({line for line in fake.wire.log if not any(part in line for part in NOT_DESCRIBED)})


@pytest.mark.parametrize("kind", DESCRIPTIONS, ids=lambda kind: kind.__name__.removeprefix("Fake").lower())
async def test_requests_are_as_described(desk: Desk, kind: type, repository: Path) -> None:
    """What a sync sends is documented, with the credentials that are; without them it is refused."""
    name, prefix = DESCRIPTIONS[kind]
    description = repository.parent / "shared" / "specs" / name
    prism = shutil.which("prism", path=str(repository / "node_modules" / ".bin"))
    if prism is None:
        pytest.skip(f"needs Prism: npm install --no-save {PRISM}")
    if not description.exists():
        pytest.skip(f"needs the OpenAPI description {name} beside the repository, in shared/specs")
    sent = await requests_of(desk, kind())
    assert sent
    async with running_prism(prism, description) as url:
        source: Any = desk.source(url=url)
        for line in sent:
            await source._client.json(line.removeprefix(prefix), line)
        await source.close()
        async with httpx.AsyncClient(base_url=url, trust_env=False) as stranger:
            path = sent[-1].removeprefix(prefix)
            refused = (await stranger.get(path)).status_code
            assert (await stranger.get("/no/such/path")).status_code == 404
        assert refused == (422 if kind is FakeDiscourse else 401)  # there they are parameters
