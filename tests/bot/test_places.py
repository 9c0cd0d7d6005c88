"""What is changed in a channel or a thread from a chat: by whom, how far, and for how long."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.access import Access
from bot.places import KnownPlaces, Place, Places, address_of
from config.settings import AccessSettings, ChannelSettings
from connectors.base import Address
from tests.bot.people_desk import (
    ADMIN,
    CHANNEL,
    COLLEAGUE,
    INSIDE,
    INTERNAL,
    MEMBER,
    DeskApp,
    PeopleDesk,
    desk_settings,
    said,
    told,
)

if TYPE_CHECKING:
    from pathlib import Path

    from knowledge.database import Database
    from tests.bot.conftest import Clock

THREAD = replace(CHANNEL, thread="1.0")
VPN = "How do I get access to the vpn?"


async def test_a_channel_is_changed_from_the_chat(desk: PeopleDesk) -> None:
    """By an admin, over what the config says, and back again."""
    assert desk.app.access.channel(CHANNEL) is None
    reply = await desk.do("channel", "auto persona=formal confidence=0.7 sources=local", ADMIN)
    assert "auto" in reply.text
    settings = desk.app.access.channel(CHANNEL)
    assert settings is not None
    assert (settings.mode, settings.persona, settings.min_confidence) == ("auto", "formal", 0.7)
    assert settings.sources == {"local"}
    await desk.do("channel", "mode=default persona=default confidence=default sources=default", ADMIN)
    settings = desk.app.access.channel(CHANNEL)
    assert settings is None or (settings.mode, settings.persona, settings.sources) == ("mention", None, None)
    assert "admins" in (await desk.do("channel", "auto", MEMBER)).text


async def test_a_channel_that_answers_by_itself(desk: PeopleDesk) -> None:
    """From the next message on."""
    await desk.put("VPN access", "Open the app.")
    assert await desk.say(VPN, addressed=False) is None
    await desk.do("channel", "auto", ADMIN)
    reply = await desk.say(VPN, addressed=False)
    assert reply is not None
    assert "Open the app." in reply.text


async def test_an_audience_is_widened_only_as_far_as_the_config_goes(desk: PeopleDesk) -> None:
    """Its own table, or what every member holds; and what was given once ends when the config takes it back."""
    refused = await desk.do("channel", "audience=internal", ADMIN)
    assert "internal cannot be given" in refused.text
    narrowed = await desk.do("channel", "audience=public", ADMIN, address=INSIDE)
    assert "audience: public" in narrowed.text
    await desk.put("VPN secrets", "Inside only.", INTERNAL)
    reply = await desk.say("What are the vpn secrets?", COLLEAGUE, address=INSIDE)
    assert reply is not None
    assert "Inside only" not in reply.text
    await desk.do("channel", "audience=internal", ADMIN, address=INSIDE)
    assert desk.app.access.channel_audience(INSIDE) == {"public", "internal"}


def test_what_was_given_from_a_chat_never_passes_the_config() -> None:
    """A row that says more than the config allows now is cut."""
    known = KnownPlaces()
    known.learn({("slack", "T1", "C1", ""): {"audience": ["public", "internal"]}})
    assert Access(AccessSettings(), places=known).channel_audience(CHANNEL) == {"public"}
    members = AccessSettings(members=frozenset({"internal"}))
    assert Access(members, places=known).channel_audience(CHANNEL) == {"public", "internal"}


def test_a_workspace_has_a_table_of_its_own() -> None:
    """It holds in every channel there that has none; a guild of Discord likewise."""
    channels = [
        ChannelSettings(id="slack:T1", mode="auto"),
        ChannelSettings(id="slack:T1/C2", mode="off"),
        ChannelSettings(id="discord:77", persona="formal"),
    ]
    access = Access(AccessSettings(), channels)
    modes = [access.channel(Address("slack", name, None, "T1")) for name in ("C1", "C2")]
    assert [settings.mode for settings in modes if settings] == ["auto", "off"]
    assert access.channel(Address("slack", "C1", None, "T2")) is None
    guild = access.channel(Address("discord", "5", None, "77"))
    assert guild is not None
    assert guild.persona == "formal"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("loud", "no mode"),
        ("colour=red", "no setting"),
        ("confidence=7", "no confidence"),
        ("persona=formel", "formal"),
        ("persona=/etc/passwd", "goes by its name"),
        ("sources=nowhere", "nowhere"),
        ("staff=here", "no channel"),
        ("slack:T9/C1 auto", "no channel of this workspace"),
    ],
)
async def test_what_makes_no_sense_is_refused(desk: PeopleDesk, arguments: str, words: str) -> None:
    """The reply names it and the remedy, and nothing changes."""
    assert words in (await desk.do("channel", arguments, ADMIN)).text
    assert desk.app.access.channel(CHANNEL) is None


async def test_another_channel_of_the_workspace_can_be_named(desk: PeopleDesk) -> None:
    """From wherever the admin is."""
    await desk.do("channel", "slack:T1/C7 off", ADMIN)
    settings = desk.app.access.channel(Address("slack", "C7", None, "T1"))
    assert settings is not None
    assert settings.mode == "off"


async def test_the_settings_are_asked_for_in_a_form(desk: PeopleDesk) -> None:
    """Filled in as they are; it changes what was changed in it. Nobody else sees it."""
    await desk.do("channel", "auto confidence=0.7", ADMIN)
    form = await desk.delivery.form(told("channel", sender=ADMIN))
    assert form is not None
    assert {field.name: field.value for field in form.fields} == {
        "mode": "auto",
        "persona": "default",
        "confidence": "0.7",
        "audience": "public",
        "sources": "",
        "staff": "",
    }
    fields = {field.name: field.value for field in form.fields} | {"confidence": "", "mode": "mention"}
    reply = await desk.do(form.command, form.arguments, ADMIN, fields=fields)
    assert "mention" in reply.text
    assert "confidence" not in reply.text
    assert await desk.delivery.form(told("channel")) is None
    assert await desk.delivery.form(told("channel", "auto", ADMIN)) is None


async def test_anybody_mutes_a_thread(desk: PeopleDesk) -> None:
    """For good, until somebody says unmute there; the channel goes on."""
    assert "nothing more" in (await desk.do("mute", address=THREAD)).text
    assert await desk.say(VPN, address=THREAD) is None
    assert await desk.say(VPN) is not None
    desk.clock.advance(days=400)
    assert await desk.say(VPN, address=THREAD) is None
    reply = await desk.say("unmute", COLLEAGUE, address=THREAD)
    assert reply is not None
    assert await desk.say(VPN, address=THREAD) is not None


async def test_a_channel_is_muted_by_an_admin_for_a_while(desk: PeopleDesk) -> None:
    """Half an hour when nothing is said; its threads are silent too; commands are heard meanwhile."""
    assert "admins" in (await desk.do("mute")).text
    assert "12:30 UTC" in (await desk.do("mute", sender=ADMIN)).text
    assert await desk.say(VPN) is None
    assert await desk.say(VPN, address=THREAD) is None
    assert await desk.say("help") is not None
    assert "whole channel" in (await desk.do("unmute", address=THREAD)).text
    desk.clock.advance(minutes=31)
    assert await desk.say(VPN) is not None
    assert "no time" in (await desk.do("mute", "soon", ADMIN)).text


async def test_mute_is_said_with_a_time_by_anybody(desk: PeopleDesk) -> None:
    """Though what takes words is an admin's else."""
    reply = await desk.say("mute 2h", address=THREAD)
    assert reply is not None
    assert "14:00 UTC" in reply.text
    assert await desk.say("mute the sounds of my phone, how?", address=THREAD) is None


