"""The command line as a whole: help, versions, exit codes, one plain line for what goes wrong."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.bot.cli_desk import PROGRAM, Desk


@pytest.fixture
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Desk:
    """A desk of this test's own, nothing synced."""
    return Desk(tmp_path, request.config.cache.mkdir("embedding-models"))


def plain_line(text: str) -> bool:
    """Whether it is one line for a person, without a traceback."""
    return text.startswith("helpdesk-bot: ") and text.count("\n") == 1 and "Traceback" not in text


def test_help_names_every_command(desk):
    """--help lists the contract's commands."""
    done = desk.run("--help")
    assert done.returncode == 0
    for name in ("run", "chat", "ask", "sync", "reindex", "articles", "eval", "check"):
        assert f"  {name} " in done.stdout
    for name in ("list", "show", "add", "remove"):
        assert f"  {name} " in desk.run("articles", "--help").stdout


def test_help_is_quick(desk):
    """--help takes less than 0.7 s of the processor, however busy the machine is."""

    def seconds() -> float:
        before = os.times()
        desk.run("--help")
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(seconds() for _ in range(3)) < 0.7


def test_help_imports_nothing_heavy():
    """--help loads neither the libraries of retrieval nor those of storage."""
    code = (
        "import sys; from bot.__main__ import main; main(['--help']); "
        "print([name for name in ('torch', 'haystack', 'numpy', 'sqlalchemy', 'pydantic', 'redis', 'rich') "
        "if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_version(desk):
    """--version prints it."""
    done = desk.run("--version")
    assert (done.returncode, done.stdout) == (0, "helpdesk-bot 0.1.0\n")


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["ask"], ["sync", "--nonsense"], ["articles", "remove"], ["eval", "missing.jsonl"]],
)
def test_bad_usage(desk, arguments):
    """Bad usage is one plain line and exit code 2."""
    done = desk.run(*arguments)
    assert done.returncode == 2
    assert plain_line(done.stderr)
    assert not done.stdout


def test_config_errors(desk):
    """Every problem of the config is a line of its own, before anything is done."""
    desk.config.write_text('data_dri = "x"\n[web]\nport = "many"\n')
    done = desk.run("articles", "list")
    assert done.returncode == 2
    assert all(line.startswith("helpdesk-bot: ") for line in done.stderr.splitlines())
    assert "data_dir" in done.stderr
    assert "port" in done.stderr
    assert "Traceback" not in done.stderr


def test_config_option_wins(desk, tmp_path):
    """--config names the file, whatever the environment says."""
    other = tmp_path / "other.toml"
    other.write_text("nonsense = 1\n")
    done = desk.run("--config", other, "articles", "list")
    assert done.returncode == 2
    assert "other.toml" in done.stderr


def test_missing_config(desk):
    """A config file that is not there is said by name."""
    done = desk.run("--config", "nowhere.toml", "articles", "list")
    assert done.returncode == 2
    assert "nowhere.toml" in done.stderr


def test_unknown_persona(desk):
    """An unknown persona is bad usage that names the known ones."""
    done = desk.run("ask", "hi", "--persona", "freindly")
    assert done.returncode == 2
    assert "friendly" in done.stderr


def test_data_dir_that_cannot_be(desk):
    """A data folder that cannot be made is a failure, named."""
    (desk.root / "file").write_text("")
    done = desk.run("articles", "list", HELPDESK_BOT__DATA_DIR=str(desk.root / "file"))
    assert done.returncode == 1
    assert plain_line(done.stderr)
    assert str(desk.root / "file") in done.stderr


def test_run_with_nothing_to_run(desk):
    """`run` without a platform and a port says so and fails."""
    done = desk.run("run")
    assert done.returncode != 0
    assert plain_line(done.stderr)


