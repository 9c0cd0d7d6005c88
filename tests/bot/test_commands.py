"""Commands: who may, what they do, and what they may tell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from bot.access import Access
from bot.commands import COMMANDS, Commands
from bot.local_articles import id_of, local_article
from bot.personas import Personas
from bot.places import KnownPlaces
from bot.questions import Questions
from bot.tables import ratings
from bot.upkeep import Upkeep
from config.persona import load_persona
from config.settings import AccessSettings
from connectors.base import Address, Command, Person
from knowledge.leases import Leases
from knowledge.library import ArticleLibrary
from knowledge.models import Answer, Article, CacheStatus, Citation, Verdict
from knowledge.sync import ArticleSync
from knowledge.sync_runs import SyncRuns
from tests.bot.article_groups import article_groups
from tests.bot.conftest import NOW, command
from tests.bot.people_groups import people_groups
from tests.bot.test_scheduler import NoIndex

if TYPE_CHECKING:
    from pathlib import Path

    from config.persona import Persona
    from knowledge.database import Database
    from tests.bot.conftest import Clock

PUBLIC = frozenset({"public"})
ADMIN, MEMBER = "slack:T1/U1", "slack:T1/U2"


@pytest.fixture
def library(database: Database, clock: Clock) -> ArticleLibrary:
    """An empty library."""
    return ArticleLibrary(database, clock)


@pytest.fixture
def questions(database: Database, clock: Clock) -> Questions:
    """The record of questions."""
    return Questions(database, clock)


@pytest.fixture
def commands(
    database: Database, library: ArticleLibrary, questions: Questions, clock: Clock, persona: Persona
) -> Commands:
    """The table over a real library; U1 is an admin."""
    runs = SyncRuns(database)
    sync = ArticleSync(library, NoIndex(), Leases(database, clock), runs, clock)

    async def read_file(path: Path) -> Article:
        return local_article(path.stem, "From a file.", audience=frozenset({"internal"}), now=NOW)

    async def health() -> dict[str, str]:
        return {"database": "ok", "redis": "gone"}

    known = KnownPlaces()
    access = Access(AccessSettings(admins=frozenset({ADMIN})), places=known)
    upkeep = Upkeep([], library=library, sync=sync, runs=runs, build_source=_no_source, clock=clock)
    return Commands(
        access,
        (
            *people_groups(
                database,
                clock,
                access=access,
                known=known,
                personas=Personas(persona, load_persona),
                questions=questions,
                library=library,
                upkeep=upkeep,
                health=health,
            ),
            *article_groups(database, library, sync, upkeep, clock, read_file=read_file),
        ),
    )


def _no_source(_settings: object) -> object:
    raise AssertionError


def asked(name: str, arguments: str = "", person: str = ADMIN) -> Command:
    """A command in a Slack channel."""
    return command(name, arguments, platform="slack", person=person)


@pytest.mark.parametrize("name", [spec.name for spec in COMMANDS if spec.admin])
async def test_admin_commands_take_an_admin(commands: Commands, library: ArticleLibrary, name: str) -> None:
    """Whoever is no admin is told so in private, and nothing happens."""
    reply = await commands.run(asked(name, "Title\nText", MEMBER), PUBLIC)
    assert "admins" in reply.text
    assert reply.private
    assert await library.count() == 0


async def test_everybody_may_ask_how_things_stand_and_who_speaks(commands: Commands) -> None:
    """Without what only an admin can mend; to change the voice takes an admin."""
    told = (await commands.run(asked("status", person=MEMBER), PUBLIC)).text
    assert "not all of me works" in told
    assert "redis" not in told
    assert "redis: gone" in (await commands.run(asked("status"), PUBLIC)).text
    assert "Speaking as" in (await commands.run(asked("persona", person=MEMBER), PUBLIC)).text
    refused = (await commands.run(asked("persona", "formal", MEMBER), PUBLIC)).text
    assert "admins" in refused
    assert "Speaking as formal" not in (await commands.run(asked("persona"), PUBLIC)).text


@pytest.mark.parametrize("spec", COMMANDS, ids=lambda spec: spec.name)
async def test_every_reply_to_a_command_is_private(commands: Commands, spec: object) -> None:
    """A command's audience is its sender's, so no one else may read the reply."""
    reply = await commands.run(asked(spec.name), PUBLIC)  # type: ignore[attr-defined]
    assert reply.private
    assert reply.text


async def test_help_shows_what_one_may_use(commands: Commands) -> None:
    """Admins see all but the buttons' commands, others what they may use."""
    all_of_it = (await commands.run(asked("help"), PUBLIC)).text
    for_members = (await commands.run(asked("help", person=MEMBER), PUBLIC)).text
    assert "`reindex [ID or SOURCE]`" in all_of_it
    assert "`reindex" not in for_members
    assert "`why [ANSWER]`" in for_members
    assert "not_helpful" not in all_of_it


