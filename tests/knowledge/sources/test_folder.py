"""The folder source on real folders of real files."""

from __future__ import annotations

import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.settings import SourceSettings
from knowledge.errors import PermanentSourceError, TransientSourceError
from knowledge.models import Article, Failed, Found, ListingComplete, Unchanged
from knowledge.sources.base import build_source
from knowledge.sources.folder import FolderOptions, FolderSource
from tests.knowledge.sources import documents

PUBLIC = frozenset({"public"})


def source(folder: Path, audience: frozenset[str] = PUBLIC, **options: object) -> FolderSource:
    """Build the source of a folder."""
    return FolderSource("docs", folder, audience, FolderOptions.model_validate(options))


async def listing(
    folder: FolderSource, known: dict[str, str] | None = None, *, full: bool = False
) -> list[Found]:
    """List all that a source yields."""
    return [found async for found in folder.articles(known or {}, full=full)]


def articles(found: list[Found]) -> dict[str, Article]:
    """Give the articles of a listing by id."""
    return {one.id: one for one in found if isinstance(one, Article)}


def revisions(found: list[Found]) -> dict[str, str]:
    """Give the revisions of a listing's articles, as a library would know them."""
    return {one.id: one.revision for one in found if isinstance(one, Article)}


def failures(found: list[Found]) -> dict[str, str]:
    """Give the reasons of a listing's failures by id."""
    return {one.article_id: one.reason for one in found if isinstance(one, Failed)}


async def only(folder: Path, text: str | bytes, audience: frozenset[str] = PUBLIC) -> Article:
    """List a folder of one Markdown file; give its article."""
    (folder / "a.md").write_bytes(text.encode() if isinstance(text, str) else text)
    [article, complete] = await listing(source(folder, audience))
    assert isinstance(article, Article)
    assert complete == ListingComplete()
    return article


async def why_not(folder: Path, data: bytes, name: str = "a.md") -> str:
    """List a folder of a bad and a good file; give the reason why the bad one failed."""
    (folder / name).write_bytes(data)
    (folder / "good.md").write_text("# Good\n\nStill here.")
    found = await listing(source(folder))
    assert set(articles(found)) == {"good.md"}
    assert found[-1] == ListingComplete()
    return failures(found)[name]


async def test_every_kind_of_file_becomes_an_article(tmp_path: Path) -> None:
    """Markdown, HTML, text, PDF and DOCX at any depth are read, hidden and other files are not."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.md").write_text("# From Markdown\n\nBody.")
    (tmp_path / "deep" / "b.HTML").write_text("<title>T</title><h1>From HTML</h1><p>Body.</p>")
    (tmp_path / "deep" / "er" / "c.txt").write_text("Just text.")
    (tmp_path / "d.pdf").write_bytes(documents.pdf("From PDF"))
    (tmp_path / "e.docx").write_bytes(documents.docx(documents.paragraph("From Word")))
    (tmp_path / ".hidden.md").write_text("no")
    (tmp_path / ".git" / "x.md").write_text("no")
    (tmp_path / "logo.png").write_bytes(b"no")
    found = await listing(source(tmp_path))
    assert {one.id: (one.title, one.body) for one in articles(found).values()} == {
        "a.md": ("From Markdown", "Body.\n"),
        "d.pdf": ("D", "From PDF\n"),
        "deep/b.HTML": ("From HTML", "Body.\n"),
        "deep/er/c.txt": ("C", "Just text.\n"),
        "e.docx": ("E", "From Word\n"),
    }
    assert found[-1] == ListingComplete()
    assert len(found) == 6


async def test_front_matter_is_read(tmp_path: Path) -> None:
    """Front matter gives id, title, url, language, date, labels; what is unknown is ignored."""
    article = await only(
        tmp_path,
        "---\nid: 007\ntitle: 'A title: with colon'\nurl: https://help.example/7\nlanguage: no\n"
        "date: 2024-03-01\ntags: [a, b]\nlayout: page\n---\n\n# Section\n\nBody.\n",
    )
    assert (article.id, article.title, article.url) == (
        "007",
        "A title: with colon",
        "https://help.example/7",
    )
    assert (article.language, article.labels) == ("no", ("a", "b"))
    assert article.updated_at == datetime(2024, 3, 1, tzinfo=UTC)
    assert article.body == "# Section\n\nBody.\n"


async def test_title_is_not_said_twice(tmp_path: Path) -> None:
    """A heading that repeats the title leaves the body; one further down parts the text and stays."""
    assert (await only(tmp_path, "---\ntitle: Refunds\n---\n# Refunds\n\nBody.")).body == "Body.\n"
    assert (await only(tmp_path, "<!-- note -->\nRefunds `now`\n===\n\nBody.")).title == "Refunds now"
    late = await only(tmp_path, "Intro.\n\n# Refunds\n\nBody.")
    assert (late.title, late.body) == ("Refunds", "Intro.\n\n# Refunds\n\nBody.\n")
    fenced = await only(tmp_path, "```\n# no title\n```\n")
    assert (fenced.title, fenced.body) == ("A", "```\n# no title\n```\n")


async def test_name_becomes_a_readable_title(tmp_path: Path) -> None:
    """Without any title the file's name is one."""
    (tmp_path / "reset_your-password.txt").write_text("Do this.")
    assert articles(await listing(source(tmp_path)))["reset_your-password.txt"].title == "Reset your password"


