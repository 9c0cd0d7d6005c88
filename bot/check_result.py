"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One row of `helpdesk-bot check`.

    `ok` False: the bot does not work, or not with this part, until `remedy` is done. `warning`: it works, but
    `remedy` is worth a look. `detail` says what was found. No text holds a secret.
    """

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    warning: bool = False

    @classmethod
    def good(cls, name: str, detail: str) -> CheckResult:
        """Nothing to do."""
        return cls(name, ok=True, detail=detail)

    @classmethod
    def doubtful(cls, name: str, detail: str, remedy: str) -> CheckResult:
        """It works, but somebody should look."""
        return cls(name, ok=True, detail=detail, remedy=remedy, warning=True)

    @classmethod
    def bad(cls, name: str, detail: str, remedy: str) -> CheckResult:
        """It does not work."""
        return cls(name, ok=False, detail=detail, remedy=remedy)
