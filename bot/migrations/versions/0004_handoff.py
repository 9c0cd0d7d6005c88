"""Questions that were passed on to a person."""

import sqlalchemy as sa
from alembic import op

revision = "bot_0004_handoff"
down_revision = "bot_0003_people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "handoffs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("place", sa.String(600), nullable=False),
        sa.Column("open_place", sa.String(600), unique=True),
        sa.Column("person", sa.String(255), nullable=False),
        sa.Column("asked_in", sa.Text, nullable=False),
        sa.Column("answered_in", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("ticket", sa.String(255), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", sa.Double, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("closed_at", sa.Double),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_index("handoffs_due", "handoffs", ["state", "not_before"])


def downgrade() -> None:
    op.drop_table("handoffs")