async def test_date_is_the_files_own_when_it_says_none(tmp_path: Path) -> None:
    """Without a date in front matter the modification time is the date, in UTC."""
    (tmp_path / "a.md").write_text("Body.")
    os.utime(tmp_path / "a.md", (1_700_000_000, 1_700_000_000))
    article = articles(await listing(source(tmp_path)))["a.md"]
    assert article.updated_at == datetime.fromtimestamp(1_700_000_000, UTC)


@pytest.mark.parametrize(
    ("of_source", "asked", "given"),
    [
        ({"public"}, "", {"public"}),
        ({"public"}, "audience: internal", {"internal"}),
        ({"public"}, "audience: [internal, public]", {"internal", "public"}),
        ({"internal"}, "audience: public", {"internal"}),
        ({"internal"}, "audience: 'public, team:billing'", {"team:billing"}),
        ({"internal"}, "Audience: []", {"internal"}),
    ],
)
async def test_front_matter_takes_public_away_and_never_adds_it(
    tmp_path: Path, of_source: set[str], asked: str, given: set[str]
) -> None:
    """Only the config can make an article public; a file can only narrow who reads it."""
    article = await only(tmp_path, f"---\n{asked}\n---\nBody.", frozenset(of_source))
    assert article.audience == frozenset(given)


async def test_audience_that_is_not_understood_hides_the_article(tmp_path: Path) -> None:
    """A wish for an audience that cannot be read must not make the article everybody's."""
    assert "a.md: its audience must be a label" in await why_not(
        tmp_path, b"---\naudience: {a: b}\n---\nBody"
    )
    assert "did you mean audience?" in await why_not(tmp_path, b"---\naudiance: internal\n---\nBody")


async def test_unchanged_files_are_not_read_again(tmp_path: Path) -> None:
    """A known revision gives Unchanged, touched or not; a changed one, or `full`, gives the article."""
    (tmp_path / "a.md").write_text("---\nid: first\n---\nBody.")
    (tmp_path / "b.pdf").write_bytes(documents.pdf("Words"))
    folder = source(tmp_path)
    known = revisions(await listing(folder))
    os.utime(tmp_path / "a.md", (1, 1))
    again = await listing(folder, known)
    assert again == [Unchanged("first"), Unchanged("b.pdf"), ListingComplete()]
    assert folder._converter._process is None
    assert revisions(await listing(folder, known, full=True)) == known
    (tmp_path / "a.md").write_text("---\nid: first\n---\nAnother.")
    assert [type(one) for one in await listing(folder, known)] == [Article, Unchanged, ListingComplete]
    await folder.close()


