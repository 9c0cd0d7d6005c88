"""What people share is read from Slack's own hosts, within a limit, and the token goes nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from yarl import URL

from connectors.base import Address, FetchesFiles, SharedFile
from connectors.errors import DeliveryError
from connectors.slack.files import is_slack
from tests.fakes.slack.faults import RateLimited, Status
from tests.fakes.slack.workspace import BOT_TOKEN, StoredFile

if TYPE_CHECKING:
    from tests.connectors.slack.conftest import Desk
    from tests.fakes.slack_server import FakeSlack

WHERE = Address("slack", "DU1", None, "T1")
SHARED = SharedFile("printers.md", 20, "F1")
CONTENT = b"# Printers\n\nOff and on."


def put(slack: FakeSlack, url: str = "", **more: Any) -> None:
    """Put a file into the workspace."""
    file = StoredFile("F1", "printers.md", CONTENT, url or f"{slack.base}/files/F1", more)
    slack.workspace.files["F1"] = file


async def test_a_file_is_read(desk: Desk, slack: FakeSlack) -> None:
    """Its bytes, unchanged, by the bot's token."""
    put(slack)
    assert isinstance(desk.connector, FetchesFiles)
    assert await desk.connector.fetch(SHARED, WHERE, 1_000) == CONTENT
    assert slack.downloads.tokens == [BOT_TOKEN]


async def test_a_file_waits_as_long_as_slack_says(desk: Desk, slack: FakeSlack) -> None:
    """What Slack tells of a file too early is asked again when it may be."""
    put(slack)
    slack.faults["files.info"].append(RateLimited(1))
    assert await desk.connector.fetch(SHARED, WHERE, 1_000) == CONTENT
    first, second = slack.times["files.info"]
    assert second - first > 0.95


async def test_files_come_with_a_message(desk: Desk, slack: FakeSlack) -> None:
    """What is dropped on the bot is told of by name, size and the key that fetches it."""
    put(slack)
    channel = slack.workspace.direct("U1").id
    shared = {"id": "F1", "name": "printers.md", "size": len(CONTENT)}
    await slack.say("U1", "How do I print?", channel, subtype="file_share", files=[shared])
    await slack.until(lambda: slack.posts(channel))
    assert await desk.settled() == ["sent"]


@pytest.mark.parametrize("told", [{}, {"size": 3}])
async def test_a_file_that_is_too_large_is_left(desk: Desk, slack: FakeSlack, told: dict) -> None:
    """By what Slack says of it, and where that is not so, by what comes."""
    put(slack, **told)
    with pytest.raises(DeliveryError, match="larger than"):
        await desk.connector.fetch(SHARED, WHERE, 10)
    assert len(slack.downloads.tokens) == (1 if told else 0)


async def test_the_token_goes_to_no_other_host(desk: Desk, slack: FakeSlack) -> None:
    """Neither where a file is said to lie elsewhere, nor where a redirect leads there."""
    seen: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(text="stolen")

    app = web.Application()
    app.router.add_get("/{path:.*}", elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    other = f"http://127.0.0.1:{runner.addresses[0][1]}/x"
    try:
        put(slack, other)
        with pytest.raises(DeliveryError, match="not Slack"):
            await desk.connector.fetch(SHARED, WHERE, 1_000)
        put(slack)
        slack.downloads.redirects["F1"] = other
        with pytest.raises(DeliveryError, match="not Slack"):
            await desk.connector.fetch(SHARED, WHERE, 1_000)
    finally:
        await runner.cleanup()
    assert seen == []


async def test_a_redirect_within_slack_is_followed(desk: Desk, slack: FakeSlack) -> None:
    """As to the workspace's own address; a circle ends."""
    put(slack)
    slack.downloads.redirects["F1"] = "/files/F1"
    assert await desk.connector.fetch(SHARED, WHERE, 1_000) == CONTENT
    slack.downloads.redirects["F1"] = "/files/F1/download"
    with pytest.raises(DeliveryError, match="redirected too often"):
        await desk.connector.fetch(SHARED, WHERE, 1_000)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"is_external": True}, "upload the file itself"),
        ({"mode": "tombstone"}, "upload the file itself"),
        ({"url_private": "", "url_private_download": ""}, "upload the file itself"),
    ],
)
async def test_what_does_not_lie_in_slack_is_not_read(
    desk: Desk, slack: FakeSlack, more: dict, words: str
) -> None:
    """A file of another service, and one that was deleted."""
    put(slack, **more)
    with pytest.raises(DeliveryError, match=words):
        await desk.connector.fetch(SHARED, WHERE, 1_000)


async def test_the_login_page_is_no_file(desk: Desk, slack: FakeSlack) -> None:
    """Slack shows it to an app without the scope."""
    put(slack, f"{slack.base}/files/F2")
    with pytest.raises(DeliveryError, match="files:read"):
        await desk.connector.fetch(SHARED, WHERE, 1_000)


async def test_a_file_that_is_gone_says_so(desk: Desk, slack: FakeSlack) -> None:
    """Slack's own word is in the reason, also where it answers in anything."""
    with pytest.raises(DeliveryError, match="file_not_found"):
        await desk.connector.fetch(SHARED, WHERE, 1_000)
    slack.faults["files.info"].append(Status(500))
    with pytest.raises(DeliveryError, match=r"printers\.md"):
        await desk.connector.fetch(SHARED, WHERE, 1_000)


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://files.slack.com/files-pri/T1-F1/download/a.md", True),
        ("https://slack.com/a", True),
        ("https://files.slack-gov.com/a", True),
        ("http://files.slack.com/a", False),
        ("https://slack.com.evil.example/a", False),
        ("https://evilslack.com/a", False),
        ("https://files.slack.com@evil.example/a", False),
    ],
)
def test_slacks_hosts(url: str, may: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Only over TLS, and only whole names."""
    assert is_slack(URL(url), URL("https://slack.com/api/")) is may
