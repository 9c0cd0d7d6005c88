"""The workspaces that installed the Slack app by OAuth, and installations that were begun."""

import sqlalchemy as sa
from alembic import op

revision = "bot_0005_slack"
down_revision = "bot_0004_handoff"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "slack_installations",
        sa.Column("team", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("bot_token", sa.Text, nullable=False),
        sa.Column("bot_user", sa.String(32), nullable=False),
        sa.Column("bot_id", sa.String(32), nullable=False),
        sa.Column("installed_by", sa.String(255), nullable=False),
        sa.Column("installed_at", sa.Double, nullable=False),
    )
    op.create_table(
        "slack_states",
        sa.Column("state", sa.String(64), primary_key=True),
        sa.Column("expires_at", sa.Double, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("slack_states")
    op.drop_table("slack_installations")
