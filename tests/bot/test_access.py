"""Nobody reads what they may not: which audience a reply is made for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.access import Access
from config.settings import AccessSettings, ChannelSettings
from connectors.base import Address, Person
from tests.bot.conftest import command, message

ACCESS = AccessSettings(
    admins=frozenset({"slack:T1/U0"}),
    members=frozenset({"members"}),
    people={"slack:T1/U1": frozenset({"internal"})},
)
CHANNELS = (ChannelSettings(id="slack:T1/C1", audience=frozenset({"team:billing"})),)


@pytest.fixture
def access() -> Access:
    """U0 is an admin, U1 reads what is internal; C1 is the billing team's."""
    return Access(ACCESS, CHANNELS)


def test_a_channel_gets_its_own_audience(access: Access) -> None:
    """What others read uses the channel's labels, never the asker's."""
    assert access.audience(message()) == {"public", "team:billing"}
    assert access.audience(message(workspace="T2")) == {"public"}


def test_a_direct_message_gets_the_persons_audience(access: Access) -> None:
    """What is said to one person alone uses all that the person holds."""
    assert access.audience(message(direct=True)) == {"public", "members", "internal"}


def test_a_command_gets_the_persons_audience(access: Access) -> None:
    """Replies to commands are private."""
    assert access.audience(command("list", platform="slack")) == {"public", "members", "internal"}
    assert access.audience(command("list", platform="slack", person="slack:T1/U9")) == {"public", "members"}


def test_an_admin_holds_every_label_in_private(access: Access) -> None:
    """Who may add, show and change any article reads it anyway; a channel and a guest get no more for it."""
    admin = Person("slack:T1/U0")
    assert access.audience(replace(message(direct=True), sender=admin)) is None
    assert access.audience(replace(message(), sender=admin)) == {"public", "team:billing"}
    assert access.audience(replace(message(direct=True), sender=replace(admin, guest=True))) == {"public"}


def test_the_terminal_sees_everything_unless_narrowed(access: Access) -> None:
    """The terminal is an operator's tool."""
    asked = message(platform="console", direct=True)
    assert access.audience(asked) is None
    narrowed = Access(ACCESS, CHANNELS, console_audience=frozenset({"public"}))
    assert narrowed.audience(asked) == {"public"}


def test_admins_are_named_in_the_config(access: Access) -> None:
    """An admin is a person of the config, or whoever sits at the terminal; a name that looks alike is not."""
    slack, terminal = Address("slack", "C1"), Address("console", "terminal")
    assert access.is_admin(slack, Person("slack:T1/U0"))
    assert not access.is_admin(slack, Person("slack:T1/U2"))
    assert not access.is_admin(slack, Person("slack:T2/U0", "slack:T1/U0"))
    assert access.is_admin(terminal, Person("someone"))


def test_groups_give_their_labels_and_may_be_admins() -> None:
    """A user group or role named in the config gives its members its labels, and admins may be a group."""
    settings = AccessSettings(
        admins=frozenset({"slack:T1/S9"}), groups={"slack:T1/S1": frozenset({"team:billing"})}
    )
    access, slack = Access(settings), Address("slack", "C1")
    member = Person("slack:T1/U2", groups=frozenset({"slack:T1/S1"}))
    assert access.person_audience(slack, member) == {"public", "team:billing"}
    assert not access.is_admin(slack, member)
    assert access.is_admin(slack, Person("slack:T1/U3", groups=frozenset({"slack:T1/S9"})))


def test_a_guest_holds_public_only(access: Access) -> None:
    """Somebody from outside is no admin and reads no more than the public, whatever the config says of them."""
    guest = Person("slack:T1/U1", guest=True)
    assert access.person_audience(Address("slack", "C1"), guest) == {"public"}
    assert not access.is_admin(Address("slack", "C1"), guest)
