"""Where a question was asked and who read the answer, why an answer did not help, and what holds in a place."""

import sqlalchemy as sa
from alembic import op

revision = "bot_0003_people"
down_revision = "bot_0002_admin"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("questions", sa.Column("workspace", sa.String(255), nullable=False, server_default=""))
    # of an old row it is not known who read the answer: then nobody but who asked
    op.add_column("questions", sa.Column("private", sa.Integer, nullable=False, server_default="1"))
    op.create_index("questions_person", "questions", ["person", "id"])
    op.add_column("ratings", sa.Column("reason", sa.String(32), nullable=False, server_default=""))
    op.add_column("ratings", sa.Column("comment", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "places",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("platform", sa.String(32), nullable=False),
        sa.Column("workspace", sa.String(255), nullable=False),
        sa.Column("channel", sa.String(255), nullable=False),
        sa.Column("thread", sa.String(255), nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.Column("person", sa.String(255), nullable=False),
        sa.UniqueConstraint("platform", "workspace", "channel", "thread", name="places_once"),
    )
    op.create_table(
        "place_versions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("place_versions")
    op.drop_table("places")
    op.drop_column("ratings", "comment")
    op.drop_column("ratings", "reason")
    op.drop_index("questions_person", "questions")
    op.drop_column("questions", "private")
    op.drop_column("questions", "workspace")
