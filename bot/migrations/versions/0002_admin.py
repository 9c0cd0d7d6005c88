"""Proposals that wait for a click, the audit log, paused sources, and what gaps are found by."""

import sqlalchemy as sa
from alembic import op

revision = "bot_0002_admin"
down_revision = "bot_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "proposals",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("person", sa.String(255), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
    )
    op.create_index("proposals_expiry", "proposals", ["expires_at"])
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("person", sa.String(255), nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("before", sa.String(64)),
        sa.Column("after", sa.String(64)),
        sa.Column("note", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_object", "audit", ["object", "id"])
    op.create_table(
        "paused_sources",
        sa.Column("source", sa.String(255), primary_key=True),
        sa.Column("person", sa.String(255), nullable=False),
        sa.Column("paused_at", sa.Double, nullable=False),
    )
    op.add_column("questions", sa.Column("public", sa.Integer, nullable=False, server_default="0"))
    op.create_index("questions_asked", "questions", ["asked_at"])


def downgrade() -> None:
    op.drop_index("questions_asked", "questions")
    op.drop_column("questions", "public")
    for table in ("paused_sources", "audit", "proposals"):
        op.drop_table(table)
