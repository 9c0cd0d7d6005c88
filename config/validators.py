"""The kinds of text that settings hold; a refusal says what to write instead and repeats no secret."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, SecretStr

from config.durations import Schedule, parse_duration

SLACK_API = "https://slack.com/api/"

_DATABASES = ("postgresql", "postgresql+asyncpg", "postgres", "sqlite", "sqlite+aiosqlite")
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_LABEL = re.compile(r"[^\s,]+")
_SLACK_TEAM = re.compile(r"T[A-Z0-9]{2,31}")
_SLASH = re.compile(r"/[a-z0-9_-]{1,31}")
_ID = re.compile(r"[a-z][a-z0-9_-]*:\S+")
_SNOWFLAKE = re.compile(r"[0-9]{15,20}")


def _source_name(name: str) -> str:
    if name == "local":
        raise ValueError('"local" is the bot\'s own source, for what admins add; choose another name')
    if not _NAME.fullmatch(name):
        raise ValueError(
            'a name has 1 to 63 of a-z, 0-9, ".", "_" and "-", and begins with a letter or digit'
        )
    return name


def _variable(name: str) -> str:
    if not _VARIABLE.fullmatch(name):
        raise ValueError(
            "it takes the name of an environment variable (capitals, digits, underscores), "
            "such as ZENDESK_TOKEN, never the token itself"
        )
    return name


def _every(text: str) -> str:
    Schedule.parse(text)
    return text


def _duration(text: str) -> str:
    parse_duration(text)
    return text


def _label(text: str) -> str:
    if not _LABEL.fullmatch(text):
        raise ValueError('a label is one word such as "public", "internal" or "team:billing"')
    return text


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError(
            f'{text!r} does not say its platform; write one such as "slack:T01/U02" or "discord:123"'
        )
    return text


def _snowflake(text: str) -> str:
    if not _SNOWFLAKE.fullmatch(text):
        raise ValueError(
            "Discord's ids are numbers of 15 to 20 digits in quotes; with its developer mode on, "
            "a right click on the server copies its id"
        )
    return text


def _url(*schemes: str) -> AfterValidator:
    """Check how a URL begins, when one is given; its text is never repeated, for it may hold a password."""

    def check(value: Any) -> Any:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text and not text.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError(
                f"a URL is expected that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}"
            )
        return value

    return AfterValidator(check)


def _slack_api(text: str) -> str:
    """Slack's client appends a method's name to it, so it ends in a slash; empty means Slack's own."""
    return f"{text.rstrip('/')}/" if text else SLACK_API


def _slash_command(text: str) -> str:
    if not _SLASH.fullmatch(text):
        raise ValueError(
            'a slash command is "/" and up to 31 small letters, digits, "-" and "_", such as "/ask"'
        )
    return text


def _slack_team(text: str) -> str:
    if not _SLACK_TEAM.fullmatch(text):
        raise ValueError(
            'a workspace is named by its id, such as "T01ABCDEF": it stands in the address of Slack in a browser'
        )
    return text


Label = Annotated[str, AfterValidator(_label)]
PlatformId = Annotated[str, AfterValidator(_id)]
Snowflake = Annotated[str, AfterValidator(_snowflake)]
SourceName = Annotated[str, AfterValidator(_source_name)]
VariableName = Annotated[str, AfterValidator(_variable)]
Every = Annotated[str, AfterValidator(_every)]
Duration = Annotated[str, AfterValidator(_duration)]
DatabaseUrl = Annotated[SecretStr, _url(*_DATABASES)]
RedisUrl = Annotated[SecretStr, _url("redis", "rediss", "unix")]
HttpUrl = Annotated[str, _url("http", "https")]
SlackApiUrl = Annotated[str, _url("http", "https"), AfterValidator(_slack_api)]
SlackTeam = Annotated[str, AfterValidator(_slack_team)]
SlashCommand = Annotated[str, AfterValidator(_slash_command)]
SocketUrl = Annotated[str, _url("ws", "wss")]
