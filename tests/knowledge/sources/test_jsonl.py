"""The JSON Lines source on real files."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.settings import SourceSettings
from knowledge.errors import PermanentSourceError, TransientSourceError
from knowledge.models import Article, Failed, Found, ListingComplete, Unchanged
from knowledge.sources.base import build_source
from knowledge.sources.jsonl import JsonlOptions, JsonlSource

if TYPE_CHECKING:
    from pathlib import Path

PUBLIC = frozenset({"public"})
GOOD = {"id": "a", "title": "Refunds", "url": "https://help.example/a", "body_markdown": "Body."}


def source(path: Path, **options: object) -> JsonlSource:
    """Build the source of a file."""
    return JsonlSource("kb", path, PUBLIC, JsonlOptions.model_validate(options))


async def listing(
    one: JsonlSource, known: dict[str, str] | None = None, *, full: bool = False
) -> list[Found]:
    """List all that a source yields."""
    return [found async for found in one.articles(known or {}, full=full)]


async def of_lines(folder: Path, *lines: object, known: dict[str, str] | None = None) -> list[Found]:
    """Write a file of lines, bytes as they are and others as JSON, and list it."""
    path = folder / "kb.jsonl"
    texts = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    path.write_bytes(b"\n".join(texts))
    return await listing(source(path), known)


async def test_line_becomes_an_article(tmp_path: Path) -> None:
    """All fields of a line are read; its id may be a number."""
    row = GOOD | {
        "id": 17,
        "updated_at": "2025-02-03T04:05:06+01:00",
        "audience": ["internal"],
        "language": "de_CH",
        "labels": ["billing"],
        "body_markdown": "# Refunds\r\n\r\nBody.",
    }
    [article, complete] = await of_lines(tmp_path, row)
    assert isinstance(article, Article)
    assert (article.source, article.id, article.title, article.body) == ("kb", "17", "Refunds", "Body.\n")
    assert article.updated_at == datetime(2025, 2, 3, 3, 5, 6, tzinfo=UTC)
    assert (article.audience, article.language, article.labels) == ({"internal"}, "de-CH", ("billing",))
    assert article.url == "https://help.example/a"
    assert complete == ListingComplete()


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (
            b'{"id": "cut", "title": "Ref',
            "is no JSON, or is cut off (Unterminated string starting at column 24); write the line again",
        ),
        (b"[1, 2]", "is JSON, but no object in braces"),
        (b"null", "is JSON, but no object in braces"),
        (b'{"id": "\xff"}', "is not valid UTF-8 at its byte 8"),
        (b"[" * 100_000, "is no JSON that can be read (RecursionError)"),
        (b'{"id": ' + b"9" * 5000 + b"}", "is no JSON that can be read (ValueError)"),
        (b'{"title": "x", "body_markdown": "y"}', "its id must be text or a whole number"),
        (b'{"id": true}', "its id must be text or a whole number"),
        (b'{"id": " "}', "its id is empty"),
    ],
)
async def test_line_of_an_unknown_article_removes_nothing(tmp_path: Path, line: bytes, fault: str) -> None:
    """A line that cannot be read names file and line, the rest goes on, and the listing is not complete."""
    found = await of_lines(tmp_path, GOOD, b"", line, GOOD | {"id": "b"})
    assert [one.id for one in found if isinstance(one, Article)] == ["a", "b"]
    [failed] = [one for one in found if isinstance(one, Failed)]
    assert failed.article_id == "kb.jsonl:3"
    assert failed.reason.startswith(f"kb.jsonl:3: {fault}")
    assert "no article is removed until this line is mended" in failed.reason
    assert ListingComplete() not in found


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"title": None}, "kb.jsonl:1: title must be there, as text"),
        ({"title": 5, "body_markdown": None}, "kb.jsonl:1: title and body_markdown must be there, as text"),
        ({"body_markdown": " \n"}, "kb.jsonl:1: has no text"),
        ({"body_markdown": "# Refunds"}, "kb.jsonl:1: has no text"),
        ({"title": " "}, "kb.jsonl:1: has no title"),
        ({"audience": 5}, "kb.jsonl:1: its audience must be a label or a list of labels"),
    ],
)
async def test_line_of_a_known_article_keeps_only_that(
    tmp_path: Path, change: dict[str, object], fault: str
) -> None:
    """A line with an id that lacks something fails under its id, and the listing is complete."""
    found = await of_lines(tmp_path, GOOD | change, GOOD | {"id": "b"})
    assert isinstance(found[0], Failed)
    assert found[0].article_id == "a"
    assert found[0].reason.startswith(fault)
    assert found[-1] == ListingComplete()


async def test_two_lines_with_one_id(tmp_path: Path) -> None:
    """The first line has the id, the second fails naming both."""
    found = await of_lines(tmp_path, GOOD, GOOD | {"title": "Other"})
    reason = "kb.jsonl:2: has the id 'a' of line 1, which comes first; give one another id"
    assert found[1:] == [Failed("kb.jsonl:2", reason), ListingComplete()]


async def test_unchanged_lines(tmp_path: Path) -> None:
    """A line with its known revision is Unchanged wherever it stands; a changed one is the article."""
    found = await of_lines(tmp_path, GOOD, GOOD | {"id": "b"})
    known = {one.id: one.revision for one in found if isinstance(one, Article)}
    moved = await of_lines(tmp_path, GOOD | {"id": "b"}, GOOD, known=known)
    assert moved == [Unchanged("b"), Unchanged("a"), ListingComplete()]
    assert (
        sum(
            isinstance(one, Article) for one in await listing(source(tmp_path / "kb.jsonl"), known, full=True)
        )
        == 2
    )
    changed = await of_lines(tmp_path, GOOD | {"title": "New"}, GOOD | {"id": "b"}, known=known)
    assert [type(one) for one in changed] == [Article, Unchanged, ListingComplete]


async def test_text_is_made_storable(tmp_path: Path) -> None:
    """NUL characters and lone surrogates, which databases refuse, do not come through."""
    [article, _] = await of_lines(tmp_path, GOOD | {"body_markdown": "a\x00b \ud800 c \U0001f600"})
    assert isinstance(article, Article)
    assert article.body == "ab \N{REPLACEMENT CHARACTER} c \U0001f600\n"


async def test_byte_order_mark_and_windows_newlines(tmp_path: Path) -> None:
    """A file that a Windows editor saved is read."""
    path = tmp_path / "kb.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\r\n\r\n")
    assert [type(one) for one in await listing(source(path))] == [Article, ListingComplete]


async def test_line_without_end_is_passed_over(tmp_path: Path) -> None:
    """A line longer than the limit is not held in memory; what follows it is read."""
    path = tmp_path / "kb.jsonl"
    path.write_bytes(b"x" * 5_000_000 + b"\n" + json.dumps(GOOD).encode())
    found = await listing(source(path, max_bytes=1000))
    assert isinstance(found[0], Failed)
    assert found[0].reason.startswith("kb.jsonl:1: is longer than max_bytes")
    assert isinstance(found[1], Article)
    assert len(found) == 2


async def test_file_written_while_it_is_read_removes_nothing(tmp_path: Path) -> None:
    """When the file changes under the listing it ends in a transient error, never in completeness."""
    path = tmp_path / "kb.jsonl"
    path.write_text("".join(json.dumps(GOOD | {"id": number}) + "\n" for number in range(2000)))
    found: list[Found] = []
    with pytest.raises(TransientSourceError, match="was written while it was read; nothing was removed"):  # noqa: PT012 - in the midst
        async for one in source(path).articles({}):
            if not found:
                os.truncate(path, 1000)
            found.append(one)
    assert ListingComplete() not in found


async def test_missing_file_is_for_a_person_to_mend(tmp_path: Path) -> None:
    """A file that is not there is a permanent error with the path in it, from check too."""
    with pytest.raises(PermanentSourceError, match=r"the file .*kb.jsonl cannot be read \(No such file"):
        await listing(source(tmp_path / "kb.jsonl"))
    with pytest.raises(PermanentSourceError, match=r"Is a directory"):
        await source(tmp_path).check()


async def test_built_from_settings(tmp_path: Path) -> None:
    """The entry point builds the source; check counts its lines; a wrong option names what was meant."""
    path = tmp_path / "kb.jsonl"
    path.write_text(json.dumps(GOOD) + "\n\n")
    values = {"name": "kb", "type": "jsonl", "path": path, "audience": PUBLIC}
    assert await build_source(SourceSettings.model_validate(values)).check() == "1 lines"
    with pytest.raises(
        PermanentSourceError, match=r"langage is not known to the type jsonl; did you mean language\?"
    ):
        build_source(SourceSettings.model_validate(values | {"langage": "de"}))


async def test_three_megabytes_are_quick(tmp_path: Path) -> None:
    """A file of 3 MB is read in about a second, and in a tenth of that when nothing changed."""
    path = tmp_path / "kb.jsonl"
    body = "Some words of an article, with a [link](https://help.example/x). " * 65
    path.write_text(
        "".join(
            json.dumps(GOOD | {"id": n, "body_markdown": f"# Title {n}\n\n{body}"}) + "\n" for n in range(752)
        )
    )
    assert path.stat().st_size > 3_000_000
    started = time.perf_counter()
    known = {one.id: one.revision for one in await listing(source(path)) if isinstance(one, Article)}
    assert len(known) == 752
    assert time.perf_counter() - started < 5
    started = time.perf_counter()
    assert len(await listing(source(path), known)) == 753
    assert time.perf_counter() - started < 0.6


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(min_value=1), lines=st.integers(min_value=1, max_value=4))
async def test_a_file_cut_anywhere_in_a_line_is_never_complete(tmp_path: Path, cut: int, lines: int) -> None:
    """However a file is cut inside a line, nothing may be removed by absence."""
    line = json.dumps(GOOD).encode()
    cut = cut % (len(line) - 1) + 1
    found = await of_lines(tmp_path, *[GOOD | {"id": n} for n in range(lines)], line[:cut])
    assert ListingComplete() not in found
    assert sum(isinstance(one, Article) for one in found) == lines