def test_run_with_sources_that_cannot_be_built(desk):
    """`run` refuses an unknown type and an unknown option at once, each in a line with the nearest name."""
    config = desk.config.read_text()
    config = config.replace('type = "folder"', 'type = "flder"', 1)
    desk.config.write_text(config.replace('path = "wiki"', 'path = "wiki"\nevry = "2s"'))
    done = desk.run("run", HELPDESK_BOT__WEB__PORT="0")
    assert done.returncode == 2
    first, second = done.stderr.splitlines()
    assert first == "helpdesk-bot: source help: the type 'flder' is not known; did you mean folder?"
    assert second == "helpdesk-bot: source wiki: evry is not known to the type folder; did you mean every?"


def is_alive(address: str) -> bool:
    """Whether the web server there answers."""
    try:
        return httpx.get(f"{address}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_run_stops_on_sigterm(desk):
    """`run` with a web port lives until SIGTERM, and ends well within 10 s."""
    with subprocess.Popen(
        [PROGRAM, "run"], env=desk.environ(HELPDESK_BOT__WEB__PORT="0"), stderr=subprocess.PIPE, cwd=desk.root
    ) as process:
        assert process.stderr is not None
        while b"http://" not in (line := process.stderr.readline()):
            assert line
        address = line.decode().split()[-1]
        while not is_alive(address):
            assert process.poll() is None
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 0
        assert time.monotonic() - start < 10


def test_reader_that_went_away(desk):
    """Output into a closed pipe ends quietly."""
    with subprocess.Popen(
        [PROGRAM, "articles", "list", "--json"],
        env=desk.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=desk.root,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(60) == 0
        assert errors == b""


def test_interrupt(desk):
    """Ctrl-C ends a command with 130 and without a traceback."""
    with subprocess.Popen(
        [PROGRAM, "articles", "add", "-", "--title", "x"],
        env=desk.environ(),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=desk.root,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(b"x" * 300_000)  # more than the pipe holds: when this is done, it reads
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_check(desk):
    """`check` tells of each part in a table, and as JSON; all is well here."""
    results = desk.json("check")
    assert {"name", "ok", "detail", "remedy", "warning"} <= set(results[0])
    names = [result["name"] for result in results]
    assert {"config", "database", "redis", "embedding model"} <= set(names)
    assert any("help" in name for name in names)
    assert all(result["ok"] for result in results)


def test_check_fails(desk):
    """A source that is not there fails `check`, with what to do."""
    desk.config.write_text(desk.config.read_text().replace('"wiki"\naudience', '"gone"\naudience'))
    done = desk.run("check")
    assert done.returncode == 1
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert "gone" in row
    assert "wiki" in row


def test_tables_on_a_terminal(desk):
    """At a terminal tables are drawn."""
    controller, end = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, "check"],
        env=desk.environ(TERM="xterm-256color", COLUMNS="100"),
        stdin=end,
        stdout=end,
        stderr=end,
        cwd=desk.root,
    ) as process:
        os.close(end)
        written = b""
        try:
            while chunk := os.read(controller, 65536):
                written += chunk
        except OSError:
            pass
        assert process.wait(60) == 0
    os.close(controller)
    assert "─" in written.decode()


def test_json_is_the_only_output(desk):
    """With --json even a debug log leaves standard output alone."""
    done = desk.run("articles", "list", "--json", HELPDESK_BOT__LOG__LEVEL="debug")
    assert json.loads(done.stdout) == []


def test_a_platform_that_cannot_be_reached_ends_run_with_one_line(desk: Desk) -> None:
    """`run` with a token that gets nowhere says so in one plain line and exits with 1."""
    done = desk.run(
        "run",
        SLACK_BOT_TOKEN="xoxb-1-2-3",
        SLACK_APP_TOKEN="xapp-1-2-3",
        SLACK_API_URL="http://127.0.0.1:9/api/",
    )
    plain = [line for line in done.stderr.splitlines() if line.startswith("helpdesk-bot:")]
    assert done.returncode == 1
    assert len(plain) == 1
    assert "slack" in plain[0]
    assert "Traceback" not in done.stderr
