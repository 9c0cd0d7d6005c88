"""What is asked in a thread: "@desk can you help?" means the question that stands above it. Pure.

What others said there is taken as a question to search for, and as nothing else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.follow_ups import standalone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.base import Said

_POINTS_UP = re.compile(
    r"(?:(?:please|pls|bitte|hey|hi|hello|and|so)\b[\s,]*)*"
    r"(?:(?:can|could|would|will) (?:you|u|someone|anyone|anybody|somebody)(?: please| pls)?"
    r" (?:help|answer|assist|explain|take|have a look|look|weigh in|chime in|jump in)"
    r"|any (?:idea|ideas|answer|thoughts|help|clue|suggestion|suggestions)|thoughts|help|see above|what do you think"
    r"|what do you say|do you know|answer"
    r"|(?:kannst|k\u00f6nntest) du (?:bitte )?(?:helfen|antworten)|wei\u00dft du (?:das|was)"
    r"|(?:tu peux|peux-tu|pouvez-vous) (?:aider|r\u00e9pondre)|une id\u00e9e|puedes ayudar|this|that|above)?"
    r"(?:[\s,]+(?:me|us|him|her|them|here|out|with|this|that|it|the|one|question|above|at|on|about|please|pls|bitte"
    r"|da|hier|uns|mir|ici|nous|to|in))*[\W_]*",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\?(?:\s|$)|^(?:how|why|when|where|who|which|what|can|could|is|are|do|does|did|wie|warum|wann|wo|wer|was|kann"
    r"|comment|pourquoi|quand|o\u00f9|c\u00f3mo|d\u00f3nde)\b"
    r"|\b(?:(?:ca|does|wo|is)n(?:'|\u2019)?t|cannot|unable to|(?:does|is) not|error|fails?|failed|broken|stuck|problem"
    r"|issue|geht nicht|funktioniert nicht|fehler|ne marche pas)\b",
    re.IGNORECASE | re.MULTILINE,
)
_LONGEST_POINTER = 80
_FEWEST_WORDS = 3


def points_up(text: str) -> bool:
    """Whether a message says nothing itself, such as "^" or "can you help?", and means what stands above it."""
    return len(text) <= _LONGEST_POINTER and bool(_POINTS_UP.fullmatch(text.strip()))


def asked_above(earlier: Sequence[Said]) -> str:
    """Give the last question of a person in the thread: the asker's own first, nothing where there is none."""
    for speaker in ("asker", "other"):
        said = [line.text.strip() for line in reversed(earlier) if line.speaker == speaker]
        found = next((text for text in said if _is_question(text)), "")
        if found:
            return found
    return ""


def searched_for(text: str, turns: Sequence[str], earlier: Sequence[Said]) -> tuple[str, str]:
    """Give the question that a message means, and the one to search for, by rules; see `in_thread`."""
    meant, before = in_thread(text, turns, earlier)
    return meant, standalone(meant, before)


def in_thread(text: str, turns: Sequence[str], earlier: Sequence[Said]) -> tuple[str, list[str]]:
    """Give the question that a message means, and the questions before it that it may lean on, the newest last.

    `turns` are the thread's questions that the bot remembers, as they were searched, the newest last; what else
    stands in the thread counts where it remembers none.
    """
    text = text.strip()
    if earlier and points_up(text):
        above = asked_above(earlier)
        if above:
            return above, []
    before = list(turns)
    if not before and earlier:
        above = asked_above(earlier)
        before = [above] if above else []
    return text, before


def _is_question(text: str) -> bool:
    return len(text.split()) >= _FEWEST_WORDS and not points_up(text) and bool(_ASKS.search(text))
