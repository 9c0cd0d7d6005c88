"""Personas: in whose voice the bot speaks."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Persona:
    """A voice, from a TOML file. It changes the words around the facts, never the facts.

    `tone` are rules such as "short sentences"; `no_answer` is said when the articles do not answer; `apology` when
    something failed; `greeting` opens a chat and answers "hi"; `sign_off` may end an answer. May be empty: sign_off.
    """

    name: str
    instructions: str
    greeting: str
    no_answer: str
    apology: str
    tone: tuple[str, ...] = ()
    sign_off: str = ""
    language: str = "en"

    @property
    def digest(self) -> str:
        """Changes when anything of the persona changes; part of the answer cache's key."""
        text = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
