"""Greetings and thanks, which need no articles, alone or around a question."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

SmallTalk = Literal["greeting", "thanks"]

_LONGEST = 60
_EMOJI: dict[str, SmallTalk] = {"\U0001f44b": "greeting", "\U0001f64f": "thanks", "\U0001f44d": "thanks"}


def _any(listed: str) -> str:
    return "(?:" + "|".join(part.strip() for part in listed.split(",")) + ")"


_HELLO = _any(
    "hi, hey, heya, hiya, hello, hallo, hullo, howdy, yo, sup, greetings, good "
    "(?:morning|afternoon|evening|day), morning, guten (?:morgen|tag|abend), moin, "
    "servus, grüezi, grüss gott, salut, bonjour, bonsoir, coucou, hola, buenos "
    "d[ií]as, buenas(?: tardes| noches)?, ciao, salve, buongiorno, buonasera, "
    "ol[aá], oi, bom dia, boa tarde, boa noite, hoi, goedemorgen, goedemiddag, "
    "goedenavond, goededag, hej, hei, merhaba, selam, cześć, привет, здравствуйте, "
    "добрый день, привіт, こんにちは, おはよう, 你好, 您好, 안녕하세요, 안녕, مرحبا, नमस्ते, שלום"
)
_HELLO_WHOM = _any(
    "there, all, everyone, team, bot, folks, again, zusammen, à tous, a todos, how "
    "are you(?: doing)?, how is it going, hows it going, wie geht es dir, wie "
    "gehts, ça va, qué tal, que tal, whats up"
)
_BEFORE_THANKS = _any(
    "ok, okay, great, perfect, super, cool, awesome, that worked, it works, it "
    "worked, works, got it, yes, no, alright, nice, wonderful"
)
_THANK = _any(
    "thanks, thank you, thank u, thx, ty, tysm, cheers, many thanks, much "
    "appreciated, danke, danke schön, dankeschön, vielen dank, merci, merci "
    "beaucoup, gracias, muchas gracias, grazie, grazie mille, obrigad[oa], muito "
    "obrigad[oa], dank je, dank u, bedankt, tack, takk, tak, dzięki, dziękuję, "
    "спасибо, дякую, ありがとう, ありがとうございます, 谢谢, 謝謝, 감사합니다, شكرا, धन्यवाद, תודה"
)
_THANK_WHAT = _any(
    "a lot, so much, very much, again, everyone, all, man, mate, bot, for "
    "(?:your|the) help, for helping, you, that worked, it works, it worked, that "
    "helped, that helps, works now, it works now, sehr, dir, ihnen, mucho"
)
_GREETING = re.compile(f"{_HELLO}(?: {_HELLO}| {_HELLO_WHOM})*")
_PLAIN_HELLO = _any("hi, hey, hello, hallo, bonjour, hola, salut, ciao, hej, привет")
_OPENING = re.compile(
    rf"(?:(?:{_HELLO})(?:\s+{_HELLO_WHOM})?(?:\s*[,.!:;]+\s*|\s+[\u2013-]+\s+)|{_PLAIN_HELLO}(?:\s+{_HELLO_WHOM})?\s+)+(?=\S)",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    rf"(?<=[,.!?;\n\u2013-])\s*{_THANK}(?:\s+(?:{_THANK_WHAT}|in advance|im voraus|d.avance))*[\s,.!)]*$",
    re.IGNORECASE,
)
_THANKS = re.compile(f"(?:{_HELLO} )?(?:{_BEFORE_THANKS} )*{_THANK}(?: {_THANK}| {_THANK_WHAT})*")

_LANGUAGE_OF = {
    word: language
    for language, words in {
        "de": "hallo moin servus grüezi grüss guten danke dankeschön vielen",
        "fr": "salut bonjour bonsoir coucou merci",
        "es": "hola buenos buenas gracias muchas",
        "it": "ciao salve buongiorno buonasera grazie",
        "pt": "olá ola oi bom boa obrigado obrigada muito",
        "nl": "hoi goedemorgen goedemiddag goedenavond goededag dank bedankt",
        "en": "hi hello howdy greetings morning thanks thank cheers",
    }.items()
    for word in words.split()
}
"""The first of these words in a greeting or thanks tells its language."""


@lru_cache(maxsize=1024)
def is_smalltalk(text: str) -> SmallTalk | None:
    """Tell whether the whole text is a greeting or thanks; a question that begins with "hi" is neither."""
    if len(text) > _LONGEST:
        return None
    text = text.strip()
    if text and text[0] in _EMOJI and len(text) <= 2:  # noqa: PLR2004 - an emoji and its skin tone
        return _EMOJI[text[0]]
    plain = unicodedata.normalize("NFC", text).casefold().replace("\u2019", "'").replace("'", "")
    plain = "".join(" " if unicodedata.category(character)[0] in "PSC" else character for character in plain)
    plain = " ".join(plain.split())
    if _GREETING.fullmatch(plain):
        return "greeting"
    return "thanks" if _THANKS.fullmatch(plain) else None


def smalltalk_language(text: str) -> str | None:
    """Give the two-letter tag of the language that a greeting or thanks is in; None where many use the word."""
    if is_smalltalk(text) is None:
        return None
    words = re.findall(r"\w+", unicodedata.normalize("NFC", text).casefold())
    return next((_LANGUAGE_OF[word] for word in words if word in _LANGUAGE_OF), None)


def without_courtesy(text: str) -> str:
    """Give the question without the greeting before it and the thanks after it: no article is about these words."""
    bare = _CLOSING.sub("", _OPENING.sub("", text, count=1) if _OPENING.match(text) else text)
    bare = bare.rstrip(" ,;\u2013-\n")
    return bare if any(character.isalnum() for character in bare) else text
