"""Discord's payloads, as short as discord.py can read them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

BOT = "100000000000000001"
APPLICATION = "100000000000000002"
MEMBER = "100000000000000003"
GUILD = "100000000000000004"
CHANNEL = "100000000000000005"
DIRECT = "100000000000000006"
"""The direct messages of MEMBER."""
WITHOUT_THREADS = str(0x400 | 0x800 | 0x4000 | 0x10000)
"""View, send, embed links, read history."""


def user(identity: str, name: str, *, bot: bool = False) -> dict[str, Any]:
    """Give a user."""
    return {
        "id": identity,
        "username": name,
        "discriminator": "0",
        "global_name": None,
        "avatar": None,
        "bot": bot,
    }


def message(identity: str, channel: str, author: dict[str, Any], content: str) -> dict[str, Any]:
    """Give a message."""
    return {
        "id": identity,
        "type": 0,
        "channel_id": channel,
        "author": author,
        "content": content,
        "timestamp": datetime.now(UTC).isoformat(),
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "components": [],
        "pinned": False,
        "flags": 0,
    }


def interaction(identity: str, token: str, kind: int, data: dict[str, Any]) -> dict[str, Any]:
    """Give an interaction of the member in the channel."""
    member = {
        "user": user(MEMBER, "ada"),
        "roles": [],
        "joined_at": "2026-01-01T00:00:00+00:00",
        "deaf": False,
        "mute": False,
        "flags": 0,
        "permissions": "0",
    }
    return {
        "id": identity,
        "application_id": APPLICATION,
        "type": kind,
        "token": token,
        "version": 1,
        "guild_id": GUILD,
        "channel_id": CHANNEL,
        "channel": {"id": CHANNEL, "type": 0, "name": "support", "position": 0, "permission_overwrites": []},
        "member": member,
        "data": data,
        "app_permissions": WITHOUT_THREADS,
        "locale": "en-US",
        "entitlements": [],
        "authorizing_integration_owners": {"0": GUILD},
        "context": 0,
        "attachment_size_limit": 10_000_000,
    }


def thread_of(identity: str) -> dict[str, Any]:
    """Give a thread that was made of the message with this id."""
    return {
        "id": identity,
        "guild_id": GUILD,
        "parent_id": CHANNEL,
        "owner_id": MEMBER,
        "name": "A question",
        "type": 11,
        "last_message_id": None,
        "message_count": 1,
        "member_count": 1,
        "rate_limit_per_user": 0,
        "flags": 0,
        "thread_metadata": {
            "archived": False,
            "archive_timestamp": "2026-01-01T00:00:00+00:00",
            "auto_archive_duration": 1440,
            "locked": False,
        },
    }


def guild(last_message: str | None) -> dict[str, Any]:
    """Give a server with one text channel in which the bot may not open threads."""
    everyone = {
        "id": GUILD,
        "name": "@everyone",
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "position": 0,
        "permissions": WITHOUT_THREADS,
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }
    channel = {
        "id": CHANNEL,
        "type": 0,
        "name": "support",
        "position": 0,
        "permission_overwrites": [],
        "parent_id": None,
        "nsfw": False,
        "last_message_id": last_message,
    }
    me = {
        "user": user(BOT, "desk", bot=True),
        "roles": [],
        "joined_at": "2026-01-01T00:00:00+00:00",
        "deaf": False,
        "mute": False,
        "flags": 0,
    }
    return {
        "id": GUILD,
        "name": "Help",
        "icon": None,
        "owner_id": MEMBER,
        "afk_timeout": 60,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "preferred_locale": "en-US",
        "system_channel_flags": 0,
        "features": [],
        "emojis": [],
        "stickers": [],
        "roles": [everyone],
        "channels": [channel],
        "threads": [],
        "members": [me],
        "voice_states": [],
        "presences": [],
        "member_count": 2,
        "large": False,
        "unavailable": False,
    }
