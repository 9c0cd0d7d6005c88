"""Who called which evidence wrong, and who wishes to be told of an answer."""

import sqlalchemy as sa
from alembic import op

revision = "bot_0006_gaps"
down_revision = "bot_0005_slack"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "objections",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("evidence", sa.String(64), nullable=False),
        sa.Column("articles", sa.Text, nullable=False),
        sa.Column("person", sa.String(255), nullable=False),
        sa.Column("standing", sa.Integer, nullable=False),
        sa.Column("made_at", sa.Double, nullable=False),
        sa.UniqueConstraint("evidence", "person", name="objections_once"),
    )
    op.create_table(
        "wishes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("wish", sa.String(64), nullable=False, unique=True),
        sa.Column("person", sa.String(255), nullable=False),
        sa.Column("platform", sa.String(32), nullable=False),
        sa.Column("workspace", sa.String(255), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("checked", sa.String(255), nullable=False),
        sa.Column("made_at", sa.Double, nullable=False),
    )
    op.create_index("wishes_person", "wishes", ["person"])


def downgrade() -> None:
    op.drop_table("wishes")
    op.drop_table("objections")
