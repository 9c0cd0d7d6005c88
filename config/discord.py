"""`[discord]`: the bot's token, and whose members and roles count."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, SecretStr

from config.validators import HttpUrl, Snowflake, SocketUrl


class DiscordSettings(BaseModel):
    """Discord; it is used when a token is set.

    Only members and roles of the `guilds` count for anything; anybody else is a guest, who reads `public`.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False, defer_build=True
    )

    token: SecretStr = SecretStr("")
    guilds: frozenset[Snowflake] = frozenset()
    test_guild: Snowflake | Literal[""] = ""
    answered_tag: str = "answered"
    human_tag: str = "needs a human"
    api_url: HttpUrl = ""
    gateway_url: SocketUrl = ""
