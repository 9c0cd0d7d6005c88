"""A small helpdesk for tests of the command line: its config, its articles, and `helpdesk-bot` as a process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).parent / "helpdesk-bot"
ARTICLES = {
    "reset-password.md": "# Reset your password\n\nTo reset your password:\n\n1. Open **Settings**.\n"
    "2. Choose **Security**.\n3. Press **Reset password** and follow the e-mail.\n",
    "cancel-invoice.md": "---\nupdated_at: 2025-03-04\nurl: https://help.example.com/cancel-invoice\n---\n"
    "# Cancel an invoice\n\nAn invoice can be cancelled within 14 days of its date. Open **Billing**, choose "
    "the invoice and press **Cancel**.\n",
    "export.md": "# Export your data\n\nOpen **Account** and press **Export**. The archive is a ZIP file.\n",
}
SECRETS = {"vpn.md": "# Rotate the VPN key\n\nThe VPN key is rotated on the first Monday of each month.\n"}
CONFIG = """
data_dir = "data"
[[sources]]
name = "help"
type = "folder"
path = "articles"
audience = ["public"]
[[sources]]
name = "wiki"
type = "folder"
path = "wiki"
audience = ["internal"]
"""


class Desk:
    """A folder with a config, two sources and the bot's data; the exported model is shared by all tests."""

    def __init__(self, root: Path, models: Path) -> None:
        self.root = root
        self.data = root / "data"
        self.config = root / "helpdesk-bot.toml"
        self.config.write_text(CONFIG)
        for folder, files in (("articles", ARTICLES), ("wiki", SECRETS)):
            (root / folder).mkdir()
            for name, text in files.items():
                (root / folder / name).write_text(text)
        self.data.mkdir()
        (self.data / "models").symlink_to(models)

    def environ(self, **more: str) -> dict[str, str]:
        """The environment of the process: nobody's settings but this desk's."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("HELPDESK_BOT", "SLACK_", "DISCORD_", "XDG_RUNTIME"))
        }
        return {**kept, "HELPDESK_BOT_CONFIG": str(self.config), **more}

    def run(
        self, *arguments: str | Path, stdin: bytes = b"", **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        done = subprocess.run(
            [PROGRAM, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            cwd=self.root,
            env=self.environ(**environ),
            timeout=110,
            check=False,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def json(self, *arguments: str | Path, stdin: bytes = b"", code: int = 0) -> Any:
        """Run a command with --json and give its value, which is all that stands on standard output."""
        done = self.run(*arguments, "--json", stdin=stdin)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)