async def test_an_unknown_command_names_the_nearest(commands: Commands) -> None:
    """A misspelt command is no failure; where nothing is like it, no list of them is read out."""
    assert "did you mean sources?" in (await commands.run(asked("source"), PUBLIC)).text
    unlike = (await commands.run(asked("frobnicate"), PUBLIC)).text
    assert unlike == 'there is no command "frobnicate"; `help` shows them all'


async def test_an_admin_adds_and_removes_an_article(commands: Commands, library: ArticleLibrary) -> None:
    """What is added in a chat is internal, replaces one of its title after a click, and can be removed."""
    reply = await commands.run(asked("add", "Reset a password\nPress *Reset*.\n\nDone."), PUBLIC)
    assert "local/reset-a-password" in reply.text
    assert "You hold none of these labels" in reply.text
    shown = await commands.run(asked("add", "Reset a password\nPress **Reset** twice."), PUBLIC)
    replace_it = shown.actions[0]
    await commands.run(asked(replace_it.name, replace_it.value), PUBLIC)
    (article,) = await library.find("reset-a-password")
    assert article.body == "Press **Reset** twice."
    assert article.audience == {"internal"}
    assert "Removed" in (await commands.run(asked("remove", "local/reset-a-password"), PUBLIC)).text
    assert await library.count() == 0
    assert "removed already" in (await commands.run(asked("remove", "reset-a-password"), PUBLIC)).text
    assert "no article" in (await commands.run(asked("remove", "reset-a-passphrase"), PUBLIC)).text


async def test_only_the_terminal_may_name_files(commands: Commands, library: ArticleLibrary) -> None:
    """A chat must not make the bot read its own machine's files."""
    assert "title on the first line" in (await commands.run(asked("add", "/etc/passwd"), None)).text
    assert "persona" in (await commands.run(asked("persona", "/etc/passwd"), None)).text
    assert await library.count() == 0
    await commands.run(command("add", "notes.md"), None)
    assert await library.count() == 1


async def test_lists_show_what_the_asker_may_read(commands: Commands, library: ArticleLibrary) -> None:
    """`list`, `sources` and `status` know nothing of articles for others."""
    await library.put(Article("docs", "a", "For all", "Text.", "r", PUBLIC))
    await library.put(Article("secret-project", "b", "For few", "Text.", "r", frozenset({"internal"})))
    listed = (await commands.run(asked("list", person=MEMBER), PUBLIC)).text
    assert "For all" in listed
    assert "For few" not in listed
    shown = (await commands.run(asked("sources", person=MEMBER), PUBLIC)).text
    assert "1 article" in shown
    assert "secret-project" not in shown
    assert "For few" in (await commands.run(command("list"), None)).text


def answer(text: str, answer_id: str) -> Answer:
    """An answer with a citation and a trace."""
    cited = (Citation("a", "docs", "Resetting passwords", None, "r", NOW, "quote"),)
    trace = {"passages": [{"id": "docs/a#0", "score": 0.03125}]}
    return Answer(
        answer_id, text, "Words.", Verdict.ANSWERED, 0.8123, cited, cache=CacheStatus.HIT, trace=trace
    )


