"""Slack's rate limits, by method: docs.slack.dev/apis/web-api/rate-limits. Real ones let short bursts pass."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from typing import Any

MINUTE = 60.0
POST_SECONDS = 0.95
TIER_2, TIER_3, TIER_4 = 20, 50, 100
SPECIAL = 600
TIERS = {
    "chat.startStream": TIER_2,
    "chat.stopStream": TIER_2,
    "users.list": TIER_2,
    "usergroups.list": TIER_2,
    "chat.update": TIER_3,
    "chat.delete": TIER_3,
    "conversations.history": TIER_3,
    "conversations.info": TIER_3,
    "conversations.replies": TIER_3,
    "assistant.threads.setStatus": SPECIAL,
}
POSTS = frozenset({"chat.postMessage", "chat.postEphemeral", "chat.startStream"})


class Limits:
    """Counts calls; `met` is how many came too early."""

    def __init__(self) -> None:
        self.met = 0
        self._times: dict[str, deque[float]] = defaultdict(deque)

    def retry_after(self, method: str, arguments: dict[str, Any]) -> int:
        """Give the seconds after which to come again; 0 when the call may be done now."""
        wanted = [(method, TIERS.get(method, TIER_4), MINUTE)]
        if method in POSTS:
            by_channel = (f"post {arguments.get('channel')}", 1, POST_SECONDS)
            wanted = [by_channel, *wanted] if method in TIERS else [by_channel]
        now = time.monotonic()
        waits = [self._wait(key, number, seconds, now) for key, number, seconds in wanted]
        if any(waits):
            self.met += 1
            return max(1, round(max(waits) + 0.5))
        for key, _, _ in wanted:
            self._times[key].append(now)
        return 0

    def _wait(self, key: str, number: int, seconds: float, now: float) -> float:
        times = self._times[key]
        while times and now - times[0] > seconds:
            times.popleft()
        return seconds - (now - times[0]) if len(times) >= number else 0.0
