"""How often we may call a method: what is only a courtesy is left out before Slack would refuse it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from connectors.slack.posting import reason_of
from connectors.slack.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Callable

MINUTE = 60.0
START_STREAM = "chat.startStream"
APPEND_STREAM = "chat.appendStream"
UPDATE = "chat.update"
SET_STATUS = "assistant.threads.setStatus"
A_MINUTE = {START_STREAM: 18, APPEND_STREAM: 90, UPDATE: 40, SET_STATUS: 60}
"""Below the tiers at docs.slack.dev/apis/web-api/rate-limits, since what must be called shares them: startStream has
20 a minute in a workspace, appendStream 100, update 50; setStatus has a limit of its own that is not told."""
WITHOUT_SECONDS = 3_600.0
"""A workspace that does not know a method is asked again after so long."""
LIMITED = "ratelimited"
RETRY_SECONDS = 30.0


def quick(client: AsyncWebClient) -> AsyncWebClient:
    """Give a client for courtesies: it tries once, and does not wait where Slack asks to come again later."""
    made = AsyncWebClient(client.token, base_url=client.base_url, retry_handlers=[])
    made.session = client.session
    return made


def wait_of(error: Exception) -> float | None:
    """Give the seconds after which Slack wants to be asked again; None when a call failed for another reason."""
    if not isinstance(error, SlackApiError) or reason_of(error) != LIMITED:
        return None
    headers = getattr(error.response, "headers", None) or {}
    try:
        return float(headers.get("Retry-After", RETRY_SECONDS))
    except ValueError:
        return RETRY_SECONDS


class Limits:
    """Counts the calls of a minute by workspace and method; `now` gives monotonic seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self._calls: dict[tuple[str, str], deque[float]] = {}
        self._held: dict[tuple[str, str], float] = {}
        self._without: Recent[bool] = Recent(WITHOUT_SECONDS, now)

    def knows(self, team: str, method: str) -> bool:
        """Whether the workspace takes the method at all, as far as is known."""
        return not self._without.get((team, method))

    def lacks(self, team: str, method: str) -> None:
        """Note that a workspace does not take a method."""
        self._without.put((team, method), value=True)

    def take(self, team: str, method: str) -> bool:
        """Take the right to one call; False when it would come too early."""
        now, key = self.now(), (team, method)
        calls = self._calls.setdefault(key, deque())
        while calls and now - calls[0] >= MINUTE:
            calls.popleft()
        if len(calls) >= A_MINUTE[method] or now < self._held.get(key, 0.0):
            return False
        calls.append(now)
        return True

    def hold(self, team: str, method: str, seconds: float) -> None:
        """Call it no more for so long: Slack said when to come again."""
        self._held[team, method] = self.now() + seconds

    def held(self, team: str, method: str) -> float:
        """Give the seconds for which Slack said to wait; 0 when it may be called."""
        return max(0.0, self._held.get((team, method), 0.0) - self.now())
