"""Where the app is installed: what a workspace gave us by OAuth, for the teams that the config allows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Protocol

from slack_bolt.error import BoltError
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_sdk.oauth.installation_store import Installation as Granted

STATE_LIFE = timedelta(minutes=10)
"""For the person to read what the app asks for, and to allow it."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What a workspace gave us when it installed the app; the token is a secret, and never shown."""

    team: str
    name: str
    bot_token: str
    bot_user: str
    bot_id: str
    installed_by: str
    installed_at: datetime

    def __repr__(self) -> str:
        """Leave the token out of logs."""
        return f"Installation(team={self.team!r}, installed_at={self.installed_at.isoformat()!r})"


class KeepsInstallations(Protocol):
    """Keeps installations so that they survive the process, and are the same in all of them."""

    async def find(self, team: str) -> Installation | None:
        """Give the installation in a workspace."""
        ...

    async def save(self, installation: Installation) -> None:
        """Keep an installation in place of an earlier one of the same workspace."""
        ...

    async def drop(self, team: str, until: datetime) -> bool:
        """Forget an installation that is not younger than `until`; False when there is none."""
        ...

    async def begin(self, state: str, until: datetime) -> None:
        """Keep the state of an installation that was begun."""
        ...

    async def finish(self, state: str, now: datetime) -> bool:
        """Take a state that is still good, once; False when there is none."""
        ...


class TeamNotAllowedError(BoltError):
    """The workspace is not in the config's `allowed_teams`."""


class Installations:
    """The installations of allowed teams; one that is allowed no longer is not served, though it is kept."""

    def __init__(self, kept: KeepsInstallations, allowed: frozenset[str]) -> None:
        self._kept = kept
        self._allowed = allowed

    def allows(self, team: str) -> bool:
        """Whether the config lets this workspace install the app."""
        return team in self._allowed

    async def find(self, team: str) -> Installation | None:
        """Give the installation in a workspace that the bot may serve."""
        return await self._kept.find(team) if self.allows(team) else None

    async def drop(self, team: str, until: datetime) -> bool:
        """Forget an installation that a workspace took back; a younger one stays, as events may come late."""
        return await self._kept.drop(team, until)


class Store(AsyncInstallationStore):
    """What slack_bolt's OAuth flow saves to."""

    def __init__(self, kept: KeepsInstallations, allowed: Installations) -> None:
        self._kept = kept
        self._allowed = allowed

    async def async_save(self, installation: Granted) -> None:
        """Keep what was granted. Raises TeamNotAllowedError, also for an installation in a whole organisation."""
        team = installation.team_id or ""
        if installation.is_enterprise_install or not self._allowed.allows(team):
            raise TeamNotAllowedError(f"the workspace {team or '(an organisation)'} is not in allowed_teams")
        if not installation.bot_token or not installation.bot_user_id:
            raise BoltError(f"the workspace {team} granted no bot token")
        await self._kept.save(
            Installation(
                team=team,
                name=installation.team_name or "",
                bot_token=installation.bot_token,
                bot_user=installation.bot_user_id,
                bot_id=installation.bot_id or "",
                installed_by=installation.user_id or "",
                installed_at=datetime.fromtimestamp(installation.installed_at, UTC),
            )
        )


class States(AsyncOAuthStateStore):
    """The states by which the flow knows that it was begun here; any process may finish it."""

    def __init__(self, kept: KeepsInstallations, clock: Callable[[], datetime]) -> None:
        self._kept = kept
        self._clock = clock

    async def async_issue(self, *_: object, **__: object) -> str:
        """Give a new state."""
        state = token_urlsafe(32)
        await self._kept.begin(state, self._clock() + STATE_LIFE)
        return state

    async def async_consume(self, state: str) -> bool:
        """Whether this state was issued, is not over its time, and comes for the first time."""
        return bool(state) and await self._kept.finish(state, self._clock())
