"""What is said of a channel's settings, read and written. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.errors import CommandError
from config.nearest import did_you_mean
from config.persona import shipped_personas
from connectors.forms import Choice, Field, Form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.settings import ChannelSettings

MODES = {
    "mention": "when I am spoken to",
    "auto": "every question that I am sure of",
    "shadow": "drafts for the staff channel",
    "off": "never",
}
DEFAULT = "default"
"""Takes a setting back to what the config says."""
_KEYS = {
    "mode": "mode",
    "persona": "persona",
    "confidence": "min_confidence",
    "audience": "audience",
    "sources": "sources",
    "staff": "staff",
}


def parsed(said: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """Read `[mode] [key=value …]`, or a form's fields; None stands for the config's value. Raises CommandError."""
    if fields:
        words = [(name, value.strip() or DEFAULT) for name, value in fields.items()]
    else:
        words = [_split(word) for word in said.split()]
    return {_key(name): _value(name, value) for name, value in words}


def told(settings: ChannelSettings | None, *, is_new: bool) -> str:
    """Tell how the bot behaves in a channel."""
    mode = settings.mode if settings else "mention"
    lines = ["From now on, in this channel:" if is_new else "In this channel:"]
    lines.append(f"- I answer: {mode} ({MODES[mode]})")
    lines.append(f"- audience: {', '.join(sorted(settings.audience)) if settings else 'public'}")
    if settings and settings.persona:
        lines.append(f"- persona: {settings.persona}")
    if settings and settings.min_confidence is not None:
        lines.append(f"- confidence: at least {settings.min_confidence:g}")
    if settings and settings.sources is not None:
        lines.append(f"- sources: {', '.join(sorted(settings.sources))}")
    if settings and settings.staff:
        lines.append(f"- drafts go to {settings.staff}")
    return "\n".join(lines)


def form(settings: ChannelSettings | None, widest: frozenset[str]) -> Form:
    """Ask for a channel's settings, as they are now."""
    modes = tuple(Choice(f"{name}: {why}", name) for name, why in MODES.items())
    personas = tuple(Choice(name, name) for name in (DEFAULT, *shipped_personas()))
    held = settings
    confidence = "" if held is None or held.min_confidence is None else f"{held.min_confidence:g}"
    sources = "" if held is None or held.sources is None else ", ".join(sorted(held.sources))
    audience = "public" if held is None else ", ".join(sorted(held.audience))
    persona = (held.persona if held else None) or DEFAULT
    known = persona in {choice.value for choice in personas}
    return Form(
        "channel",
        "This channel",
        (
            Field("mode", "When I answer", held.mode if held else "mention", "choice", modes),
            Field("persona", "Persona", persona if known else DEFAULT, "choice", personas),
            Field("confidence", "Least confidence", confidence, required=False, hint="0 to 1, such as 0.7"),
            Field("audience", "Audience", audience, required=False, hint=f"of: {', '.join(sorted(widest))}"),
            Field("sources", "Sources", sources, required=False, hint="empty: all"),
            Field("staff", "Drafts go to", (held.staff if held else None) or "", required=False),
        ),
    )


def _split(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    return (name, value) if equals else ("mode", word)


def _key(name: str) -> str:
    if name not in _KEYS:
        raise CommandError(f'a channel has no setting "{name}"; {did_you_mean(name, _KEYS)}')
    return _KEYS[name]


def _value(name: str, value: str) -> Any:
    if value.casefold() == DEFAULT:
        return None
    if name == "mode" and value not in MODES:
        raise CommandError(f'"{value}" is no mode; {did_you_mean(value, MODES)} {", ".join(MODES)}')
    if name == "confidence":
        return _confidence(value)
    if name in {"audience", "sources"}:
        return frozenset(part for part in value.replace(",", " ").split() if part)
    if name == "staff" and ":" not in value:
        raise CommandError(f'"{value}" is no channel; name one such as `slack:T01/C09` or `discord:123`')
    return value


def _confidence(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise CommandError(f'"{value}" is no confidence; say a number from 0 to 1, such as `confidence=0.7`')
    return number
