"""`[slack]`: one workspace by its bot token, or several by OAuth."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, SecretStr, model_validator

from config.validators import SLACK_API, HttpUrl, SlackApiUrl, SlackTeam, SlashCommand


class SlackSettings(BaseModel):
    """Slack; it is used when a bot token or, for OAuth, a client id is set."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False, defer_build=True
    )

    bot_token: SecretStr = SecretStr("")
    app_token: SecretStr = SecretStr("")
    signing_secret: SecretStr = SecretStr("")
    api_url: SlackApiUrl = SLACK_API
    ask_command: SlashCommand = "/ask"
    helpdesk_command: SlashCommand = "/helpdesk"
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    redirect_url: HttpUrl = ""
    allowed_teams: frozenset[SlackTeam] = frozenset()

    @property
    def is_used(self) -> bool:
        """Whether the bot is to be in Slack: by one workspace's token, or by OAuth."""
        return bool(self.bot_token.get_secret_value() or self.client_id)

    @model_validator(mode="after")
    def _one_way_to_a_token(self) -> Self:
        has_secret = bool(self.client_secret.get_secret_value())
        if self.client_id and self.bot_token.get_secret_value():
            raise ValueError(
                "bot_token and client_id are both set: with OAuth each workspace gives its own token; remove one"
            )
        if bool(self.client_id) != has_secret:
            raise ValueError("client_id and client_secret go together; set both, or neither")
        if self.client_id and not self.allowed_teams:
            raise ValueError(
                "client_id is set, and allowed_teams names no workspace that may install the app"
            )
        return self
