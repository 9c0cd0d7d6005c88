"""What admins fill in to add, edit and try articles. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.local_articles import INTERNAL
from connectors.forms import Choice, Field, Form
from knowledge.models import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Collection

    from knowledge.models import Article

_MOST_CHOICES: Final = 25
_EVERYONE: Final = {PUBLIC: "public: everyone", "internal": "internal: unless said otherwise"}


def adding(title: str, text: str, labels: Collection[str]) -> Form:
    """Ask for a new article; `internal` stands first."""
    names = [*sorted(INTERNAL), *sorted(frozenset(labels) - INTERNAL)][:_MOST_CHOICES]
    options = tuple(Choice(_EVERYONE.get(name, name), name) for name in names)
    fields = (
        Field("title", "Title", title),
        Field("text", "Text", text, "text", hint="Markdown: headings, lists and code are kept"),
        Field("readers", "Who may read it", names[0], "choice", options),
    )
    return Form("add", "Add an article", fields, submit="Add")


def editing(article: Article) -> Form:
    """Show an article to be changed; it comes back with the revision that was shown."""
    fields = (
        Field("title", "Title", article.title),
        Field("text", "Text", article.body.strip(), "text"),
        Field("url", "Address where people read it", article.url or "", required=False),
        Field(
            "readers",
            "Who may read it",
            ", ".join(sorted(article.audience)),
            hint="Labels, with commas between them",
        ),
    )
    return Form("edit", "Edit an article", fields, f"{article.ref} {article.revision}")


def trying(question: str, title: str = "", text: str = "") -> Form:
    """Ask for a draft and a question that it is to answer."""
    fields = (
        Field("question", "Question", question),
        Field("title", "Title of the draft", title),
        Field("text", "Text of the draft", text, "text", hint="Nothing of it is kept"),
    )
    return Form("try", "Try a question against a draft", fields, submit="Try")
