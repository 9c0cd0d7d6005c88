"""What can go wrong with the configuration.

ConfigError              the configuration cannot be used; `problems` has one line each; exit code 2
└── PersonaError         a persona is unknown, or its file is broken
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ConfigError(Exception):
    """The configuration cannot be used.

    Each of `problems` is a line: the file or variable, the key, what is wrong and the remedy; never a secret.
    """

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class PersonaError(ConfigError):
    """A persona is unknown, or its file is broken."""
