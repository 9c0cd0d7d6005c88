"""What the commands write: results to standard output, everything else to standard error."""

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any

from connectors.console_view import without_controls as safe
from knowledge.sync import Progress

NO_ARTICLES = (
    "There are no articles yet, so every question stays unanswered. Add some: helpdesk-bot articles add PATH, or a "
    "[[sources]] table in the config file"
)


def plain(value: Any) -> Any:
    """Make JSON-serialisable data of our own: dataclasses, sets, dates."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(plain(item) for item in value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value


def print_json(value: Any) -> None:
    """Write the one object or array of a command with `--json`."""
    text = json.dumps(plain(value), ensure_ascii=False, indent=2)
    sys.stdout.write(text.encode("utf-8", "replace").decode() + "\n")


def say(text: str) -> None:
    """Write a line of the result."""
    sys.stdout.write(safe(text) + "\n")


def note(text: str) -> None:
    """Write a line for the person, beside the result."""
    sys.stderr.write(safe(text) + "\n")
    sys.stderr.flush()


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table: drawn on a terminal, tab-separated for a pipe."""
    if not sys.stdout.isatty():
        for row in (columns, *rows):
            say("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
        return
    from rich import box  # noqa: PLC0415 - a pipe does not need it
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*columns, box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(Text(safe(cell), overflow="fold") for cell in row))
    Console(highlight=False).print(table)


@contextlib.contextmanager
def progress_bars() -> Iterator[Progress]:
    """Draw a bar with an ETA for each stage of a work on a terminal's standard error; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield _silent
        return
    from rich import progress as bars  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415 - a pipe does not need it

    columns = (
        bars.SpinnerColumn(),
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
    )
    tasks: dict[str, bars.TaskID] = {}
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as shown:

        def report(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = shown.add_task(safe(stage), total=total)
            shown.update(tasks[stage], completed=done, total=total)

        yield report


def _silent(_stage: str, _done: int, _total: int | None) -> None:
    """Say nothing."""
