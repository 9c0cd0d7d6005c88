"""Inbox, outbox, questions asked and ratings."""

import sqlalchemy as sa
from alembic import op

revision = "bot_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("platform", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(255), nullable=False),
        sa.Column("message_id", sa.String(255), nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("received_at", sa.Double, nullable=False),
        sa.Column("lease_token", sa.String(64), nullable=False),
        sa.Column("lease_until", sa.Double, nullable=False),
        sa.Column("metadata_id", sa.String(600), nullable=False),
        sa.Column("platform_id", sa.String(255), nullable=False),
        sa.Column("finished_at", sa.Double),
        sa.Column("note", sa.Text, nullable=False),
        sa.UniqueConstraint("platform", "channel", "message_id", name="inbox_once"),
    )
    op.create_index("inbox_open", "inbox", ["state", "lease_until"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("idempotency_key", sa.String(255), nullable=False, unique=True),
        sa.Column("platform", sa.String(32), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("reply", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", sa.Double, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("finished_at", sa.Double),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_index("outbox_due", "outbox", ["state", "not_before"])
    op.create_table(
        "questions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("asked_at", sa.Double, nullable=False),
        sa.Column("platform", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(255), nullable=False),
        sa.Column("thread", sa.String(255), nullable=False),
        sa.Column("person", sa.String(255), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("persona", sa.String(255), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("answer_id", sa.String(64), nullable=False),
        sa.Column("confidence", sa.Double, nullable=False),
        sa.Column("cache", sa.String(16), nullable=False),
        sa.Column("trace", sa.Text, nullable=False),
    )
    op.create_index("questions_place", "questions", ["platform", "channel", "thread", "id"])
    op.create_index("questions_answer", "questions", ["answer_id"])
    op.create_table(
        "ratings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("answer_id", sa.String(64), nullable=False),
        sa.Column("person", sa.String(255), nullable=False),
        sa.Column("helpful", sa.Integer, nullable=False),
        sa.Column("rated_at", sa.Double, nullable=False),
        sa.UniqueConstraint("answer_id", "person", name="ratings_once"),
    )


def downgrade() -> None:
    for table in ("ratings", "questions", "outbox", "inbox"):
        op.drop_table(table)
