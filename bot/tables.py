"""The bot's own SQL tables; `bot/migrations` makes them. Times are seconds since the epoch, UTC.

Articles, leases and sync runs live in `knowledge.tables`; both are in one database.
"""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

from knowledge.tables import PlainText

metadata = MetaData()

inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform", String(32), nullable=False),
    Column("channel", String(255), nullable=False),
    Column("message_id", String(255), nullable=False),
    Column("event", Text, nullable=False),  # JSON; emptied once answered, since only the key is needed then
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("received_at", Double, nullable=False),
    Column("lease_token", String(64), nullable=False),
    Column("lease_until", Double, nullable=False),
    Column("metadata_id", String(600), nullable=False),  # ours, sent along with the post, to find it again
    Column("platform_id", String(255), nullable=False),  # the platform's id of our post
    Column("finished_at", Double),
    Column("note", PlainText, nullable=False),
    # without the workspace: a channel shared by two workspaces delivers one message from both
    UniqueConstraint("platform", "channel", "message_id", name="inbox_once"),
)
Index("inbox_open", inbox.c.state, inbox.c.lease_until)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("idempotency_key", String(255), nullable=False, unique=True),
    Column("platform", String(32), nullable=False),
    Column("address", Text, nullable=False),  # JSON
    Column("reply", Text, nullable=False),  # JSON; emptied once sent
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("finished_at", Double),
    Column("note", PlainText, nullable=False),
)
Index("outbox_due", outbox.c.state, outbox.c.not_before)

questions = Table(
    "questions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("asked_at", Double, nullable=False),
    Column("platform", String(32), nullable=False),
    Column("channel", String(255), nullable=False),
    Column("thread", String(255), nullable=False),
    Column("person", String(255), nullable=False),
    Column("text", PlainText, nullable=False),
    Column("audience", Text, nullable=False),  # JSON list of labels, or null for every audience
    Column("persona", String(255), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("answer_id", String(64), nullable=False),
    Column("confidence", Double, nullable=False),
    Column("cache", String(16), nullable=False),
    Column("trace", PlainText, nullable=False),  # JSON: what `why` tells
    Column("public", Integer, nullable=False, server_default="0"),  # 1: asked where everyone may read it
    Column("workspace", String(255), nullable=False, server_default=""),
    Column("private", Integer, nullable=False, server_default="1"),  # 1: only the person read the answer
)
Index("questions_place", questions.c.platform, questions.c.channel, questions.c.thread, questions.c.id)
Index("questions_answer", questions.c.answer_id)
Index("questions_asked", questions.c.asked_at)
Index("questions_person", questions.c.person, questions.c.id)

ratings = Table(
    "ratings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("answer_id", String(64), nullable=False),
    Column("person", String(255), nullable=False),
    Column("helpful", Integer, nullable=False),  # 1 or 0
    Column("rated_at", Double, nullable=False),
    Column("reason", String(32), nullable=False, server_default=""),  # wrong, outdated, incomplete or other
    Column("comment", PlainText, nullable=False, server_default=""),
    UniqueConstraint("answer_id", "person", name="ratings_once"),
)

places = Table(
    "places",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform", String(32), nullable=False),
    Column("workspace", String(255), nullable=False),
    Column("channel", String(255), nullable=False),
    Column("thread", String(255), nullable=False),  # empty: the channel itself
    Column("settings", PlainText, nullable=False),  # JSON: what was changed there from a chat
    Column("changed_at", Double, nullable=False),
    Column("person", String(255), nullable=False),
    UniqueConstraint("platform", "workspace", "channel", "thread", name="places_once"),
)
"""What holds in a channel or a thread, over what the config says."""

place_versions = Table(
    "place_versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
)
"""One row: moves with every change of `places`, so that other processes see it."""

proposals = Table(
    "proposals",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("payload", PlainText, nullable=False),  # JSON
    Column("person", String(255), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
)
Index("proposals_expiry", proposals.c.expires_at)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Double, nullable=False),
    Column("person", String(255), nullable=False),
    Column("place", Text, nullable=False),  # from where: platform and channel
    Column("action", String(32), nullable=False),
    Column("object", Text, nullable=False),  # `source/id` of an article, or a source's name
    Column("title", PlainText, nullable=False),
    Column("before", String(64)),  # the revision
    Column("after", String(64)),
    Column("note", PlainText, nullable=False),
    sqlite_autoincrement=True,  # a number is never used again
)
"""Who changed what; rows are only ever added."""
Index("audit_object", audit.c.object, audit.c.id)

paused_sources = Table(
    "paused_sources",
    metadata,
    Column("source", String(255), primary_key=True),
    Column("person", String(255), nullable=False),
    Column("paused_at", Double, nullable=False),
)
"""Sources that an admin keeps from being synced by schedule or webhook."""

handoffs = Table(
    "handoffs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),  # the request's own for ever
    Column("place", String(600), nullable=False),
    Column("open_place", String(600), unique=True),  # the place while it is not closed, then null
    Column("person", String(255), nullable=False),
    Column("asked_in", Text, nullable=False),  # JSON
    Column("answered_in", Text, nullable=False),  # JSON
    Column("request", Text, nullable=False),  # JSON
    Column("question", PlainText, nullable=False, server_default=""),  # in lower case
    Column("answer", PlainText, nullable=False, server_default=""),  # what agents said to the person
    Column("state", String(16), nullable=False),
    Column("ticket", String(255), nullable=False),  # the helpdesk's id
    Column("url", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("closed_at", Double),
    Column("note", PlainText, nullable=False),
)
Index("handoffs_due", handoffs.c.state, handoffs.c.not_before)

slack_installations = Table(
    "slack_installations",
    metadata,
    Column("team", String(32), primary_key=True),
    Column("name", PlainText, nullable=False),
    Column("bot_token", Text, nullable=False),
    Column("bot_user", String(32), nullable=False),
    Column("bot_id", String(32), nullable=False),
    Column("installed_by", String(255), nullable=False),
    Column("installed_at", Double, nullable=False),
)

slack_states = Table(
    "slack_states",
    metadata,
    Column("state", String(64), primary_key=True),  # of an installation that was begun in a browser
    Column("expires_at", Double, nullable=False),
)

objections = Table(
    "objections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("evidence", String(64), nullable=False),  # a digest of the words that the answer cites
    Column("articles", PlainText, nullable=False),  # JSON: [source, id, revision] of each article cited
    Column("person", String(255), nullable=False),
    Column("standing", Integer, nullable=False),  # 0: taken back
    Column("made_at", Double, nullable=False),
    UniqueConstraint("evidence", "person", name="objections_once"),
)
"""Who called the evidence of an answer wrong or outdated."""

wishes = Table(
    "wishes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("wish", String(64), nullable=False, unique=True),  # a digest of person and question
    Column("person", String(255), nullable=False),
    Column("platform", String(32), nullable=False),
    Column("workspace", String(255), nullable=False),
    Column("text", PlainText, nullable=False),
    Column("audience", Text, nullable=False),  # JSON list of labels, or null for every audience
    Column("checked", String(255), nullable=False),  # the corpus version that it was looked at with
    Column("made_at", Double, nullable=False),
)
"""Who wishes to be told when a question can be answered."""
Index("wishes_person", wishes.c.person)
