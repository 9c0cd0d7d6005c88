"""What of a text shows its style: emoji, exclamation marks, contractions, how the reader is spoken to."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from config.style import ADDRESSES

if TYPE_CHECKING:
    from collections.abc import Iterator

EMOJI = re.compile(
    r"(?:[\U0001f000-\U0001faff\u2600-\u262f\u2631-\u2698\u269a-\u26ff\u2705\u270a-\u270d\u2728\u274c\u2753-\u2757"
    r"\u2763\u2764\u2b50][\ufe0f\u200d\U0001f3fb-\U0001f3ff]*)+"
    r"|(?<![\w:])[:;]-?[)(DP](?!\w)"
)
"""Emoji and smileys; not what stands on buttons: ☰, ⚙, ✓ and arrows."""
_SPACED_EMOJI = re.compile(rf"[ \t]*(?P<emoji>{EMOJI.pattern})")
_CODE = re.compile(r"`+[^`]*`+|\bhttps?://[^\s)>]+|\]\([^)]*\)")
_EXCLAIMS = re.compile(r"[!\uff01](?=[\"'\u201d\u2019)*_]*(?:\s|$|\[\d))")
_LABEL = re.compile(r"\*\*[^*\n]+\*\*|\u201c[^\u201d\n]+\u201d|\"[^\"\n]+\"")
_CONTRACTED = re.compile(
    r"\b(?:\w+n['\u2019]t|(?:i|you|we|they|he|she|it|that|there|what|who|where|how|here)['\u2019](?:s|m|re|ve|ll|d)"
    r"|let['\u2019]s)\b",
    re.IGNORECASE,
)
_WEIGHTY_MARK = re.compile(
    r"\d|`|\*\w|__|\b_\w|://|www\.|@\w|\u2192|\u2b62|\s>\s|[!:]\s*$|\[[^\]]+\]\(|[\u201c\"]\w|[^\x00-\u024f\u2000-\u206f\u20ac]"
)
_BEGINNING = re.compile(r"(?:^|[.!?:\n\u2026]|^\s*(?:[-*+]|\d+[.)]))[\s\"\u201e(*_]*$", re.MULTILINE)
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, Any]]:
    return tomllib.loads(
        files("knowledge.answering").joinpath("style_words.toml").read_text(encoding="utf-8")
    )


@lru_cache(maxsize=1)
def _weighty() -> frozenset[str]:
    return frozenset(word for listed in _table()["weighty"].values() for word in listed.split())


@lru_cache(maxsize=1)
def _doing() -> frozenset[str]:
    return frozenset(word for listed in _table()["doing"].values() for word in listed.split())


def without_code(text: str) -> str:
    """Give the text without code between backticks, addresses and the targets of links."""
    return _CODE.sub(" ", text)


def contracted(text: str) -> Iterator[str]:
    """Give the English contractions of a text, such as "don't"; a possessive is none."""
    if "'" in text or "\u2019" in text:
        yield from (match[0] for match in _CONTRACTED.finditer(text))


def exclaims(text: str) -> Iterator[str]:
    """Give the words before each exclamation mark that ends something; not those of labels, which are names."""
    bare = _LABEL.sub(lambda match: " " * len(match[0]), text)
    return (bare[max(0, match.start() - 20) : match.end()] for match in _EXCLAIMS.finditer(bare))


def calmed(text: str) -> str:
    """Give the text with full stops in place of its exclamation marks, those of code and of labels aside."""
    kept = [match.span() for pattern in (_CODE, _LABEL) for match in pattern.finditer(text)]

    def calm(match: re.Match[str]) -> str:
        return match[0] if any(low <= match.start() < high for low, high in kept) else "."

    return re.sub(r"[!\uff01]+(?=[\"'\u201d\u2019)*_]*(?:\s|$|\[\d))", calm, text)


def without_emoji(text: str, source: str) -> str:
    """Give the text without the emoji that `source` does not have: what stands in an article may be a button."""
    bare = _SPACED_EMOJI.sub(lambda match: match[0] if match["emoji"] in source else "", text)
    return text if bare == text else bare.strip()


def address_words(text: str, address: str) -> Iterator[str]:
    """Give the words that speak to the reader otherwise than `address` (a key of ADDRESSES) says.

    The German "Sie" and "Ihr" are told from "she", "they" and "their" by their capital, which at the beginning of a
    sentence says nothing.
    """
    forms: dict[str, list[str]] = _table()["address"]
    others = [f for f, tongue in ADDRESSES.items() if f != address and tongue == ADDRESSES[address]]
    wrong = {word for form in others for word in forms[form]} - set(forms[address])
    for match in _WORD.finditer(text):
        word = match[0].replace("\u2019", "'")
        if word in forms["Sie"]:
            if word in wrong and not _BEGINNING.search(text[: match.start()]):
                yield word
        elif word.casefold() in wrong:
            yield word


def tells_what_to_do(sentence: str) -> bool:
    """Whether a sentence begins with the imperative of what people do in software, as a step does."""
    first = _WORD.search(sentence)
    return first is not None and first[0].casefold() in _doing()


def may_be_left_out(sentence: str) -> bool:
    """Whether an answer stays true and whole without this sentence.

    Not where it holds a number, an address, code, a label or a menu, leads in what follows, tells what to do, warns,
    denies or conditions; in a script that is not Latin nothing is left out.
    """
    bare = re.sub(r"[ \t]*\[\d[\d, ]*\]", "", sentence)
    if _WEIGHTY_MARK.search(bare):
        return False
    found = [word.casefold().replace("\u2019", "'") for word in _WORD.findall(bare)]
    if found[:1] in (["to"], ["um"], ["pour"], ["para"], ["per"], ["om"]):  # "To free a seat, …"
        return False
    return bool(found) and not tells_what_to_do(bare) and not _weighty() & set(found)
