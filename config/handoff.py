"""`[handoff]`: where a question goes that a person asks a human to answer."""

from __future__ import annotations

import ipaddress
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from config.validators import HttpUrl, PlatformId

Desk = Literal["", "channel", "email", "zendesk", "freshdesk", "intercom", "zammad", "request_tracker"]
_NEEDS = {
    "channel": ("channel",),
    "email": ("smtp_host", "sender", "recipient"),
    "zendesk": ("url", "user", "token"),
    "freshdesk": ("url", "token"),
    "intercom": ("token", "queue"),
    "zammad": ("url", "token"),
    "request_tracker": ("url", "token", "queue"),
}


class HandoffSettings(BaseModel):
    """`to` empty: "Talk to a human" says that the bot cannot pass questions on. What each desk needs is checked."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False, defer_build=True
    )

    to: Desk = ""
    channel: PlatformId | Literal[""] = ""
    url: HttpUrl = ""
    user: str = ""
    token: SecretStr = SecretStr("")
    queue: str = ""
    allow_http: bool = False
    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    sender: str = ""
    recipient: str = ""
    replies_in_thread: bool = False

    @model_validator(mode="after")
    def _complete(self) -> Self:
        def is_set(name: str) -> bool:
            value = getattr(self, name)
            return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)

        missing = [name for name in _NEEDS.get(self.to, ()) if not is_set(name)]
        if missing:
            raise ValueError(f'to = "{self.to}" needs {", ".join(missing)} as well')
        if self.url.startswith("http://") and not self.allow_http and not _is_this_machine(self.url):
            raise ValueError(
                "url is not encrypted, and the token would be sent in the clear; use https, "
                "or set allow_http = true inside your own network"
            )
        return self


def _is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