async def test_revision_follows_the_sources_audience(tmp_path: Path) -> None:
    """Who may read is part of the revision: a change of config re-reads every file."""
    (tmp_path / "a.md").write_text("Body.")
    known = revisions(await listing(source(tmp_path)))
    [article, _] = await listing(source(tmp_path, frozenset({"internal"})), known)
    assert isinstance(article, Article)
    assert article.audience == {"internal"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x89PNG\x00\x01", "a.md: is binary, not text (a NUL byte at offset 4)"),
        (b"line\ncaf\xe9", "a.md: is not valid UTF-8 at byte offset 8 (line 2); save it as UTF-8"),
        (b"", "a.md: has no text"),
        (b"---\ntitle: Only a title\n---\n", "a.md: has no text"),
        (b"# Only a title\n", "a.md: has no text"),
        (b"---\ntitle: a: b\n---\nBody", "a.md: its front matter is no YAML (line 2)"),
        (b"---\nok: 1\nx: [1, 2\n---\nBody", "a.md: its front matter is no YAML (line"),
        (b"---\nx: " + b"[" * 30_000 + b"\n---\nBody", "a.md: its front matter is nested over 100 levels"),
        (b"---\nx:\n" + b"- " * 30_000 + b"\n---\nBody", "a.md: its front matter is nested over 100 levels"),
        (b"---\nx: " + b"y" * 70_000 + b"\n---\nBody", "a.md: its front matter is over 64 kB"),
        (b"---\nid: [1]\n---\nBody", "a.md: its id must be text"),
        (b"---\nid: " + b"y" * 600 + b"\n---\nBody", "a.md: its id is longer than 512"),
    ],
)
async def test_bad_file_names_itself_and_the_rest_goes_on(tmp_path: Path, data: bytes, reason: str) -> None:
    """Each fault of a file names the file, the place and the remedy."""
    assert (await why_not(tmp_path, data)).startswith(reason)


async def test_alias_bomb_is_harmless(tmp_path: Path) -> None:
    """YAML aliases that would expand to billions of items cost nothing, as nothing expands them."""
    rows = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    rows += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    started = time.perf_counter()
    assert (await only(tmp_path, "---\n" + "\n".join(rows) + "\ntags: *a19\n---\nBody")).labels == ()
    assert time.perf_counter() - started < 2


async def test_rule_at_the_top_is_no_front_matter(tmp_path: Path) -> None:
    """A text that begins with a rule keeps all its words."""
    assert (await only(tmp_path, "---\nJust prose.\n")).body == "---\nJust prose.\n"
    assert (await only(tmp_path, "---\nprose\n---\nmore\n")).body == "---\nprose\n---\nmore\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
async def test_byte_order_mark_decides_the_encoding(tmp_path: Path, encoding: str) -> None:
    """Files that Windows editors save as Unicode are read."""
    assert (await only(tmp_path, "# Café ☕\r\n\r\nBody.".encode(encoding))).title == "Café ☕"


async def test_declared_encoding_of_a_page_is_honoured(tmp_path: Path) -> None:
    """An HTML file says its own encoding; a wrong one names the file."""
    page = "<meta charset='{}'><h1>Café “quoted”</h1><p>Body</p>"
    (tmp_path / "a.html").write_bytes(page.format("iso-8859-1").encode("cp1252"))
    (tmp_path / "b.html").write_bytes(page.format("klingon").encode())
    (tmp_path / "c.html").write_bytes("<h1>Café</h1>".encode("latin-1"))
    found = await listing(source(tmp_path))
    assert articles(found)["a.html"].title == "Café “quoted”"
    assert failures(found)["b.html"].startswith("b.html: declares the unknown encoding 'klingon'")
    assert failures(found)["c.html"].startswith("c.html: is not valid UTF-8 at byte offset 7")


async def test_huge_file_is_not_read(tmp_path: Path) -> None:
    """A file over the limit is refused by its size alone."""
    with (tmp_path / "huge.md").open("wb") as file:
        file.truncate(200_000_000)
    started = time.perf_counter()
    reason = failures(await listing(source(tmp_path)))["huge.md"]
    assert reason.startswith(
        "huge.md: has 200.0 MB, more than the 50 MB allowed; split it, or raise max_bytes"
    )
    assert time.perf_counter() - started < 0.5
    (tmp_path / "small.md").write_text("more than ten bytes")
    assert set(failures(await listing(source(tmp_path, max_bytes=10)))) == {"huge.md", "small.md"}


async def test_two_files_with_one_id(tmp_path: Path) -> None:
    """The first by path has the id, the second fails naming both, also when nothing changed."""
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text(f"---\nid: same\n---\nI am {name}.")
    found = await listing(source(tmp_path))
    assert articles(found)["same"].body == "I am a.md.\n"
    reason = "b.md: has the id 'same', as a.md does, which comes first; change one"
    assert failures(found) == {"b.md": reason}
    again = await listing(source(tmp_path), revisions(found))
    assert again == [Unchanged("same"), Failed("b.md", reason), ListingComplete()]


