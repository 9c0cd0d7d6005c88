"""Shared by all tests: what happens to a test whose counterpart is missing."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

SIGNALS = (signal.SIGINT, signal.SIGHUP)
CI_LACKS = frozenset(os.environ.get("TEST_WITHOUT", "").split())
"""Counterparts that .ci/run could not bring, and said so."""
IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def pytest_configure() -> None:
    """Hear interrupts even where they are ignored (nohup, a shell's background job): children inherit that."""
    for number in SIGNALS:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow tests, in their random order: one that begins last keeps a whole run waiting."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, None, None]:
    """In CI a test skipped for want of its counterpart is a failure, but for those that .ci/run says it lacks."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if (
        IN_CI
        and report.skipped
        and {marker.args[0] for marker in item.iter_markers("counterpart")} - CI_LACKS
        and not hasattr(report, "wasxfail")
    ):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: a counterpart is missing in CI. {reason}"


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent
