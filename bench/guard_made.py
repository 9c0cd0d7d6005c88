"""Pairs of questions made by templates: the same asked otherwise, and near misses, for the paraphrase guard.

The vocabulary is written for this project, of what any helpdesk is asked; no public row is in it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

VERBS = {
    "reset": ("set", "recover"), "change": ("update", "edit", "modify"), "delete": ("remove", "erase"), "export": (),
    "import": (), "cancel": ("terminate",), "renew": ("extend",), "enable": ("turn on", "activate", "switch on"),
    "disable": ("turn off", "deactivate", "switch off"), "invite": ("add",), "download": (), "share": (),
    "archive": (), "restore": ("recover",), "rename": (), "upload": (), "print": (), "track": ("follow",),
    "buy": ("purchase", "order"), "return": ("send back",), "install": ("set up",), "uninstall": (),
    "copy": ("duplicate",),
    "lock": (), "unlock": (), "transfer": ("move",), "approve": (), "reject": ("decline",), "subscribe to": (),
    "unsubscribe from": (), "hide": (), "show": ("display",), "connect": ("link",), "disconnect": ("unlink",),
}  # fmt: skip
OBJECTS = (
    "password", "invoice", "subscription", "workspace", "calendar", "project", "report", "profile picture", "backup",
    "order", "parcel", "contract", "customer list", "time sheet", "expense report", "email address", "phone number",
    "shipping address", "payment method", "api key", "webhook", "two-factor authentication", "notifications", "licence",
    "shared folder", "mailbox", "printer", "vpn", "dashboard", "user group", "ticket", "template", "signature",
    "gift voucher", "delivery date", "mobile app", "knowledge base", "time off request", "payslip", "meeting room",
)  # fmt: skip
QUALIFIERS = (
    "team", "personal", "business", "guest", "annual", "monthly", "old", "second", "shared", "private", "draft", "test",
    "expired", "default", "international", "company", "archived", "external", "backup", "virtual", "recurring", "bulk",
)  # fmt: skip
PLATFORMS = ("Windows", "macOS", "Linux", "Android", "iPhone")
PLACES = ("in the app", "on the website", "in settings")
SAME = (
    "how do i {v} {d} {o}", "how can I {v} {d} {o}?", "what is the way to {v} {d} {o}?", "How to {v} {d} {o}",
    "how would I {v} {d} {o}", "what do I have to do to {v} {d} {o}?", "Please tell me how to {v} {d} {o}",
    "I want to {v} {d} {o}", "I'd like to {v} {d} {o}, how do I do that?", "can you show me how to {v} {d} {o}",
    "hi, how do you {v} {d} {o}? thanks", "What are the steps to {v} {d} {o}?", "I need to {v} {d} {o}",
    "where do I go to {v} {d} {o}", "could someone explain how to {v} {d} {o}", "is there a way to {v} {d} {o}?",
)  # fmt: skip
OTHERWISE = (
    "why do I have to {v} {d} {o}?", "how long does it take to {v} {d} {o}?", "how much does it cost to {v} {d} {o}?",
    "who can {v} {d} {o}?", "what happens if I {v} {d} {o}?", "why can't I {v} {d} {o}?",
    "how often can I {v} {d} {o}?",
    "I could not {v} {d} {o}", "how do I not {v} {d} {o}", "what is a {o}?", "when can I {v} {d} {o}?",
    "is there a limit when I {v} {d} {o}?", "can someone else {v} {d} {o} for me?",
    "how do I undo it when I {v} {d} {o}?",
)  # fmt: skip
_NUMBERS = ("2 users", "3 users", "10 users", "14 days", "30 days", "5 GB", "50 GB", "version 7", "version 8")
_ROLES = (
    ("move data from {a} to {b}", "move data from {b} to {a}"),
    ("upgrade from {a} to {b}", "upgrade from {b} to {a}"),
    ("sync {a} with {b} before the {o}", "sync {a} with {b} after the {o}"),
    ("convert a {a} to a {b}", "convert a {b} to a {a}"),
)
_THINGS = ("owner", "guest", "basic", "premium", "Trello", "Jira", "calendar", "mailbox", "account", "branch")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two questions; `same` is whether they ask the same, `kind` how the second was made of the first."""

    first: str
    second: str
    same: bool
    kind: str


def made(number: int, seed: int = 7) -> list[Pair]:
    """Make `number` pairs of the same and twice as many near misses."""
    chance = random.Random(seed)
    pairs: list[Pair] = []
    for _ in range(number):
        verb, thing, det = (
            chance.choice(list(VERBS)),
            chance.choice(OBJECTS),
            chance.choice(("my", "the", "a", "our")),
        )
        one, other = chance.sample(SAME, 2)
        tail = chance.choice(("", "", "", f" {chance.choice(PLACES)}"))
        first = _put(one, verb, det, thing, tail)
        word = chance.choice((verb, *VERBS[verb]))
        pairs.append(
            Pair(first, _put(other, word, chance.choice(("my", "the", "a")), thing, tail), True, "reworded")
        )
        pairs += [
            Pair(first, _missed(kind, other, (verb, det, thing, tail), chance), False, kind)
            for kind in chance.sample(("verb", "object", "qualifier", "form", "platform", "number"), 2)
        ]
    for _ in range(number // 4):
        there, back = chance.choice(_ROLES)
        a, b = chance.sample(_THINGS, 2)
        start = chance.choice(("How do I ", "how can i ", "Is it possible to ", "I want to "))
        slots = {"a": a, "b": b, "o": chance.choice(OBJECTS)}
        pairs.append(Pair(start + there.format(**slots), start + back.format(**slots), False, "roles"))
        pairs.append(
            Pair(start + there.format(**slots), "how do you " + there.format(**slots) + "?", True, "roles")
        )
    return pairs


def _put(form: str, verb: str, determiner: str, thing: str, tail: str) -> str:
    text = form.format(v=verb, d=determiner, o=thing)
    return text.replace("?", f"{tail}?") if "?" in text else text + tail


def _missed(kind: str, form: str, slots: tuple[str, str, str, str], chance: random.Random) -> str:
    verb, det, thing, tail = slots
    if kind == "verb":
        return _put(
            form, chance.choice([v for v in VERBS if v != verb and not _near(v, verb)]), det, thing, tail
        )
    if kind == "object":
        return _put(form, verb, det, chance.choice([o for o in OBJECTS if o != thing]), tail)
    if kind == "qualifier":
        return _put(form, verb, det, f"{chance.choice(QUALIFIERS)} {thing}", tail)
    if kind == "form":
        return _put(chance.choice(OTHERWISE), verb, det, thing, tail)
    if kind == "platform":
        return _put(form, verb, det, thing, f"{tail} on {chance.choice(PLATFORMS)}")
    return _put(form, verb, det, thing, f"{tail} for {chance.choice(_NUMBERS)}")


def _near(one: str, other: str) -> bool:
    groups = [{verb, *others} for verb, others in VERBS.items()]
    return any({one, other} <= group for group in groups) or bool({one, *VERBS[one]} & {other, *VERBS[other]})
