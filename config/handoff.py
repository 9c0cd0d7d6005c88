"""`[handoff]`: where a question goes that a person asks a human to answer."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from config.validators import HttpUrl, PlatformId

Desk = Literal["", "channel", "email", "zendesk", "freshdesk", "intercom", "zammad", "request_tracker"]
_NEEDS = {
    "channel": ("channel",),
    "email": ("smtp_host", "sender", "recipient"),
    "zendesk": ("url", "user", "token"),
    "freshdesk": ("url", "token"),
    "intercom": ("token",),
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
        return self
