"""Law 7: nothing that was acknowledged is lost, whenever the plug is pulled.

Each round starts a real `helpdesk-bot` process (a sync, a reindex or an `articles add`), kills its whole process group
with SIGKILL at a random moment, then starts the bot again and compares. TEST_KILLS says how many rounds.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.app import App
from config.settings import load_settings

ROUNDS = int(os.environ.get("TEST_KILLS", "5"))
PROGRAM = Path(sys.executable).parent / "helpdesk-bot"
_VOCABULARY = "invoice timer seat plan vpn password export budget webhook retainer calendar key refund badge"
WORDS = _VOCABULARY.split()


@dataclass
class Desk:
    """A helpdesk's folder, the bot's data, and what the bot has acknowledged."""

    root: Path
    rng: random.Random
    acknowledged: set[str] = field(default_factory=set)
    added: int = 0

    @property
    def articles(self) -> Path:
        """The folder that is synced."""
        return self.root / "articles"

    @property
    def config(self) -> Path:
        """The config file."""
        return self.root / "helpdesk-bot.toml"

    def prepare(self, count: int, models: Path) -> None:
        """Write the config and the first articles; the exported model is shared, since making it is not the fact."""
        self.articles.mkdir()
        (self.root / "data").mkdir(mode=0o700)
        (self.root / "data" / "models").symlink_to(models)
        self.config.write_text(
            'data_dir = "data"\n[[sources]]\nname = "desk"\ntype = "folder"\npath = "articles"\n'
            'audience = ["public"]\n[log]\nlevel = "warning"\n',
            encoding="utf-8",
        )
        for number in range(count):
            self.write(number)

    def write(self, number: int) -> None:
        """Make an article or change it."""
        body = "\n\n".join(
            f"## {self.rng.choice(WORDS).title()} {part}\n\n" + " ".join(self.rng.choices(WORDS, k=40)) + "."
            for part in range(3)
        )
        (self.articles / f"a{number}.md").write_text(f"# Article {number}\n\n{body}\n", encoding="utf-8")

    def change(self) -> None:
        """Edit some articles, remove one, add one."""
        numbers = sorted(int(path.stem[1:]) for path in self.articles.glob("*.md"))
        for number in self.rng.sample(numbers, 6):
            self.write(number)
        (self.articles / f"a{numbers[0]}.md").unlink()
        self.write(numbers[-1] + 1)

    def command(self) -> list[str]:
        """Choose what is going to be killed."""
        kind = self.rng.choices(["sync", "add", "reindex"], [6, 6, 1])[0]
        if kind != "add":
            return [kind, "--json"]
        self.added += 1
        path = self.root / f"added-{self.added}.md"
        path.write_text(
            f"---\nid: added-{self.added}\n---\n# Added {self.added}\n\nThe number is {self.added}.\n"
        )
        return ["articles", "add", str(path), "--json"]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the bot in a process group of its own."""
        return subprocess.Popen(
            [PROGRAM, "--config", self.config, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={key: value for key, value in os.environ.items() if not key.startswith("HELPDESK_BOT__")},
        )

    def run(self, *arguments: str) -> str:
        """Run the bot to its end and give what it printed."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=110)
        assert process.returncode == 0, f"{arguments}: {err}"
        return out

    def kill(self, arguments: list[str], longest: float) -> bool:
        """Run the bot, kill it at a random moment; True when it had ended before. Notes what it acknowledged."""
        process = self.start(*arguments)
        try:
            out, _err = process.communicate(timeout=self.rng.uniform(0.2, longest))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, _err = process.communicate(timeout=20)
        ended = process.returncode == 0
        if ended and arguments[0] == "articles":
            self.acknowledged |= {row["id"] for row in json.loads(out)["added"]}
        return ended

    def listed(self) -> dict[str, str]:
        """Article ids and their sources, as the bot lists them."""
        return {row["id"]: row["source"] for row in json.loads(self.run("articles", "list", "--json"))}


async def _library_and_index(desk: Desk) -> tuple[dict[str, str], dict[str, str]]:
    """Read what the library and the index hold, as revision by article."""
    async with App(load_settings(desk.config, {})) as app:
        library, index = await app.library(), await app.index()
        held = {str(ref): revision for ref, revision in (await library.revisions()).items()}
        return held, {str(ref): revision for ref, revision in index.known().items()}


@pytest.mark.slow
@pytest.mark.timeout(60 + 30 * ROUNDS)
async def test_nothing_is_lost_when_the_bot_is_killed(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """After every kill, a restart has every acknowledged article, and library and index agree."""
    seed = int(os.environ.get("TEST_SEED", str(random.randrange(2**32))))
    desk = Desk(tmp_path, random.Random(seed))
    desk.prepare(30, request.config.cache.mkdir("embedding-models"))
    desk.run("sync", "--json")
    desk.change()
    started = time.monotonic()
    desk.run("sync", "--json")
    longest = (time.monotonic() - started) * 1.2
    killed = 0
    for _ in range(ROUNDS):
        desk.change()
        killed += not desk.kill(desk.command(), longest)
        desk.run("sync", "--json")
        listed = desk.listed()
        assert desk.acknowledged <= listed.keys()
        assert {key for key, source in listed.items() if source == "desk"} == {
            path.name for path in desk.articles.glob("*.md")
        }
        held, indexed = await _library_and_index(desk)
        assert held == indexed
    assert killed >= ROUNDS // 3, "the kills came too late to prove anything"
