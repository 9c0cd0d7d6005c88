"""The command by which a person is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.base import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.commands.call import Asking, Call, Doing
    from bot.privacy import Forgotten, Privacy

KEPT_ELSEWHERE = """\
I cannot forget what others keep: tickets opened in the helpdesk, messages that stand in this chat (you can delete \
yours), and the log of what admins changed."""


class PrivacyCommands:
    """Forgets whoever asks for it."""

    def __init__(self, privacy: Privacy) -> None:
        self._privacy = privacy

    def doing(self) -> Mapping[str, Doing]:
        """See `CommandGroup`."""
        return {"forget_me": self.forget_me}

    def asking(self) -> Mapping[str, Asking]:
        """See `CommandGroup`."""
        return {}

    async def forget_me(self, call: Call) -> Reply:
        """Forget what the sender asked and said."""
        return Reply(_told(await self._privacy.forget(call.command)), private=True)


def _told(forgotten: Forgotten) -> str:
    counts = {
        "question texts": forgotten.questions,
        "questions remembered in threads": forgotten.turns,
        "comments on answers": forgotten.comments,
        "cached wordings": forgotten.cached,
        "questions still to be answered": forgotten.events,
        "drafts": forgotten.drafts,
        **forgotten.others,
    }
    lines = [f"- {what}: {number:,}" for what, number in counts.items()]
    return "\n".join(["I have forgotten, of you:", *lines, "", KEPT_ELSEWHERE])