async def test_failed_file_keeps_the_article_it_was(tmp_path: Path) -> None:
    """A file that can no longer be read fails under the id it had, so its article is kept."""
    (tmp_path / "a.md").write_text("---\nid: chosen\n---\nBody.")
    known = revisions(await listing(source(tmp_path)))
    (tmp_path / "a.md").write_bytes(b"\x00\x00")
    assert set(failures(await listing(source(tmp_path), known))) == {"chosen"}


async def test_draft_is_no_article(tmp_path: Path) -> None:
    """What says that it is a draft, or not published, is left out without being a failure."""
    (tmp_path / "a.md").write_text("---\ndraft: true\n---\nBody.")
    (tmp_path / "b.md").write_text("---\npublished: false\n---\nBody.")
    assert await listing(source(tmp_path)) == [ListingComplete()]


async def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    """A symbolic link to a file or folder outside fails by name; a broken one and a loop do too."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    (root / "file.md").symlink_to(outside / "secret.md")
    (root / "folder").symlink_to(outside)
    (root / "broken.md").symlink_to("nowhere.md")
    (root / "loop.md").symlink_to("loop.md")
    (root / "passwd").symlink_to("/etc/passwd")
    found = await listing(source(root))
    assert articles(found) == {}
    assert {name: reason.split(";")[0] for name, reason in failures(found).items()} == {
        "broken.md": "broken.md: is a symbolic link to nothing (No such file or directory)",
        "file.md": "file.md: is a symbolic link out of the folder and is not followed",
        "folder": "folder: is a symbolic link out of the folder and is not followed",
        "loop.md": "loop.md: is a symbolic link to nothing (Too many levels of symbolic links)",
    }


async def test_folder_behind_a_broken_link_keeps_its_articles(tmp_path: Path) -> None:
    """A link whose folder is gone for now fails for all that was read behind it, so that nothing is removed."""
    (tmp_path / ".mount").mkdir()
    (tmp_path / ".mount" / "a.md").write_text("Body.")
    (tmp_path / "manual").symlink_to(".mount")
    known = revisions(await listing(source(tmp_path)))
    assert set(known) == {"manual/a.md"}
    (tmp_path / ".mount").rename(tmp_path / ".elsewhere")
    assert set(failures(await listing(source(tmp_path), known))) == {"manual", "manual/a.md"}


async def test_links_inside_the_folder_are_read_once(tmp_path: Path) -> None:
    """A link to what is read anyway adds nothing, a cycle ends, and a link to a hidden place is read."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.md").write_text("A.")
    (tmp_path / "real" / "up").symlink_to("..")
    (tmp_path / "again").symlink_to("real")
    (tmp_path / "a.md").symlink_to("real/a.md")
    (tmp_path / "..data").mkdir()  # how Kubernetes mounts a ConfigMap
    (tmp_path / "..data" / "mounted.md").write_text("Mounted.")
    (tmp_path / "mounted.md").symlink_to("..data/mounted.md")
    found = await listing(source(tmp_path))
    assert set(articles(found)) == {"real/a.md", "mounted.md"}
    assert failures(found) == {}


async def test_a_pipe_does_not_hold_the_listing(tmp_path: Path) -> None:
    """A named pipe called .md fails instead of being waited for."""
    os.mkfifo(tmp_path / "pipe.md")
    assert failures(await listing(source(tmp_path)))["pipe.md"].startswith("pipe.md: is no regular file")


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="other systems refuse such a name themselves")
async def test_name_that_is_no_utf8_fails(tmp_path: Path) -> None:
    """A file's name that is no text fails, with a name that can be printed and stored."""
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.md")).write_text("Body.")
    [(name, reason)] = failures(await listing(source(tmp_path))).items()
    assert name == "caf\N{REPLACEMENT CHARACTER}.md"
    assert reason.endswith("its name is not UTF-8; rename it")


async def test_missing_folder_is_for_a_person_to_mend(tmp_path: Path) -> None:
    """A folder that is not there, or is a file, is a permanent error with the path in it."""
    with pytest.raises(PermanentSourceError, match=r"the folder .*/gone cannot be read"):
        await listing(source(tmp_path / "gone"))
    (tmp_path / "file").write_text("")
    with pytest.raises(PermanentSourceError, match=r"file is no folder"):
        await source(tmp_path / "file").check()


