"""Logs of the process: key=value or JSON lines on standard error."""

import logging
import sys
from typing import Any

import structlog

from config.settings import LogSettings


class _StandardError:
    """Standard error as it is at the moment of writing; the terminal chat lays itself over it."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure_logs(settings: LogSettings, *, quiet: bool) -> None:
    """Send our logs and those of the libraries to standard error.

    `quiet` is for commands that a person runs: what they did is said by the command, so only warnings and
    worse are logged, unless the level is "debug".
    """
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    if quiet and level > logging.DEBUG:
        level = max(level, logging.WARNING)
    stamp: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if settings.format == "json":
        renderers: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        colors = sys.stderr.isatty()
        renderers = [
            structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)
        ]
    structlog.configure(
        processors=[*stamp, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=_StandardError()),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(_StandardError())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=stamp,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
