"""Durations and schedules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given
from hypothesis import strategies as st

from config.durations import Schedule, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("1h", timedelta(hours=1)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        ("1h30m", timedelta(minutes=90)),
        (" 1H ", timedelta(hours=1)),
    ],
)
def test_durations_are_read(text: str, duration: timedelta) -> None:
    """A number and a unit make a duration; several stand largest first."""
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    ["", "15", "m", "-1h", "1.5h", "1 h", "30m1h", "1h1h", "1y", "0s", "0h0m", "١h", "9999999w", "soon"],
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    """Anything else is refused, and the message shows how to write one."""
    with pytest.raises(ValueError, match='"15m"'):
        parse_duration(text)


@given(st.integers(min_value=1, max_value=3_650 * 86_400))
def test_every_written_duration_reads_as_itself(seconds: int) -> None:
    """format_duration and parse_duration are inverse for all whole seconds up to ten years."""
    duration = timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration


@given(st.text(max_size=30))
def test_no_text_breaks_the_parser(text: str) -> None:
    """Any text is a positive duration or a ValueError, nothing else."""
    try:
        assert parse_duration(text) > timedelta(0)
    except ValueError:
        assert text not in {"90s", "15m", "1h", "7d"}


def test_a_schedule_is_an_interval_or_a_cron_line() -> None:
    """`every` gives exactly one of the two."""
    assert Schedule.parse("15m") == Schedule("15m", interval=timedelta(minutes=15))
    assert Schedule.parse("0 3 * * mon-fri") == Schedule(
        "0 3 * * mon-fri", cron="0 3 * * mon,tue,wed,thu,fri"
    )


@pytest.mark.parametrize(
    ("weekday", "names"),
    [
        ("0", "sun"),
        ("7", "sun"),
        ("1-5", "mon,tue,wed,thu,fri"),
        ("5-7", "sun,fri,sat"),
        ("fri-sun", "sun,fri,sat"),
        ("*/2", "sun,tue,thu,sat"),
        ("1/2", "mon,wed,fri"),
        ("SUN,3", "sun,wed"),
    ],
)
def test_weekday_numbers_count_from_sunday(weekday: str, names: str) -> None:
    """As in crontab(5) 0 and 7 are Sunday; they are written by name, for APScheduler takes 0 for Monday."""
    assert Schedule.parse(f"0 3 * * {weekday}").cron == f"0 3 * * {names}"


def test_a_cron_line_fires_on_the_day_that_crontab_means() -> None:
    """APScheduler, given our line for weekday 0, fires on a Sunday."""
    trigger = CronTrigger.from_crontab(Schedule.parse("30 4 * * 0").cron or "", timezone=UTC)
    assert trigger.get_next_fire_time(None, datetime(2025, 1, 1, tzinfo=UTC)) == datetime(
        2025, 1, 5, 4, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of the month"),
        ("* * * 13 *", "month"),
        ("* * * jam *", "month"),
        ("* * * * 8", "weekday"),
        ("*/0 * * * *", "minute"),
        ("5-1 * * * *", "minute"),
        ("*-5 * * * *", "minute"),
        ("1,,2 * * * *", "minute"),
        ("1 2 3 4 mon", "weekday"),
    ],
)
def test_a_wrong_cron_line_names_its_field(line: str, field: str) -> None:
    """The message says which field is wrong."""
    with pytest.raises(ValueError, match=field):
        Schedule.parse(line)


def _field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    ranges = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    stepped = st.tuples(st.one_of(st.just("*"), ranges, number.map(str)), st.integers(1, 99)).map(
        lambda p: f"{p[0]}/{p[1]}"
    )
    part = st.one_of(number.map(str), ranges, stepped)
    return st.one_of(st.just("*"), st.lists(part, min_size=1, max_size=3).map(",".join))


@given(minute=_field(0, 59), hour=_field(0, 23), month=_field(1, 12), weekday=_field(0, 7))
def test_every_cron_line_that_we_take_the_scheduler_takes(
    minute: str, hour: str, month: str, weekday: str
) -> None:
    """What Schedule accepts, APScheduler accepts: a bad line is found at start, not at the first sync."""
    cron = Schedule.parse(f"{minute} {hour} * {month} {weekday}").cron
    assert cron is not None
    trigger = CronTrigger.from_crontab(cron, timezone=UTC)
    assert trigger.get_next_fire_time(None, datetime(2025, 1, 1, tzinfo=UTC)) is not None
