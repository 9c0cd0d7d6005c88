"""Makes the mutations of the sample help centre that tests hold the grounding against.

    python bench/grounding_mutations.py --write

Every sentence of the sample's English articles that allows a change is changed in each way once, by a fixed seed;
of each kind at most forty are drawn. Rows: {article, kind, text, changed}; the article is a path under the sample.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import frontmatter
from grounding_rows import mutations, quoted

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "knowledge/samples/help_centre"
TARGET = ROOT / "tests/knowledge/answering/grounding/mutations.jsonl"
MOST = 40
OTHER_LANGUAGES = frozenset(("de", "fr"))


def made() -> list[dict[str, str]]:
    """Give the rows, by kind and article."""
    chance = random.Random(7)
    by_kind: dict[str, list[dict[str, str]]] = {}
    for path in sorted((SAMPLE / "public").rglob("*.md")):
        if path.parent.name in OTHER_LANGUAGES:
            continue
        article = frontmatter.load(str(path))
        for stated in quoted(str(article.get("title", "")), article.content, "sample"):
            for kind, changed in mutations(stated.text, chance).items():
                row = {
                    "article": str(path.relative_to(SAMPLE)),
                    "kind": kind,
                    "text": stated.text,
                    "changed": changed,
                }
                by_kind.setdefault(kind, []).append(row)
    drawn = [row for found in by_kind.values() for row in chance.sample(found, min(MOST, len(found)))]
    return sorted(drawn, key=lambda row: (row["kind"], row["article"], row["text"]))


def main() -> None:
    """Write the rows, or say how many of each kind there are."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help=f"write {TARGET.relative_to(ROOT)}")
    options = parser.parse_args()
    rows = made()
    if options.write:
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for kind in sorted({row["kind"] for row in rows}):
        print(f"{kind:25} {sum(row['kind'] == kind for row in rows)}")


if __name__ == "__main__":
    main()
