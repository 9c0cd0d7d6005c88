"""Articles, leases and sync runs."""

import sqlalchemy as sa
from alembic import op

revision = "knowledge_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "articles",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("updated_at", moment),
        sa.Column("language", sa.Text),
        sa.Column("labels", sa.Text, nullable=False),
        sa.Column("stored_at", moment, nullable=False),
        sa.Column("removed_at", moment),
        sa.Column("body", sa.Text, nullable=False),
    )
    current = sa.text("removed_at IS NULL")
    removed = sa.text("removed_at IS NOT NULL")
    op.create_index(
        "articles_current",
        "articles",
        ["source", "id", "revision", "removed_at"],
        sqlite_where=current,
        postgresql_where=current,
    )
    op.create_index(
        "articles_removed", "articles", ["removed_at"], sqlite_where=removed, postgresql_where=removed
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.BigInteger, nullable=False),
        sa.Column("pid_started", sa.Text, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
    )
    op.create_table(
        "sync_runs",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("finished_at", moment, nullable=False),
        sa.Column("ok", sa.Boolean, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
    )
    op.create_index("sync_runs_source", "sync_runs", ["source", "id"])


def downgrade() -> None:
    op.drop_table("sync_runs")
    op.drop_table("leases")
    op.drop_table("articles")
