"""What every platform can do, as conversations; each is a fact that holds for a new connector too.

They run in this order on one bot: an article that one adds, the next may change.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.parity.driver import Driver, Shown

    Capability = Callable[[Driver], Awaitable[None]]

QUESTION = "How do I get on the VPN with my MacBook?"
PRINTERS = "Restart the blue printer"
STEPS = "1. Hold the green key for seven seconds.\n2. Wait for the chime."


async def ask(on: Driver) -> None:
    """Ask a question and get the article's steps, its title and its date."""
    shown = await on.ask(QUESTION)
    assert "Install Tunnelblick" in shown.text
    assert "Connect to the VPN on a Mac" in shown.text
    declined = await on.ask("Which planet has the most moons?")
    assert "moons" not in declined.text or "nothing" in declined.text


async def follow_up(on: Driver) -> None:
    """Go on without saying it all again."""
    shown = await on.ask(QUESTION)
    further = await on.go_on(shown, "and on windows?")
    assert "WireGuard" in further.text


async def feedback(on: Driver) -> None:
    """Say whether an answer helped."""
    shown = await on.ask(QUESTION)
    assert "noted" in (await on.click(shown, "helpful")).text.casefold()


async def escalate(on: Driver) -> None:
    """Pass the question on to a person, and take the place back."""
    shown = await on.ask(QUESTION)
    passed = await on.click(shown, "human")
    assert "passed your question on to a person" in passed.text, passed
    silent = await _quiet(on, shown)
    assert silent
    assert (
        "is done"
        in (await on.click(shown, "close") if "close" in shown.buttons else await _closed(on, shown)).text
    )


async def why(on: Driver) -> None:
    """See how the last answer came about."""
    await on.ask(QUESTION)
    told = (await on.command("why", who="ana")).text
    assert QUESTION.casefold() in told.casefold()
    assert "Connect to the VPN on a Mac" in told


async def list_articles(on: Driver) -> None:
    """See which articles one may read."""
    told = (await on.command("list", who="ana")).text
    assert "Connect to the VPN on a Mac" in told
    if on.name != "Terminal":
        assert "Vault" not in told


async def add(on: Driver) -> None:
    """Add an article, and be answered from it at once."""
    if on.name == "Terminal":
        added = await on.share([("printers.md", f"# {PRINTERS}\n\n{STEPS}\n".encode())])
    else:
        form = await on.command("add")
        assert form.form is not None
        added = await on.fill(form, {"title": PRINTERS, "text": STEPS})
    assert "Added" in added.text, added
    assert (
        "seven seconds" in (await on.ask("How do I restart the blue printer?", "admin")).text
        or on.name != "Terminal"
    )


async def edit(on: Driver) -> None:
    """Change an article."""
    article = await _id_of(on, PRINTERS)
    form = await on.command("edit", article)
    assert form.form is not None
    changed = await on.fill(form, {"text": STEPS.replace("seven", "nine")})
    assert article in changed.text
    assert "nine seconds" in (await on.command("show", article)).text


async def remove(on: Driver) -> None:
    """Remove an article, and restore it."""
    article = await _id_of(on, PRINTERS)
    assert "Removed" in (await on.command("remove", article)).text
    assert PRINTERS not in (await on.command("list")).text
    assert "estored" in (await on.command("restore", article)).text
    assert PRINTERS in (await on.command("list")).text


async def files(on: Driver) -> None:
    """Give the bot a file, see what would be added, and confirm it."""
    shown = await on.share([("scanner.md", b"# Clean the scanner\n\nWipe the glass with a dry cloth.\n")])
    assert "Clean the scanner" in shown.text, shown
    if on.name != "Terminal":
        assert "Clean the scanner" not in (await on.command("list")).text
        added = await on.click(shown, "confirm", "admin")
        assert "dded" in added.text, added
    assert "Clean the scanner" in (await on.command("list")).text


async def reindex_progress(on: Driver) -> None:
    """Make the index anew, and see that it is done."""
    shown = await on.command("reindex")
    assert any("made anew" in text for text in shown.texts), shown


async def persona(on: Driver) -> None:
    """Let another persona speak; the facts stay."""
    assert "formal" in (await on.command("persona", "formal")).text
    assert "Install Tunnelblick" in (await on.ask(QUESTION)).text
    assert "friendly" in (await on.command("persona", "friendly")).text


async def auto_answer(on: Driver) -> None:
    """Be answered unasked where the desk wants it, and only when the articles answer."""
    assert "Install Tunnelblick" in (await on.overhear(QUESTION)).text
    assert (await on.overhear("Who has seen my umbrella with the ducks?")).texts == ()


async def mute(on: Driver) -> None:
    """Let the bot be silent for a while."""
    assert (await on.command("mute", "30m")).text
    assert (await on.ask(QUESTION)).texts == ()
    assert (await on.command("unmute")).text
    assert "Install Tunnelblick" in (await on.ask(QUESTION)).text


async def forget(on: Driver) -> None:
    """Be forgotten, and told what was."""
    await on.ask(QUESTION)
    told = (await on.command("forget_me", who="ana")).text
    assert "question" in told


async def _id_of(on: Driver, title: str) -> str:
    told = (await on.command("list")).text
    found = re.search(rf"`([^`]+)`[^`]*{re.escape(title)}", told)
    assert found is not None, told
    return found[1]


async def _quiet(on: Driver, shown: Shown) -> bool:
    """Whether the bot gives way to a person; a terminal and a page answer each line, so they are not asked."""
    if on.name in {"Terminal", "Web"}:
        return True
    return (await on.go_on(shown, "hello? is anybody there?")).texts == ()


async def _closed(on: Driver, shown: Shown) -> Shown:
    if on.name in {"Terminal", "Web"}:
        return await on.command("close", who="ana")
    return await on.go_on(shown, f"{'' if on.name == 'Discord' else '<@UBOT> '}close")


CAPABILITIES: dict[str, Capability] = {
    "ask": ask,
    "follow-up": follow_up,
    "feedback": feedback,
    "why": why,
    "list": list_articles,
    "add": add,
    "edit": edit,
    "remove": remove,
    "files": files,
    "reindex progress": reindex_progress,
    "persona": persona,
    "auto-answer": auto_answer,
    "mute": mute,
    "escalate": escalate,
    "forget": forget,
}
