"""Files given to a command, with the whole bot behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.connectors.discord.test_whole_bot import button, open_whole

if TYPE_CHECKING:
    from tests.connectors.discord.test_whole_bot import Open

__all__ = ["open_whole"]  # the fixture
pytestmark = pytest.mark.counterpart("simcord")
LONG = "\n\n".join(f"Step {number}: press the green key and wait for the chime." for number in range(320))


async def test_files_become_articles_after_a_confirmation(open_whole: Open) -> None:
    """Their titles are shown first, what cannot be read is named, and nothing is kept before the click."""
    async with open_whole() as whole:
        shown = await whole.grace.slash(
            whole.channel,
            "helpdesk-admin add",
            file=("printers.md", b"# Printers\n\nOpen the flap.\n"),
            file2=("scanner.txt", b"Scanner\n\nWipe the glass.\n"),
            file3=("broken.pdf", b"no pdf"),
        )
        assert shown.response.ephemeral
        assert "Printers" in shown.response.content
        assert "not readable: broken" in shown.response.content
        assert "Printers" not in await whole.titles()
        await whole.grace.click(shown.response, custom_id=button(shown.response.message, "confirm"))
        await whole.settled()
        assert {"Printers", "scanner"} <= {
            title if title == "Printers" else title.casefold() for title in await whole.titles()
        }


async def test_a_long_article_is_edited_as_a_file(open_whole: Open) -> None:
    """It fits into no form, so it comes as a file; given back, it shows what changes, and a click changes it."""
    async with open_whole() as whole:
        content = f"# Restart it\n\n{LONG}\n".encode()
        shown = await whole.grace.slash(whole.channel, "helpdesk-admin add", file=("restart.md", content))
        await whole.grace.click(shown.response, custom_id=button(shown.response.message, "confirm"))
        await whole.settled()
        offered = await whole.grace.autocomplete(whole.channel, "helpdesk-admin edit", "article", "restart")
        (choice,) = [each for each in offered if each["name"] == "Restart it"]
        told = await whole.grace.slash(whole.channel, "helpdesk-admin edit", article=choice["value"])
        (file,) = told.response.attachments
        text = whole.env.backend.cdn.get(file.url).replace(
            b"Step 7: press the green", b"Step 7: press the blue"
        )
        again = await whole.grace.slash(whole.channel, "helpdesk-admin add", file=(file.filename, text))
        everything = "\n".join(each.content for each in (again.response, *again.followups))
        assert "+Step 7: press the blue key" in everything
        last = again.followups[-1] if again.followups else again.response
        await whole.grace.click(last, custom_id=button(last.message, "confirm"))
        await whole.settled()
        library = await whole.app.library()
        (ref,) = [each.ref for each in await library.summaries(None, None) if each.title == "Restart it"]
        (article,) = await library.load([ref])
        assert "Step 7: press the blue key" in article.body
        assert article.body.count("green key") == 319
