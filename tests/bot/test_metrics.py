"""`/metrics`: the whole bot is asked, and a scraper reads what it counted, over a real socket."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse
from pydantic import SecretStr

from bot.app import App
from bot.counted import of_llm
from bot.counts import Counts
from bot.health import Health
from bot.inbox import Inbox
from bot.metrics_parts import build_metrics_page
from bot.metrics_rows import articles_by_source, waiting
from bot.outbox import Outbox
from bot.web.application import build_application
from bot.web.server import WebServer
from config.settings import Settings, WebSettings
from connectors.base import Reply
from knowledge.answering.llm.usage import Spent, Usage
from knowledge.database import Database
from knowledge.models import SyncReport
from tests.bot.conftest import NOW, Platform, command, message
from tests.bot.people_desk import CHANNEL, DeskApp, desk_settings, said
from tests.knowledge.conftest import database_url, postgres_server  # noqa: F401 - fixtures: both databases

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import pytest

    from connectors.base import Handler
    from tests.bot.conftest import Clock
    from tests.bot.people_desk import PeopleDesk

ARTICLE = (
    "# Reset your password\n\n1. Open **Settings** and choose **Security**.\n2. Press **Reset password**.\n"
)
PRIVATE = re.compile(r"password|zanzibar|vault|security|slack:T1|\bT1\b|\bU1\b|\bC1\b|Ada", re.IGNORECASE)
"""What people say here, who they are and where."""
DOCS = Path(__file__).parents[2] / "docs" / "operations.md"
FIXED = {
    *("slack", "docs", "local", "other", "ok", "failed", "yes", "no", "", "read", "written"),
    *("answered", "unsure", "unanswered", "smalltalk", "error", "busy", "over_limit"),
    *("miss", "hit", "revalidated", "paraphrase", "off"),
    *("wrong", "outdated", "incomplete"),
    *("received", "sending", "waiting", "open", "database", "index", "redis", "connectors"),
}

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


class Asking(Platform):
    """A platform that does what the test says with the handler."""

    def __init__(self, act: Callable[[Handler], Awaitable[object]]) -> None:
        super().__init__()
        self._act = act

    async def run(self, handler: Handler) -> None:
        """Do it, and end."""
        await self._act(handler)


def figures(page: str) -> Figures:
    """Read a page as Prometheus does."""
    return {
        (sample.name.removeprefix("helpdesk_bot_"), tuple(sorted(sample.labels.items()))): sample.value
        for family in parse(page)
        for sample in family.samples
    }


def figure(page: str, name: str, **labels: str) -> float:
    """Give one value."""
    return figures(page)[name, tuple(sorted(labels.items()))]


def settings_of(tmp_path: Path, request: pytest.FixtureRequest, **more: Any) -> Settings:
    """A bot with one article and a web server; the exported model is kept from run to run."""
    articles, data = tmp_path / "articles", tmp_path / "data"
    articles.mkdir()
    (articles / "reset.md").write_text(ARTICLE)
    data.mkdir()
    assert request.config.cache is not None
    (data / "models").symlink_to(request.config.cache.mkdir("embedding-models"))
    source = {"name": "docs", "type": "folder", "path": str(articles), "audience": ["public"], "every": "2h"}
    return Settings.model_validate({"data_dir": data, "sources": [source], "web": {"port": 0}, **more})


async def scraped_run(settings: Settings, accept: str = "") -> tuple[str, str]:
    """Run the whole bot, ask it some questions, rate an answer, and scrape; give the page and its content type."""
    announced: list[str] = []
    pages: list[tuple[str, str]] = []

    async def act(handler: Handler) -> None:
        runs = await app.runs()
        async with asyncio.timeout(60):
            while not await runs.last_of_each():
                await asyncio.sleep(0.05)
        for text in (
            "How do I reset my password?",
            "How do I reset my password?",
            "Where is the Zanzibar vault?",
        ):
            assert await handler.handle(message(text))
        assert await handler.handle(message("hello"))
        assert await handler.handle(command("not_helpful", "outdated", platform="slack"))
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            url = f"{announced[0].rsplit(' ', 1)[1]}/metrics"
            response = await client.get(url, headers={"accept": accept})
        assert response.status_code == 200
        pages.append((response.text, response.headers["content-type"]))

    async with App(settings) as app:
        await app.run([Asking(act)], announce=announced.append)
    return pages[0]


async def test_a_scrape_tells_what_the_bot_did(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Questions by outcome and cache, times, syncs, articles, ratings, process: as they happened."""
    page, content_type = await scraped_run(settings_of(tmp_path, request))
    assert content_type.startswith("text/plain")
    questions = {
        labels: value for (name, labels), value in figures(page).items() if name == "questions_total"
    }
    assert {tuple(dict(labels).values()): number for labels, number in questions.items() if number} == {
        ("miss", "slack", "answered"): 1,
        ("hit", "slack", "answered"): 1,
        ("miss", "slack", "unanswered"): 1,
        ("off", "slack", "smalltalk"): 1,
    }
    assert figure(page, "answer_seconds_count", cache="hit") == 1
    assert figure(page, "answer_seconds_bucket", cache="miss", le="+Inf") == 2
    assert figure(page, "reply_seconds_count") == 4
    assert figure(page, "ack_seconds_count") == 5
    assert figure(page, "embedding_batch_texts_sum") >= 2
    assert figure(page, "feedback_total", helpful="no", reason="outdated") == 1
    assert figure(page, "syncs_total", source="docs", result="ok") == 1
    assert figure(page, "syncs_total", source="docs", result="failed") == 0
    assert figure(page, "articles", source="docs") == 1
    assert figure(page, "passages") == figure(page, "embedded_passages_total") >= 1
    assert figure(page, "sync_interval_seconds", source="docs") == 7200
    assert figure(page, "sync_last_success_timestamp_seconds", source="docs") > 1e9
    assert figure(page, "cache_entries") >= 1
    assert figure(page, "scrape_complete") == 1
    for part in ("database", "index", "redis", "connectors"):
        assert figure(page, "part_up", part=part) == 1
    assert figure(page, "process_start_time_seconds") > 1e9
    (build,) = [dict(labels) for (name, labels) in figures(page) if name == "build_info"]
    assert build["persona"] == "friendly"
    assert re.fullmatch(r"[0-9a-f]{12}", build["model"])
    assert not PRIVATE.search(page)
    values = {
        value
        for name, labels in figures(page)
        for key, value in labels
        if key != "le" and name != "build_info"
    }
    assert values <= FIXED
    told = DOCS.read_text(encoding="utf-8")
    named = set(re.findall(r"^# TYPE helpdesk_bot_(\w+)", page, re.MULTILINE))
    assert {name for name in named if f"`{name}`" not in told} == set()