async def test_a_persona_speaks_in_a_thread_or_in_the_channel(desk: PeopleDesk) -> None:
    """Said at the top it means the channel, also where the reply opens a thread."""
    await desk.say("persona formal", ADMIN, address=THREAD)
    personas, access = desk.app.personas, desk.app.access
    assert personas.of(THREAD, access.channel(THREAD)).name == "formal"
    assert personas.of(CHANNEL, access.channel(CHANNEL)).name == "friendly"
    top = replace(CHANNEL, thread="9.0")
    await desk.say("persona concise", ADMIN, address=top, starts_thread=True)
    assert personas.of(CHANNEL, access.channel(CHANNEL)).name == "concise"
    assert personas.of(THREAD, access.channel(THREAD)).name == "formal"


async def test_what_was_changed_outlives_the_process(tmp_path: Path, clock: Clock) -> None:
    """The next start knows it before the first message."""
    settings = desk_settings(tmp_path / "data")
    async with DeskApp(settings, clock=clock) as app:
        desk = PeopleDesk(app, await app.delivery(), clock)
        await desk.do("persona", "formal", ADMIN)
        await desk.do("mute", "forever", address=THREAD)
    async with DeskApp(settings, clock=clock) as app:
        delivery = await app.delivery()
        assert app.personas.of(CHANNEL, app.access.channel(CHANNEL)).name == "formal"
        assert await delivery.handle(said(VPN, address=THREAD)) is None


async def test_another_process_sees_what_was_changed(database: Database, clock: Clock) -> None:
    """It reads again when the version moved, and only then; two that change one place lose nothing."""
    here, there = Places(database, clock, KnownPlaces()), Places(database, clock, KnownPlaces())
    await there.refresh()
    assert not await there.refresh()
    await here.change(CHANNEL, ADMIN, thread=False, mode="auto")
    assert there.known.of(CHANNEL) == Place()
    assert await there.refresh()
    assert there.known.of(CHANNEL).mode == "auto"
    await there.change(CHANNEL, ADMIN, thread=False, persona="formal")
    await here.refresh()
    assert (here.known.of(CHANNEL).mode, here.known.of(CHANNEL).persona) == ("auto", "formal")


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("slack:T01/C02", Address("slack", "C02", None, "T01")),
        ("discord:123", Address("discord", "123")),
    ],
)
def test_a_channel_is_named_as_in_the_config(name: str, address: Address) -> None:
    """Platform, then the platform's own ids."""
    assert address_of(name) == address
