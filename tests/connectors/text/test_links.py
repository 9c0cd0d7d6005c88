"""Links say where they lead."""

from __future__ import annotations

import pytest

from connectors.text.links import shows_other_host, with_honest_links

EVIL = "https://evil.example/login"


@pytest.mark.parametrize(
    "text",
    [
        "www.bank.com",
        "https://bank.com/login",
        "Sign in at bank.com now",
        r"bank\.com",
        "bank&#46;com",
        "bank&amp;#46;com",
        "bank.**com**",
        "bank\u3002com",
        "ban\u200bk.com",
        "evil.example.com",
        "BANK.COM",
    ],
)
def test_a_link_cannot_show_another_host(text: str) -> None:
    """However the host is written, the address that the link leads to stands beside it."""
    assert with_honest_links(f"See [{text}]({EVIL}).") == f"See {text} (<{EVIL}>)."
    assert shows_other_host(text, EVIL)


@pytest.mark.parametrize(
    "link",
    [
        "[our page](https://help.example.com/a)",
        "[help.example.com](https://help.example.com/a)",
        "[example.com](https://help.example.com/a_(b))",
        "[www.example.com](https://example.com)",
        "[Version 3.2](https://help.example.com/a)",
        "[write us](mailto:desk@example.com)",
        '[our page](https://help.example.com/a "title")',
    ],
)
def test_an_honest_link_is_untouched(link: str) -> None:
    """Words, the link's own host and a domain that it belongs to may be shown."""
    assert with_honest_links(f"See {link} and on.") == f"See {link} and on."


def test_a_reference_link_is_seen_through() -> None:
    """The address may stand far below."""
    text = f"See [bank.com][1] and [Bank.com].\n\n[1]: {EVIL}\n[bank.com]: {EVIL}\n"
    honest = with_honest_links(text)
    assert honest.startswith(f"See bank.com (<{EVIL}>) and Bank.com (<{EVIL}>).")


def test_an_image_is_a_link() -> None:
    """Slack shows an image's text as a link."""
    assert with_honest_links(f"![bank.com]({EVIL})") == f"bank.com (<{EVIL}>)"


def test_an_honest_reference_gets_its_address() -> None:
    """A piece of a split text does not have the definition that stood at its end."""
    text = "See [our page][1].\n\n[1]: https://help.example.com/a\n"
    assert with_honest_links(text).startswith("See [our page](https://help.example.com/a).")


@pytest.mark.parametrize("code", [f"`[bank.com]({EVIL})`", f"```\n[bank.com]({EVIL})\n```"])
def test_code_is_untouched(code: str) -> None:
    """What is shown as code is no link."""
    assert with_honest_links(code) == code


@pytest.mark.parametrize("text", [f"\\`[bank.com]({EVIL})\\`", f"<a x='`'>[bank.com]({EVIL})`"])
def test_what_only_looks_like_code_is_no_code(text: str) -> None:
    """Escaped backticks and those of a tag open nothing."""
    assert f"bank.com (<{EVIL}>)" in with_honest_links(text)
