"""The command groups of people and places over a real database, for tests of the table as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.asking import Asker
from bot.commands.about import AboutCommands
from bot.commands.answers import AnswerCommands
from bot.commands.drafts import DraftCommands
from bot.commands.feedback import FeedbackCommands
from bot.commands.handoff import HandoffCommands
from bot.commands.places import PlaceCommands
from bot.commands.privacy import PrivacyCommands
from bot.commands.voice import VoiceCommands
from bot.commands.wishes import WishCommands
from bot.conversation import Conversation
from bot.given_answers import GivenAnswers
from bot.outbox import Outbox
from bot.places import KnownPlaces, Places
from bot.platforms import Platforms
from bot.privacy import Privacy
from bot.proposals import Proposals
from bot.shadow import Shadow
from bot.wishes import Wishes
from config.handoff import HandoffSettings
from config.settings import CacheSettings
from knowledge.answer_cache import AnswerCache
from tests.bot.conftest import ScriptedHelpdesk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.access import Access
    from bot.commands.call import CommandGroup
    from bot.personas import Personas
    from bot.questions import Questions
    from bot.upkeep import Upkeep
    from knowledge.database import Database
    from knowledge.library import ArticleLibrary
    from tests.bot.conftest import Clock


def people_groups(
    database: Database,
    clock: Clock,
    *,
    access: Access,
    known: KnownPlaces,
    personas: Personas,
    questions: Questions,
    library: ArticleLibrary,
    upkeep: Upkeep,
    health: Callable[[], Awaitable[dict[str, str]]],
) -> tuple[CommandGroup, ...]:
    """Build them as the app does, over a scripted helpdesk and without Redis."""
    outbox, places = Outbox(database, clock), Places(database, clock, known)
    asker = Asker(ScriptedHelpdesk(), access, personas)
    proposals = Proposals(database, clock)
    shadow = Shadow(
        access=access, asker=asker, proposals=proposals, outbox=outbox, library=library, clock=clock
    )
    answers = AnswerCommands(
        questions=questions,
        given=GivenAnswers(questions, access),
        library=library,
        asker=asker,
        access=access,
        outbox=outbox,
        clock=clock,
    )
    cache = AnswerCache(None, CacheSettings(), clock)
    privacy = Privacy(database=database, conversation=Conversation(None), cache=cache, clock=clock)
    return (
        AboutCommands(questions, upkeep, health, clock, answers),
        answers,
        VoiceCommands(access, personas, places),
        FeedbackCommands(questions),
        PlaceCommands(
            access=access, places=places, personas=personas, upkeep=upkeep, shadow=shadow, clock=clock
        ),
        DraftCommands(shadow),
        PrivacyCommands(privacy),
        WishCommands(Wishes(database, clock), GivenAnswers(questions, access)),
        HandoffCommands(None, questions, Platforms(), HandoffSettings()),
    )
