"""What was passed on and what agents answered, of which an article can begin."""

import sqlalchemy as sa
from alembic import op

revision = "bot_0007_agents_answers"
down_revision = "bot_0006_gaps"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("handoffs", sa.Column("question", sa.Text, nullable=False, server_default=""))
    op.add_column("handoffs", sa.Column("answer", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("handoffs", "answer")
    op.drop_column("handoffs", "question")
