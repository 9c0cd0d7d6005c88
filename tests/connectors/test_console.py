"""The terminal chat: in a pseudo-terminal, with a pipe, and how replies look."""

import contextlib
import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from connectors.base import Address, Link, Person, Reply
from connectors.console import ConsoleConnector
from connectors.console_view import to_plain, to_renderable, without_controls
from connectors.errors import DeliveryError

PROGRAM = Path(__file__).with_name("console_program.py")
CONTROLLED = """
import fcntl, runpy, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C is a signal
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
LINK = Link("Reset your password", "https://help.example.com/reset", "updated 3 weeks ago")


def run_piped(folder: Path, text: bytes) -> subprocess.CompletedProcess[bytes]:
    """Give the chat its lines by a pipe."""
    return subprocess.run(
        [sys.executable, str(PROGRAM), str(folder)], input=text, capture_output=True, timeout=60, check=False
    )


class Terminal:
    """A chat in a pseudo-terminal."""

    def __init__(self, folder: Path) -> None:
        self.controller, end = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", CONTROLLED, str(PROGRAM), str(folder)],
            stdin=end,
            stdout=end,
            stderr=end,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", "COLUMNS": "90"},
        )
        os.close(end)
        self.seen = ""
        self.position = 0

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.controller, text.encode())

    def until(self, text: str, seconds: float = 15) -> str:
        """Read until `text` comes after what was waited for before; gives all that came so far."""
        end = time.monotonic() + seconds
        while True:
            plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.seen)
            found = plain.find(text, self.position)
            if found >= 0:
                self.position = found + len(text)
                return self.seen
            assert time.monotonic() < end, f"{text!r} never came: …{self.seen[-500:]!r}"
            if select.select([self.controller], [], [], 0.1)[0]:
                self.seen += os.read(self.controller, 65536).decode("utf-8", "replace")

    def exit_code(self) -> int:
        """Wait for the chat to end, reading what it writes."""
        with contextlib.suppress(OSError):  # Linux says the end of a terminal with an error
            while os.read(self.controller, 65536):
                pass
        return self.process.wait(30)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A chat at its first prompt."""
    terminal = Terminal(tmp_path / "history")
    try:
        yield terminal
    finally:
        terminal.process.kill()
        terminal.process.wait()
        os.close(terminal.controller)


def test_pipe_answers_each_line_and_ends_with_it(tmp_path):
    """Piped lines are answered in plain text, in order, and the end of the input is a good end."""
    run = run_piped(tmp_path, b"first\n\n   \nsilence\n/why now please\nlast without an end of line")
    assert run.returncode == 0
    assert run.stderr == b""
    assert run.stdout.decode() == (
        "You said **first**, after 0 cancelled\n\n"
        "Sources:\n  1. Reset your password https://help.example.com/reset (updated 3 weeks ago)\n\n"
        "command why, arguments <now please>\n\n"
        "You said **last without an end of line**, after 0 cancelled\n\n"
        "Sources:\n  1. Reset your password https://help.example.com/reset (updated 3 weeks ago)\n\n"
    )


def test_pipe_with_nothing(tmp_path):
    """An empty input is answered with nothing."""
    run = run_piped(tmp_path, b"")
    assert (run.returncode, run.stdout) == (0, b"")


def test_pipe_with_invalid_utf8(tmp_path):
    """Bytes that are no UTF-8 are replaced, and the next line is answered."""
    run = run_piped(tmp_path, b"caf\xe9\nnext\n")
    assert run.returncode == 0
    assert "caf\ufffd" in run.stdout.decode()
    assert "next" in run.stdout.decode()


def test_pipe_with_a_long_line(tmp_path):
    """A line of 200,000 characters arrives whole."""
    run = run_piped(tmp_path, b"x" * 200_000 + b"\n")
    assert b"x" * 200_000 in run.stdout


def test_pipe_quit(tmp_path):
    """Lines after /quit are not answered."""
    run = run_piped(tmp_path, b"/quit\nnever\n")
    assert (run.returncode, run.stdout) == (0, b"")


def test_path_is_a_question(tmp_path):
    """A question that begins with a path is no command."""
    run = run_piped(tmp_path, b"/etc/hosts is missing, why?\n")
    assert b"You said **/etc/hosts is missing, why?**" in run.stdout


def test_interrupt_in_a_pipe_ends_it(tmp_path):
    """Ctrl-C ends a chat that reads from a pipe, though nothing more comes from it."""
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"first\n")
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.wait(10)
        assert process.stderr is not None
        assert b"Fatal" not in process.stderr.read()


def test_terminal_answers(terminal):
    """A line is answered with Markdown rendered and the source as a link that a terminal can open."""
    terminal.until("you ")
    terminal.type("hello\r")
    written = terminal.until("updated 3 weeks ago")
    assert "**" not in written
    assert "\x1b]8;" in written
    assert "https://help.example.com/reset" in written
    terminal.until("you ")
    terminal.type("\x04")
    assert terminal.exit_code() == 0


