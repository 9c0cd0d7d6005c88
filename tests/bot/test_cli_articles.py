"""`helpdesk-bot articles …`, `sync` and `reindex`, as scripts use them."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.bot.cli_desk import Desk

PAGE = b"<html><head><title>Refunds</title></head><body><h1>Refunds</h1><p>Within 30 days.</p></body></html>"


@pytest.fixture
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Desk:
    """A desk of this test's own, nothing synced."""
    return Desk(tmp_path, request.config.cache.mkdir("embedding-models"))


@pytest.fixture
def page():
    """The address of a page on a real web server."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path == "/refunds"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(PAGE if found else b"")

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/refunds"
        server.shutdown()


def test_sync_and_list(desk):
    """A sync reports totals and sources; the list then has every article in the contract's form."""
    report = desk.json("sync")
    assert {name: report[name] for name in ("added", "updated", "removed", "unchanged", "failed")} == {
        "added": 4,
        "updated": 0,
        "removed": 0,
        "unchanged": 0,
        "failed": [],
    }
    assert report["embedded_passages"] >= 4
    assert report["seconds"] > 0
    assert [source["source"] for source in report["sources"]] == ["help", "wiki"]
    listed = desk.json("articles", "list")
    assert [set(article) for article in listed] == [
        {"id", "source", "title", "url", "revision", "updated_at", "audience"}
    ] * 4
    by_id = {article["id"]: article for article in listed}
    assert by_id["cancel-invoice.md"]["url"] == "https://help.example.com/cancel-invoice"
    assert by_id["cancel-invoice.md"]["updated_at"].startswith("2025-03-04")
    assert by_id["vpn.md"]["audience"] == ["internal"]
    assert [a["id"] for a in desk.json("articles", "list", "--audience", "internal")] == ["vpn.md"]

    again = desk.json("sync", "help")
    assert (again["unchanged"], again["embedded_passages"]) == (3, 0)
    assert [source["source"] for source in again["sources"]] == ["help"]


def test_dry_run_changes_nothing(desk):
    """--dry-run says what would happen and does none of it."""
    assert desk.json("sync", "--dry-run")["added"] == 4
    assert desk.json("articles", "list") == []


def test_sync_of_an_unknown_source(desk):
    """An unknown source is bad usage that names the nearest one, and nothing is synced."""
    done = desk.run("sync", "hepl")
    assert done.returncode == 2
    assert "help" in done.stderr
    assert desk.json("articles", "list") == []


def test_sync_with_a_broken_source(desk):
    """A source that cannot be read fails the command; the others are synced and the report is printed."""
    for path in (desk.root / "articles").iterdir():
        path.unlink()
    (desk.root / "articles").rmdir()
    report = desk.json("sync", code=1)
    assert report["added"] == 1
    assert "articles" in report["sources"][0]["error"]
    assert desk.run("sync").returncode == 1


def test_sync_with_a_broken_article(desk):
    """An article that cannot be read is named; the rest goes on and the command is done."""
    (desk.root / "articles" / "binary.md").write_bytes(b"\x00\x01\x02" * 100)
    report = desk.json("sync")
    assert report["added"] == 4
    (failed,) = report["failed"]
    assert failed["article_id"] == "binary.md"
    assert "binary" in failed["reason"]


def test_reindex(desk):
    """The index is made anew: every passage is embedded again, and says so."""
    first = desk.json("sync")
    assert desk.json("reindex")["embedded_passages"] == first["embedded_passages"]
    assert "4 articles" in desk.run("reindex").stdout


def test_add_a_file(desk, tmp_path):
    """A file becomes an internal article of the bot's own source; adding it again replaces it."""
    (tmp_path / "refunds.md").write_text("# Refunds\n\nRefunds take 30 days.\n")
    (added,) = desk.json("articles", "add", tmp_path / "refunds.md")["added"]
    assert (added["id"], added["source"], added["title"]) == ("refunds.md", "local", "Refunds")
    (listed,) = desk.json("articles", "list")
    assert listed["audience"] == ["internal"]
    assert listed["revision"] == added["revision"]
    (tmp_path / "refunds.md").write_text("# Refunds\n\nRefunds take 60 days.\n")
    desk.json("articles", "add", "refunds.md", "--audience", "public", "--audience", "team:billing")
    article = desk.json("articles", "show", "refunds.md")
    assert "60 days" in article["body"]
    assert article["audience"] == ["public", "team:billing"]
    assert len(desk.json("articles", "list")) == 1


def test_add_with_title_and_url(desk, tmp_path):
    """--title and --url stand in place of the document's own."""
    (tmp_path / "note.txt").write_text("Refunds take 30 days.\n")
    desk.run("articles", "add", "note.txt", "--title", "Refunds", "--url", "https://help.example.com/refunds")
    article = desk.json("articles", "show", "local/note.txt")
    assert (article["title"], article["url"]) == ("Refunds", "https://help.example.com/refunds")


def test_add_with_a_url_that_is_no_web_address(desk):
    """A script or a file as --url is bad usage: answers link to it."""
    for url in ("javascript:alert(1)", "file:///etc/passwd", "help.example.com", "https://", "http://[", ""):
        done = desk.run(
            "articles", "add", "-", "--title", "Refunds", "--url", url, stdin=b"Within 30 days.\n"
        )
        assert done.returncode == 2
        assert "http or https" in done.stderr
    assert desk.json("articles", "list") == []


