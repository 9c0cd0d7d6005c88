"""Webhooks: signed as each platform does it, over a real socket."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette

from bot.hints import SeenKeys
from bot.web.webhooks import MOST_BYTES, Webhooks, hooks_of
from config.errors import ConfigError
from config.settings import SourceSettings
from tests.fakes.serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

SECRET = "s3cr3t-of-the-hook"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BODY = b'{"type":"zen:event-type:article.published","detail":{"body":"Indexed? Never."}}'
TYPES = ("zendesk", "intercom", "discourse", "git", "confluence")


def source(kind: str, **more: str) -> SourceSettings:
    """Give a source with a webhook."""
    table = {"name": kind, "type": kind, "audience": ["public"], "webhook_secret_env": "HOOK", **more}
    return SourceSettings.model_validate(table)


def digest(how: str, signed: bytes, secret: str = SECRET) -> bytes:
    """Sign as a platform does."""
    return hmac.new(secret.encode(), signed, how).digest()


def signed(kind: str, body: bytes, *, at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    """Give the headers that a platform sends with a body."""
    sha256 = digest("sha256", body, secret).hex()
    if kind == "zendesk":
        said = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        signature = base64.b64encode(digest("sha256", said.encode() + body, secret)).decode()
        return {
            "X-Zendesk-Webhook-Signature": signature,
            "X-Zendesk-Webhook-Signature-Timestamp": said,
        }
    if kind == "intercom":
        return {"X-Hub-Signature": f"sha1={digest('sha1', body, secret).hex()}"}
    if kind == "discourse":
        return {"X-Discourse-Event-Signature": f"sha256={sha256}", "X-Discourse-Event-Id": "1"}
    if kind == "confluence":
        return {"X-Hub-Signature": f"sha256={sha256}"}
    return {"X-Hub-Signature-256": f"sha256={sha256}", "X-GitHub-Delivery": "1"}


@dataclass
class Served:
    """The bot's address, what it was hinted, and its clock."""

    client: httpx.AsyncClient
    hints: list[str] = field(default_factory=list)
    now: datetime = NOW

    async def post(self, name: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Post a webhook; gives the status, having seen that the answer tells nothing."""
        response = await self.client.post(f"/webhooks/{name}", content=body, headers=dict(headers))
        assert response.content == b""
        return response.status_code


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """The webhooks of one source of each platform."""
    async with httpx.AsyncClient(trust_env=False) as client:
        far = Served(client)
        hooks = hooks_of([source(kind) for kind in TYPES], {"HOOK": SECRET})
        webhooks = Webhooks(hooks, is_new=SeenKeys(None).is_new, hint=far.hints.append, clock=lambda: far.now)
        async with serving(Starlette(routes=webhooks.routes())) as url:
            client.base_url = httpx.URL(url)
            yield far


@pytest.mark.parametrize("kind", TYPES)
async def test_what_its_platform_signed_is_a_hint(served: Served, kind: str) -> None:
    """Answered at once; sent again it is accepted and does nothing."""
    assert await served.post(kind, BODY, signed(kind, BODY)) == 202
    assert served.hints == [kind]
    assert await served.post(kind, BODY, signed(kind, BODY)) == 202
    assert await served.post(kind, BODY, {**signed(kind, BODY), "X-GitHub-Delivery": "2"}) == 202
    assert served.hints == [kind]
    assert await served.post(kind, BODY + b" ", signed(kind, BODY + b" ")) == 202
    assert served.hints == [kind, kind]


@pytest.mark.parametrize("kind", TYPES)
async def test_forgeries_are_refused(served: Served, kind: str) -> None:
    """Another secret, another body, no signature, a signature of another platform, characters out of ASCII."""
    other = TYPES[TYPES.index(kind) - 1]
    forged = signed(kind, BODY, secret="guessed")
    assert await served.post(kind, BODY, forged) == 401
    assert await served.post(kind, BODY + b" ", signed(kind, BODY)) == 401
    assert await served.post(kind, BODY, {}) == 401
    assert await served.post(kind, BODY, signed(other, BODY)) == 401
    assert await served.post(kind, BODY, dict.fromkeys(forged, "")) == 401
    strange = dict.fromkeys(forged, "é")
    response = await served.client.post(
        f"/webhooks/{kind}",
        content=BODY,
        headers=[(name.encode(), value.encode("latin-1")) for name, value in strange.items()],
    )
    assert response.status_code == 401
    assert served.hints == []


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_an_old_signature_is_refused(served: Served, minutes: int) -> None:
    """Zendesk signs the time: what was recorded long ago, or is of the future, counts no more."""
    headers = signed("zendesk", BODY, at=NOW + timedelta(minutes=minutes))
    assert await served.post("zendesk", BODY, headers) == 401
    assert served.hints == []
    assert await served.post("zendesk", BODY, signed("zendesk", BODY, at=NOW - timedelta(minutes=4))) == 202


async def test_every_forge_has_its_header(served: Served) -> None:
    """GitLab's secret token, Gitea's and Forgejo's bare digest, Bitbucket's name for it."""
    for number, headers in enumerate(
        (
            {"X-Gitlab-Token": SECRET},
            {"X-Gitea-Signature": digest("sha256", BODY + b"1").hex()},
            {"X-Hub-Signature": f"sha256={digest('sha256', BODY + b'2').hex()}"},
        )
    ):
        assert await served.post("git", BODY + str(number).encode(), headers) == 202
    assert served.hints == ["git"] * 3
    assert await served.post("git", BODY, {"X-Gitlab-Token": "guessed"}) == 401


async def test_gitlabs_signing_token() -> None:
    """Standard Webhooks: the secret is base64, id and time are signed too."""
    key = b"a signing token of thirty bytes"
    secret = f"whsec_{base64.b64encode(key).decode()}"
    verify = hooks_of([source("git")], {"HOOK": secret})["git"].verify
    said = str(int(NOW.timestamp()))
    signature = base64.b64encode(hmac.new(key, f"id1.{said}.".encode() + BODY, hashlib.sha256).digest())
    headers = {
        "webhook-id": "id1",
        "webhook-timestamp": said,
        "webhook-signature": f"v1,{signature.decode()}",
    }
    assert verify(secret, headers, BODY, NOW) == BODY
    assert verify(secret, headers, BODY, NOW + timedelta(minutes=6)) is None
    assert verify(secret, {**headers, "webhook-id": "id2"}, BODY, NOW) is None


async def test_what_is_not_there(served: Served) -> None:
    """An unknown source is 404, too much is 413 before it is checked, a HEAD tries the address."""
    assert await served.post("nobody", BODY, signed("git", BODY)) == 404
    assert (await served.client.head("/webhooks/nobody")).status_code == 404
    assert (await served.client.head("/webhooks/intercom")).status_code == 200
    assert (await served.client.get("/webhooks/intercom")).status_code == 405
    large = b"x" * (MOST_BYTES + 1)
    assert await served.post("git", large, signed("git", large)) == 413
    assert served.hints == []


def test_a_wrong_configuration_is_named(tmp_path: Path) -> None:
    """A type without signed webhooks, a variable that is not set, a file that is not there, two secrets at once."""
    with pytest.raises(ConfigError, match="freshdesk has no webhooks that are signed"):
        hooks_of([source("freshdesk")], {"HOOK": SECRET})
    with pytest.raises(ConfigError, match=r"HOOK \(webhook_secret_env\) is not set"):
        hooks_of([source("git")], {})
    table = {"name": "git", "type": "git", "audience": ["public"]}
    missing = SourceSettings.model_validate({**table, "webhook_secret_file": str(tmp_path / "no")})
    with pytest.raises(ConfigError, match="cannot read the secret file"):
        hooks_of([missing], {})
    with pytest.raises(ValueError, match="both webhook_secret_env and webhook_secret_file"):
        source("git", webhook_secret_file="there")
    assert hooks_of([SourceSettings.model_validate(table)], {}) == {}