async def test_a_redis_that_is_gone_costs_its_own_figures_alone(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """It takes connections and never answers: 200 all the same, in the format that was asked for."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        settings = settings_of(tmp_path, request, redis={"url": url})
        page, content_type = await scraped_run(settings, "application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    families = {family.name: family for family in parse_openmetrics(page)}
    up = {sample.labels["part"]: sample.value for sample in families["helpdesk_bot_part_up"].samples}
    assert up["redis"] == 0
    assert up["database"] == 1
    assert "helpdesk_bot_cache_entries" not in families
    assert sum(sample.value for sample in families["helpdesk_bot_questions"].samples) == 4


@asynccontextmanager
async def served(app: App, token: str = "") -> AsyncIterator[httpx.AsyncClient]:
    """The page of a bot on a free port, and a client of it."""
    app.settings = app.settings.model_copy(update={"web": WebSettings(metrics_token=SecretStr(token))})
    page = await build_metrics_page(app)
    server = WebServer(build_application(Health({}), page.routes()), "127.0.0.1", 0)
    server.bind()
    running = asyncio.create_task(server.run())
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
            yield client
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_a_database_that_is_gone_leaves_what_was_counted(desk: PeopleDesk) -> None:
    """200, `scrape_complete` is 0, and the questions stand."""
    async with served(desk.app) as client:
        await desk.say("Where is it?")
        await (await desk.app.database()).close()
        page = (await client.get("/metrics")).text
    assert figure(page, "questions_total", connector="slack", outcome="unanswered", cache="miss") == 1
    assert figure(page, "scrape_complete") == 0
    assert figure(page, "part_up", part="database") == 0
    assert ("inbox_oldest_seconds", ()) not in figures(page)


async def test_who_got_no_answer_is_counted_by_why(tmp_path: Path, clock: Clock) -> None:
    """An answerer that fails, and one question too many."""
    settings = desk_settings(tmp_path / "data", limits={"per_person": 1, "window": "1h"})
    async with DeskApp(settings, clock=clock) as app, served(app) as client:
        delivery = await app.delivery()

        async def fail(*_: object, **__: object) -> None:
            raise RuntimeError("no answer today")

        (await app.helpdesk()).answer = fail  # type: ignore[assignment]
        for _ in range(2):
            await delivery.handle(said("Where is it?"))
        page = (await client.get("/metrics")).text
    for outcome in ("error", "over_limit"):
        assert figure(page, "questions_total", connector="slack", outcome=outcome, cache="off") == 1


async def test_who_meets_a_full_house_is_counted(tmp_path: Path, clock: Clock) -> None:
    """One is answered at a time and nobody waits: the second is told so; under way is who has a turn."""
    settings = desk_settings(tmp_path / "data", limits={"at_once": 1, "waiting": 0})
    async with DeskApp(settings, clock=clock) as app, served(app) as client:
        delivery = await app.delivery()
        async with app.turns.take("somebody"):
            await delivery.handle(said("Where is it?"))
            page = (await client.get("/metrics")).text
    assert figure(page, "questions_total", connector="slack", outcome="busy", cache="off") == 1
    assert figure(page, "questions_under_way") == 1
    assert figure(page, "questions_waiting") == 0


async def test_a_source_that_fails_shows_how_long_it_was_well(tmp_path: Path, clock: Clock) -> None:
    """The last good sync keeps its time, whichever process did it; an hour later one failed."""
    source = {"name": "docs", "type": "folder", "path": str(tmp_path), "audience": ["public"]}
    gone = SyncReport("gone-from-the-config")
    async with DeskApp(desk_settings(tmp_path / "data", sources=[source]), clock=clock) as app:
        runs = await app.runs()
        await runs.record(SyncReport("docs", held=("a", "b"), embedded_passages=3), NOW, NOW)
        clock.advance(hours=1)
        failed = SyncReport("docs", error="nobody is there", held=("a", "b"))
        for report in (failed, gone):
            await runs.record(report, clock(), clock())
        async with served(app) as client:
            page = (await client.get("/metrics")).text
    assert figure(page, "sync_last_success_timestamp_seconds", source="docs") == NOW.timestamp()
    assert figure(page, "sync_last_ok", source="docs") == 0
    assert figure(page, "sync_held_articles", source="docs") == 2
    assert figure(page, "syncs_total", source="docs", result="failed") == 1
    assert figure(page, "syncs_total", source="other", result="ok") == 1
    assert figure(page, "embedded_passages_total") == 3
    assert "gone-from-the-config" not in page


async def test_figures_are_for_this_machine_or_who_has_the_token(tmp_path: Path, clock: Clock) -> None:
    """A client that a proxy names is another machine; with a token nobody gets by without it."""
    elsewhere = {"x-forwarded-for": "203.0.113.9"}
    wanted: dict[str, list[tuple[dict[str, str], int]]] = {
        "": [({}, 200), (elsewhere, 403)],
        "s3cret": [
            ({}, 401),
            ({"authorization": "Bearer other"}, 401),
            ({"authorization": "Basic s3cret"}, 401),
            ({"authorization": "Bearer s3cret", **elsewhere}, 200),
        ],
    }
    async with DeskApp(desk_settings(tmp_path / "data"), clock=clock) as app:
        for token, tries in wanted.items():
            async with served(app, token) as client:
                for headers, status in tries:
                    response = await client.get("/metrics", headers=headers)
                    assert (response.status_code, headers) == (status, headers)
                    assert ("helpdesk_bot_" in response.text) == (status == 200)


async def test_what_waits_is_counted_on_both_databases(database_url: str, clock: Clock) -> None:  # noqa: F811
    """Messages not yet answered, what is to be said now and later, with the age of the oldest."""
    async with Database(database_url) as database:
        await database.upgrade("knowledge:migrations", "knowledge_version")
        await database.upgrade("bot:migrations", "bot_version")
        nothing = await waiting(database, clock())
        assert (nothing.inbox, nothing.inbox_age, nothing.outbox) == ({"received": 0, "sending": 0}, 0, 0)
        await Inbox(database, clock, timedelta(seconds=30)).accept(message())
        box = Outbox(database, clock)
        await box.put("later", CHANNEL, Reply("Later."), NOW + timedelta(days=1))
        clock.advance(seconds=20)
        await box.put("now", CHANNEL, Reply("Now."))
        clock.advance(seconds=40)
        found = await waiting(database, clock())
        assert await articles_by_source(database) == {}
    assert found.inbox == {"received": 1, "sending": 0}
    assert (found.inbox_age, found.outbox, found.outbox_failed, found.outbox_age) == (60, 2, 0, 40)
    assert found.handoffs == {"waiting": 0, "open": 0}


def test_failures_of_language_models_have_few_kinds() -> None:
    """Every status is one of two labels, an unknown kind is another; tokens and cost are what was used."""
    spent = Spent(3, Usage(100, 20, 0.5))
    spent.failures.update({"http_404": 1, "http_429": 2, "http_503": 1, "slow": 1, "never heard of": 1})
    told = {measure.name.removeprefix("helpdesk_bot_llm_"): measure for measure in of_llm(spent)}
    failures = {labels[0]: value for labels, value in told["failures"].samples if value}
    assert failures == {"http_4xx": 3, "http_5xx": 1, "slow": 1, "other": 1}
    assert dict(told["tokens"].samples) == {("read",): 100, ("written",): 20}
    assert told["cost"].samples == (((), 0.5),)


def test_a_reason_in_somebodys_own_words_is_no_label() -> None:
    """Ratings are counted by the reasons that the bot offers."""
    counts = Counts()
    counts.rated("my boss Bob said so", helpful=False)
    assert dict(counts.ratings) == {(False, "other"): 1}


def test_a_bot_that_nobody_scrapes_does_without_the_library() -> None:
    """It is imported with the first scrape."""
    code = "import sys, bot.running, bot.metrics_parts; print('prometheus_client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
