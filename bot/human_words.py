"""How people ask for a person in their own words, such as "can I talk to a human?". Pure."""

from __future__ import annotations

import re

_PERSON = (
    r"(?:an?\s+|some\s+|the\s+)?(?:real\s+|live\s+|actual\s+|human\s+)?"
    r"(?:human(?:\s+being)?|person|agent|someone\s+real|somebody\s+real|representative|operator|colleague)"
)
_ASKING = (
    r"(?:(?:can|could|may)\s+i\s+(?:please\s+)?"
    r"|i(?:\s+(?:want|need|have|wish)|'?d\s+like|\s+would\s+like)\s+to\s+"
    r"|let\s+me\s+)?"
)
_TALKING = (
    r"(?:(?:talk|speak|chat)\s+(?:to|with)|(?:get|reach)(?:\s+me)?(?:\s+to)?"
    r"|connect\s+me\s+(?:to|with)|(?:give|put)\s+me(?:\s+through\s+to)?)\s+"
)
_GERMAN_PERSON = (
    r"(?:(?:einem|einer|einen|eine|nem|ner)\s+)?(?:echten\s+|richtigen\s+|echte\s+|richtige\s+)?"
    r"(?:menschen|mensch|person|mitarbeiter(?:in)?|kolleg(?:en|in)|berater(?:in)?)"
)
_GERMAN_ASKING = (
    r"(?:(?:ich\s+(?:will|möchte|moechte|würde|wuerde)|kann\s+ich|könnte\s+ich|koennte\s+ich)\s+"
    r"(?:gern(?:e)?\s+)?(?:bitte\s+)?)?"
)
_WHOLE = re.compile(
    rf"(?:(?:hi|hello|hey|hallo|please|bitte)[\s,]+)?(?:"
    rf"{_ASKING}{_TALKING}{_PERSON}"
    rf"|i\s+(?:want|need)\s+{_PERSON}"
    rf"|{_PERSON}"
    rf"|{_GERMAN_ASKING}(?:bitte\s+)?mit\s+{_GERMAN_PERSON}\s+(?:sprechen|reden|chatten|schreiben)"
    rf"|{_GERMAN_PERSON}"
    rf"|ich\s+(?:brauche|will|möchte|moechte)\s+{_GERMAN_PERSON}"
    r")(?:[\s,]+(?:please|now|bitte|jetzt))?"
)


def asks_for_a_person(text: str) -> bool:
    """Whether the message says nothing but that its writer wants a person, in English or German."""
    said = " ".join(text.casefold().replace("\u2019", "'").split()).strip(" .!?…")
    return len(said) <= _LONGEST and _WHOLE.fullmatch(said) is not None


_LONGEST = 80