def test_add_says_what_it_replaced(desk, tmp_path):
    """A file of the same name in another folder replaces the article: it is said, with the old title."""
    for folder, title in (("x", "Refunds"), ("y", "Invoices")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "readme.md").write_text(f"# {title}\n\nText.\n")
    done = desk.run("articles", "add", "x/readme.md")
    assert (done.stdout, done.stderr) == ("local/readme.md\tRefunds\n", "")
    done = desk.run("articles", "add", "y/readme.md")
    assert done.stdout == "local/readme.md\tInvoices\n"
    assert done.stderr == "Replaced local/readme.md (was: Refunds)\n"
    (again,) = desk.json("articles", "add", "y/readme.md")["added"]
    assert again["replaced"] is False
    (added,) = desk.json("articles", "add", "x/readme.md")["added"]
    assert added["replaced"] is True


def test_add_a_folder(desk, tmp_path):
    """A folder's articles are added with their paths as ids; a bad one is named and the command failed."""
    (tmp_path / "more" / "deep").mkdir(parents=True)
    (tmp_path / "more" / "a.md").write_text("# A\n\nText of a.\n")
    (tmp_path / "more" / "deep" / "b.md").write_text("# B\n\nText of b.\n")
    (tmp_path / "more" / "empty.md").write_text("")
    result = desk.json("articles", "add", "more", code=1)
    assert sorted(added["id"] for added in result["added"]) == ["a.md", "deep/b.md"]
    (failed,) = result["failed"]
    assert "empty.md" in failed["path"]
    assert failed["reason"]
    assert len(desk.json("articles", "list")) == 2
    assert desk.run("articles", "add", "more", "--title", "All").returncode == 2


def test_add_json_lines(desk, tmp_path):
    """A .jsonl file adds an article a line."""
    row = {"id": "kb-1", "title": "Refunds", "url": None, "body_markdown": "Refunds take 30 days."}
    (tmp_path / "kb.jsonl").write_text(json.dumps(row) + "\n")
    (added,) = desk.json("articles", "add", "kb.jsonl")["added"]
    assert added["id"] == "kb-1"


def test_add_from_standard_input(desk):
    """Standard input is an article named by its title; without any title the remedy is told."""
    (added,) = desk.json("articles", "add", "-", stdin=b"# How refunds work\n\nWithin 30 days.\n")["added"]
    assert added["id"] == "how-refunds-work"
    result = desk.json("articles", "add", "-", stdin=b"only text\n", code=1)
    assert "--title" in result["failed"][0]["reason"]
    titled = desk.json("articles", "add", "-", "--title", "Only text", stdin=b"only text\n")
    assert titled["added"][0]["title"] == "Only text"


def test_add_a_page(desk, page):
    """A page is fetched and converted; its address is its url. One that is not there is named."""
    (added,) = desk.json("articles", "add", page)["added"]
    assert added["title"] == "Refunds"
    article = desk.json("articles", "show", added["id"])
    assert article["url"] == page
    assert "Within 30 days." in article["body"]
    result = desk.json("articles", "add", f"{page}-gone", code=1)
    assert "404" in result["failed"][0]["reason"]


def test_add_what_is_not_there(desk):
    """A path that is not there is bad usage, by name."""
    done = desk.run("articles", "add", "nowhere.md")
    assert done.returncode == 2
    assert "nowhere.md" in done.stderr


def test_show(desk):
    """An article is shown with what is known of it, and JSON has all of it."""
    desk.run("sync")
    shown = desk.run("articles", "show", "help/cancel-invoice.md").stdout
    for part in ("Cancel an invoice", "https://help.example.com/cancel-invoice", "public", "14 days"):
        assert part in shown
    article = desk.json("articles", "show", "cancel-invoice.md")
    assert article["audience"] == ["public"]
    done = desk.run("articles", "show", "cancel-invoce.md")
    assert done.returncode == 1
    assert "help/cancel-invoice.md" in done.stderr


def test_remove(desk):
    """Removing asks for --yes where nobody can be asked, says when a sync brings it back, and knows ids."""
    desk.run("sync", "help")
    done = desk.run("articles", "remove", "export.md")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    done = desk.run("articles", "remove", "export.md", "--yes")
    assert (done.returncode, done.stdout) == (0, "Removed help/export.md\n")
    assert "next sync" in done.stderr
    assert "export.md" not in {article["id"] for article in desk.json("articles", "list")}
    done = desk.run("articles", "remove", "export.md", "--yes")
    assert done.returncode == 1
    assert "no article" in done.stderr
    removed = desk.json("articles", "remove", "help/cancel-invoice.md", "--yes")
    assert removed == {"removed": [{"id": "cancel-invoice.md", "source": "help"}]}


def test_list_of_an_unknown_source(desk):
    """Listing a source that is not there names the nearest one."""
    done = desk.run("articles", "list", "--source", "hepl")
    assert done.returncode == 2
    assert "help" in done.stderr


def test_list_for_a_pipe(desk):
    """Into a pipe the list is a line an article, its fields separated by tabs."""
    desk.run("sync", "wiki")
    header, row = desk.run("articles", "list").stdout.splitlines()
    assert header.split("\t")[0] == "article"
    assert row.split("\t")[:3] == ["wiki/vpn.md", "Rotate the VPN key", "internal"]