async def test_folder_that_goes_away_removes_nothing(tmp_path: Path) -> None:
    """A folder that vanishes while it is read ends the listing in a transient error, never complete."""
    root = tmp_path / "root"
    root.mkdir()
    for number in range(200):
        (root / f"{number:03}.md").write_text("Body.")
    found: list[Found] = []
    with pytest.raises(TransientSourceError, match=r"went away while it was read; nothing was removed"):  # noqa: PT012 - it happens in the midst
        async for one in source(root).articles({}):
            if not found:
                shutil.rmtree(root)
            found.append(one)
    assert ListingComplete() not in found
    assert len(found) == 200


async def test_unreadable_subfolder_removes_nothing(tmp_path: Path) -> None:
    """When a subfolder cannot be entered the rest is read, and the listing ends in a transient error."""
    (tmp_path / "a.md").write_text("Body.")
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(20):  # a path longer than the system opens is unreadable even for root
            os.mkdir("d" * 250, dir_fd=here)
            deeper = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = deeper
    finally:
        os.close(here)
    found: list[Found] = []
    with pytest.raises(TransientSourceError, match=r"File name too long"):  # noqa: PT012 - what came before counts
        async for one in source(tmp_path).articles({}):
            found.append(one)  # noqa: PERF401 - as above
    assert set(articles(found)) == {"a.md"}
    with pytest.raises(PermanentSourceError, match=r"cannot read ddd"):
        await source(tmp_path).check()


async def test_a_file_that_vanishes_is_kept(tmp_path: Path) -> None:
    """A file that is listed and then gone fails under its id: only the next listing may call it removed."""
    for number in range(100):
        (tmp_path / f"{number:03}.md").write_text("Body.")
    found: list[Found] = []
    async for one in source(tmp_path).articles({}):
        (tmp_path / "099.md").unlink(missing_ok=True)
        found.append(one)
    assert set(failures(found)) == {"099.md"}


async def test_include_exclude_and_address(tmp_path: Path) -> None:
    """Globs choose the files, and base_url with the path makes the address."""
    for name in ("a.md", "b b.md", "drafts/c.md", "x.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("Body.")
    folder = source(
        tmp_path, include=["*.md"], exclude=["drafts"], base_url="https://help.example/docs/", language="de"
    )
    found = articles(await listing(folder))
    assert {one.id: one.url for one in found.values()} == {
        "a.md": "https://help.example/docs/a.md",
        "b b.md": "https://help.example/docs/b%20b.md",
    }
    assert found["a.md"].language == "de"


async def test_check_counts(tmp_path: Path) -> None:
    """Check says how many files there are and how many cannot be read."""
    (tmp_path / "a.md").write_text("Body.")
    (tmp_path / "b.md").symlink_to("nowhere")
    assert await source(tmp_path).check() == "1 files, 1 not readable"


async def test_built_from_settings(tmp_path: Path) -> None:
    """The entry points build the source; wrong types and options name what was meant."""
    settings = {"name": "docs", "audience": PUBLIC, "path": tmp_path, "type": "folder"}
    (tmp_path / "a.md").write_text("Body.")
    built = build_source(SourceSettings.model_validate(settings))
    assert isinstance(built, FolderSource)
    assert await built.check() == "1 files"
    for change, message in (
        ({"type": "foldr"}, "source docs: the type 'foldr' is not known; did you mean folder?"),
        ({"inclde": ["*.md"]}, "inclde is not known to the type folder; did you mean include?"),
        ({"max_bytes": 0}, "max_bytes: Input should be greater than or equal to 1"),
        ({"path": None}, "a folder needs a path"),
    ):
        with pytest.raises(PermanentSourceError) as error:
            build_source(SourceSettings.model_validate(settings | change))
        assert message in str(error.value)


async def test_unchanged_listing_is_fast(tmp_path: Path) -> None:
    """752 unchanged files are listed in well under a second (0.13 s alone on two cores)."""
    for number in range(752):
        (tmp_path / f"{number}.md").write_text(f"---\ntitle: Article {number}\n---\n" + "Some words. " * 300)
    folder = source(tmp_path)
    known = revisions(await listing(folder))
    assert len(known) == 752
    times = []
    for _ in range(3):
        started = time.perf_counter()
        assert len(await listing(folder, known)) == 753
        times.append(time.perf_counter() - started)
    assert min(times) < 0.6