async def test_why_tells_of_the_last_answer_here(
    commands: Commands, questions: Questions, library: ArticleLibrary
) -> None:
    """The last answer of this channel, or of this thread, with its articles and passages."""
    await library.put(Article("docs", "a", "Resetting passwords", "Text.", "r", PUBLIC))
    here, elsewhere = Address("slack", "C1"), Address("slack", "C1", thread="9.9")
    person = Person(MEMBER)
    await questions.record(elsewhere, person, answer("Another thread", "a2"), PUBLIC)
    await questions.record(here, person, answer("How do I reset?", "a1"), PUBLIC)
    await questions.record(here, person, replace(answer("thanks", "a3"), verdict=Verdict.SMALLTALK), PUBLIC)
    told = (await commands.run(asked("why", person=MEMBER), PUBLIC)).text
    for words in (
        "How do I reset?",
        "answered",
        "0.81",
        "hit",
        "a1",
        "Resetting passwords",
        "docs/a#0",
        "0.031",
    ):
        assert words in told
    assert "Another thread" not in told
    in_thread = replace(asked("why", person=MEMBER), address=elsewhere)
    assert "Another thread" in (await commands.run(in_thread, PUBLIC)).text


async def test_why_tells_nothing_made_for_others(commands: Commands, questions: Questions) -> None:
    """An answer made for more labels than the asker holds is passed over, and so is one made for all."""
    here, person = Address("slack", "C1"), Person(ADMIN)
    await questions.record(here, person, answer("public one", "a1"), PUBLIC)
    await questions.record(here, person, answer("internal one", "a2"), frozenset({"public", "internal"}))
    await questions.record(here, person, answer("operator's one", "a3"), None)
    assert "public one" in (await commands.run(asked("why", person=MEMBER), PUBLIC)).text
    assert "internal one" in (await commands.run(asked("why"), frozenset({"public", "internal", "x"}))).text
    assert "operator's one" in (await commands.run(asked("why"), None)).text


async def test_a_person_rates_an_answer_once(
    commands: Commands, questions: Questions, database: Database
) -> None:
    """A later rating replaces the earlier; an answer that was never given cannot be rated."""
    await questions.record(Address("slack", "C1"), Person(MEMBER), answer("?", "a1"), PUBLIC)
    await commands.run(asked("helpful", "a1", MEMBER), PUBLIC)
    await commands.run(asked("not_helpful", "a1", MEMBER), PUBLIC)
    await commands.run(asked("helpful", "a1", ADMIN), PUBLIC)
    assert "do not know" in (await commands.run(asked("helpful", "a9", MEMBER), PUBLIC)).text
    async with database.read() as connection:
        rows = (await connection.execute(select(ratings))).all()
    assert {(row.person, row.helpful) for row in rows} == {(MEMBER, 0), (ADMIN, 1)}


async def test_the_persona_of_a_place_can_be_changed(commands: Commands) -> None:
    """A known name speaks from now on; an unknown one names the nearest."""
    assert "concise" in (await commands.run(asked("persona"), PUBLIC)).text
    formal = load_persona("formal")
    assert formal.greeting in (await commands.run(asked("persona", "formal"), PUBLIC)).text
    assert f"Speaking as {formal.name}" in (await commands.run(asked("persona"), PUBLIC)).text
    assert "formal" in (await commands.run(asked("persona", "formel"), PUBLIC)).text


def test_titles_become_ids_that_do_not_collide() -> None:
    """A title of another script, or a very long one, has an id of its own."""
    titles = ["Passwort zurücksetzen", "パスワード", "メール", "C++", "C", "x" * 200, "x" * 201, "🦊 C"]
    ids = [id_of(title) for title in titles]
    assert len(set(ids)) == len(ids)
    assert id_of("Reset  a Password") == "reset-a-password"
    assert all(identity and len(identity) <= 100 for identity in ids)


async def test_a_rating_may_have_a_reason(commands: Commands, questions: Questions) -> None:
    """What follows the answer's id says why; the answer is known all the same."""
    await questions.record(Address("slack", "C1"), Person(MEMBER), answer("?", "a1"), PUBLIC)
    reply = await commands.run(command("not_helpful", "a1 outdated", platform="slack", person=MEMBER), PUBLIC)
    assert reply.text.startswith("Noted")