def test_terminal_shows_what_is_said_unasked(terminal):
    """What is sent unasked, and the opening, are shown before the first prompt."""
    written = terminal.until("you ")
    assert written.index("Unasked.") < written.index("Welcome.")


def test_terminal_completes_commands(terminal):
    """Tab completes the name of a command and its arguments."""
    terminal.until("you ")
    terminal.type("/pers")
    terminal.until("change the voice")
    terminal.type("\t for")
    terminal.until("formal")
    terminal.type("\t\r")
    terminal.until("command persona, arguments <formal>")


def test_terminal_quit(terminal):
    """/quit leaves."""
    terminal.until("you ")
    terminal.type("/quit\r")
    assert terminal.exit_code() == 0


def test_terminal_interrupt_cancels_an_answer(terminal):
    """Ctrl-C while an answer is made cancels it, and the chat goes on."""
    terminal.until("you ")
    terminal.type("slow\r")
    terminal.until("Looking it up")
    terminal.type("\x03")
    terminal.until("Cancelled")
    terminal.until("you ")
    terminal.type("next\r")
    terminal.until("after 1 cancelled")


def test_terminal_interrupt_twice_leaves(terminal):
    """Ctrl-C once empties the line and says how to leave; at once again it leaves."""
    terminal.until("you ")
    terminal.type("half a line\x03")
    terminal.until("leaves")
    terminal.until("you ")
    terminal.type("\x03")
    assert terminal.exit_code() == 0


def test_terminal_keeps_its_history(terminal, tmp_path):
    """Lines are kept for the next session, readable by their owner only."""
    terminal.until("you ")
    terminal.type("remember me\r")
    terminal.until("updated")
    path = tmp_path / "history" / "console-history"
    assert "remember me" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_send_elsewhere(tmp_path):
    """What is addressed to another platform is not swallowed."""
    connector = ConsoleConnector(history_dir=tmp_path, person=Person("console:x"), clock=lambda: None)
    with pytest.raises(DeliveryError, match="slack"):
        await connector.send(Address("slack", "C1"), Reply("hi"))


@given(st.text())
def test_nothing_a_terminal_obeys_gets_out(text):
    """No text of an article can move the cursor, colour the screen or reverse the reading order."""
    safe = without_controls(text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", safe)


def test_escape_sequences_go_whole():
    """Nothing of a colour or a title sequence is left behind."""
    assert without_controls("a\x1b[31mred\x1b[0m b\x1b]0;title\x07c") == "ared bc"


def test_plain_has_no_colours():
    """Plain text of a hostile reply is the words only."""
    reply = Reply("\x1b[31mtext", links=(Link("\x1b[1mtitle", "https://a.example/\x1b[2J"),))
    assert to_plain(reply) == "text\n\nSources:\n  1. title https://a.example/"


def render(reply: Reply, *, shows_links: bool) -> str:
    """Render on a terminal 60 wide."""
    console = Console(file=StringIO(), width=60, force_terminal=True, color_system="truecolor")
    console.print(to_renderable(reply, shows_links=shows_links))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_addresses_are_written_where_links_cannot_be_clicked():
    """A terminal without links shows the address itself."""
    assert "https://help.example.com/reset" in render(Reply("text", links=(LINK,)), shows_links=False)
    assert "\x1b]8;" not in render(Reply("text", links=(LINK,)), shows_links=False)


def test_only_web_addresses_become_links():
    """An address with another scheme is shown, never made clickable."""
    written = render(Reply("text", links=(Link("title", "file:///etc/passwd"),)), shows_links=True)
    assert "\x1b]8;" not in written
    assert "file:///etc/passwd" in written


def test_no_line_is_wider_than_the_terminal():
    """Long words and long titles are folded."""
    reply = Reply("word " * 50 + "x" * 200, links=(Link("title " * 40, None, "updated today"),))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", render(reply, shows_links=True))
    assert max(len(line) for line in plain.splitlines()) <= 60


def test_words_in_angle_brackets_are_shown():
    """A placeholder such as <subdomain> is a word of the article, not markup."""
    assert "https://<subdomain>.example.com" in render(
        Reply("Open https://<subdomain>.example.com"), shows_links=True
    )


@pytest.mark.parametrize(("heading", "line"), [("Quellen", "Quellen:\n"), ("", "")])
def test_plain_links_stand_under_the_words_of_their_reply(heading, line):
    """The heading is in the reply's language; where the text leads to the links there is none."""
    reply = Reply("So.", links=(Link("VPN", "https://a.example/"),), heading=heading)
    assert to_plain(reply) == f"So.\n\n{line}  1. VPN https://a.example/"
