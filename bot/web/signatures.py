"""How platforms sign their webhooks. Pure; each function tells what was signed, or None for a forgery."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Verify = Callable[[str, Mapping[str, str], bytes, datetime], bytes | None]
    """Takes the secret, the headers in lower case, the body and the time now."""

FRESH: Final = timedelta(minutes=5)
"""How far a signed timestamp may be from now."""


def zendesk(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bytes | None:
    """Base64 of HMAC-SHA256 over timestamp and body: https://developer.zendesk.com/documentation/webhooks/verifying/."""
    said = headers.get("x-zendesk-webhook-signature-timestamp", "")
    signed = said.encode() + body
    wanted = base64.b64encode(_sha256(secret, signed)).decode()
    if not _same(headers.get("x-zendesk-webhook-signature", ""), wanted):
        return None
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return None
    return body if _is_fresh(at, now) else None


def intercom(secret: str, headers: Mapping[str, str], body: bytes, _now: datetime) -> bytes | None:
    """HMAC-SHA1 with the app's client secret: https://developers.intercom.com/docs/webhooks/webhook-notifications."""
    wanted = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    return body if _same(headers.get("x-hub-signature", ""), f"sha1={wanted}") else None


def discourse(secret: str, headers: Mapping[str, str], body: bytes, _now: datetime) -> bytes | None:
    """HMAC-SHA256: https://meta.discourse.org/t/configure-webhooks-that-trigger-on-discourse-events/49045."""
    said = headers.get("x-discourse-event-signature", "")
    return body if _same(said, f"sha256={_sha256(secret, body).hex()}") else None


def forge(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bytes | None:
    """Check what GitHub, Gitea, Forgejo, Bitbucket (HMAC-SHA256) or GitLab (signing token, or secret token) sends.

    https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries,
    https://docs.gitlab.com/user/project/integrations/webhooks/.
    """
    wanted = _sha256(secret, body).hex()
    for name, value in (
        ("x-hub-signature-256", f"sha256={wanted}"),
        ("x-hub-signature", f"sha256={wanted}"),
        ("x-gitea-signature", wanted),
        ("x-gitlab-token", secret),
    ):
        if name in headers and _same(headers[name], value):
            return body
    return body if _is_standard(secret, headers, body, now) else None


def confluence(secret: str, headers: Mapping[str, str], body: bytes, _now: datetime) -> bytes | None:
    """HMAC-SHA256, of Data Center: https://confluence.atlassian.com/doc/managing-webhooks-1021225606.html."""
    said = headers.get("x-hub-signature", "")
    return body if _same(said, f"sha256={_sha256(secret, body).hex()}") else None


SCHEMES: Final[Mapping[str, Verify]] = {
    "zendesk": zendesk,
    "intercom": intercom,
    "discourse": discourse,
    "confluence": confluence,
    "git": forge,
}
"""By type of source."""


def _is_standard(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Check a signature by https://www.standardwebhooks.com, which GitLab's signing tokens follow."""
    number, said = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not said.isdecimal() or not _is_fresh(datetime.fromtimestamp(min(int(said), 2**32), UTC), now):
        return False
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        return False
    digest = hmac.new(key, f"{number}.{said}.".encode() + body, hashlib.sha256).digest()
    wanted = f"v1,{base64.b64encode(digest).decode()}"
    return any(_same(each, wanted) for each in headers.get("webhook-signature", "").split())


def _sha256(secret: str, signed: bytes) -> bytes:
    return hmac.new(secret.encode(), signed, hashlib.sha256).digest()


def _same(said: str, wanted: str) -> bool:
    return hmac.compare_digest(said.encode(), wanted.encode())


def _is_fresh(at: datetime, now: datetime) -> bool:
    return at.tzinfo is not None and abs(now - at) <= FRESH
