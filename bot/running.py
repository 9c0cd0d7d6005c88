"""Running the bot: connectors, scheduler, web server, inbox and outbox in one TaskGroup."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import structlog

from bot import health_checks
from bot.access import CONSOLE
from bot.errors import NothingToRun
from bot.health import Part
from bot.outbox import OutboxRunner
from bot.people_parts import build_warming, build_wish_watch
from bot.process import few_arenas, settle
from bot.remembered import RedisRemembered
from bot.scheduler import Scheduler
from bot.web.application import build_application
from bot.web.server import WebServer
from bot.webhook_parts import build_webhooks
from connectors.base import ServesHttp
from connectors.remembering import Remembers
from knowledge.errors import KnowledgeError
from knowledge.sync import INDEX_LEASE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.app import App
    from bot.delivery import Delivery
    from bot.webhook_parts import WebhookParts
    from connectors.base import ChatConnector

DRAIN_SECONDS = 6.0
"""For the replies in flight; with the web server's three seconds all is down within ten."""
SHOW_SECONDS = 0.2
"""For a connector to show the reply that it was handed last."""


async def run(
    app: App, connectors: Sequence[ChatConnector], announce: Callable[[str], None] | None = None
) -> None:
    """Run until all connectors have ended, or SIGTERM or SIGINT comes; replies in flight are finished.

    `announce` is told what an operator needs to see, such as the web server's address. Raises NothingToRun,
    WebServerError, and what a connector raises, such as ConnectorConfigError.
    """
    web_settings = app.settings.web
    if not connectors and web_settings.port is None:
        raise NothingToRun(
            "there is nothing to run: no chat platform is configured and [web] port is not set; "
            "set SLACK_BOT_TOKEN or DISCORD_BOT_TOKEN, or try `helpdesk-bot chat`"
        )
    routes = [
        route
        for connector in connectors
        if isinstance(connector, ServesHttp)
        for route in connector.http_routes()
    ]
    if routes and web_settings.port is None:
        raise NothingToRun(
            "Slack without an app token, and [[sites]], are served by the bot's web server, which has no port; "
            "set one, such as port = 8080 under [web]"
        )
    stop = asyncio.Event()
    with _signals(stop):
        web = hooks = None
        if web_settings.port is not None:
            from bot.metrics_parts import build_metrics_page  # noqa: PLC0415 - a bot without a web server does without

            hooks = await build_webhooks(app)
            served = [*routes, *(hooks.routes if hooks else ()), *(await build_metrics_page(app)).routes()]
            application = build_application(await app.health(), served)
            web = WebServer(application, web_settings.host, web_settings.port)
            web.bind()
            if announce is not None:
                announce(f"web server on http://{web_settings.host}:{web.port}")
        try:
            await _run_all(app, {connector.name: connector for connector in connectors}, web, hooks, stop)
        except BaseExceptionGroup as group:
            raise _first(group) from group
        finally:
            if web is not None:
                web.close()


async def _run_all(
    app: App,
    connectors: dict[str, ChatConnector],
    web: WebServer | None,
    hooks: WebhookParts | None,
    stop: asyncio.Event,
) -> None:
    app.platforms.run(connectors.values())
    if app.settings.llm.model:
        (await app.llm_budget()).tell = (await app.staff()).tell
    delivery, handoff = await app.delivery(), await app.handoff()
    store = RedisRemembered(await app.redis(), app.clock)
    for connector in connectors.values():
        if isinstance(connector, Remembers):
            connector.remember_in(store)
    scheduler = Scheduler(await app.upkeep(), await app.runs(), clock=app.clock, random=Random())  # noqa: S311 - jitter
    # a terminal that was closed waits for nothing: what it left is not answered in the next one
    reachable = {name: connector for name, connector in connectors.items() if name != CONSOLE}
    work = [
        delivery.run(reachable),
        OutboxRunner(await app.outbox(), connectors).run(),
        scheduler.run(),
        (await build_wish_watch(app)).run(),
        _warm(app),
    ]
    if app.settings.cache.enabled and app.settings.cache.warm:
        work.append((await build_warming(app)).run())
    if app.settings.desk.schedule is not None:
        work.append((await app.digest()).run())
    if handoff is not None:
        work.append(handoff.run())
    if hooks is not None:
        work.append(hooks.hints.run())
    if web is not None:
        work.append(web.run())
    async with asyncio.TaskGroup() as group:
        background = [group.create_task(coroutine) for coroutine in work]
        chats = {name: group.create_task(chat.run(delivery), name=name) for name, chat in connectors.items()}
        (await app.health()).watch("connectors", Part(partial(health_checks.connectors, chats)))
        group.create_task(_stop_in_order(stop, delivery, chats, background))


async def _stop_in_order(
    stop: asyncio.Event,
    delivery: Delivery,
    chats: dict[str, asyncio.Task[None]],
    background: list[asyncio.Task[None]],
) -> None:
    """Wait for the end, let the replies in flight out, then end everything else."""
    ends: list[asyncio.Task[object]] = [asyncio.create_task(_until(stop))]
    if chats:
        ends.append(asyncio.create_task(_all_done(list(chats.values()))))
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for end in ends:
            end.cancel()
    await delivery.drain(DRAIN_SECONDS)
    if not all(chat.done() for chat in chats.values()):
        await asyncio.sleep(SHOW_SECONDS)
    for task in (*chats.values(), *background):
        task.cancel()


async def _until(event: asyncio.Event) -> object:
    return await event.wait()


async def _all_done(tasks: list[asyncio.Task[None]]) -> object:
    return await asyncio.wait(tasks)


async def _warm(app: App) -> None:
    """Load what the first question needs, and mend an index that a killed process left behind its library."""
    log = structlog.get_logger()
    await asyncio.to_thread(few_arenas)
    try:
        await app.embedding.start()
        index = await app.index()
        async with (await app.leases()).hold(INDEX_LEASE) as lease:
            if lease is not None:
                await index.reconcile(await app.library())
        await index.warm()
        await (await app.evidence()).warm()
        await (await app.answering()).warm()
    except KnowledgeError as error:
        log.warning("not_warm", reason=str(error))
    except Exception:  # the first question meets it again, and whoever asks is told
        log.exception("not_warm")
    await asyncio.to_thread(settle)


@contextlib.contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    taken = []
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(
            NotImplementedError, RuntimeError, ValueError
        ):  # not in a thread, not on Windows
            loop.add_signal_handler(number, stop.set)
            taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            loop.remove_signal_handler(number)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Give the error that ended the run: the others came of it."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
