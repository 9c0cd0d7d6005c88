"""Links that open a place in Slack. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from connectors.base import Address

PEOPLE = ("U", "W")


def link_to(api_url: str, address: Address) -> str | None:
    """Give the link that opens a channel, or a thread in it, for whoever may read there; None for a person.

    docs.slack.dev/interactivity/deep-linking: `app_redirect`, on the host of the Web API.
    """
    if not address.workspace or address.channel.startswith(PEOPLE):
        return None
    place = {"team": address.workspace, "channel": address.channel}
    if address.thread:
        place["message_ts"] = address.thread
    return f"{api_url.rstrip('/').removesuffix('/api')}/app_redirect?{urlencode(place)}"
