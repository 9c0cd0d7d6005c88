"""Options that several commands share, and how a command ends."""

from typing import Annotated, NoReturn

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value and nothing else.")]
Audience = Annotated[
    list[str] | None,
    typer.Option(
        "--audience", metavar="LABEL", help="See only what holders of this label may read (repeatable)."
    ),
]
Readers = Annotated[
    list[str] | None,
    typer.Option("--audience", metavar="LABEL", help="Who may read it (repeatable); internal unless said."),
]
ArticleId = Annotated[str, typer.Argument(metavar="ID", help="The article's id, or SOURCE/ID.")]
SourceName = Annotated[str, typer.Argument(metavar="SOURCE", help="Its name in the config.")]


def labels(given: list[str] | None) -> frozenset[str] | None:
    """Give the labels as a set; None when none was said."""
    return frozenset(given) if given else None


def leave(code: int) -> NoReturn:
    """End the command with this exit code."""
    raise typer.Exit(code)
