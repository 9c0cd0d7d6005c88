"""What the bench parts share: articles to measure on, a bot over them, and rows for the table."""

from __future__ import annotations

import argparse
import json
import logging
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from config.settings import Settings, load_settings

RESULTS = Path(__file__).resolve().parent / "results"
GENERATED_ARTICLES = 752
MOST_ARTICLES = 300
_VOCABULARY = (
    "account address admin alert amount backup badge billing browser budget button calendar card "
    "change charge client code company connect console cookie copy country customer date day delete "
    "device discount download entry error export field file folder group hour import invite invoice "
    "key language limit link list mail member menu message minute mobile month name network note "
    "number open order owner page password payment person phone plan policy project rate refund "
    "report reset role rule screen search seat select server session setting share sign status step "
    "support sync table tax team ticket time timer token update upload user value version view week "
    "window workspace year "
)
WORDS = _VOCABULARY.split()


@dataclass
class Rows:
    """The rows of one part: what was measured, its value, its target and whether that was met."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, measure: str, value: object, target: str = "", *, met: bool | None = None) -> None:
        """Add a row."""
        self.rows.append({"measure": measure, "value": value, "target": target, "met": met})

    def write(self, path: Path | None) -> None:
        """Write the rows for bench/run.py, or print them."""
        text = json.dumps(self.rows, indent=2)
        if path is None:
            print(text)
        else:
            path.write_text(text)


def arguments(description: str | None) -> argparse.Namespace:
    """Parse what every part understands."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", type=Path, help="write the rows here instead of printing them")
    parser.add_argument("--data", type=Path, help="folder with question sets (sumo/, wixqa/)")
    parser.add_argument("--quick", action="store_true", help="fewer passages and repeats")
    return parser.parse_args()


def quiet_logs() -> None:
    """Only warnings: the parts print their own figures."""
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.KeyValueRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )


def article_file(data: Path | None, folder: Path, *, quick: bool) -> Path:
    """Give a JSONL file of articles in `folder`: real ones where `data` has them, else generated."""
    target = folder / "articles.jsonl"
    if data is not None:
        lines = (data / "sumo" / "articles.jsonl").read_text(encoding="utf-8").splitlines()
    else:
        rng = random.Random(7)
        lines = [json.dumps(_generated(number, rng)) for number in range(GENERATED_ARTICLES)]
    target.write_text("\n".join(lines[: 100 if quick else MOST_ARTICLES]) + "\n", encoding="utf-8")
    return target


def settings_for(articles: Path, folder: Path) -> Settings:
    """Give the settings of a bot over `articles` that keeps its data in `folder`."""
    config = folder / "helpdesk-bot.toml"
    config.write_text(
        f'data_dir = "data"\n[[sources]]\nname = "bench"\ntype = "jsonl"\npath = "{articles}"\naudience = ["public"]\n',
        encoding="utf-8",
    )
    return load_settings(config, {})


def _generated(number: int, rng: random.Random) -> dict[str, str]:
    sections = [
        f"## {' '.join(rng.choices(WORDS, k=3)).title()}\n\n"
        + " ".join(" ".join(rng.choices(WORDS, k=rng.randint(6, 18))).capitalize() + "." for _ in range(12))
        for _ in range(rng.randint(1, 5))
    ]
    title = f"{' '.join(rng.choices(WORDS, k=4)).title()} {number}"
    return {
        "id": f"generated-{number}",
        "title": title,
        "url": f"https://help.example/{number}",
        "body_markdown": "\n\n".join(sections),
    }
